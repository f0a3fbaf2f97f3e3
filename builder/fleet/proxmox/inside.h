/* Commands in a virtual machine, by its guest agent (qemu-guest-agent) through the API. */
#ifndef FLEET_PROXMOX_INSIDE_H
#define FLEET_PROXMOX_INSIDE_H

#include "fleet/proxmox/instance.h"

/* Runs a program by its path and words, as root, and waits for its end: its exit status in *ret_status, what it printed in
 * *ret_output. -EAGAIN while the guest agent does not answer, -ETIME when the program does not end, what client_send() says
 * when the API itself does not answer. In the client's arena. */
int inside_run(struct client *client, const struct instance *machine, const struct strv *words, unsigned timeout_s,
	       int *ret_status, const char **ret_output, struct err *err);

#endif

/* The files in which systemd-networkd and udev are told of the network. */
#ifndef MACHINE_SEED_NETWORKD_H
#define MACHINE_SEED_NETWORKD_H

#include "machine/seed/links.h"

/* Behind the recipe's own files (05-…), before the one for machines that nobody told anything (80-…). */
#define NETWORKD_FOLDER "/run/systemd/network"
#define NETWORKD_PREFIX "10-seed-"

/* Name servers for all links, where no link is there to have them. */
#define RESOLVED_FOLDER "/run/systemd/resolved.conf.d"
#define RESOLVED_FILE "10-seed.conf"

/* At most three for each link, and one for resolved. */
enum { NETWORKD_FILES_MAX = 3 * LINKS_MAX + 1 };

struct networkd_file {
	const char *folder, *name, *text;
};

/* The files of a network, in its memory; how many. What cannot be (a VLAN without a number, …) is a remark. Links that
 * are named by others and said by nobody come to be. (systemd.network(5), systemd.netdev(5), systemd.link(5)) */
size_t networkd_files(struct network *network, struct networkd_file ret_files[NETWORKD_FILES_MAX]);

#endif

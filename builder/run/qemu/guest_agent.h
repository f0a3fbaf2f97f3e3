/* The QEMU guest agent's protocol (QEMU documentation, "QEMU Guest Agent Protocol Reference"): commands of ours as root
 * in a machine, without a key. */
#ifndef RUN_QEMU_GUEST_AGENT_H
#define RUN_QEMU_GUEST_AGENT_H

#include "run/guest.h"
#include "run/qemu/wire.h"

/* Asks whether it is there and passes over all it had to say before: tries until the deadline. -ETIME when it did not
 * answer, -EPIPE when the machine ended, -EINTR (signals.h); `err` is the caller's to fill. */
int guest_agent_sync(struct wire *wire, int64_t deadline_ms);

/* Runs a command to its end, as `struct guest` says. */
int guest_agent_run(struct wire *wire, struct arena *arena, const char *const *argv, uint64_t timeout_ms,
		    struct guest_said *ret_said, struct err *err);

/* The answer to `command` in a line of the guest's; freed by the caller. -EBADMSG for what is no JSON, -EREMOTEIO for an
 * error. */
int guest_agent_answer(const char *command, const char *line, struct jval **ret_answer, struct err *err);

/* Whether a command has ended, by the answer to guest-exec-status: 1 and how, as a shell tells it (a signal is 128 and
 * more), and what it said, in `arena`; 0 when not; -EBADMSG when that is not said. Pure. */
int guest_agent_ended(struct arena *arena, const struct jval *answer, int *ret_status, struct guest_said *said,
		      struct err *err);

/* Asks the machine to power off; it does not answer that. 0 or negative errno. */
int guest_agent_power_off(struct wire *wire, int64_t deadline_ms);

#endif

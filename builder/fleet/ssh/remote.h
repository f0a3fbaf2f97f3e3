/* A machine that is reached by the system's ssh: with the user's own configuration, keys and certificates, and with
 * host keys checked as it says. Nothing is asked at a prompt. */
#ifndef FLEET_SSH_REMOTE_H
#define FLEET_SSH_REMOTE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "host/proc.h"

struct remote {
	const char *host;              /* as ssh knows it: [USER@]NAME, an alias of its configuration */
	const char *config;            /* its configuration file; NULL: the user's */
	struct strv options;           /* for its -o */
	unsigned patience_s;           /* until when a command must have said something, in seconds; 0: a minute */
};

/* -EINVAL for a host that ssh would take for an option. */
int remote_check(const struct remote *remote, struct err *err);

/* Starts `words`, a command of fixed words, there as root: at once when that is who ssh logs in as, else by sudo. */
int remote_start(struct arena *arena, const struct remote *remote, const char *words, struct proc_talk **ret_talk,
		 struct err *err);

/* Runs it to its end and appends what it prints to `output` (NULL: dropped). Returns its exit status, 255 when there was no
 * connection, or negative errno; `*ret_said`, in `arena`, is what it said on stderr. */
int remote_run(struct arena *arena, const struct remote *remote, const char *words, struct buf *output, const char **ret_said,
	       struct err *err);

/* Fills `err` for a command that ended with `status` (not 0) and said that. Returns -EHOSTUNREACH without a
 * connection, else -EIO. */
int remote_failed(const struct remote *remote, int status, const char *said, struct err *err);

#endif

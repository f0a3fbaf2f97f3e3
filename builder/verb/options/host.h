/* Options of verbs that work with a machine. */
#ifndef VERB_OPTIONS_HOST_H
#define VERB_OPTIONS_HOST_H

#include "base/arena.h"
#include "fleet/ssh/remote.h"
#include "verb/options/options.h"

struct host_options {
	const char *host, *ssh_config; /* --host, --ssh-config; NULL: not given, the user's own */
	struct option_list ssh_options;
};
extern const struct option host_options[];
extern const struct option host_else_options[]; /* the same where the recipe says it too */

extern const struct option host_ssh_options[];  /* without --host */

/* The machine that --host names. -EINVAL without one. */
int host_read(struct arena *arena, const struct host_options *options, struct remote *ret_remote, struct err *err);

/* A row for how long a machine may take to its verdict, and its value in seconds; 15 minutes when it was not given. */
#define OPTION_TIMEOUT(T)                                                                                              \
	{                                                                                                              \
		"timeout", "TIME", "how long to wait for the machine to judge the generation (15m)", OPTION_TEXT,      \
			offsetof(struct T, timeout), "15m"                                                             \
	}
int host_timeout(const char *timeout, unsigned *ret_seconds, struct err *err);

#endif

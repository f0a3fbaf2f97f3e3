/* What was sent to this machine (contract/secrets.h), when it is opened. */
#ifndef MACHINE_SECRETS_SENT_H
#define MACHINE_SECRETS_SENT_H

#include "sealed/pool.h"

struct sent_value {
	const char *name;
	struct bytes value;
};

struct sent {
	const char *machine;
	long long made;                /* seconds since 1970 */
	struct sent_value *values;
	size_t n_values;
};

/* Takes it apart; all is in the pool. -EINVAL, and what is wrong, for what no aether-build writes. Pure. */
int sent_read(struct pool *pool, struct bytes plain, struct sent *ret_sent, char problem[200]);

/* The value of that name; NULL when there is none. */
const struct bytes *sent_find(const struct sent *sent, const char *name);

#endif

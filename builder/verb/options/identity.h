/* Options of verbs that open secrets. */
#ifndef VERB_OPTIONS_IDENTITY_H
#define VERB_OPTIONS_IDENTITY_H

#include "keeper/operator.h"
#include "verb/options/options.h"

struct identity_options {
	struct option_list files;    /* --identity */
};
extern const struct option identity_options[];

/* The operator's identities, with those of `machine` (NULL: of none) that are kept here. Lives in `pool`. */
int identity_open(struct pool *pool, const struct identity_options *options, const char *machine, struct operator *ret_operator,
		  struct err *err);

#endif

#include "verb/options/identity.h"

const struct option identity_options[] = {
	{"identity", "FILE", "file with your identities of age, or an SSH key; may be repeated", OPTION_LIST,
	 offsetof(struct identity_options, files), NULL},
	{0},
};

int identity_open(struct pool *pool, const struct identity_options *options, const char *machine, struct operator *ret_operator,
		  struct err *err)
{
	const struct operator_how how = {options->files.items, options->files.count, machine};

	return operator_open(pool, &how, ret_operator, err);
}

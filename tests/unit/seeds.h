/* Seeds for tests. */
#ifndef UNIT_SEEDS_H
#define UNIT_SEEDS_H

#include "machine/seed/cidata.h"

/* Follows the files (by enum cidata_name; NULL: there is none) in the tree `root`, and returns the remarks, a line each. */
const char *seeds_follow(const char *root, const char *const files[N_CIDATA]);

/* The files of a network-config as one text, each after a line "# NAME"; and the remarks. */
const char *seeds_network(const char *text, const char **ret_remarks);

#endif

/* The kernel command line of an immutable image. */
#ifndef MACHINE_CMDLINE_H
#define MACHINE_CMDLINE_H

#include <stdint.h>

#include "contract/verity.h"

/* What the kernel command line says. */
struct cmdline {
	uint8_t root_hash[ROOT_HASH_BYTES]; /* aether.root=, 64 hex digits */
	uint64_t hash_offset;               /* aether.hash_offset=, bytes from the slot's start to its verity superblock */
};

/* Parses the text of a command line; *ret_problem says what was expected when that fails (-EINVAL). */
int cmdline_parse(const char *text, struct cmdline *ret_cmdline, const char **ret_problem);

#endif

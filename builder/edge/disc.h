/* Small discs (ISO 9660 with Rock Ridge and Joliet), by libarchive: what a hypervisor hands to a machine as its seed. */
#ifndef EDGE_DISC_H
#define EDGE_DISC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct disc_file {
	const char *name;            /* in the disc's one folder */
	const void *data;
	size_t size;
	bool is_private;             /* for root's eyes alone */
};

/* Writes the `n` files to the new disc `path` with the label `volume`. Files belong to root, and anybody may read
 * them but those that are private. */
int disc_write(const char *path, const char *volume, const struct disc_file *files, size_t n, struct err *err);

#endif

/* Holding a tree of files against its list. */
#ifndef MACHINE_AUDIT_H
#define MACHINE_AUDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "machine/roster.h"

/* Whether the tree in the folder `tree` ("" for the root) has what the list says and nothing else: types, modes, owners, sizes,
 * contents, links, attributes. Where it has not, `why` says what is different. Times do not count. `visited` (may be NULL) is
 * told the bytes of each file that was read. */
bool audit_tree(const char *tree, const struct roster *list, void (*visited)(void *data, uint64_t bytes), void *data, char *why,
		size_t size);

/* The same of one member, as far as one can tell without its neighbours: false also for what is not there. A file is read only
 * when `content` is asked for. */
bool audit_member(const char *tree, const struct roster_member *member, bool content);

/* Whether the member's content is there, whoever owns it: a file with those bytes, a link that leads there. */
bool audit_is_content(const char *tree, const struct roster_member *member);

/* TREE/PATH in `out`; false when that is too long. */
bool audit_path(const char *tree, const struct roster_member *member, char *out, size_t size);

#endif

/* A tree of files as the members of an archive, in an order that does not depend on the file system it stands on. */
#ifndef ARTIFACT_MEMBERS_H
#define ARTIFACT_MEMBERS_H

#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"
#include "edge/pax.h"

struct members;

struct member_item {
	const char *source, *name;   /* on the host; in the archive, a folder's with a slash at its end */
	struct stat st;
	bool acl_as_attributes;      /* as of struct pax_member */
};

/* Decides what becomes of an item: members_add() it as it is, changed, or not at all. */
typedef int members_visit(struct members *members, void *data, const struct member_item *item, struct err *err);

/* Adds the item to the archive; one that is the same file as an earlier one becomes a hard link. */
int members_add(struct members *members, const struct member_item *item, struct err *err);

/* The name of an earlier member that is the same file; NULL for the first of several names, or the only one. To be asked once
 * of each item. */
const char *members_earlier_name(struct members *members, const struct member_item *item);

/* Visits the tree at the host folder `root`: itself, named `./`, then what is in it, in the order of bytes of the names (a
 * folder's ends in a slash); sockets are left out. Every time is `epoch`. `*ret_bytes` (may be NULL): of all files added.
 * `archive` may be NULL for a visitor that adds nothing. */
int members_put(struct pax *archive, const char *root, int64_t epoch, members_visit *visit, void *data,
		uint64_t *ret_bytes, struct err *err);

#endif

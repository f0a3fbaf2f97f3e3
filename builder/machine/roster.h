/* The list of all members of a tree (contract/box.h). */
#ifndef MACHINE_ROSTER_H
#define MACHINE_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "machine/hash.h"

struct roster_member {
	char type;                     /* LIST_FOLDER, … */
	unsigned mode;                 /* permissions, with set-id and sticky bits */
	uint32_t uid, gid;
	const char *path;              /* relative; "." for the tree itself */
	uint64_t size;                 /* of a file */
	uint8_t hash[HASH_BYTES];      /* of a file's content */
	const char *target;            /* of a symbolic link */
	size_t same;                   /* of a hard link: the member that it is the same as, a file */
	size_t n_names;                /* of a file: how many names it has, 1 without hard links */
	size_t n_entries;              /* of a folder: how many members are in it */
	const char *const *attributes; /* NAME=HEX */
	size_t n_attributes;
};

struct roster {
	int64_t time;                  /* of every member, seconds since 1970 */
	struct roster_member *members;
	size_t n;
	bool has_itself;               /* the last one is the list's own file */
	const char **attributes;       /* of all of them */
	size_t n_attributes;
};

/* Reads a list and takes `text` apart, which has to outlive it. What is read leads nowhere outside of the tree: a member's
 * folder is an earlier member, and a folder. -EINVAL with the line that is wrong in `*ret_line` (from 1), -ENOMEM. Whatever is
 * returned, roster_free(). Pure. */
int roster_parse(char *text, struct roster *ret_list, unsigned *ret_line);

/* Adds the list's own file, of that size and digest. -EINVAL when there is no folder for it. */
int roster_add_itself(struct roster *list, uint64_t size, const uint8_t hash[HASH_BYTES]);

/* The member at `path`, or NULL. */
const struct roster_member *roster_find(const struct roster *list, const char *path);

/* Reads the list of the tree in the folder `tree` ("" for the root), and adds its own file; its digest goes to `ret_hash`.
 * `*ret_text` and the list are the caller's to free, whatever is returned. 0 or negative errno. */
int roster_read(const char *tree, struct roster *ret_list, char **ret_text, uint8_t ret_hash[HASH_BYTES]);

void roster_free(struct roster *list);

#endif

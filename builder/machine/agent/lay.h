/* Laying a list's members down in a folder: the parts that know files, and nothing of where their contents come from. Functions
 * end the program by die() for what they cannot go on without. */
#ifndef MACHINE_AGENT_LAY_H
#define MACHINE_AGENT_LAY_H

#include <stdbool.h>
#include <stdint.h>

#include "machine/roster.h"

struct lay {
	const char *tree;              /* the folder */
	const char *room;              /* a folder of the same file system for what is in the making */
	const struct roster *list;
	const bool *kept;              /* by member: its content is there */
};

/* The bytes that removing all would free that the list has no use for. */
uint64_t lay_waste(const struct lay *lay);

/* Removes what is in the folder and not in the list, or is another kind of thing there, or a file that is not kept. */
void lay_prune(const struct lay *lay);

/* Makes the folders that are missing. */
void lay_folders(const struct lay *lay);

/* Puts the content of a member there: a copy of the file `source`, when it is the member's (-ESTALE when it is another, or
 * negative errno: then nothing is there); or what lay_begin(), write(2) and lay_end() are given. */
int lay_copy(const struct lay *lay, const struct roster_member *member, const char *source);
int lay_begin(const struct lay *lay);
void lay_end(const struct lay *lay, const struct roster_member *member, int fd);

/* Links, pipes, owners, modes, attributes and times: all but contents. Then it is made durable. */
void lay_finish(const struct lay *lay);

#endif

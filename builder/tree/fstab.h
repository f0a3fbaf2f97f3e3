/* The tree's table of file systems, fstab(5). */
#ifndef TREE_FSTAB_H
#define TREE_FSTAB_H

#include <mntent.h>

#include "base/err.h"

/* Told of an entry, whose words are unescaped; a word that is missing is empty. */
typedef void fstab_tell(void *data, const struct mntent *entry);

/* Calls `tell` for each entry; a tree without the table has none. */
int fstab_each(int root_fd, fstab_tell *tell, void *data, struct err *err);

#endif

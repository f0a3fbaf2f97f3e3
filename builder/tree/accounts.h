/* passwd(5) and group(5) of a tree: names to ids. */
#ifndef TREE_ACCOUNTS_H
#define TREE_ACCOUNTS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct accounts {
	struct buf passwd, group;
};

int accounts_read(int root_fd, struct accounts *accounts, struct err *err);
void accounts_free(struct accounts *accounts);

/* The id of a user or group; -ENOENT with the position and nearest name when the tree has none. */
int accounts_uid(const struct accounts *accounts, const char *name, const struct pos *pos, uid_t *ret_uid, struct err *err);
int accounts_gid(const struct accounts *accounts, const char *name, const struct pos *pos, gid_t *ret_gid, struct err *err);

/* Whether there is such a user, or group; the nearest name of one, or NULL (in `arena`). */
bool accounts_have(const struct accounts *accounts, bool user, const char *name);
const char *accounts_near(struct arena *arena, const struct accounts *accounts, bool user, const char *name);

#define _cleanup_accounts_ __attribute__((cleanup(accounts_free)))

#endif

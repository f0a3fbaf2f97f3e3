/* Writing inside a tree. Every path is resolved as if the tree were the file system's root, so that no symbolic link that a
 * package ships leads a write outside. Paths are absolute, as the image will see them. */
#ifndef TREE_INSIDE_H
#define TREE_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Whose a file is, and who may do what with it. */
struct inside_access {
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

/* Root's, and everybody may read it: what most files are. */
extern const struct inside_access INSIDE_PLAIN;

/* Opens the tree at `path`; a descriptor for the functions below, or a negative errno. */
int inside_open(const char *path, struct err *err);

bool inside_exists(int root_fd, const char *path);

/* Opens the folder that holds `path`, making it (and its parents, root's, 0755) when missing; `ret_name`, a part of `path`,
 * is the last component. A descriptor, or a negative errno. */
int inside_parent(int root_fd, const char *path, const char **ret_name, struct err *err);

/* Makes a folder (root's, 0755) and its parents; an existing one is fine. */
int inside_folder(int root_fd, const char *path, struct err *err);

/* Makes an empty file in the place of what is at `path` (a file or symbolic link; a folder is an error). Only its owner sees it
 * until inside_finish() gives it to whom it belongs. A descriptor to write to, or a negative errno. */
int inside_create(int root_fd, const char *path, struct err *err);
int inside_finish(int fd, const char *path, const struct inside_access *access, struct err *err);

/* Puts a file in the place of what is at `path`, as inside_create() does. */
int inside_write(int root_fd, const char *path, const void *data, size_t size, const struct inside_access *access,
		 struct err *err);

/* The same with the content of the host's file `source`, which must have the digest `sha256`. */
int inside_copy(int root_fd, const char *path, const char *source, const char *sha256,
		const struct inside_access *access, struct err *err);

/* Puts a symbolic link to `target` in the place of what is at `path`. */
int inside_link(int root_fd, const char *path, const char *target, struct err *err);

/* Appends a file of the tree to `buf`; a missing file appends nothing and is fine. */
int inside_read(int root_fd, const char *path, size_t max_bytes, struct buf *buf, struct err *err);

/* Removes a file; a missing one is fine. */
int inside_remove(int root_fd, const char *path, struct err *err);

/* What inside_each() does with an entry of a folder; `folder_fd` is the folder, `path` the entry's. */
typedef int inside_visit(void *data, int folder_fd, const char *path, const char *name, unsigned char type, struct err *err);

/* Visits the entries of a folder in the order of their names (bytes); a missing folder has none. The
 * entry may be removed. `path` "" is the tree itself. */
int inside_each(int root_fd, const char *path, inside_visit *visit, void *data, struct err *err);

#endif

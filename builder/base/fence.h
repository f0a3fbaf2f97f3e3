/* A folder of a tree, and what is done below it, by paths that strangers chose, and past links that they made: never
 * outside of it. Symbolic links are followed as if the tree were the file system's root (openat2(2), RESOLVE_IN_ROOT). */
#ifndef BASE_FENCE_H
#define BASE_FENCE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

/* What is behind `make_targets` is private. */
struct fence {
	int root_fd;                /* a tree … */
	const char *folder;         /* … and a folder of it: absolute, or "" for the tree itself */
	uid_t uid;                  /* whose the folders are that are made on the way, whatever the one above says; … */
	gid_t gid;                  /* … (uid_t)-1: as mkdir(2) makes them, 0755 */
	bool make_targets;          /* what a link on the way leads to is made, too, when it is missing; only with folder "" */

	char base[PATH_MAX];        /* the host's path of the folder */
	int parent;                 /* of fence_parent(): the folder opened last, … */
	char parent_path[PATH_MAX]; /* … which is this one, … */
	bool parent_stale;          /* … unless something was removed since */
};

/* Opens the folder, and makes it when it is missing. fence_close() ends it, whatever this returns. All of these return
 * 0, or a descriptor, or a negative errno: -EXDEV when a symbolic link leads out of the folder. Paths are relative to
 * it, shorter than PATH_MAX, and have no `..` and no empty part; a slash in front means nothing. "" is the folder. */
int fence_open(struct fence *fence);
void fence_close(struct fence *fence);

/* Opens the folder `path`; -ENOENT when it is missing, or (fence_need) it and its parents are made (0755). */
int fence_find(const struct fence *fence, const char *path);
int fence_need(const struct fence *fence, const char *path);

/* The path of what `fd` is open on, without links in it. */
int fence_path(const struct fence *fence, int fd, char out[PATH_MAX]);

/* Opens, as fence_need(), the folder that `path` is in, and says the last part. The descriptor is borrowed until the
 * next call. */
int fence_parent(struct fence *fence, const char *path, const char **ret_name);

/* Gives away `fd`, open on the folder `path`: fence_parent() is likely to be asked for it next. */
void fence_keep(struct fence *fence, int fd, const char *path);

/* Something was removed, without these functions: what a path led to may be another folder now. */
void fence_changed(struct fence *fence);

/* Removes what `path` is, with all in it (without `folders`: unless it is a folder), or all that the folder `path` has but
 * the entry `except`. What is missing is fine, and so is what cannot be there: below something that is no folder. */
int fence_remove(struct fence *fence, const char *path, bool folders);
int fence_empty(struct fence *fence, const char *path, const char *except);

/* Whether a symbolic link in the folder open as `parent` that says `target` leads to a place below ours, whatever other
 * links there are. It may go up only in front: from the real folder it is known how far, behind a name, which may be a
 * link, it is not. */
bool fence_link_stays(const struct fence *fence, int parent, const char *target);

#endif

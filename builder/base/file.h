/* Files and folders: whole reads, published writes, trees. Paths are the host's unless a descriptor of a root is given. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"

static inline void fd_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
#define _cleanup_fd_ __attribute__((cleanup(fd_closep)))

/* Reads a whole file (at most `max_bytes`, else -EFBIG) and appends it to `buf`. */
int file_read(const char *path, size_t max_bytes, struct buf *buf, struct err *err);

/* Writes all of `data` to `fd`, resuming after short writes and signals; 0 or negative errno. */
int fd_write_all(int fd, const void *data, size_t size);
int fd_pwrite_all(int fd, const void *data, size_t size, uint64_t offset);

/* Whether there are zeros and nothing else: where a file has nothing yet, they need not be written. */
bool bytes_are_zero(const void *data, size_t size);

/* Lets the kernel begin to write what stands in memory of the file, and does not wait: a later fsync(2) has less to do. */
void fd_write_back(int fd);

/* Reads exactly `size` bytes at `offset`; -ENODATA when the file ends before. */
int fd_pread_all(int fd, void *data, size_t size, uint64_t offset);

/* Publishes `data` as `path`: temporary file beside it, fsync, rename, fsync of the folder. Readers see old or new. */
int file_publish(const char *path, const void *data, size_t size, mode_t mode, struct err *err);

/* Writes a file that is nobody else's and need not outlive a crash: scratch for another program to read. */
int file_write(const char *path, const void *data, size_t size, mode_t mode, struct err *err);

/* Copies the content of the file `from` to the new file `to`, in the kernel: where the file system can, both share it. Like
 * file_write() it need not outlive a crash. */
int file_copy(const char *from, const char *to, struct err *err);

/* Renames `from` to `to` (replacing a file) and makes the rename durable. */
int path_publish(const char *from, const char *to, struct err *err);

/* Makes a folder and its parents; an existing folder is fine. */
int folder_make(const char *path, mode_t mode, struct err *err);

/* Removes a file or a whole tree without following symbolic links; a missing path is fine. What is mounted somewhere in the
 * tree is left alone (-EXDEV). */
int path_remove(const char *path, struct err *err);

/* The same, of what the folder open as `folder` calls `name`; 0 or negative errno. */
int fd_remove(int folder, const char *name);

bool path_exists(const char *path);

/* The host's path of what `fd` is open on; 0 or negative errno. */
int fd_path(int fd, char out[PATH_MAX]);

/* Opens `path` (relative or absolute) inside the tree open as `root_fd`, resolving every symbolic link as if that tree
 * were the file system's root (openat2, RESOLVE_IN_ROOT): nothing a package ships can lead outside. Returns a
 * descriptor or negative errno. */
int root_open(int root_fd, const char *path, int flags, mode_t mode);

/* Opens the folder `path` (absolute) inside the tree, resolved as by root_open(); it and its parents are made (0755) when they
 * are missing. Returns a descriptor or negative errno. */
int root_folder(int root_fd, const char *path);

#endif

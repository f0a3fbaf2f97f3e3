/* A disk as extents: where on the disk which bytes stand, taken from files and memory. Nothing is copied until an
 * artifact writer walks the extents in order; what no extent covers is zeros. */
#ifndef DISK_DISK_H
#define DISK_DISK_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

/* `length` bytes at `offset` of the disk. From `data` when not NULL (borrowed; lives as long as the disk's arena), else from
 * `fd` (borrowed, opened for reading) at `fd_offset`. */
struct disk_extent {
	uint64_t offset, length;
	const void *data;
	int fd;
	uint64_t fd_offset;
};

struct disk {
	struct arena *arena;         /* borrowed: extents and what they name live here */
	uint64_t size_bytes;         /* of the whole disk, a multiple of 1 MiB */
	struct disk_extent *extents; /* sorted by offset, never overlapping, once disk_finish() was called */
	size_t n_extents;
	int *fds;                    /* the disk's own: disk_close() closes them */
	size_t n_fds;
};

enum { DISK_BLOCK = 4096 }; /* what is zeros is left out in units of so many bytes */

/* Adds `length` bytes of memory (borrowed) at `offset`. */
void disk_add_memory(struct disk *disk, uint64_t offset, const void *data, uint64_t length);

/* Adds the blocks of a (sparse) file that are not zeros, `length` bytes from its start, at `offset` of the disk. Which those
 * are is read, not asked of the file system: the extents of equal files are equal, wherever they are kept. `fd` stays the
 * caller's and must stay open. */
int disk_add_file(struct disk *disk, uint64_t offset, int fd, uint64_t length, struct err *err);

/* Gives `fd` to the disk, which closes it. */
void disk_own(struct disk *disk, int fd);

/* Sorts the extents and checks that none overlap or reach past the end (-EINVAL: a bug of the caller, said as such). */
int disk_finish(struct disk *disk, struct err *err);

/* Reads `size` bytes at `offset` of the disk into `out`, zeros where there is no extent. For any thread. */
int disk_read(const struct disk *disk, uint64_t offset, void *out, size_t size, struct err *err);

/* The first byte at or after `offset` that an extent covers; size_bytes when there is none. */
uint64_t disk_next_data(const struct disk *disk, uint64_t offset);

/* Closes what the extents refer to, and leaves none; a zeroed disk is fine. */
void disk_close(struct disk *disk);

#endif

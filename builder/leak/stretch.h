/* Looking for secrets on a disk, as a machine would read it: what no file has, too. */
#ifndef LEAK_STRETCH_H
#define LEAK_STRETCH_H

#include "base/err.h"
#include "leak/search.h"

/* A part of a disk. Bytes. */
struct leak_stretch {
	uint64_t from, to;
};

/* A disk, and how it is read: each thread opens it for itself. Nothing is asked for past its size. */
struct leak_disk {
	uint64_t size;
	void *data;                  /* handed to: */
	int (*open)(void *data, void **ret_reader, struct err *err);
	/* The first byte from `from` on that may be other than zero; the size when there is none. */
	int (*next)(void *reader, uint64_t from, uint64_t *ret_offset, struct err *err);
	int (*read)(void *reader, uint64_t offset, void *out, size_t size, struct err *err);
	void (*close)(void *reader);
	struct leak_stretch files;   /* where files are that were looked through: forms there are known; values count */
};

/* Looks through the disk, on all cores; finds call it `path`. */
int leak_stretches(const struct leak_search *search, const struct leak_disk *disk, const char *path, struct leak_finds *finds,
		   struct err *err);

#endif

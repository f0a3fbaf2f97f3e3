/* Shared by the files that use libarchive, and included by them only. */
#ifndef EDGE_INTAKE_H
#define EDGE_INTAKE_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct archive;
struct archive_entry;

/* Lets a reader decompress what archives use. Not "all": for some formats libarchive starts programs that it finds on the
 * host. ARCHIVE_OK, or ARCHIVE_FATAL when it would start one for these too. */
int intake_compressions(struct archive *archive);

/* An untrusted archive being read, and how many bytes may still come out of it. */
struct intake {
	struct archive *archive;
	const char *damaged; /* what is said of one that cannot be read; the reason follows */
	const char *bomb;    /* what is said of one that holds too much */
	uint64_t left;       /* bytes */
	size_t members;
};

/* Opens the host's file `path`. `intake` must be closed, whatever this returns. */
int intake_open(const char *path, uint64_t max_bytes, struct intake *intake, struct err *err);
void intake_close(struct intake *intake);
#define _cleanup_intake_ __attribute__((cleanup(intake_close)))

/* Moves to the next member. Returns 1 and its name, or 0 at the end. -EFBIG after a million of them. */
int intake_next(struct intake *intake, struct archive_entry **ret_entry, const char **ret_name, struct err *err);

/* Counts the announced size of a member against what may come; -EFBIG. */
int intake_announce(struct intake *intake, struct archive_entry *entry, struct err *err);

/* Writes the current member's content to the empty file `out`; holes stay holes, and zeros become some. Its size was
 * announced, or comes to light now. */
int intake_copy(struct intake *intake, struct archive_entry *entry, int out, struct err *err);

/* Where a hard link leads, or a symbolic one, in whatever encoding it is known; NULL when the member is none. */
const char *intake_hardlink(struct archive_entry *entry);
const char *intake_symlink(struct archive_entry *entry);

/* A member's name without what means nothing in it ("./", "//", "/" at the end); "" for the folder that all are in.
 * -EINVAL for one that is absolute or leads upward, -ENAMETOOLONG. */
int intake_clean_name(const char *name, char out[PATH_MAX]);

#endif

/* Archives in the making, by libarchive: tar in the pax format (POSIX.1-2001), with extended attributes as GNU tar writes
 * and reads them (SCHILY.xattr). Names are text in the encoding of the locale (LC_CTYPE), which main() sets to UTF-8. */
#ifndef EDGE_PAX_H
#define EDGE_PAX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"

struct pax;

/* Takes the bytes of the archive, in order. 0 or a negative errno with `err` filled. */
typedef int pax_sink(void *data, const void *bytes, size_t size, struct err *err);

/* A file, folder, link or pipe of the host that becomes a member. */
struct pax_member {
	const char *source;          /* its path on the host; it is not followed when it is a symbolic link */
	const char *name;            /* in the archive */
	const char *hardlink;        /* the name of an earlier member that is the same file; or NULL */
	const struct stat *st;       /* of lstat() */
	int64_t mtime;               /* the only time it gets, seconds since 1970 */
	bool acl_as_attributes;      /* access control lists as the kernel has them, not in tar's words */
};

/* Begins an archive. `filter` compresses it: "zstd" or "xz" on all cores (pool_threads()), NULL not at all. The bytes do not
 * depend on how many cores there are. */
int pax_open(const char *filter, pax_sink *sink, void *data, struct pax **ret_writer, struct err *err);

/* Adds a member: numeric owner, mode, access control lists, `user.*` attributes and `security.capability`; of attributes that
 * belong to the host (other `security.*`, `trusted.*`) or to an overlay (`user.overlay.*`) nothing. */
int pax_add(struct pax *writer, const struct pax_member *member, struct err *err);

/* Writes what is due at the end of an archive. */
int pax_finish(struct pax *writer, struct err *err);

/* NULL is fine, and so is an archive that was not finished. */
void pax_free(struct pax *writer);

static inline void pax_freep(struct pax **writer)
{
	pax_free(*writer);
}
#define _cleanup_pax_ __attribute__((cleanup(pax_freep)))

#endif

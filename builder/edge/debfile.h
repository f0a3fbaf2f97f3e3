/* Debian packages (deb(5)), by libarchive. */
#ifndef EDGE_DEBFILE_H
#define EDGE_DEBFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Writes the package `deb` anew as `flat`, with members that are not compressed: whoever reads it often waits for no
 * decompressor. (A member of more than 9999999999 bytes, which ar(5) cannot have, stays compressed.) At most `max_bytes` come
 * out, else -EFBIG. -EBADMSG for what is not a package. */
int debfile_flatten(const char *deb, const char *flat, uint64_t max_bytes, struct err *err);

/* Appends the control file (deb-control(5)) of the package `deb` to `control`. */
int debfile_control(const char *deb, struct buf *control, struct err *err);

/* Hands over those texts of the package `deb` that `wanted` says yes to: its scripts (paths "preinst", "postinst", …) and files
 * ("/usr/lib/…"), whole, at most 1 MiB each: what is larger is passed over. What is no package is -EBADMSG. */
typedef void debfile_text(void *data, const char *path, const char *text);
int debfile_texts(const char *deb, bool (*wanted)(const char *path), debfile_text *text, void *data, struct err *err);

/* Whether a path of a package ("/usr/share/doc/x") is wanted. */
typedef bool debfile_filter(void *data, const char *path);

/* Unpacks the files of the package `deb` into the folder `root`, with the owners, modes and times that they have in the
 * package. Symbolic links are followed as if `root` were the file system's root, so nothing is written outside of it.
 * What is there gives way to what comes, but folders with anything in them. Refused (-EBADMSG) are absolute paths,
 * `..`, devices, pipes and sockets; -EFBIG when the files claim more than `max_bytes` together, or are more than a
 * million. */
int debfile_unpack(const char *deb, const char *root, uint64_t max_bytes, debfile_filter *wanted, void *data,
		   struct err *err);

#endif

/* Untrusted archives, by libarchive: tar, zip, 7zip and cpio, compressed in whatever way stream.h knows. */
#ifndef EDGE_BUNDLE_H
#define EDGE_BUNDLE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Where an archive is unpacked, and for whom. */
struct bundle_target {
	int root_fd;          /* a tree; its symbolic links are followed as if it were the file system's root */
	const char *folder;   /* absolute, in the tree; made when it is missing */
	unsigned strip;       /* leading parts of the members' paths that are dropped, and members that have no more */
	uid_t uid;
	gid_t gid;
};

/* Unpacks the host's file `archive`. Everything belongs to the target's ids; modes lose set-id bits and what others could
 * write; extended attributes and times are dropped. What is there already is replaced, folders are kept.
 * Refused (-EBADMSG) are paths that are absolute or have `..`, whatever would lie outside of the folder once the tree's
 * symbolic links are followed, links that lead out of it or have `..` behind a name, devices, pipes and sockets, and what is
 * damaged; -EFBIG when it has more than `max_bytes` in its files, or a million members. */
int bundle_unpack(const char *archive, const struct bundle_target *target, uint64_t max_bytes, struct err *err);

/* Writes the file that the archive calls `member` (with or without `./` in front) to the empty file open as `out`. -ENOENT with
 * the nearest name when there is none, -EFBIG when the archive has more than `max_bytes` up to there. */
int bundle_take(const char *archive, const char *member, int out, uint64_t max_bytes, struct err *err);

#endif

/* Image files: a disk in one of the formats we know, as a table. */
#ifndef ARTIFACT_IMAGE_H
#define ARTIFACT_IMAGE_H

#include <stdint.h>

#include "artifact/source.h"
#include "base/err.h"
#include "edge/digest.h"

/* What image_write() tells about the file it made. */
struct image_facts {
	char sha256[SHA256_HEX];
	uint64_t size_bytes; /* of the file, holes included */
};

/* Whether there is a format of that name ("qcow2", "raw"; also the suffix of its files) with that compression
 * ("none", "zlib", "zstd"): 0, or -EINVAL with what there is. To be checked before a long build. */
int image_check(const char *format, const char *compression, struct err *err);

/* Writes `source` as the new file `path`, read-only (what its digest was taken of is not to be changed: machines run
 * on an overlay or a copy), and makes it durable. -EEXIST when there is something already. On failure nothing is left
 * at `path`. */
int image_write(const struct image_source *source, const char *format, const char *compression, const char *path,
		struct image_facts *ret_facts, struct err *err);

#endif

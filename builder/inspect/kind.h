/* What kind of image a file is, told by its first bytes alone: everything else about it is read in the appliance. */
#ifndef INSPECT_KIND_H
#define INSPECT_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { KIND_HEAD_BYTES = 512 };

struct inspect_kind {
	const char *format;          /* as QEMU is told: "raw", "qcow2" */
	bool template;               /* files in a tar: `format` is "raw" then */
	const char *unpack;          /* of a template: what unpacks it from stdin ("zstd -dc"); "cat": nothing is packed */
};

/* `head` is the begin of the file, `size` bytes of it, KIND_HEAD_BYTES unless the file is shorter. `name` is for errors.
 * -ENOTSUP for a disk that stands on another file of this host, which QEMU would open, and for formats that we do not
 * read. */
int kind_tell(const char *name, const uint8_t *head, size_t size, struct inspect_kind *ret_kind, struct err *err);

/* The same of the file `path`; also its size. */
int kind_of_file(const char *path, struct inspect_kind *ret_kind, uint64_t *ret_size, struct err *err);

#endif

/* A reader of qcow2, versions 2 and 3, as QEMU's docs/interop/qcow2.txt specifies it: one disk that stands by itself. */
#ifndef ARTIFACT_QCOW2_READ_H
#define ARTIFACT_QCOW2_READ_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct qcow2_reader;

/* Opens the image in `fd`, which must stay open. -EBADMSG for what is none, -ENOTSUP for one that depends on other
 * files or keys. */
int qcow2_open(int fd, struct qcow2_reader **ret_reader, struct err *err);

uint64_t qcow2_size(const struct qcow2_reader *reader); /* of the disk, bytes */

/* The first byte at or after `from` that is allocated and not said to be zero; the disk's size when there is none. */
int qcow2_next_data(struct qcow2_reader *reader, uint64_t from, uint64_t *ret_offset, struct err *err);

/* Fills `out` from `offset` of the disk; what is not allocated reads as zeros. The caller stays on the disk. */
int qcow2_read_at(struct qcow2_reader *reader, uint64_t offset, void *out, size_t size, struct err *err);

void qcow2_close(struct qcow2_reader *reader);

#endif

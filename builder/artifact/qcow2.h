/* Our own writer of qcow2 version 3, as QEMU's docs/interop/qcow2.txt (qcow2.rst since QEMU 10) specifies it. */
#ifndef ARTIFACT_QCOW2_H
#define ARTIFACT_QCOW2_H

#include "artifact/source.h"
#include "edge/pack.h"

/* Writes the disk that `source` gives into `fd`, an empty file open for writing, in one pass. Clusters have 64 KiB;
 * those that are zeros take no place. `packer` compresses the others: NULL (not at all), packer_deflate, or
 * packer_zstd, which QEMU before 5.1 cannot read. The disk is rounded up to whole sectors of 512 bytes, as QEMU does.
 *
 * Equal disks become equal files, however many threads there are. Memory is bounded, but for 8 bytes for every 512
 * MiB of the disk. -EFBIG for a disk larger than the 2 PiB that QEMU's limit for the L1 table allows. */
int qcow2_write(const struct image_source *source, const struct packer *packer, int fd, struct err *err);

#endif

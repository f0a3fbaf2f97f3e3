/* Archives for the kernel's initramfs: cpio(5) "newc" (Documentation/driver-api/early-userspace/buffer-format.rst). */
#ifndef BOOT_CPIO_H
#define BOOT_CPIO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

struct cpio {
	struct buf *out;             /* borrowed; must be empty at the start */
	uint32_t time;               /* of every entry */
	uint32_t n_entries;          /* so far: they are numbered by it */
};

/* Appends a folder, a file of `size` bytes, or a device node; all are root's. Folders must come before what is in them. Names
 * are relative ("modules/x.ko"). */
void cpio_folder(struct cpio *cpio, const char *name, mode_t mode);
void cpio_file(struct cpio *cpio, const char *name, mode_t mode, const void *data, size_t size);
void cpio_device(struct cpio *cpio, const char *name, mode_t mode, unsigned device_major, unsigned device_minor);

/* Appends what ends an archive. */
void cpio_end(struct cpio *cpio);

#endif

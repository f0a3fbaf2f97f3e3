/* Unified kernel images: a kernel, its command line and its initrd as sections of one PE file that UEFI starts
 * (https://uapi-group.org/specifications/specs/unified_kernel_image/; PE: Microsoft's PE/COFF specification). Pure. */
#ifndef BOOT_UKI_H
#define BOOT_UKI_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct uki_section {
	const char *name;            /* at most 8 characters, ".linux" */
	const void *data;
	size_t size;                 /* not 0 */
};

/* Appends the stub (systemd-stub's PE file) with `n` more sections behind its own to `out`, which must be empty.
 * Sections begin at multiples of 4096 bytes of the file, so that a kernel in there has the blocks that it has by itself. The
 * signature of the result is still to be made: the checksum is 0. -EBADMSG for a stub that is no PE32+ file, is damaged, signed
 * already or has a section of that name; -ENOSPC when its headers leave no room for so many more. */
int uki_make(const void *stub, size_t stub_size, const struct uki_section *sections, size_t n, struct buf *out,
	     struct err *err);

/* The content of the first section called `name`, inside of `uki`. -ENOENT when it has none, -EBADMSG for what
 * uki_make() did not make: a signed one is none of ours. */
int uki_find(const void *uki, size_t size, const char *name, const void **ret_data, size_t *ret_size, struct err *err);

#endif

/* The root file system as one read-only image. */
#ifndef DISK_ROOT_H
#define DISK_ROOT_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "disk/spec.h"

/* Makes the erofs image `name` in spec->work of the tree spec->root, for root images to be made from. */
int root_ground(const struct disk_spec *spec, const char *name, struct err *err);

/* Makes an erofs image of the tree spec->root in the file `name` of spec->work. Owners, modes, extended attributes and file
 * capabilities are kept; every time is spec->epoch. With spec->ground it is that image with what spec->changes changes
 * of it appended: the work is that of the changes, and the bytes depend on these two alone. `*ret_fd` is open for reading
 * and writing and the caller's; the image is of `*ret_bytes`, a multiple of 4096. */
int root_image(const struct disk_spec *spec, const char *name, int *ret_fd, uint64_t *ret_bytes, struct err *err);

#endif

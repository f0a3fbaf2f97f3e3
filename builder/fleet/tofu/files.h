/* The files that are written for OpenTofu, in folders that are the user's. */
#ifndef FLEET_TOFU_FILES_H
#define FLEET_TOFU_FILES_H

#include <stdbool.h>

#include "base/err.h"

/* Beside resources: OpenTofu reads over a property "//". */
#define FILES_MARK "written by aether-build tofu; it is written anew when the recipe or its image changes"

/* Publishes `text` (JSON, with FILES_MARK as "//", or of images_print()) as `path` when it is not what stands there. A file
 * that we did not write is left alone: -EEXIST. *ret_changed: there is something new now. */
int tofu_file_put(const char *path, const char *text, bool *ret_changed, struct err *err);

/* The same without writing: whether tofu_file_put() would refuse. */
int tofu_file_check(const char *path, struct err *err);

#endif

/* What the image's fstab(5) will mount: read before there is anybody to mount it. */
#ifndef MACHINE_ROOT_FSTAB_H
#define MACHINE_ROOT_FSTAB_H

#include <stdbool.h>

/* Whether a line of the text mounts something at `folder`, which has no characters that fstab escapes. */
bool fstab_mounts(const char *text, const char *folder);

/* The same for the file at `path`; a missing one mounts nothing. */
bool fstab_file_mounts(const char *path, const char *folder);

#endif

/* Raw images: the bytes of the disk, in a sparse file. */
#ifndef ARTIFACT_RAW_H
#define ARTIFACT_RAW_H

#include "artifact/source.h"
#include "edge/pack.h"

/* Writes the disk that `source` gives into `fd`, an empty file open for writing, which becomes as large as the disk;
 * what is zeros becomes holes. `packer` must be NULL: the format knows no compression. */
int raw_write(const struct image_source *source, const struct packer *packer, int fd, struct err *err);

#endif

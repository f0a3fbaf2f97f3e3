/* A stream compressed on all cores, for formats whose compressed pieces may follow each other (gzip: RFC 1952, section 2.2):
 * it is cut into pieces of one size, which are packed side by side and handed on in order. */
#ifndef ARTIFACT_PARALLEL_H
#define ARTIFACT_PARALLEL_H

#include <stddef.h>

#include "base/err.h"
#include "edge/pack.h"

/* Takes what is packed, in order. */
typedef int pieces_sink(void *data, const void *bytes, size_t size, struct err *err);

struct pieces;

/* Never NULL: without memory nothing sensible is left to do. Ended by pieces_free(). */
struct pieces *pieces_new(const struct packer *packer, pieces_sink *sink, void *data);

/* Takes more of the stream. What comes out does not depend on how it was cut here, or on the number of cores. */
int pieces_add(struct pieces *pieces, const void *bytes, size_t size, struct err *err);

/* Packs and hands on what is left. */
int pieces_finish(struct pieces *pieces, struct err *err);

/* NULL is fine. */
void pieces_free(struct pieces *pieces);

#endif

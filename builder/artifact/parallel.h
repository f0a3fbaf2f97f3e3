/* A stream compressed on all cores, for formats whose compressed parallel may follow each other (gzip: RFC 1952, section 2.2):
 * it is cut into parallel of one size, which are packed side by side and handed on in order. */
#ifndef ARTIFACT_PARALLEL_H
#define ARTIFACT_PARALLEL_H

#include <stddef.h>

#include "base/err.h"
#include "edge/pack.h"

/* Takes what is packed, in order. */
typedef int parallel_sink(void *data, const void *bytes, size_t size, struct err *err);

struct parallel;

/* Never NULL: without memory nothing sensible is left to do. Ended by parallel_free(). */
struct parallel *parallel_new(const struct packer *packer, parallel_sink *sink, void *data);

/* Takes more of the stream. What comes out does not depend on how it was cut here, or on the number of cores. */
int parallel_add(struct parallel *parallel, const void *bytes, size_t size, struct err *err);

/* Packs and hands on what is left. */
int parallel_finish(struct parallel *parallel, struct err *err);

/* NULL is fine. */
void parallel_free(struct parallel *parallel);

#endif

/* A container's tree on its way to it: the list of its files, and their contents out of the template. */
#ifndef FLEET_SSH_PARCEL_H
#define FLEET_SSH_PARCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "shelf/generation.h"

struct parcel;

/* Opens the tree of a generation, which must outlive it. -EBADMSG when its list is not what the manifest says. Ended by
 * parcel_close(). */
int parcel_open(const struct generation *generation, struct parcel **ret_parcel, struct err *err);

/* The list, as the machine is sent it. */
const struct buf *parcel_list(const struct parcel *parcel);

/* Whether that member (from 0) is a file with a content, and stands behind those that were begun. */
bool parcel_has(const struct parcel *parcel, uint64_t number);

/* Goes to the content of a member that parcel_has(); its size in bytes. -EBADMSG for another one. */
int parcel_begin(struct parcel *parcel, uint64_t number, uint64_t *ret_size, struct err *err);

/* The next bytes of that content. */
int parcel_read(struct parcel *parcel, void *out, size_t size, struct err *err);

void parcel_close(struct parcel *parcel); /* NULL is fine */

#endif

/* What of a generation goes to a machine: objects, each of them data in blocks of 4 KiB with the dm-verity tree over them; to a
 * container a tree of files. The conversation about them is the machine's (contract/offer.h); this is the builder's side. */
#ifndef FLEET_SSH_PAYLOAD_H
#define FLEET_SSH_PAYLOAD_H

#include <stdint.h>

#include "artifact/reader.h"
#include "base/buf.h"
#include "contract/offer.h"
#include "fleet/ssh/parcel.h"
#include "shelf/generation.h"

struct payload_object {
	const char *name;
	uint64_t size_bytes;           /* of the data */
	uint64_t n_blocks;             /* of data, superblock and tree */
	char root_hash[65];
	struct buf blocks;             /* all of them; the slot's are in the image */
};

struct payload {
	struct image_reader *image;
	uint64_t slot_start;           /* of the slot in the image, bytes */
	char salt[65];
	unsigned generation;
	const char *name, *kind;       /* the manifest's */
	struct payload_object objects[N_OBJECTS]; /* the slot is the first; none for a container */
	struct parcel *tree;           /* a container's; else NULL */
	const char *tree_hash;         /* the manifest's */
};

/* Opens the payload of a generation, which must outlive it. -ENOTSUP for one that was made before there was
 * this; -EBADMSG when its files are not what its manifest says. Ended by payload_close(). */
int payload_open(const struct generation *generation, struct payload **ret_parcel, struct err *err);

/* Appends the offer, with the empty line at its end. */
void payload_offer(const struct payload *payload, struct buf *out);

/* Reads blocks of an object; the caller has made sure that there are so many. */
int payload_read(struct payload *payload, size_t object, uint64_t first, uint64_t count, void *out, struct err *err);

void payload_close(struct payload *payload); /* NULL is fine */

#endif

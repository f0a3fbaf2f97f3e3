/* aether.images.json: what an estate's OpenTofu reads of the images that were uploaded (docs/opentofu.md). There is no time in
 * it, and nothing of the machine that it was written on: it stands in the estate's repository. */
#ifndef FLEET_TOFU_IMAGES_H
#define FLEET_TOFU_IMAGES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "shelf/generation.h"

enum { IMAGES_SCHEMA = 1 };

/* Where Proxmox has the image of a generation. Of several nodes: the one that was given it last. */
struct image_place {
	const char *node;
	const char *volid;           /* content `import`, or `vztmpl` of a container; NULL: it was not uploaded as that */
	const char *legacy_volid;    /* content `iso`, for a provider that knows no other; NULL */
};

/* The image of a shelf. */
struct image {
	const char *name;            /* of the shelf */
	const struct generation *current; /* the newest one that was uploaded and is not bad */
	struct image_place place;
	const struct generation *previous; /* the newest one before it of which the same holds; NULL: there is none */
	struct image_place previous_place;
};

/* Whether Proxmox was given its very bytes. */
bool image_is_uploaded(const struct generation *generation);

/* Chooses from all generations of a shelf, by their numbers; false when none was uploaded, or is bad. Borrows them. */
bool image_pick(const struct generation *generations, size_t n, struct image *ret_image);

/* The file of `n` images, in their order; in `arena`. */
const char *images_print(struct arena *arena, const struct image *images, size_t n);

#endif

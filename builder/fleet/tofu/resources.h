/* NAME.tf.json: the machine of a recipe as a resource of the provider bpg/proxmox. OpenTofu makes it once, from the image that
 * aether.images.json names; what changes from one generation to the next is ignored from then on, because it is ours. */
#ifndef FLEET_TOFU_RESOURCES_H
#define FLEET_TOFU_RESOURCES_H

#include "base/arena.h"
#include "edge/yaml.h"
#include "fleet/tofu/provider.h"
#include "recipe/proxmox.h"

#define RESOURCES_IMAGES "aether_images" /* the local value that has the images */

struct resource {
	const char *name;            /* the machine's, and its host name */
	const char *image;           /* of the shelf: the key in aether.images.json */
	bool container;
	const struct proxmox *proxmox; /* with a node; disks in whole GiB, memory in whole MiB, as the language has them */
	const struct node *words;    /* what it was read from, or NULL: values that came from facts are told by … */
	const char *facts;           /* … this local value of the user's; NULL: by themselves */
	struct provider provider;
};

/* The file of a machine: one resource. In `arena`. */
const char *resource_print(struct arena *arena, const struct resource *resource);

/* The file that all of them need beside them: the local value RESOURCES_IMAGES, read from the file `images`. In `arena`. */
const char *resources_print_locals(struct arena *arena, const char *images);

#endif

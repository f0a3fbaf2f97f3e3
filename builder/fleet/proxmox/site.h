/* Where a machine is, and by which rules it is kept: the recipe's words, and what upload and deploy keep of them in
 * machine.json of its shelf (docs/generations.md), so that a generation or a name alone can be deployed and guarded. */
#ifndef FLEET_PROXMOX_SITE_H
#define FLEET_PROXMOX_SITE_H

#include "base/arena.h"
#include "base/err.h"
#include "recipe/recipe.h"

enum { SITE_VERSION = 1 }; /* a reader refuses a later one */

struct site {
	const char *name;   /* the recipe's */
	const char *folder; /* of the shelf: out/NAME */
	bool container;
	const char *node, *ssh, *images, *storage, *pool;
	int64_t vmid, spare; /* spare 0: none */
	uint64_t system;     /* size of the system's disk in bytes; 0: the image's */
	bool agent;
	struct recipe_guard guard;
	const struct proxmox *words; /* all of them; NULL: only what is above is known */
};

/* Of a recipe. -ENOENT when it does not say where its machine runs. */
int site_of_recipe(struct arena *arena, const struct recipe *recipe, const char *folder, struct site *ret_site,
		   struct err *err);

/* What was kept in `folder`. -ENOENT when nothing was, -EBADMSG for what is no such file, -ENOTSUP for a later version's. */
int site_read(struct arena *arena, const char *folder, struct site *ret_site, struct err *err);
int site_parse(struct arena *arena, const char *name, const char *text, size_t size, struct site *ret_site, struct err *err);

/* Keeps it, durable, whole or not at all. */
int site_write(struct arena *arena, const struct site *site, struct err *err);

#endif

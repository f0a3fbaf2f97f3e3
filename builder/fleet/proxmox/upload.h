/* Images and templates on a storage of Proxmox: named by their content, so that a name that is there is the file that is
 * meant. */
#ifndef FLEET_PROXMOX_UPLOAD_H
#define FLEET_PROXMOX_UPLOAD_H

#include "fleet/proxmox/client.h"
#include "shelf/generation.h"

struct upload_how {
	const char *node, *storage;
	bool legacy; /* a disk image as content `iso`, for providers that know no other */
	const char *shelf; /* folder of the generations, whose records forget what upload_prune() removes; NULL: none do */
};

/* A file of this host, and what it is to be there. */
struct upload_file {
	const char *content, *name; /* "iso", "notes.iso" */
	const char *path, *sha256;
	uint64_t size;
};

/* Brings it there, unless one of that name and size is there already (*ret_skipped). What the server computed of what came is
 * compared with `sha256`. -ENOTSUP, -ENOSPC, before anything is sent, where the storage does not take it. */
int upload_send(struct client *client, const struct upload_file *file, const struct upload_how *how, bool *ret_skipped,
		struct err *err);

/* The content that a generation has there: "import", "iso" or "vztmpl". */
const char *upload_content(const struct generation *generation, bool legacy);

/* The name of its file there: "gateway-7-3f9c2a1b7d10.qcow2", of the recipe's name, the number and the SHA-256 of the image. In
 * `arena`. -ENOTSUP for an image that Proxmox would not take. */
int upload_name(struct arena *arena, const struct generation *generation, bool legacy, const char **ret_name, struct err *err);

/* Whether a name is one of those, and then of which recipe (in `arena`) and generation; 0 or -EINVAL. Pure. */
int upload_parse_name(struct arena *arena, const char *name, const char **ret_recipe, unsigned *ret_number);

/* Brings a generation's image there, unless it is there already (*ret_skipped), and writes that down in its record. What the
 * server computed of what came is compared with what was sent. -ENOSPC, before anything is sent, where the room would not
 * do. */
int upload_generation(struct client *client, const struct generation *generation, const struct upload_how *how,
		      struct upload *ret_upload, bool *ret_skipped, struct err *err);

/* The volumes that generations of a shelf were uploaded as which are good on some machine, and the generation before each of
 * those: a way back may need them. In `arena`. */
struct strv upload_needed(struct arena *arena, const char *folder);

/* Removes uploads of older generations of `recipe` from a storage: the newest `keep` stay, and so do those whose names are in
 * `needed`. How many went, in *ret_n. */
int upload_prune(struct client *client, const struct upload_how *how, const char *content, const char *recipe, unsigned keep,
		 const struct strv *needed, unsigned *ret_n, struct err *err);

#endif

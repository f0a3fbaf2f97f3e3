/* The manifest: what an image is and what it was made of, as JSON beside it. It is as reproducible as the image:
 * there is no time in it but the plan's, and nothing of the machine or folder it was made in. (When an image was
 * made, its file's own time tells.)
 *
 * Read with jq: `.image.sha256`, `.packages[] | .name`, `.partitions[] | select(.label == "esp")`. */
#ifndef ARTIFACT_MANIFEST_H
#define ARTIFACT_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

enum { MANIFEST_VERSION = 1 }; /* a reader refuses a later one */

struct manifest_image {
	const char *file;            /* its name, in the folder of the manifest */
	const char *format, *compression; /* as image_write() knows them */
	uint64_t size, virtual_size; /* bytes: of the file; of the disk, or of the files, in it */
	const char *sha256;          /* of the file */
};

/* The root image in its slot, dm-verity's tree behind it. Bytes. */
struct manifest_root {
	uint64_t hash_offset;        /* of the verity superblock, from the slot's start */
	uint64_t size;               /* of all: data, superblock, tree */
};

/* The unified kernel image, as a file of its own beside the image too. */
struct manifest_uki {
	const char *file;            /* its name, in the folder of the manifest */
	uint64_t size;               /* bytes */
	const char *sha256;
};

/* The list of a template's files (artifact/listing.h), as a file of its own beside it. */
struct manifest_tree {
	const char *file;            /* its name, in the folder of the manifest */
	uint64_t size;               /* bytes */
	const char *sha256;
};

struct manifest_partition {
	const char *label, *type, *uuid; /* of the GPT */
	uint64_t start, size;        /* bytes */
	const char *content;         /* what it is filled with, in a word */
	const char *made;            /* how that comes to be: "image": written with it; "appliance": the same, by a small
				      * virtual machine; "first boot": by the machine. NULL: an old manifest */
	bool deterministic;          /* equal plans make equal bytes of it */
};

struct manifest_package {
	const char *name, *version, *arch, *sha256;
};

/* What outlives the image: a path in it. */
struct manifest_state {
	const char *path;
};

/* Something the image was made of, and its digest or key. */
struct manifest_input {
	const char *name, *sha256;
};

/* Something that a local file stood in for when the image was made: "downloads/NAME", "images/NAME". */
struct manifest_fake {
	const char *name;
};

struct manifest {
	const char *tool, *tool_version; /* what made it */
	const char *name, *kind;     /* the recipe's name; "vm" */
	const char *key;             /* the plan's key: equal keys make equal images */
	int64_t epoch;               /* every time in the image, seconds since 1970 */
	struct manifest_image image;
	const char *root_hash;       /* what the root is known by: dm-verity's, or the digest of its list; NULL without */
	const char *kernel;          /* version; NULL without */
	struct manifest_root *root;  /* NULL without, like the next */
	struct manifest_uki *uki;
	struct manifest_tree *tree;
	struct manifest_partition *partitions; /* in the order on the disk */
	size_t n_partitions;
	struct manifest_package *packages;
	size_t n_packages;
	struct manifest_state *state;
	size_t n_state;
	struct manifest_input *inputs;
	size_t n_inputs;
	struct manifest_fake *fakes; /* any at all: "releasable" is false, and the image must never leave for production */
	size_t n_fakes;
};

/* The text of a manifest, in `arena`, with a newline at its end. The same manifest always gives the same text. */
const char *manifest_print(struct arena *arena, const struct manifest *manifest);

/* Reads a text back into `arena`; `name` says in errors what it is the text of. -EBADMSG for what is no manifest. */
int manifest_read(struct arena *arena, const char *name, const char *text, size_t size, struct manifest **ret_manifest,
		  struct err *err);

#endif

/* Publishing: out/NAME/ holds the generations of an image, numbered from 1:
 *
 *   out/NAME/1/NAME.qcow2, out/NAME/1/manifest.json     whole, and never changed again; beside them what else the
 *                                                       maker puts into the draft (plan.json)
 *   out/NAME/1/record.json                              when it was made and what it replaced; what is learnt about it
 *                                                       later goes there too (generation.h)
 *   out/NAME/.draft-1/                                  what is being made
 *   out/NAME/.lock                                      held for moments: a draft begins, a generation gets its number
 *
 * A generation appears by one rename of its folder: image and manifest together, durable, or not at all. Any number of
 * builds may work at once. A draft lives as long as the process that makes it; what a dead one left, the next build
 * removes.
 *
 * The newest generation is the one with the highest number: whoever removes generations keeps that one, or its number
 * would be given again. The manifest is as reproducible as the image: what depends on the day or the folder is in the
 * record alone. */
#ifndef SHELF_PUBLISH_H
#define SHELF_PUBLISH_H

#include <stddef.h>

#include "artifact/manifest.h"
#include "base/arena.h"
#include "base/err.h"

/* What is asked for. */
struct publish_wanted {
	const char *name, *key;                /* of the recipe, of the plan */
	const char *format, *compression;      /* as image_write() knows them */
};

/* Looks whether the newest generation below the folder `out` is what is wanted, and its image is there in the size it
 * had. Then returns 1 and the image's path in `arena`; else 0. Fast: it reads one manifest. A manifest that cannot be
 * read is none (a warning says so). */
int publish_find(struct arena *arena, const char *out, const struct publish_wanted *wanted, const char **ret_path);

/* A generation in the making. */
struct publish_draft {
	char folder[4096]; /* the maker's own, empty at first; its files are made here */
	char shelf[4096];  /* out/NAME */
	int fd;		   /* of `folder`, locked as long as the build runs */
};

/* Makes out/NAME/ when it is missing, removes what dead builds left there, and begins a draft that is to be passed to
 * publish_commit() or publish_abandon(). Worth calling before the work begins: a folder that cannot be written is an
 * error here, with the option to use as its hint. */
int publish_begin(const char *out, const char *name, struct publish_draft *draft, struct err *err);

/* Writes the manifest and the record to the draft, where the image stands already, makes all of it durable, and gives it
 * the next number. When another build has just published the very same (manifests are equal, and they hold the image's
 * digest), the draft is dropped for that. Releases the draft in any case. `*ret_path`, in `arena`, is the image's
 * path. */
int publish_commit(struct arena *arena, struct publish_draft *draft, const struct manifest *manifest,
		   const char **ret_path, struct err *err);

/* Removes what was drafted; a draft that is zeroed, failed to begin, was committed or abandoned is fine. */
void publish_abandon(struct publish_draft *draft);

/* The highest number of a generation below `shelf` (out/NAME); 0 when there is none. */
unsigned publish_newest(const char *shelf);

#endif

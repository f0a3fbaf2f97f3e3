/* What the files of this room know of a shelf, out/NAME/; not for other folders.
 *
 *   N/             a generation (generation.h)
 *   .draft-N/      one in the making (publish.h); locked as long as its maker lives
 *   .gone-N/       one that is being removed
 *   .record        a record in the making
 *   .lock          held by whoever changes any of it
 *
 * All of the last four may be left by whoever was killed: shelf_sweep() removes them. */
#ifndef SHELF_SHELF_H
#define SHELF_SHELF_H

#include "artifact/manifest.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"

#define SHELF_MANIFEST "manifest.json"
#define SHELF_PLAN "plan.json"
#define SHELF_RECORD "record.json"
#define SHELF_DRAFT ".draft-"
#define SHELF_GONE ".gone-"

/* The number that `name` is, written the one way we write it; 0 for any other name. */
unsigned shelf_number(const char *name);

/* The numbers of the generations on the shelf, from the lowest on; in `arena`. None when there is no such folder. */
size_t shelf_numbers(struct arena *arena, const char *shelf, unsigned **ret_numbers);

/* The names of the shelves below `out` that have a generation, sorted. */
struct strv shelf_names(struct arena *arena, const char *out);

/* Reads the manifest of generation `number`, and its text into `text` (which may hold it when this fails, too). */
int shelf_manifest(struct arena *arena, const char *shelf, unsigned number, struct buf *text,
		   struct manifest **ret_manifest, struct err *err);

/* Takes the shelf's lock, waiting for it. Returns a descriptor, whose closing releases it, or negative errno. */
int shelf_lock(const char *shelf, struct err *err);

/* Opens a draft's folder and locks it, unless it is locked: then its maker lives. Returns a descriptor or negative
 * errno. */
int shelf_claim(const char *folder);

/* Removes what killed processes left; the shelf's lock is held: no draft is between its making and its locking, and
 * nobody writes a record or removes a generation. What cannot be removed stays, with a warning. */
void shelf_sweep(const char *shelf);

/* Says what to do where we may not write; returns `r`. */
int shelf_cannot_write(int r, struct err *err);

#endif

/* Generations: what out/NAME/ holds, and what was learnt about it since.
 *
 *   out/NAME/3/NAME.qcow2, manifest.json, plan.json, NAME.efi   what publish.h put there: whole, and never changed again
 *   out/NAME/3/record.json                                      what was learnt: replaced whole, under the shelf's lock
 *
 * A generation without a record (one that was killed between the two, or is older than records) is untried. */
#ifndef SHELF_GENERATION_H
#define SHELF_GENERATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "artifact/manifest.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "edge/jval.h"
#include "shelf/record.h"

struct generation {
	const char *name;            /* of the shelf: the folder below out/ ("gateway", "gateway.lxc") */
	unsigned number;
	const char *folder, *image;  /* paths of the host */
	struct manifest *manifest;
	struct record record;
};

/* What is known of the generation as a whole: bad when it is bad on any host, else good when it is good on one. */
enum verdict generation_verdict(const struct generation *generation);

/* Finds one generation by what a user calls it, in every verb: NAME (the newest), NAME/NUMBER, the path of a generation's
 * folder or image, the path of a shelf (the newest), or the path of a recipe (the newest of the machine that it names; where
 * there is no such file, of the file's name). -ENOENT when there is none, with those that there are as a hint. In `arena`. */
int generation_find(struct arena *arena, const char *out, const char *reference, struct generation **ret_generation,
		    struct err *err);

/* The same for NAME and NAME/NUMBER alone; 1 when `reference` is neither, or there is no such shelf. */
int generation_by_name(struct arena *arena, const char *out, const char *reference, struct generation **ret_generation,
		       struct err *err);

/* All generations of shelf `name` below `out`, by their numbers. One whose manifest cannot be read is left out, with a
 * warning. */
int generation_list(struct arena *arena, const char *out, const char *name, struct generation **ret_generations, size_t *ret_n,
		    struct err *err);

/* The shelf that a user names, as NAME, by its path, or by a recipe as above: its name, in `arena`. -ENOENT when nothing
 * was ever published on it, with those that there are as a hint. */
int generation_shelf(struct arena *arena, const char *out, const char *argument, const char **ret_name, struct err *err);

/* The names of all shelves below `out` that have a generation, sorted; in `arena`. */
struct strv generation_shelves(struct arena *arena, const char *out);

/* Reads generation `number` of the shelf at the path `shelf`. A record that cannot be read counts as none, with a warning. */
int generation_load(struct arena *arena, const char *shelf, unsigned number, struct generation **ret_generation,
		    struct err *err);

/* The plan that the generation was made by; the caller frees it. */
int generation_plan(struct arena *arena, const struct generation *generation, struct jval **ret_plan, struct err *err);

/* Writes down what became of the generation on a host, in place of what was known about it there. Durable, whole or not at all;
 * safe beside others who write. -EINVAL for a deployment that cannot be written down; -ENOENT when the generation is gone.
 * `generation` itself does not change: find it again to see what is known. */
int generation_note(const struct generation *generation, const struct deployment *deployment, struct err *err);

/* The same of a file that a hypervisor was given, in place of what was known about that volid on that node; errors as of
 * record_note_upload(). */
int generation_note_upload(const struct generation *generation, const struct upload *upload, struct err *err);

#endif

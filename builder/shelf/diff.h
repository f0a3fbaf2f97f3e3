/* The difference of two generations, told in three ways. */
#ifndef SHELF_DIFF_H
#define SHELF_DIFF_H

#include "plan/json.h"
#include "shelf/generation.h"

struct diff {
	struct arena *arena;
	const struct generation *before, *after;
	const struct plan_change *changes; /* all of them; a package that only moved between layers is none */
	size_t n;
};

/* What a reader should see of it: changes of one kind, in the order of their names. */
struct diff_group {
	const char *heading;
	const struct plan_change *const *changes;
	size_t n, n_added, n_removed; /* the rest has changed */
};

/* The groups that have something in them, in `diff`'s arena. What changed only among the programs that make the image is
 * left out, unless it is all there is. */
size_t diff_groups(const struct diff *diff, struct diff_group **ret_groups);

/* The lines that differ between two texts of units, "-…" or "+…", each after the " [Section]" it is in; nothing for texts
 * that are too long to be compared. In `arena`. */
struct strv diff_lines(struct arena *arena, const char *before, const char *after);

/* How a field of a change is told in one line: "content", "mode 0644 -> 0600"; NULL for text of many lines. */
const char *diff_field(struct arena *arena, const struct plan_difference *field, const char *arrow);

/* Whether a value is a SHA-256: nothing that people read. */
bool diff_is_digest(const char *value);

/* Prints it on stdout. */
void diff_print_text(const struct diff *diff);
void diff_print_markdown(const struct diff *diff);

#endif

/* How what several files say becomes one: maps by key, lists appended, of single values the later one; `!replace` and
 * `!remove` say otherwise. */
#ifndef RECIPE_MERGE_H
#define RECIPE_MERGE_H

#include "edge/yaml.h"
#include "recipe/decode.h"

/* Two modules that said different things; an error unless a later file says its own. */
struct conflict {
	const struct node *older, *newer;
};

/* Zero-initialise but for the decoder. */
struct merger {
	struct decoder *decoder;     /* its arena, documents and err */
	struct conflict *conflicts;
	size_t n_conflicts;
	bool in_vars;                /* below `vars:`, where a module's words are only defaults */
};

/* What `newer` makes of `older` (NULL: of nothing); both are left as they are. `schema` is the one of both, and knows whether
 * a word alone is a list of one. NULL when nothing is left. After a problem, which is reported, the older value stays. */
struct node *merge(struct merger *merger, const struct schema *schema, const struct node *older,
		   const struct node *newer, const char *path);

/* Reports the conflicts of modules that nobody has decided in `node`, the result of all merging, and tags without meaning. */
void merge_check(struct merger *merger, const struct node *node, const char *path);

#endif

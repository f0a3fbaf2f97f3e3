/* The stages of recipe_load(), each a file: what is read and merged (load.c), names put in (interpolate.c), decoded
 * (decode.c), made whole and checked (finalize.c, finalize_*.c); and how its problems are told (report.c). */
#ifndef RECIPE_STAGES_H
#define RECIPE_STAGES_H

#include "edge/yaml.h"
#include "recipe/decode.h"

/* Replaces every `${…}` in `root` by what it names; `facts` may be NULL. A value with a problem is reported, and marked so that
 * nobody reports it again. */
int interpolate(struct arena *arena, struct node *root, const struct node *facts, struct err *err);

/* Fills in defaults and holds the decoded recipe against the rules that concern more than one value. `root` is what it was
 * decoded from. Passes over what has had a problem already. */
int finalize(struct decoder *decoder, const struct node *root);

/* finalize() of the kinds: settles decoder->recipe->kind, which all that follows asks. */
void finalize_kinds(struct decoder *decoder, const struct node *root);

/* finalize() of the downloads alone. */
void finalize_downloads(struct decoder *decoder, const struct node *root);

/* finalize() of the quadlets alone. */
void finalize_quadlets(struct decoder *decoder, const struct node *root, unsigned kind);

/* finalize() of the partitions alone. */
void finalize_disks(struct decoder *decoder, const struct node *root);

/* finalize() of `state`, when all else is known; `list` is its node, or NULL. */
void finalize_state(struct decoder *decoder, const struct node *list);

/* Whether `path` is a place for people's homes: the machine keeps what is there. */
bool finalize_is_home(const struct recipe *recipe, const char *path);

#endif

/* Who files of SOPS that travel in an image are encrypted to, after a machine's recipients have changed. */
#ifndef KEEPER_OPENERS_H
#define KEEPER_OPENERS_H

#include "keeper/source.h"

/* What is asked for, beside the machine's own recipients. */
struct openers_how {
	struct strv present, retired; /* of the machine; bare (roll_bare()) */
	struct strv add, remove;     /* --add, --remove */
	bool rotate, dry_run;
};

struct openers {
	struct strv recipients;      /* of age, in the order in which they stand in the file from now on */
	struct strv added, removed;
	bool changed;
};

/* What a file's recipients become: those that are there in their order, without the machine's retired ones and those to be
 * removed; then the machine's and those to be added. What is foreign stays. -EINVAL when nobody would be left, or one to be
 * removed counts for the machine. Pure. */
int openers_decide(struct arena *arena, const struct sops_file *file, const struct openers_how *how,
		   struct openers *ret_openers,
		 struct err *err);

/* Does it to the file of a secret, in its place: whole or not at all, its mode kept. With how->dry_run nothing is written. */
int openers_set(struct arena *arena, struct sources *sources, const struct recipe_secret *secret, const struct openers_how *how,
	       struct openers *ret_openers, struct err *err);

#endif

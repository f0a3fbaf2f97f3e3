/* From a recipe to a published generation. What is made of the finished tree is a kind's own. */
#ifndef BUILD_PIPELINE_H
#define BUILD_PIPELINE_H

#include "artifact/manifest.h"
#include "build/project.h"
#include "tree/tree.h"

/* A build in the making. */
struct build {
	struct arena *arena;               /* the project's */
	const struct plan *plan;
	struct cache *cache;
	struct tree image,
	    tools; /* the finished tree; the programs that shape bytes (no path: the recipe names none) */
	const char *work;                  /* an empty host folder, gone when the build ends */
	const char *format, *compression;  /* as asked for */
};

/* A kind of artifact. */
struct build_kind {
	const char *name;                  /* in the manifest: "vm" */
	unsigned kind;                     /* of enum recipe_kind */
	const char *format;                /* when the user names none */
	const char *(*compression)(const char *format); /* … of this format; NULL for a format that there is not */
	int (*check)(const char *format, const char *compression, struct err *err); /* are they ones we know? */
	/* Makes the artifact as the new file `path` and completes `manifest`: its image, and what else only now is known. */
	int (*make)(const struct build *build, const char *path, struct manifest *manifest, struct err *err);
	/* Does what cannot be done any more when the build has moved into its own user namespace; may be NULL. */
	int (*prepare)(const struct plan *plan, const char *cache, struct err *err);
};

extern const struct build_kind build_vm, build_lxc;

/* How somebody wants it. */
struct build_how {
	struct project_options recipe;
	const char *out;                   /* folder of all generations */
	const char *cache;                 /* folder of the cache; NULL: cache_default() */
	const char *format, *compression;  /* NULL: the kind's */
	bool check_repeat;                 /* its packages are installed twice, and must give the same files */
};

/* Reads and plans the recipe at `path`; names the generation there is when nothing has changed; else builds and publishes one.
 * Prints its path, or with `json` what was done. */
int build_run(const struct build_kind *kind, const struct build_how *how, const char *path, bool json, struct err *err);

/* For whoever goes on with an image: the path (in `arena`) of the generation that the recipe and its lock give, which is built
 * when it is not the newest one. `kind` of enum recipe_kind, 0: what how->recipe asks for, or the recipe's first. It
 * is built by a process of its own, because a plain user becomes root in its own user namespace for that. -ECHILD: it
 * failed, and has
 * said why. */
int build_obtain(const struct build_how *how, unsigned kind, const char *recipe, struct arena *arena, const char **ret_image,
		 struct err *err);

#endif

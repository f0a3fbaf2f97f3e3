/* What is to run: an image on the host, and what is known of it from what lies beside it (manifest.json, plan.json). */
#ifndef RUN_TARGET_H
#define RUN_TARGET_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

struct target {
	const char *image;           /* absolute path */
	const char *name;            /* the recipe's, else from the file's name */
	bool container;              /* a template, not a disk */
	const char *format;          /* of a disk: "qcow2" or "raw" */
	struct strv disks;           /* serial numbers of others that it wants; where nothing is known, one for the state */
	const char *user;            /* whom ssh may log in as */
	struct strv tcp;             /* ports or ranges of ports that are open */
	struct strv state;           /* what is a mount point in a container */
};

/* `path` is an image's, or that of a generation's folder. Everything in `arena`. */
int target_find(struct arena *arena, const char *path, struct target *ret_target, struct err *err);

#endif

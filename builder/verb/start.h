/* What `run` and `test` begin with: from words of the command line to what is to be started. */
#ifndef VERB_START_H
#define VERB_START_H

#include "run/session.h"
#include "verb/verb.h"

/* Reads the options that belong to a machine. Ports are the caller's. */
int start_options(struct arena *arena, const struct verb_options *options, struct session_spec *spec, struct err *err);

/* Finds what `argument` means: a recipe (NAME.recipe), of which an image is built when the newest is not what it gives,
 * or an image. */
int start_target(struct arena *arena, const struct verb_options *options, const char *argument, struct target *ret_target,
		 struct err *err);

#endif

/* What `run` and `test` begin with: from words of the command line to what is to be started. */
#ifndef VERB_OPTIONS_START_H
#define VERB_OPTIONS_START_H

#include "build/pipeline.h"
#include "run/session.h"
#include "verb/options/options.h"

struct start_options {
	bool uefi, keep;
	const char *accel, *memory, *disk, *timeout;
};
extern const struct option start_options[];

/* Reads the options into `spec`, all but ports, console and seed. */
int start_read(const struct start_options *options, struct session_spec *spec, struct err *err);

/* Finds what `argument` means: a recipe (NAME.recipe), of which an image is built when the newest is not what it gives, or an
 * image. Options that were given and mean a virtual machine are refused for a container; `machine_only` (may be NULL) is the
 * name of one that the caller has. */
int start_target(struct arena *arena, const struct start_options *options, const struct build_how *how, const char *argument,
		 const char *machine_only, struct target *ret_target, struct err *err);

#endif

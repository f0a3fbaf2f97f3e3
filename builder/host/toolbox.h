/* Programs of a tools tree, run in the sandbox. */
#ifndef HOST_TOOLBOX_H
#define HOST_TOOLBOX_H

#include <stddef.h>

#include "base/err.h"

/* A tools tree, made by our own machinery: the programs that shape bytes run from it, whatever the host has. */
struct toolbox {
	const char *root;
};

/* Runs `argv` from the tools tree, which it cannot write. The host folder `work` is its working directory, /tmp/work,
 * read-write; the `n` host files or folders of `sources` (at most 16) stand at /tmp/in0, /tmp/in1, … read-only. `env` may be
 * NULL. A failure is an error that shows what the tool said. */
int toolbox_run(const struct toolbox *tools, const char *const *argv, const char *const *env, const char *work,
		const char *const *sources, size_t n, struct err *err);

#endif

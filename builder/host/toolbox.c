#include "host/toolbox.h"

#include <errno.h>
#include <stdio.h>

#include "host/sandbox.h"

enum { SOURCES_MAX = 16 };

int toolbox_run(const struct toolbox *tools, const char *const *argv, const char *const *env, const char *work,
		const char *const *sources, size_t n, struct err *err)
{
	struct sandbox_op ops[1 + SOURCES_MAX] = {{SANDBOX_BIND, work, "/tmp/work", NULL}};
	struct sandbox sandbox = {.root = tools->root, .read_only = true, .ops = ops, .n_ops = 1, .cwd = "/tmp/work"};
	char targets[SOURCES_MAX][16];

	if (n > SOURCES_MAX)
		return err_set(err, -E2BIG, "bug: '%s' was given %zu sources, which are too many", argv[0], n);
	for (size_t i = 0; i < n; i++) {
		snprintf(targets[i], sizeof targets[i], "/tmp/in%zu", i);
		ops[sandbox.n_ops++] = (struct sandbox_op){SANDBOX_BIND_RO, sources[i], targets[i], NULL};
	}
	return sandbox_check(&sandbox, &(struct proc){.argv = argv, .env = env}, err);
}

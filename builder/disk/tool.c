#include "disk/tool.h"

#include <errno.h>
#include <inttypes.h>

static int tool_own_run(const struct disk_spec *spec, const char *package, const char *const *argv,
			const char *const *env, const char *const *sources, size_t n, struct err *err)
{
	int r = toolbox_run(&spec->tools, argv, env, spec->work, sources, n, err);

	return r == -ENOENT ? err_hint(err, "the tools tree '%s' needs the package '%s'", spec->tools.root, package)
			    : r;
}

int tool_run(const struct disk_spec *spec, const char *package, const char *const *argv, const char *const *sources, size_t n,
	     struct err *err)
{
	static const char *const env[] = {"PATH=/usr/sbin:/usr/bin", "LC_ALL=C.UTF-8", "TZ=UTC", NULL};

	return tool_own_run(spec, package, argv, env, sources, n, err);
}

int tool_run_at_epoch(const struct disk_spec *spec, const char *package, const char *const *argv, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *env[] = {
		"PATH=/usr/sbin:/usr/bin", "LC_ALL=C.UTF-8", "TZ=UTC" /* vfat's times are local */,
		arena_printf(arena, "SOURCE_DATE_EPOCH=%" PRId64, spec->epoch),
		arena_printf(arena, "E2FSPROGS_FAKE_TIME=%" PRId64, spec->epoch), NULL,
	};

	return tool_own_run(spec, package, argv, env, NULL, 0, err);
}

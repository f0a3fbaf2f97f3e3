#include "disk/tool.h"

#include <errno.h>
#include <inttypes.h>

#include "base/file.h"

/* It stands between a program and the C library. */
static const char FROZEN[] = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

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

static const char *tool_random_seed(struct arena *arena, const struct disk_spec *spec, const char *what)
{
	char uuid[37];

	disk_uuid(spec->seed, arena_printf(arena, "random numbers %s", what), uuid);
	return arena_printf(arena, "0x%.8s%.4s%.4s", uuid, uuid + 9, uuid + 14);
}

int tool_run_frozen(const struct disk_spec *spec, const char *package, const char *const *argv, const char *what,
		    struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *seed = tool_random_seed(arena, spec, what);
	const char *env[] = {
		"PATH=/usr/sbin:/usr/bin", "LC_ALL=C.UTF-8", "TZ=UTC", arena_printf(arena, "LD_PRELOAD=%s", FROZEN),
		"FAKETIME_FMT=%s", arena_printf(arena, "FAKETIME=%" PRId64, spec->epoch),
		arena_printf(arena, "SOURCE_DATE_EPOCH=%" PRId64, spec->epoch),
		arena_printf(arena, "FAKERANDOM_SEED=%s", seed), NULL,
	};

	if (path_exists(arena_printf(arena, "%s%s", spec->tools.root, FROZEN)))
		return tool_own_run(spec, package, argv, env, NULL, 0, err);
	err_set(err, -ENOENT, "'%s' would not make the same bytes again", argv[0]);
	return err_hint(err, "the tools tree '%s' needs the package 'libfaketime'", spec->tools.root);
}

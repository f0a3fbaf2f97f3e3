#include "verb/start.h"

#include <errno.h>

#include "verb/build.h"

static int read_size(const char *option, const char *text, uint64_t *ret_bytes, struct err *err)
{
	int r = text ? size_parse(text, ret_bytes) : 0;

	if (r == 0 && (!text || *ret_bytes >= 1 << 20))
		return 0;
	err_set(err, -EINVAL, "--%s: '%s' is no size that a machine can have", option, text);
	return err_hint(err, "write it like 512M or 20G");
}

int start_options(struct arena *arena, const struct verb_options *options, struct session_spec *spec, struct err *err)
{
	int r = read_size("memory", options->memory, &spec->memory_bytes, err);

	if (r == 0)
		r = read_size("disk", options->disk, &spec->disk_bytes, err);
	if (r == 0 && options->timeout && (duration_parse(options->timeout, &spec->timeout_ms) < 0 || spec->timeout_ms == 0)) {
		r = err_set(err, -EINVAL, "--timeout: '%s' is no duration", options->timeout);
		err_hint(err, "write it like 90s or 5m");
	}
	spec->cache = options->cache ? options->cache : cache_default(arena);
	spec->keep = options->keep_machine;
	spec->uefi = options->uefi;
	spec->console = options->console;
	spec->accel = options->accel;
	spec->seed = options->seed;
	return r;
}

int start_target(struct arena *arena, const struct verb_options *options, const char *argument, struct target *ret_target,
		 struct err *err)
{
	const char *image = argument;
	int r = text_has_suffix(argument, ".recipe") ? build_obtain(options, 0, argument, arena, &image, err) : 0;

	return r == 0 ? target_find(arena, image, ret_target, err) : r;
}

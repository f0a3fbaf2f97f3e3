#include "verb/start.h"

#include <errno.h>

#include "build/pipeline.h"

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

/* What only a machine has. */
static int check_container(const struct verb_options *options, const struct target *target, struct err *err)
{
	const struct {
		const char *name;
		bool given;
	} rows[] = {
		{"uefi", options->uefi}, {"accel", !!options->accel}, {"memory", !!options->memory}, {"disk", !!options->disk},
		{"seed", !!options->seed}, {"port", options->ports.count > 0},
	};

	for (size_t i = 0; target->container && i < sizeof rows / sizeof *rows; i++)
		if (rows[i].given) {
			err_set(err, -EINVAL, "--%s means a virtual machine, and '%s' is a container", rows[i].name,
				target->name);
			return err_hint(err, "if its recipe can be both, choose by --kind vm");
		}
	return 0;
}

int start_target(struct arena *arena, const struct verb_options *options, const char *argument, struct target *ret_target,
		 struct err *err)
{
	const char *image = argument;
	int r = text_has_suffix(argument, ".recipe") ? build_obtain(options, 0, argument, arena, &image, err) : 0;

	if (r == 0)
		r = target_find(arena, image, ret_target, err);
	return r == 0 ? check_container(options, ret_target, err) : r;
}

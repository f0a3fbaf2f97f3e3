#include "verb/options/start.h"

#include <errno.h>
#include <sys/stat.h>

#include "shelf/generation.h"

#define ROW(name, value, help, type, member) {name, value, help, type, offsetof(struct start_options, member), NULL}
const struct option start_options[] = {
	ROW("uefi", NULL, "boot with UEFI instead of BIOS", OPTION_FLAG, uefi),
	ROW("accel", "kvm|tcg", "kvm or tcg (emulation); without it kvm, if it works", OPTION_TEXT, accel),
	ROW("memory", "SIZE", "memory of the machine (1G)", OPTION_TEXT, memory),
	ROW("disk", "SIZE", "size of the disk with /var (2 GiB; beside the image on one disk)", OPTION_TEXT, disk),
	ROW("timeout", "TIME", "how long to wait until it is up (3m with KVM, else 10m)", OPTION_TEXT, timeout),
	ROW("keep", NULL, "keep its disk and logs afterwards", OPTION_FLAG, keep),
	{0},
};

static int start_read_size(const char *option, const char *text, uint64_t *ret_bytes, struct err *err)
{
	int r = text ? size_parse(text, ret_bytes) : 0;

	if (r == 0 && (!text || *ret_bytes >= 1 << 20))
		return 0;
	err_set(err, -EINVAL, "--%s: '%s' is not a valid size", option, text);
	return err_hint(err, "write it like 512M or 20G; the smallest is 1M");
}

int start_read(const struct start_options *options, struct session_spec *spec, struct err *err)
{
	int r = start_read_size("memory", options->memory, &spec->memory_bytes, err);

	if (r == 0)
		r = start_read_size("disk", options->disk, &spec->disk_bytes, err);
	if (r == 0 && options->timeout && (duration_parse(options->timeout, &spec->timeout_ms) < 0 || spec->timeout_ms == 0)) {
		r = err_set(err, -EINVAL, "--timeout: '%s' is not a valid time", options->timeout);
		err_hint(err, "write it like 90s or 5m");
	}
	spec->keep = options->keep;
	spec->uefi = options->uefi;
	spec->accel = options->accel;
	return r;
}

static int start_check_container(const struct start_options *options, const char *machine_only, const struct target *target,
				 struct err *err)
{
	const struct {
		const char *name;
		bool given;
	} rows[] = {
		{"uefi", options->uefi}, {"accel", !!options->accel}, {"memory", !!options->memory}, {"disk", !!options->disk},
		{machine_only, !!machine_only},
	};

	for (size_t i = 0; target->container && i < sizeof rows / sizeof *rows; i++)
		if (rows[i].given) {
			err_set(err, -EINVAL, "--%s is for virtual machines, and '%s' is a container", rows[i].name,
				target->name);
			return err_hint(err, "if its recipe can be both, choose with --kind vm");
		}
	return 0;
}

/* The image that is meant by what is no recipe: a generation, by one of its names, or any image by its path. */
static int start_find_image(struct arena *arena, const char *out, const char *argument, const char **ret_image, struct err *err)
{
	struct generation *generation;
	struct stat st;
	int r = generation_by_name(arena, out, argument, &generation, err);

	if (r == 1 && stat(argument, &st) == 0 && !S_ISDIR(st.st_mode)) {
		*ret_image = argument;
		return 0;
	}
	if (r == 1)
		r = generation_find(arena, out, argument, &generation, err);
	if (r == 0)
		*ret_image = generation->image;
	return r;
}

int start_target(struct arena *arena, const struct start_options *options, const struct build_how *how, const char *argument,
		 const char *machine_only, struct target *ret_target, struct err *err)
{
	const char *image;
	int r = text_has_suffix(argument, ".recipe") ? build_obtain(how, 0, argument, arena, &image, err)
						     : start_find_image(arena, how->out, argument, &image, err);

	if (r == 0)
		r = target_find(arena, image, ret_target, err);
	return r == 0 ? start_check_container(options, machine_only, ret_target, err) : r;
}

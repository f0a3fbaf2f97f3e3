/* aether-build inspect IMAGE [PATH]: what is in a finished image. */
#include <sys/stat.h>

#include "inspect/inspection.h"
#include "run/workdir.h"
#include "shelf/generation.h"
#include "verb/verb.h"

struct inspect_options {
	struct common_options common;
	const char *out, *against, *extract, *partition;
	bool packages;
};

static const struct option inspect_own_options[] = {
	{"against", "GENERATION|IMAGE", "show what differs from that one", OPTION_TEXT,
	 offsetof(struct inspect_options, against), NULL},
	{"extract", "TO", "copy PATH, a file or a folder, to the new path TO", OPTION_TEXT,
	 offsetof(struct inspect_options, extract), NULL},
	{"partition", "LABEL|NUMBER", "look at this file system, not at the whole system", OPTION_TEXT,
	 offsetof(struct inspect_options, partition), NULL},
	{"packages", NULL, "list all packages", OPTION_FLAG, offsetof(struct inspect_options, packages), NULL},
	OPTION_OUT(inspect_options),
	{0},
};
static const struct option_group inspect_option_groups[] = {{inspect_own_options, 0}, {0}};

/* A file or a disk of this host, or what the user calls a generation. */
static int inspect_find(struct arena *arena, const struct inspect_options *options, const char *argument,
			const char **ret_image,
			struct err *err)
{
	struct generation *generation;
	struct stat st;
	int r;

	*ret_image = argument;
	if (stat(argument, &st) == 0 && !S_ISDIR(st.st_mode) && !text_has_suffix(argument, ".recipe"))
		return 0;
	r = generation_find(arena, options->out, argument, &generation, err);
	if (r == 0)
		*ret_image = generation->image;
	return r;
}

/* All generations here, by their root hashes. What cannot be read is not known: that is no reason to fail. */
static size_t inspect_known(struct arena *arena, const char *out, const struct inspect_known **ret_known)
{
	struct strv shelves = generation_shelves(arena, out);
	struct inspect_known *known = NULL;
	struct err ignored = {0};
	size_t n = 0;

	for (size_t i = 0; i < shelves.count; i++) {
		struct generation *all;
		size_t n_all = 0;

		if (generation_list(arena, out, shelves.items[i], &all, &n_all, &ignored) < 0)
			continue;
		for (size_t k = 0; k < n_all; k++)
			if (all[k].manifest->root_hash)
				*arena_push(arena, known, n) = (struct inspect_known){
					.root_hash = all[k].manifest->root_hash, .key = all[k].manifest->key,
					.name = arena_printf(arena, "%s/%u", all[k].name, all[k].number),
				};
	}
	err_free(&ignored);
	*ret_known = known;
	return n;
}

static int inspect_check(const struct inspect_options *options, size_t n_arguments, struct err *err)
{
	if (options->against && (n_arguments == 2 || options->extract || options->partition || options->packages))
		return err_set(err, -EINVAL,
			       "--against compares whole images: no path, --extract, --partition or --packages with it");
	if (options->extract && options->common.json)
		return err_set(err, -EINVAL, "--extract copies files: there is nothing to be said as JSON");
	if (options->packages && (n_arguments == 2 || options->extract))
		return err_set(err, -EINVAL, "--packages is for the image as a whole, without a path");
	return 0;
}

static int inspect_run(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	const struct inspect_options *options = data;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct inspect_request request = {
		.path = n_arguments == 2 ? arguments[1] : options->partition || options->extract ? "/" : NULL,
		.extract = options->extract,
		.partition = options->partition, .json = options->common.json, .packages = options->packages,
	};
	struct workdir place = {0};
	int r = inspect_check(options, n_arguments, err);

	if (r == 0)
		r = inspect_find(arena, options, arguments[0], &request.image, err);
	if (r == 0 && options->against)
		r = inspect_find(arena, options, options->against, &request.against, err);
	if (r == 0)
		r = workdir_make(arena, options->common.cache ? options->common.cache : cache_default(arena), "inspect",
				 false, &place, err);
	if (r < 0)
		return r;
	request.n_known = inspect_known(arena, options->out, &request.known);
	request.work = place.folder;
	request.cache = cache_folder(place.cache);
	r = inspection_run(&request, err);
	workdir_close(&place);
	return r;
}

const struct verb verb_inspect = {
	.name = "inspect",
	.arguments = "IMAGE [PATH]",
	.summary = "Shows what is in a finished image, and takes files out of it",
	.options = inspect_option_groups,
	.options_size = sizeof(struct inspect_options),
	.min_arguments = 1,
	.max_arguments = 2,
	.run = inspect_run,
};

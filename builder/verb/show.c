/* aether-build show RECIPE|GENERATION: everything there is to say about one generation. */
#include <stdarg.h>
#include <stdio.h>

#include "edge/digest.h"
#include "shelf/describe.h"
#include "verb/verb.h"

struct show_options {
	struct common_options common;
	const char *out;
};

static const struct option show_own_options[] = {
	OPTION_OUT(show_options),
	{0},
};
static const struct option_group show_option_groups[] = {{show_own_options, 0}, {0}};

static void __attribute__((format(printf, 2, 3))) show_say(const char *what, const char *format, ...)
{
	va_list ap;

	printf("%-12s ", what);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	puts("");
}

static void show_print_deployments(struct arena *arena, const struct record *record)
{
	for (size_t i = 0; i < record->n_deployments; i++) {
		const struct deployment *deployment = &record->deployments[i];

		show_say(i ? "" : "deployed", "%s  %s, %s%s%s", describe_time(arena, deployment->when),
			 text_plain(arena, deployment->host), verdict_name(deployment->verdict),
			 deployment->reason ? ": " : "",
			 deployment->reason ? text_plain(arena, deployment->reason) : "");
	}
}

static void show_print_uploads(struct arena *arena, const struct record *record)
{
	for (size_t i = 0; i < record->n_uploads; i++)
		show_say(i ? "" : "uploaded", "%s  %s on %s", describe_time(arena, record->uploads[i].when),
			 record->uploads[i].volid, record->uploads[i].node);
}

static void show_print_lists(struct arena *arena, const struct manifest *manifest)
{
	for (size_t i = 0; i < manifest->n_partitions; i++)
		show_say(i ? "" : "partitions", "%-10s %10s  %s", manifest->partitions[i].label,
			 size_format_human(arena, manifest->partitions[i].size), manifest->partitions[i].content);
	for (size_t i = 0; i < manifest->n_state; i++)
		show_say(i ? "" : "state", "%s", manifest->state[i].path);
	for (size_t i = 0; i < manifest->n_fakes; i++)
		show_say(i ? "" : "fakes", "%s", manifest->fakes[i].name);
}

static void show_print_text(struct arena *arena, const struct generation *generation, const char *manifest_sha256)
{
	const struct manifest *manifest = generation->manifest;
	const struct manifest_image *image = &manifest->image;
	const struct record *record = &generation->record;
	const char *flaw = describe_flaw(generation);

	show_say("generation", "%s", describe_name(arena, generation));
	show_say("verdict", "%s%s%s", verdict_name(generation_verdict(generation)), flaw ? ", " : "", flaw ? flaw : "");
	show_say("made", "%s, by %s %s", describe_time(arena, record->made), manifest->tool, manifest->tool_version);
	if (record->replaced)
		show_say("replaced", "%s/%u", generation->name, record->replaced);
	show_print_deployments(arena, record);
	show_print_uploads(arena, record);
	show_say("image", "%s", generation->image);
	show_say("size", "%s as %s, %s unpacked", size_format_human(arena, image->size), image->format,
		 size_format_human(arena, image->virtual_size));
	show_say("sha256", "%s", image->sha256);
	show_say("manifest", "%s", manifest_sha256);
	show_say("key", "%s", manifest->key);
	if (manifest->root_hash)
		show_say("root hash", "%s", manifest->root_hash);
	if (manifest->kernel)
		show_say("kernel", "%s", manifest->kernel);
	show_say("packages", "%zu", manifest->n_packages);
	show_print_lists(arena, manifest);
}

static struct jval *show_partitions(const struct manifest *manifest)
{
	struct jval *array = jval_new_array();

	for (size_t i = 0; i < manifest->n_partitions; i++) {
		struct jval *object = jval_new_object();

		jval_set(object, "label", jval_text(manifest->partitions[i].label));
		jval_set(object, "content", jval_text(manifest->partitions[i].content));
		jval_set(object, "start", jval_number((int64_t)manifest->partitions[i].start));
		jval_set(object, "size", jval_number((int64_t)manifest->partitions[i].size));
		jval_add(array, object);
	}
	return array;
}

static void show_print_json(struct arena *arena, const struct generation *generation, const char *manifest_sha256)
{
	_cleanup_jval_ struct jval *object = describe_generation(generation);
	struct jval *state = jval_new_array(), *fakes = jval_new_array();
	const struct manifest *manifest = generation->manifest;

	jval_set(object, "manifest_sha256", jval_text(manifest_sha256));
	jval_set(object, "kind", jval_text(manifest->kind));
	jval_set(object, "tool_version", jval_text(manifest->tool_version));
	jval_set(object, "key", jval_text(manifest->key));
	jval_set(object, "root_hash", jval_text(manifest->root_hash));
	jval_set(object, "kernel", jval_text(manifest->kernel));
	jval_set(object, "partitions", show_partitions(manifest));
	for (size_t i = 0; i < manifest->n_state; i++)
		jval_add(state, jval_text(manifest->state[i].path));
	for (size_t i = 0; i < manifest->n_fakes; i++)
		jval_add(fakes, jval_text(manifest->fakes[i].name));
	jval_set(object, "state", state);
	jval_set(object, "fakes", fakes);
	puts(jval_print(arena, object, true));
}

static int show_run(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	const struct show_options *options = data;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct generation *generation;
	char sha256[SHA256_HEX];
	int r = generation_find(arena, options->out, arguments[0], &generation, err);

	(void)n_arguments;
	if (r == 0)
		r = sha256_file(arena_printf(arena, "%s/manifest.json", generation->folder), sha256, NULL, err);
	if (r < 0)
		return r;
	if (options->common.json)
		show_print_json(arena, generation, sha256);
	else
		show_print_text(arena, generation, sha256);
	return 0;
}

const struct verb verb_show = {
	.name = "show",
	.arguments = "RECIPE|GENERATION",
	.summary = "Shows all details of one generation",
	.options = show_option_groups,
	.options_size = sizeof(struct show_options),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = show_run,
};

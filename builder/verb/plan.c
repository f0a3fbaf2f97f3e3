/* aether-build plan RECIPE */
#include <stdio.h>

#include "edge/json.h"
#include "verb/project.h"

static struct json *words(const struct strv *list)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < list->count; i++)
		json_add(array, json_text(list->items[i]));
	return array;
}

static struct json *packages(const struct plan_tree *tree)
{
	static const char *const layers[LAYER_COUNT] = {"base", "parent", "recipe"};
	struct json *array = json_new_array();

	for (unsigned l = 0; l < LAYER_COUNT; l++)
		for (size_t i = 0; i < tree->layers[l].n_packages; i++) {
			const struct lock_package *package = &tree->layers[l].packages[i];
			struct json *object = json_new_object();

			json_set(object, "layer", json_text(layers[l]));
			json_set(object, "name", json_text(package->name));
			json_set(object, "version", json_text(package->version));
			json_set(object, "sha256", json_text(package->sha256));
			json_add(array, object);
		}
	return array;
}

static struct json *files(const struct plan *plan)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < plan->n_files; i++) {
		const struct plan_file *file = &plan->files[i];
		struct json *object = json_new_object();
		char mode[8];

		json_set(object, "path", json_text(file->path));
		if (file->link) {
			json_set(object, "link", json_text(file->link));
		} else {
			snprintf(mode, sizeof mode, "%04o", (unsigned)file->mode);
			json_set(object, "mode", json_text(mode));
			json_set(object, "owner", json_text(file->owner));
			json_set(object, "group", json_text(file->group));
			json_set(object, "sha256", json_text(file->sha256));
		}
		json_add(array, object);
	}
	return array;
}

static struct json *units(const struct plan *plan)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < plan->n_units; i++) {
		const struct plan_unit *unit = &plan->units[i];
		struct json *object = json_new_object();

		json_set(object, "name", json_text(unit->name));
		if (unit->enable != UNSET)
			json_set(object, "enable", json_bool(unit->enable == YES));
		json_set(object, "mask", json_bool(unit->mask));
		json_set(object, "text", json_text(unit->text));
		json_add(array, object);
	}
	return array;
}

static void print_json(const struct plan *plan)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_json_ struct json *object = json_new_object();
	struct json *ports = json_new_object();

	json_set(ports, "tcp", words(&plan->recipe->firewall_tcp));
	json_set(ports, "udp", words(&plan->recipe->firewall_udp));
	json_set(object, "key", json_text(plan->key));
	json_set(object, "name", json_text(plan->recipe->name));
	json_set(object, "epoch", json_number(plan->epoch));
	json_set(object, "cmdline", json_text(plan->cmdline));
	json_set(object, "state", words(&plan->recipe->state));
	json_set(object, "ports", ports);
	json_set(object, "units", units(plan));
	json_set(object, "files", files(plan));
	json_set(object, "packages", packages(&plan->image));
	puts(json_print(arena, object, true));
}

static int run(const struct verb_options *options, char *const *arguments, size_t n_arguments, struct err *err)
{
	_cleanup_project_ struct project project = {0};
	int r = project_load(arguments[0], 0, options, &project, err);

	(void)n_arguments;
	if (r == 0)
		r = project_plan(&project, err);
	if (r < 0)
		return r;
	if (options->json)
		print_json(project.plan);
	else
		fputs(project.plan->text, stdout);
	return 0;
}

const struct verb verb_plan = {
	.name = "plan", .arguments = "RECIPE", .summary = "Prints everything that was decided, and builds nothing",
	.accepts = ACCEPTS_RECIPE, .min_arguments = 1, .max_arguments = 1, .run = run,
};

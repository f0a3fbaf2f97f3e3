#include "shelf/describe.h"

#include <time.h>

#include "base/file.h"
#include "shelf/record.h"

const char *describe_time(struct arena *arena, int64_t when)
{
	time_t seconds = (time_t)when;
	struct tm parts;
	char text[64];

	if (when == 0 || !localtime_r(&seconds, &parts) || !strftime(text, sizeof text, "%Y-%m-%d %H:%M", &parts))
		return "unknown";
	return arena_strdup(arena, text);
}

const char *describe_text(struct arena *arena, const char *text)
{
	char *copy = arena_strdup(arena, text);

	if (copy)
		text_calm(copy, "");
	return copy;
}

const char *describe_name(struct arena *arena, const struct generation *generation)
{
	return arena_printf(arena, "%s/%u", generation->name, generation->number);
}

int describe_shelves(struct arena *arena, const char *out, char *const *arguments, size_t n, struct strv *ret_names,
		     struct err *err)
{
	struct strv names = n ? (struct strv){0} : generation_shelves(arena, out);
	const char *name;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = generation_shelf(arena, out, arguments[i], &name, err);
		if (r == 0)
			strv_push(arena, &names, name);
	}
	if (r == 0)
		*ret_names = names;
	return r;
}

const char *describe_flaw(const struct generation *generation)
{
	if (!path_exists(generation->image))
		return "its image is missing";
	return generation->manifest->n_fakes ? "not releasable" : NULL;
}

struct json *describe_generation(const struct generation *generation)
{
	const struct manifest_image *image = &generation->manifest->image;
	struct json *object = json_new_object();

	json_set(object, "name", json_text(generation->name));
	json_set(object, "number", json_number(generation->number));
	json_set(object, "folder", json_text(generation->folder));
	json_set(object, "image", json_text(generation->image));
	json_set(object, "present", json_bool(path_exists(generation->image)));
	json_set(object, "format", json_text(image->format));
	json_set(object, "size", json_number((int64_t)image->size));
	json_set(object, "virtual_size", json_number((int64_t)image->virtual_size));
	json_set(object, "sha256", json_text(image->sha256));
	json_set(object, "packages", json_number((int64_t)generation->manifest->n_packages));
	json_set(object, "releasable", json_bool(generation->manifest->n_fakes == 0));
	json_set(object, "replaced", json_number(generation->record.replaced));
	json_set(object, "made", json_number(generation->record.made));
	json_set(object, "verdict", json_text(verdict_name(generation_verdict(generation))));
	json_set(object, "deployments", record_deployments(&generation->record));
	return object;
}

struct json *describe_fields(const struct plan_change *change)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < change->n_fields; i++) {
		struct json *object = json_new_object();

		json_set(object, "name", json_text(change->fields[i].name));
		json_set(object, "before", json_text(change->fields[i].before));
		json_set(object, "after", json_text(change->fields[i].after));
		json_add(array, object);
	}
	return array;
}

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

struct jval *describe_generation(const struct generation *generation)
{
	const struct manifest_image *image = &generation->manifest->image;
	struct jval *object = jval_new_object();

	jval_set(object, "name", jval_text(generation->name));
	jval_set(object, "number", jval_number(generation->number));
	jval_set(object, "folder", jval_text(generation->folder));
	jval_set(object, "image", jval_text(generation->image));
	jval_set(object, "present", jval_bool(path_exists(generation->image)));
	jval_set(object, "format", jval_text(image->format));
	jval_set(object, "size", jval_number((int64_t)image->size));
	jval_set(object, "virtual_size", jval_number((int64_t)image->virtual_size));
	jval_set(object, "sha256", jval_text(image->sha256));
	jval_set(object, "packages", jval_number((int64_t)generation->manifest->n_packages));
	jval_set(object, "releasable", jval_bool(generation->manifest->n_fakes == 0));
	jval_set(object, "replaced", jval_number(generation->record.replaced));
	jval_set(object, "made", jval_number(generation->record.made));
	jval_set(object, "verdict", jval_text(verdict_name(generation_verdict(generation))));
	jval_set(object, "deployments", record_deployments(&generation->record));
	jval_set(object, "uploads", record_uploads(&generation->record));
	return object;
}

struct jval *describe_fields(const struct plan_change *change)
{
	struct jval *array = jval_new_array();

	for (size_t i = 0; i < change->n_fields; i++) {
		struct jval *object = jval_new_object();

		jval_set(object, "name", jval_text(change->fields[i].name));
		jval_set(object, "before", jval_text(change->fields[i].before));
		jval_set(object, "after", jval_text(change->fields[i].after));
		jval_add(array, object);
	}
	return array;
}

/* All that there is to say of an image, in a page or as JSON. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "edge/jval.h"
#include "inspect/scripts.h"
#include "inspect/told.h"

/* What was read of the system in the image. */
struct overview {
	struct arena *arena;
	struct inspect_view *view;
	const struct inspect_request *request;
	const char *os_release, *hostname, *image;
	struct strv packages, units; /* packages as NAME, VERSION, ARCHITECTURE with tabs */
	const char *manager;         /* whose packages: "dpkg"; "" */
};

static struct strv overview_lines(struct arena *arena, const char *text)
{
	char *copy = arena_strdup(arena, text), *rest = NULL;
	struct strv lines = {0};

	for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		strv_push(arena, &lines, line);
	return lines;
}

static int overview_read(struct overview *overview, struct err *err)
{
	const char *root, *at, *end;
	size_t size;
	int r = view_join(overview->view, &root, err);

	if (r == 0)
		r = view_ask(overview->view, SCRIPT_ABOUT, (const char *[]){root, NULL}, &at, &size, err);
	if (r < 0)
		return r;
	end = at + size;
	overview->os_release = view_field(&at, end);
	overview->hostname = view_field(&at, end);
	overview->image = view_field(&at, end);
	overview->packages = overview_lines(overview->arena, view_field(&at, end));
	overview->manager = view_field(&at, end);
	overview->units = overview_lines(overview->arena, view_field(&at, end));
	return 0;
}

/* The value of a line KEY=VALUE, without quotes; NULL when there is none. */
static const char *overview_value(struct arena *arena, const char *text, const char *key)
{
	const struct strv lines = overview_lines(arena, text);
	size_t length = strlen(key);

	for (size_t i = 0; i < lines.count; i++) {
		const char *value = lines.items[i] + length + 1;

		if (strncmp(lines.items[i], key, length) != 0 || lines.items[i][length] != '=')
			continue;
		return *value == '"' || *value == '\'' ? arena_strndup(arena, value + 1, strcspn(value + 1, "\"'")) : value;
	}
	return NULL;
}

static const struct inspect_known *overview_known(const struct overview *overview, const char *root_hash)
{
	for (size_t i = 0; root_hash && i < overview->request->n_known; i++)
		if (strcmp(overview->request->known[i].root_hash, root_hash) == 0)
			return &overview->request->known[i];
	return NULL;
}

/* --- as text --------------------------------------------------------------------------------------------------------- */

static void __attribute__((format(printf, 2, 3))) overview_say(const char *what, const char *format, ...)
{
	va_list ap;

	printf("%-12s ", what);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	puts("");
}

/* " NAME 'VALUE'", or nothing. */
static const char *overview_named(struct arena *arena, const char *name, const char *value)
{
	return value ? arena_printf(arena, "  %s%s%s", name, *name ? " " : "", escape_shown(arena, value)) : "";
}

static void overview_print_device(struct arena *arena, const struct inspect_device *device)
{
	const char *what = device->fs ? device->fs : device->table ? device->table : device->place ? "files"
		: "empty or unknown";
	const char *name = device->number ? arena_printf(arena, "%u", device->number) : device->name;

	printf("  %*s%-*s %10s  %s%s%s%s%s%s%s\n", (int)device->depth * 2, "", 12 - (int)device->depth * 2,
	       escape_shown(arena, name),
	       size_format_human(arena, device->size), escape_shown(arena, device->label ? device->label : device->kind),
	       overview_named(arena, "", device->type_name),
	       device->number ? arena_printf(arena, "  at %llu", (unsigned long long)device->start) : "",
	       overview_named(arena, "", what), overview_named(arena, "label", device->fs_label),
	       overview_named(arena, "uuid", device->fs_uuid ? device->fs_uuid : device->uuid),
	       device->fs_size ? arena_printf(arena, "  %s of %s used",
					      size_format_human(arena, device->fs_size - device->fs_free),
					      size_format_human(arena, device->fs_size)) : "");
	if (device->problem)
		printf("  %*s(%s)\n", 13, "", escape_shown(arena, device->problem));
	for (size_t i = 0; i < device->subvolumes.count; i++)
		printf("  %*ssubvolume %s\n", 13, "", escape_shown(arena, device->subvolumes.items[i]));
}

static void overview_print_slots(const struct overview *overview)
{
	for (size_t i = 0; i < 2; i++) {
		const struct inspect_slot *slot = &overview->view->slots[i];
		const struct inspect_known *known = overview_known(overview, slot->root_hash);

		if (slot->uki || slot->root_hash)
			overview_say(arena_printf(overview->arena, "slot %c", slot->letter), "%s%s%s",
				     slot->uki ? escape_shown(overview->arena, slot->uki) : "no UKI",
				     overview_named(overview->arena, "root hash", slot->root_hash),
				     overview_named(overview->arena, "generation", slot->generation));
		if (known)
			overview_say("", "is %s here, of the plan %s", known->name, known->key);
	}
}

static void overview_print_list(struct arena *arena, const char *heading, const struct strv *list)
{
	for (size_t i = 0; i < list->count; i++) {
		char *line = arena_strdup(arena, list->items[i]);

		for (char *at = line; *at; at++)
			*at = *at == '\t' ? ' ' : *at;
		overview_say(i ? "" : heading, "%s", escape_shown(arena, line));
	}
}

static void overview_print_text(const struct overview *overview)
{
	struct arena *arena = overview->arena;
	const struct inspect_view *view = overview->view;
	const struct strv ours = overview_lines(arena, overview->os_release ? overview->image : "");
	const char *pretty = overview->os_release ? overview_value(arena, overview->os_release, "PRETTY_NAME") : NULL;

	if (!pretty && overview->os_release)
		pretty = overview_value(arena, overview->os_release, "ID");
	overview_say("image", "%s, %s in a file of %s", escape_shown(arena, overview->request->image),
		     view->kind.template ? "a template" : view->kind.format, size_format_human(arena, view->file_size));
	for (size_t i = 0; i < view->n; i++)
		overview_print_device(arena, &view->devices[i]);
	overview_print_slots(overview);
	if (!overview->os_release) {
		overview_say("system", "none that is known: no file system has an os-release");
		return;
	}
	overview_say("system", "%s, on %s", pretty ? escape_shown(arena, pretty) : "it does not say which",
		     escape_shown(arena, view->root->label ? view->root->label : view->root->name));
	overview_say("hostname", "%s", escape_shown(arena, overview_lines(arena, overview->hostname).count ?
						    overview_lines(arena, overview->hostname).items[0] : "none"));
	if (ours.count)
		overview_print_list(arena, "ours", &ours);
	if (*overview->manager)
		overview_say("packages", "%zu (%s)", overview->packages.count, overview->manager);
	if (overview->request->packages)
		overview_print_list(arena, "", &overview->packages);
	overview_say("units", "%zu enabled%s%s", overview->units.count, overview->units.count ? ": " : "",
		     escape_shown(arena, strv_join(arena, &overview->units, " ")));
}

/* --- as JSON --------------------------------------------------------------------------------------------------------- */

static struct jval *overview_text(struct arena *arena, const char *bytes)
{
	return jval_text(escape_shown(arena, bytes));
}

static struct jval *overview_texts(struct arena *arena, const struct strv *list)
{
	struct jval *array = jval_new_array();

	for (size_t i = 0; i < list->count; i++)
		jval_add(array, overview_text(arena, list->items[i]));
	return array;
}

static struct jval *overview_device(struct arena *arena, const struct inspect_device *device)
{
	struct jval *object = jval_new_object();
	const struct {
		const char *key, *value;
	} words[] = {
		{"name", device->name}, {"kind", device->kind}, {"table", device->table}, {"label", device->label},
		{"type", device->type},
		{"type_name", device->type_name}, {"uuid", device->uuid}, {"fs", device->fs},
		{"fs_version", device->fs_version},
		{"fs_label", device->fs_label}, {"fs_uuid", device->fs_uuid}, {"problem", device->problem},
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (words[i].value)
			jval_set(object, words[i].key, overview_text(arena, words[i].value));
	jval_set(object, "depth", jval_number(device->depth));
	if (device->number)
		jval_set(object, "number", jval_number(device->number));
	if (device->number)
		jval_set(object, "start", jval_number((int64_t)device->start));
	jval_set(object, "size", jval_number((int64_t)device->size));
	if (device->place) {
		jval_set(object, "fs_size", jval_number((int64_t)device->fs_size));
		jval_set(object, "fs_used", jval_number((int64_t)(device->fs_size - device->fs_free)));
	}
	if (device->subvolumes.count)
		jval_set(object, "subvolumes", overview_texts(arena, &device->subvolumes));
	return object;
}

static struct jval *overview_slots(const struct overview *overview)
{
	struct jval *array = jval_new_array();

	for (size_t i = 0; i < 2; i++) {
		const struct inspect_slot *slot = &overview->view->slots[i];
		const struct inspect_known *known = overview_known(overview, slot->root_hash);
		struct jval *object;

		if (!slot->uki && !slot->root_hash)
			continue;
		object = jval_new_object();
		jval_set(object, "slot", jval_text((const char[]){slot->letter, 0}));
		jval_set(object, "uki", overview_text(overview->arena, slot->uki));
		jval_set(object, "uki_size", jval_number((int64_t)slot->uki_size));
		jval_set(object, "sequence", jval_number(slot->sequence));
		jval_set(object, "root_hash", overview_text(overview->arena, slot->root_hash));
		jval_set(object, "generation", overview_text(overview->arena, slot->generation));
		jval_set(object, "known_as", jval_text(known ? known->name : NULL));
		jval_set(object, "plan", jval_text(known ? known->key : NULL));
		jval_add(array, object);
	}
	return array;
}

/* Lines KEY=VALUE as an object. */
static struct jval *overview_pairs(struct arena *arena, const char *text)
{
	const struct strv lines = overview_lines(arena, text);
	struct jval *object = jval_new_object();

	for (size_t i = 0; i < lines.count; i++) {
		size_t length = strcspn(lines.items[i], "=");
		const char *key = arena_strndup(arena, lines.items[i], length);

		if (*key && lines.items[i][length] && *key != '#')
			jval_set(object, escape_shown(arena, key), overview_text(arena, overview_value(arena, text, key)));
	}
	return object;
}

static struct jval *overview_packages(const struct overview *overview)
{
	struct jval *array = jval_new_array();

	for (size_t i = 0; i < overview->packages.count; i++) {
		static const char *const keys[] = {"name", "version", "arch"};
		char *line = arena_strdup(overview->arena, overview->packages.items[i]), *rest = NULL;
		struct jval *object = jval_new_object();

		for (size_t k = 0; k < 3; k++)
			jval_set(object, keys[k], overview_text(overview->arena, strtok_r(k ? NULL : line, "\t", &rest)));
		jval_add(array, object);
	}
	return array;
}

static void overview_print_json(const struct overview *overview)
{
	_cleanup_jval_ struct jval *object = jval_new_object();
	struct jval *devices = jval_new_array(), *system;
	const struct inspect_view *view = overview->view;

	jval_set(object, "image", overview_text(overview->arena, overview->request->image));
	jval_set(object, "format", jval_text(view->kind.template ? "template" : view->kind.format));
	jval_set(object, "file_size", jval_number((int64_t)view->file_size));
	for (size_t i = 0; i < view->n; i++)
		jval_add(devices, overview_device(overview->arena, &view->devices[i]));
	jval_set(object, "devices", devices);
	jval_set(object, "slots", overview_slots(overview));
	if (overview->os_release) {
		const struct strv hostname = overview_lines(overview->arena, overview->hostname);

		system = jval_new_object();
		jval_set(system, "on", overview_text(overview->arena, view->root->name));
		jval_set(system, "os_release", overview_pairs(overview->arena, overview->os_release));
		jval_set(system, "hostname", overview_text(overview->arena, hostname.count ? hostname.items[0] : NULL));
		jval_set(system, "image", overview_pairs(overview->arena, overview->image));
		jval_set(system, "package_manager", jval_text(*overview->manager ? overview->manager : NULL));
		jval_set(system, "packages", overview_packages(overview));
		jval_set(system, "units", overview_texts(overview->arena, &overview->units));
		jval_set(object, "system", system);
	}
	puts(jval_print(overview->arena, object, true));
}

int overview_tell(struct inspect_view *view, const struct inspect_request *request, struct err *err)
{
	struct overview overview = {.arena = view->arena, .view = view, .request = request};
	int r = view->root ? overview_read(&overview, err) : 0;

	if (r < 0)
		return r;
	if (request->json)
		overview_print_json(&overview);
	else
		overview_print_text(&overview);
	return 0;
}

#include "artifact/manifest.h"

#include <errno.h>
#include <string.h>

#include "edge/jval.h"

/* One table for writing and reading each kind of object: what a field is called, and where it is in the struct. */
enum field_type { TEXT, TEXT_OR_NULL, NUMBER, TRUE_OR_NOT /* true when it is missing */ };

struct field {
	const char *name;
	enum field_type type;
	size_t offset;
};

#define FIELD(T, type, name, member) {name, type, offsetof(struct T, member)}
#define SAME(T, type, member) FIELD(T, type, #member, member)
#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct field top_fields[] = {
	FIELD(manifest, TEXT, "tool", tool),
	FIELD(manifest, TEXT, "tool_version", tool_version),
	SAME(manifest, TEXT, name),
	SAME(manifest, TEXT, kind),
	SAME(manifest, TEXT, key),
	SAME(manifest, NUMBER, epoch),
	SAME(manifest, TEXT_OR_NULL, root_hash),
	SAME(manifest, TEXT_OR_NULL, kernel),
};

static const struct field image_fields[] = {
	SAME(manifest_image, TEXT, file),
	SAME(manifest_image, TEXT, format),
	SAME(manifest_image, TEXT, compression),
	SAME(manifest_image, NUMBER, size),
	SAME(manifest_image, NUMBER, virtual_size),
	SAME(manifest_image, TEXT, sha256),
};

static const struct field root_fields[] = {
	SAME(manifest_root, NUMBER, hash_offset),
	SAME(manifest_root, NUMBER, size),
};

static const struct field uki_fields[] = {
	SAME(manifest_uki, TEXT, file),
	SAME(manifest_uki, NUMBER, size),
	SAME(manifest_uki, TEXT, sha256),
};

static const struct field tree_fields[] = {
	SAME(manifest_tree, TEXT, file),
	SAME(manifest_tree, NUMBER, size),
	SAME(manifest_tree, TEXT, sha256),
};

/* An object that may be missing: where the struct has the pointer to it. */
static const struct part {
	const char *name;
	size_t offset, size;
	const struct field *fields;
	size_t n_fields;
} parts[] = {
	{"root", offsetof(struct manifest, root), sizeof(struct manifest_root), root_fields, COUNT(root_fields)},
	{"uki", offsetof(struct manifest, uki), sizeof(struct manifest_uki), uki_fields, COUNT(uki_fields)},
	{"tree", offsetof(struct manifest, tree), sizeof(struct manifest_tree), tree_fields, COUNT(tree_fields)},
};

static const struct field partition_fields[] = {
	SAME(manifest_partition, TEXT, label),
	SAME(manifest_partition, TEXT, type),
	SAME(manifest_partition, TEXT, uuid),
	SAME(manifest_partition, NUMBER, start),
	SAME(manifest_partition, NUMBER, size),
	SAME(manifest_partition, TEXT, content),
	SAME(manifest_partition, TEXT_OR_NULL, made),
	SAME(manifest_partition, TRUE_OR_NOT, deterministic),
};

static const struct field package_fields[] = {
	SAME(manifest_package, TEXT, name),
	SAME(manifest_package, TEXT, version),
	SAME(manifest_package, TEXT, arch),
	SAME(manifest_package, TEXT, sha256),
};

static const struct field state_fields[] = {
	SAME(manifest_state, TEXT, path),
};

static const struct field input_fields[] = {
	SAME(manifest_input, TEXT, name),
	SAME(manifest_input, TEXT, sha256),
};

static const struct field fake_fields[] = {
	SAME(manifest_fake, TEXT, name),
};

/* A list of objects: where the struct has it, and what its items are made of. */
struct list {
	const char *name;
	size_t items, count;         /* offsets of the pointer and of the number */
	size_t item_size;
	const struct field *fields;
	size_t n_fields;
};

#define LIST(T, name, fields)                                                                                         \
	{#name, offsetof(struct manifest, name), offsetof(struct manifest, n_##name), sizeof(struct T), fields,       \
	 COUNT(fields)}

static const struct list lists[] = {
	LIST(manifest_partition, partitions, partition_fields),
	LIST(manifest_package, packages, package_fields),
	LIST(manifest_state, state, state_fields),
	LIST(manifest_input, inputs, input_fields),
	LIST(manifest_fake, fakes, fake_fields),
};

/* --- writing ------------------------------------------------------------------------------------------------------ */

static struct jval *artifact_manifest_value(const struct field *field, const void *at)
{
	if (field->type == TRUE_OR_NOT)
		return jval_bool(*(const bool *)at);
	return field->type == NUMBER ? jval_number(*(const int64_t *)at) : jval_text(*(const char *const *)at);
}

static void artifact_manifest_put_fields(struct jval *object, const struct field *fields, size_t n, const void *value)
{
	for (size_t i = 0; i < n; i++)
		jval_set(object, fields[i].name, artifact_manifest_value(&fields[i], (const char *)value + fields[i].offset));
}

static struct jval *artifact_manifest_list_of(const struct list *list, const struct manifest *manifest)
{
	const char *items = *(const char *const *)((const char *)manifest + list->items);
	size_t count = *(const size_t *)((const char *)manifest + list->count);
	struct jval *array = jval_new_array();

	for (size_t i = 0; i < count; i++) {
		struct jval *object = jval_new_object();

		artifact_manifest_put_fields(object, list->fields, list->n_fields, items + i * list->item_size);
		jval_add(array, object);
	}
	return array;
}

static void artifact_manifest_put_part(struct jval *top, const struct part *part, const struct manifest *manifest)
{
	const void *value = *(const void *const *)((const char *)manifest + part->offset);
	struct jval *object;

	if (!value)
		return;
	object = jval_new_object();
	artifact_manifest_put_fields(object, part->fields, part->n_fields, value);
	jval_set(top, part->name, object);
}

const char *manifest_print(struct arena *arena, const struct manifest *manifest)
{
	_cleanup_jval_ struct jval *top = jval_new_object();
	struct jval *image = jval_new_object();

	jval_set(top, "manifest", jval_number(MANIFEST_VERSION));
	artifact_manifest_put_fields(top, top_fields, COUNT(top_fields), manifest);
	jval_set(top, "releasable", jval_bool(manifest->n_fakes == 0));
	artifact_manifest_put_fields(image, image_fields, COUNT(image_fields), &manifest->image);
	jval_set(top, "image", image);
	for (size_t i = 0; i < COUNT(parts); i++)
		artifact_manifest_put_part(top, &parts[i], manifest);
	for (size_t i = 0; i < COUNT(lists); i++)
		jval_set(top, lists[i].name, artifact_manifest_list_of(&lists[i], manifest));
	return arena_printf(arena, "%s\n", jval_print(arena, top, true));
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* What is being read, for errors. */
struct reader {
	struct arena *arena;
	const char *name;
	struct err *err;
};

static int artifact_manifest_wrong(const struct reader *reader, const char *where, const char *what)
{
	const struct pos pos = {.file = reader->name};

	return err_at(reader->err, -EBADMSG, &pos, where, "not a valid manifest: %s", what);
}

static int artifact_manifest_get_fields(const struct reader *reader, const char *where, const struct jval *object,
					const struct field *fields, size_t n, void *value)
{
	for (size_t i = 0; i < n; i++) {
		const char *text = jval_get_text(object, fields[i].name);
		void *at = (char *)value + fields[i].offset;

		if (fields[i].type == TRUE_OR_NOT) {
			*(bool *)at = !jval_get(object, fields[i].name) || jval_get_bool(object, fields[i].name);
			continue;
		}
		if (fields[i].type == NUMBER && jval_get_count(object, fields[i].name, INT64_MAX, at))
			continue;
		if (fields[i].type != NUMBER && text)
			*(const char **)at = arena_strdup(reader->arena, text);
		else if (fields[i].type != TEXT_OR_NULL)
			return artifact_manifest_wrong(
				reader, arena_printf(reader->arena, "%s%s", where, fields[i].name),
				fields[i].type == NUMBER ? "a number is missing" : "a text is missing");
	}
	return 0;
}

static int artifact_manifest_get_list(const struct reader *reader, const struct jval *top, const struct list *list,
				      struct manifest *manifest)
{
	const struct jval *array = jval_get(top, list->name);
	size_t n = jval_count(array);
	char *items = arena_alloc(reader->arena, n * list->item_size);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = artifact_manifest_get_fields(reader, arena_printf(reader->arena, "%s[%zu].", list->name, i),
						 jval_item(array, i), list->fields, list->n_fields,
						 items + i * list->item_size);
	memcpy((char *)manifest + list->items, &items, sizeof items);
	memcpy((char *)manifest + list->count, &n, sizeof n);
	return r;
}

/* The file stands beside the manifest: a name that leads elsewhere is none. */
static int artifact_manifest_get_part(const struct reader *reader, const struct jval *top, const struct part *part,
				      struct manifest *manifest)
{
	const struct jval *object = jval_get(top, part->name);
	void *value = arena_alloc(reader->arena, part->size);

	if (!object)
		return 0;
	*(void **)((char *)manifest + part->offset) = value;
	return artifact_manifest_get_fields(reader, arena_printf(reader->arena, "%s.", part->name), object,
					    part->fields, part->n_fields, value);
}

static int artifact_manifest_check_file(const struct reader *reader, const char *where, const char *file)
{
	if (*file == 0 || *file == '.' || strchr(file, '/'))
		return artifact_manifest_wrong(reader, where, "expected a file name");
	return 0;
}

int manifest_read(struct arena *arena, const char *name, const char *text, size_t size, struct manifest **ret_manifest,
		  struct err *err)
{
	const struct reader reader = {arena, name, err};
	struct manifest *manifest = arena_new_of(arena, struct manifest);
	_cleanup_jval_ struct jval *top = NULL;
	int r = jval_read(name, text, size, &top, err);

	if (r < 0)
		return r;
	if (jval_get_number(top, "manifest") > MANIFEST_VERSION) {
		artifact_manifest_wrong(&reader, "manifest", "its version is newer than this program");
		return err_hint(err, "use the aether-build that made it, or a newer one");
	}
	if (jval_get_number(top, "manifest") < 1)
		return artifact_manifest_wrong(&reader, "manifest", "a version is missing");
	r = artifact_manifest_get_fields(&reader, "", top, top_fields, COUNT(top_fields), manifest);
	if (r == 0)
		r = artifact_manifest_get_fields(&reader, "image.", jval_get(top, "image"), image_fields,
						 COUNT(image_fields), &manifest->image);
	if (r == 0)
		r = artifact_manifest_check_file(&reader, "image.file", manifest->image.file);
	for (size_t i = 0; r == 0 && i < COUNT(parts); i++)
		r = artifact_manifest_get_part(&reader, top, &parts[i], manifest);
	if (r == 0 && manifest->uki)
		r = artifact_manifest_check_file(&reader, "uki.file", manifest->uki->file);
	if (r == 0 && manifest->tree)
		r = artifact_manifest_check_file(&reader, "tree.file", manifest->tree->file);
	for (size_t i = 0; r == 0 && i < COUNT(lists); i++)
		r = artifact_manifest_get_list(&reader, top, &lists[i], manifest);
	if (r == 0)
		*ret_manifest = manifest;
	return r;
}

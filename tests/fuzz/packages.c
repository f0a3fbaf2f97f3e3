/* index_make() and what asks an index: a Packages file, of stanzas of control fields. */
#include "base/arena.h"
#include "base/valid.h"
#include "debian/control.h"
#include "debian/index.h"
#include "debian/suite.h"
#include "fuzz.h"

/* Each field lies in the text, and its value behind its name. */
static void fields(const char *text, size_t size)
{
	struct control control = {text, text + size};
	struct control_field field;
	int r;

	while ((r = control_next(&control, &field)) > 0) {
		ensure(control.at >= text && control.at <= text + size);
		if (r != CONTROL_FIELD)
			continue;
		ensure(field.name_length > 0 && field.name >= text && field.value >= field.name + field.name_length);
		ensure(field.value + field.length <= text + size);
	}
}

static void entry(struct arena *arena, const struct index *index, const struct index_entry *entry)
{
	struct debian_package package;
	struct strv needs = {0};
	struct err err = {0};

	ensure(index_find(index, entry->name));
	if (index_package(arena, entry, &package, &err) == 0) {
		ensure(debian_name_ok(package.name) && debian_version_ok(package.version) && debian_arch_ok(package.arch));
		ensure(valid_sha256(package.sha256) && valid_path(package.path));
	}
	index_needs(arena, entry, &needs);
	for (size_t i = 0; i < needs.count; i++)
		index_nearest(index, needs.items[i]);
	err_free(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct suite_index text = {.component = "main", .arch = "amd64"};
	struct suite suite = {.locked = {.url = "http://test", .suite = "test"}, .indexes = &text, .n_indexes = 1};
	const struct suites suites = {&suite, 1};
	const size_t own = 0;
	struct index index;
	struct err err = {0};

	fields((const char *)data, size);
	buf_add(&text.text, data, size);
	if (index_make(arena, &suites, &own, 1, &index, &err) == 0)
		for (size_t i = 0; i < index.n && i < 8; i++)
			entry(arena, &index, &index.entries[i]);
	buf_free(&text.text);
	err_free(&err);
	return 0;
}

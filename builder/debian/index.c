#include "debian/index.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/valid.h"
#include "debian/control.h"
#include "debian/relations.h"

/* --- making ------------------------------------------------------------------------------------------------------- */

static int index_compare_entries(const void *a, const void *b)
{
	const struct index_entry *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order == 0)
		order = (x->archive > y->archive) - (x->archive < y->archive);
	return order ? order : (x->stanza > y->stanza) - (x->stanza < y->stanza);
}

static void index_end_stanza(struct arena *arena, struct index *index, struct index_entry *entry, const char *end)
{
	entry->length = (size_t)(end - entry->stanza);
	if (entry->name && !entry->foreign)
		*arena_push(arena, index->entries, index->n) = *entry;
	else if (entry->name)
		strv_push(arena, &index->foreign, entry->name);
	*entry = (struct index_entry){.archive = entry->archive};
}

static int index_add_stanzas(struct arena *arena, struct index *index, const struct buf *text, size_t archive)
{
	struct control control = {text->data, text->data + text->size};
	struct index_entry entry = {.archive = archive};
	struct control_field field;
	const char *before = control.at;
	int r;

	while ((r = control_next(&control, &field)) > 0) {
		if (r == CONTROL_STANZA_END) {
			index_end_stanza(arena, index, &entry, before);
		} else {
			if (!entry.stanza)
				entry.stanza = field.name;
			if (control_is(&field, "Package"))
				entry.name = control_text(arena, &field);
			else if (control_is(&field, "Essential"))
				entry.essential = field.length == 3 && memcmp(field.value, "yes", 3) == 0;
			else if (control_is(&field, "Architecture"))
				entry.foreign = !debian_arch_ok(control_text(arena, &field));
		}
		before = control.at;
	}
	index_end_stanza(arena, index, &entry, before);
	return r;
}

int index_make(struct arena *arena, const struct suites *suites, const size_t *own, size_t n_own,
	       struct index *ret_index, struct err *err)
{
	struct index index = {0};

	for (size_t i = 0; i < n_own; i++) {
		const struct suite *suite = &suites->items[own[i]];

		for (size_t j = 0; j < suite->n_indexes; j++)
			if (suite->indexes[j].text.size &&
			    index_add_stanzas(arena, &index, &suite->indexes[j].text, own[i]) < 0)
				return err_set(err, -EBADMSG, "the package index of '%s' at %s is malformed",
					       suite->locked.suite, suite->locked.url);
	}
	if (index.n)
		qsort(index.entries, index.n, sizeof *index.entries, index_compare_entries);
	*ret_index = index;
	return 0;
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

const struct index_entry *index_find(const struct index *index, const char *name)
{
	size_t low = 0, high = index->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(index->entries[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < index->n && strcmp(index->entries[low].name, name) == 0 ? &index->entries[low] : NULL;
}

const struct index_entry *index_next(const struct index *index, const struct index_entry *entry)
{
	return entry + 1 < index->entries + index->n && strcmp(entry[1].name, entry->name) == 0 ? entry + 1 : NULL;
}

/* Finds a field of the entry's stanza. */
static bool index_get_field(const struct index_entry *entry, const char *name, struct control_field *ret_field)
{
	struct control control = {entry->stanza, entry->stanza + entry->length};

	while (control_next(&control, ret_field) == CONTROL_FIELD)
		if (control_is(ret_field, name))
			return true;
	return false;
}

const char *index_version(struct arena *arena, const struct index_entry *entry)
{
	struct control_field field;

	return index_get_field(entry, "Version", &field) ? control_text(arena, &field) : "";
}

void index_names(struct arena *arena, const struct index_entry *entry, enum index_relation relation, struct strv *names)
{
	static const char *const fields[][2] = {
		[INDEX_NEEDS] = {"Depends", "Pre-Depends"},
		[INDEX_CONFLICTS] = {"Conflicts", "Breaks"},
		[INDEX_PROVIDES] = {"Provides", NULL},
	};
	struct control_field field;
	const char *found;
	size_t length;

	for (size_t i = 0; i < 2 && fields[relation][i]; i++) {
		if (!index_get_field(entry, fields[relation][i], &field))
			continue;
		for (const char *at = field.value;
		     (found = relations_next(&at, field.value + field.length, &length));) {
			const char *name = arena_strndup(arena, found, length);

			if (!strv_has(names, name))
				strv_push(arena, names, name);
		}
	}
}

void index_needs(struct arena *arena, const struct index_entry *entry, struct strv *names)
{
	index_names(arena, entry, INDEX_NEEDS, names);
}

void index_providers(struct arena *arena, const struct index *index, const char *name, struct strv *providers)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < index->n; i++) {
		const struct index_entry *entry = &index->entries[i];
		struct strv provided = {0};

		if (!memmem(entry->stanza, entry->length, name, length) || strv_has(providers, entry->name))
			continue;
		index_names(arena, entry, INDEX_PROVIDES, &provided);
		if (strv_has(&provided, name))
			strv_push(arena, providers, entry->name);
	}
}

const char *index_nearest(const struct index *index, const char *name)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char **names = arena_array(arena, const char *, index->n + 1);
	size_t n = 0;

	for (size_t i = 0; i < index->n; i++)
		if (n == 0 || strcmp(names[n - 1], index->entries[i].name) != 0)
			names[n++] = index->entries[i].name;
	return text_nearest(name, names, n);
}

/* --- what an entry says ------------------------------------------------------------------------------------------- */

/* A path without what does not change where it leads: `./` as dpkg-scanpackages writes it, `//`. */
static const char *index_path(struct arena *arena, const struct control_field *field)
{
	_cleanup_buf_ struct buf path = {0};
	const char *at = field->value, *end = at + field->length;

	while (at < end) {
		const char *slash = memchr(at, '/', (size_t)(end - at)), *stop = slash ? slash : end;

		if (stop > at && !(stop == at + 1 && *at == '.')) {
			buf_puts(&path, path.size ? "/" : "");
			buf_add(&path, at, (size_t)(stop - at));
		}
		at = stop + (slash != NULL);
	}
	return arena_strndup(arena, path.size ? path.data : "", path.size);
}

static const char *index_digest(struct arena *arena, const struct control_field *field)
{
	char *digest = arena_strndup(arena, field->value, field->length);

	for (char *c = digest; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return digest;
}

static void index_read_package(struct arena *arena, const struct index_entry *entry, struct debian_package *package)
{
	struct control control = {entry->stanza, entry->stanza + entry->length};
	struct control_field field;

	*package = (struct debian_package){
		.name = entry->name, .version = "", .arch = "", .sha256 = "", .path = "", .archive = entry->archive};
	while (control_next(&control, &field) == CONTROL_FIELD) {
		if (control_is(&field, "Version"))
			package->version = control_text(arena, &field);
		else if (control_is(&field, "Architecture"))
			package->arch = control_text(arena, &field);
		else if (control_is(&field, "SHA256"))
			package->sha256 = index_digest(arena, &field);
		else if (control_is(&field, "SHA512") && !*package->sha256)
			package->sha256 = index_digest(arena, &field);
		else if (control_is(&field, "Filename"))
			package->path = index_path(arena, &field);
		else if (control_is(&field, "Size"))
			package->size = strtoull(control_text(arena, &field), NULL, 10);
	}
}

static bool index_sha512_ok(const char *digest)
{
	return strlen(digest) == 128 && strspn(digest, "0123456789abcdef") == 128;
}

int index_package(struct arena *arena, const struct index_entry *entry, struct debian_package *ret_package,
		  struct err *err)
{
	struct debian_package package;
	const char *wrong;

	index_read_package(arena, entry, &package);
	wrong = !debian_name_ok(package.name)	    ? "name (policy 5.6.1)"
		: !debian_version_ok(package.version) ? "version (policy 5.6.12)"
		: !debian_arch_ok(package.arch)	    ? "architecture that is amd64 or all"
		: !valid_path(package.path)	    ? "file name below the archive's URL, without '..', spaces and quotes"
		: !valid_sha256(package.sha256) && !index_sha512_ok(package.sha256)
			? "SHA-256 or SHA-512 digest (MD5 and SHA-1 can be forged: apt refuses them, too)"
			: NULL;
	if (wrong) {
		err_set(err, -EBADMSG, "the archive's index has no valid %s for the package '%s'", wrong, entry->name);
		return err_hint(err, "the archive's owner has to mend its index");
	}
	*ret_package = package;
	return 0;
}

const struct index_entry *index_exact(struct arena *arena, const struct index *index, const char *name,
				      const char *version, const char *arch, size_t archive)
{
	const struct index_entry *entry = index_find(index, name);

	for (; entry; entry = index_next(index, entry)) {
		struct debian_package package;

		if (archive != SIZE_MAX && entry->archive != archive)
			continue;
		index_read_package(arena, entry, &package);
		if (strcmp(package.version, version) == 0 && strcmp(package.arch, arch) == 0)
			return entry;
	}
	return NULL;
}

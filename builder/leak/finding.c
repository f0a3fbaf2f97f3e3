#include "leak/finding.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

enum { FINDING_TOLD_MAX = 40, FINDING_SAME = 24 };

static const struct leak_exception finding_known[] = {
	{"/usr/share/doc/*", NULL, "examples in the documentation of a package"},
	{"/usr/share/man/*", NULL, "examples in the documentation of a package"},
	{"/usr/share/info/*", NULL, "examples in the documentation of a package"},
	{"/usr/lib/python3/dist-packages/*.*-info/METADATA", NULL, "examples in the documentation of a package"},
	{"/usr/lib/python3/dist-packages/*.*-info/PKG-INFO", NULL, "examples in the documentation of a package"},
	{"/usr/bin/openssl", "private-key", "keys that 'openssl speed' measures with"},
	{"/usr/lib/*/libgnutls.*", "private-key", "keys that its tests of itself use (FIPS 140)"},
};

/* --- what may be ----------------------------------------------------------------------------------------------------- */

static bool finding_is_meant(const struct leak_exception *exception, const struct leak_find *find)
{
	return (!exception->form || strcmp(exception->form, find->form) == 0) && fnmatch(exception->path, find->path, 0) == 0;
}

void leak_excuse(struct leak_find *finds, size_t n, const struct leak_exception *exceptions, size_t n_exceptions,
		 bool *ret_used)
{
	for (size_t e = 0; e < n_exceptions; e++)
		for (size_t i = 0; i < n; i++)
			if (finding_is_meant(&exceptions[e], &finds[i])) {
				finds[i].excused = exceptions[e].reason;
				if (ret_used)
					ret_used[e] = true;
			}
}

void leak_excuse_known(struct leak_find *find)
{
	leak_excuse(find, 1, finding_known, sizeof finding_known / sizeof *finding_known, NULL);
}

/* Finds of one file that is a secret as a whole: the others in it are no more than that one. */
static void finding_excuse_parts(struct leak_find *finds, size_t n)
{
	for (size_t w = 0; w < n; w++)
		for (size_t i = 0; finds[w].whole && i < n; i++)
			if (!finds[i].whole && !finds[i].name && strcmp(finds[i].path, finds[w].path) == 0)
				finds[i].excused = finds[w].excused ? finds[w].excused : "it is told as a whole";
}

/* Of values it is the same one, however it is written; of others, the bytes at its end. */
static bool finding_is_copy(const struct leak_find *one, const struct leak_find *other)
{
	size_t n = one->n_bytes < other->n_bytes ? one->n_bytes : other->n_bytes;

	if (one->name && other->name)
		return strcmp(one->name, other->name) == 0;
	return n >= FINDING_SAME / 3 && strcmp(one->form, other->form) == 0 &&
	       (n >= FINDING_SAME || one->n_bytes == other->n_bytes) &&
	       memcmp(one->bytes + one->n_bytes - n, other->bytes + other->n_bytes - n, n) == 0;
}

void leak_excuse_copies(struct leak_find *finds, size_t n)
{
	finding_excuse_parts(finds, n);
	for (size_t e = 0; e < n; e++)
		for (size_t i = 0; finds[e].excused && finds[e].n_bytes && i < n; i++)
			if (!finds[i].excused && *finds[i].path != '/' && finding_is_copy(&finds[e], &finds[i]))
				finds[i].excused = finds[e].excused;
}

/* --- what is said ---------------------------------------------------------------------------------------------------- */

static const char *finding_place(struct arena *arena, const struct leak_find *find, const char *path)
{
	switch (find->part) {
	case LEAK_NAME:
		return arena_printf(arena, "the name '%s'", path);
	case LEAK_LINK:
		return arena_printf(arena, "where the link '%s' leads", path);
	case LEAK_ATTRIBUTE:
		return arena_printf(arena, "an extended attribute of '%s'", path);
	case LEAK_UNPACKED:
		return arena_printf(arena, "'%s', unpacked, at byte %llu", path, (unsigned long long)find->offset);
	case LEAK_CONTENT:
	default:
		return find->whole ? arena_printf(arena, "'%s'", path)
				   : arena_printf(arena, "'%s', at byte %llu", path, (unsigned long long)find->offset);
	}
}

static void finding_tell_one(const struct leak_search *search, const struct leak_find *find, const struct pos *pos,
			     struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf masked = {0};
	const char *place;

	leak_mask(search, find->path, &masked);
	place = finding_place(arena, find, text_plain(arena, masked.size ? masked.data : ""));
	if (find->name) {
		err_at(err, -EINVAL, pos, NULL, "a secret must not be in an image: in %s is the value of '%s', as %s", place,
		       find->name, find->what);
		err_hint(err, "take it out of what the recipe puts there: a machine has it as '/run/secrets/%s'", find->name);
		return;
	}
	err_at(err, -EINVAL, pos, NULL, "a secret must not be in an image: in %s is %s (%s)", place, find->what, find->form);
	err_hint(err, "let it reach the machine as one of 'secrets', or be made there ('perMachine'); if it is none, say so in "
		      "'leaks', with the form '%s' and a reason", find->form);
}

int leak_tell(const struct leak_search *search, const struct leak_find *finds, size_t n, leak_where *where, void *data,
	      struct err *err)
{
	size_t told = 0;

	for (size_t i = 0; i < n; i++)
		if (!finds[i].excused && ++told <= FINDING_TOLD_MAX)
			finding_tell_one(search, &finds[i], where ? where(data, finds[i].path) : NULL, err);
	if (told > FINDING_TOLD_MAX)
		err_set(err, -EINVAL, "… and %zu more finds of the same kind", told - FINDING_TOLD_MAX);
	return told ? -EINVAL : 0;
}

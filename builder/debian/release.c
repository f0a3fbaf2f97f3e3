#include "debian/release.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "debian/control.h"

enum { CLOCK_SKEW_S = 24 * 3600 }; /* a Release from further in the future means that some clock is wrong */

/* By hand: strptime() reads the names of months in the language of the user. */
int release_date(const char *text, int64_t *ret_seconds)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec", *const zones[] = {"UTC", "GMT", "Z",
											       "+0000"};
	char month[4], zone[6];
	const char *found;
	struct tm tm = {0};
	int end = 0;

	if (sscanf(text, "%*3[A-Za-z], %2d %3s %4d %2d:%2d:%2d %5s%n", &tm.tm_mday, month, &tm.tm_year, &tm.tm_hour,
		   &tm.tm_min, &tm.tm_sec, zone, &end) != 7 ||
	    text[end])
		return -EINVAL;
	found = strlen(month) == 3 ? strstr(months, month) : NULL;
	if (!found || (found - months) % 3)
		return -EINVAL;
	tm.tm_mon = (int)(found - months) / 3;
	tm.tm_year -= 1900;
	for (size_t i = 0; i < sizeof zones / sizeof *zones; i++)
		if (strcmp(zone, zones[i]) == 0 && time_is_valid(&tm)) {
			*ret_seconds = timegm(&tm);
			return 0;
		}
	return -EINVAL;
}

/* One line of the SHA256 field: digest, size, path. */
static int release_read_file(struct arena *arena, struct release *release, const char *line, size_t length)
{
	const char *text = arena_strndup(arena, line, length);
	char digest[65], path[512];
	unsigned long long size;
	unsigned char bytes[32];
	int end = 0;

	if (sscanf(text, " %64s %llu %511s %n", digest, &size, path, &end) != 3 || text[end] ||
	    hex_decode(digest, bytes, 32) < 0)
		return -EBADMSG;
	*arena_push(arena, release->files, release->n_files) =
		(struct release_file){arena_strdup(arena, path), arena_strdup(arena, digest), size};
	return 0;
}

static int release_read_files(struct arena *arena, struct release *release, const struct control_field *field)
{
	const char *at = field->value, *end = at + field->length;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at)), *stop = newline ? newline : end;

		if (stop > at + 1 && release_read_file(arena, release, at, (size_t)(stop - at)) < 0)
			return -EBADMSG;
		at = stop + 1;
	}
	return 0;
}

static bool release_has_word(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at += length)
		if ((at == words || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return true;
	return false;
}

static int release_read_field(struct arena *arena, struct release *release, const struct control_field *field,
			      bool *all)
{
	const char *value;

	if (control_is(field, "SHA256"))
		return release_read_files(arena, release, field);
	value = control_text(arena, field);
	if (control_is(field, "Suite"))
		release->suite = value;
	else if (control_is(field, "Codename"))
		release->codename = value;
	else if (control_is(field, "Date"))
		return release_date(value, &release->date);
	else if (control_is(field, "Valid-Until"))
		return release_date(value, &release->valid_until);
	else if (control_is(field, "Acquire-By-Hash"))
		release->by_hash = strcasecmp(value, "yes") == 0;
	else if (control_is(field, "Architectures"))
		release->all_apart |= release_has_word(value, "all");
	else if (control_is(field, "No-Support-for-Architecture-all"))
		*all = !release_has_word(value, "Packages");
	return 0;
}

int release_read(struct arena *arena, const char *name, const char *text, size_t size, struct release **ret_release,
		 struct err *err)
{
	struct release *release = arena_new_of(arena, struct release);
	struct control control = {text, text + size};
	struct control_field field;
	bool all = true;
	int r;

	release->suite = release->codename = "";
	while ((r = control_next(&control, &field)) == CONTROL_FIELD)
		if (release_read_field(arena, release, &field, &all) < 0)
			return err_set(err, -EBADMSG, "%s: the field '%.*s' is malformed", name,
				       (int)field.name_length, field.name);
	if (r < 0 || release->date == 0 || release->n_files == 0)
		return err_set(err, -EBADMSG, "%s is not a Release file with a date and SHA-256 digests", name);
	release->all_apart = release->all_apart && all;
	*ret_release = release;
	return 0;
}

const struct release_file *release_file(const struct release *release, const char *path)
{
	for (size_t i = 0; i < release->n_files; i++)
		if (strcmp(release->files[i].path, path) == 0)
			return &release->files[i];
	return NULL;
}

static int release_check_time(const struct release *release, const char *name, int64_t now, bool allow_expired,
			      struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	bool expired = release->valid_until && release->valid_until<now, early = release->date> now + CLOCK_SKEW_S;
	const char *what;

	if (!expired && !early)
		return 0;
	what = expired ? arena_printf(arena, "expired at %s", time_format(arena, release->valid_until))
		       : arena_printf(arena, "is dated %s, which is in the future", time_format(arena, release->date));
	if (allow_expired) {
		log_warn("%s %s, and is used all the same: security fixes may be missing in what is locked", name, what);
		return 0;
	}
	err_set(err, -ESTALE, "%s %s", name, what);
	return err_hint(
		err,
		"an attacker may be holding back security updates: try another mirror, check this host's clock, or "
		"accept it with --allow-expired-release");
}

int release_check(const struct release *release, const char *name, const char *suite, int64_t not_before, int64_t now,
		  bool allow_expired, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	if (strcmp(release->suite, suite) != 0 && strcmp(release->codename, suite) != 0) {
		err_set(err, -EBADMSG, "%s is of the suite '%s' (codename '%s'), expected '%s'", name, release->suite,
			release->codename, suite);
		return err_hint(err, "the mirror has the wrong suite at this place: use another mirror");
	}
	if (release->date < not_before) {
		err_set(err, -ESTALE, "%s is too old: it is dated %s, but the lock was made with one dated %s", name,
			time_format(arena, release->date), time_format(arena, not_before));
		return err_hint(err, "somebody may be serving an old, vulnerable state: try another mirror; if it is "
				     "you, remove the lock "
				     "and lock again");
	}
	return release_check_time(release, name, now, allow_expired, err);
}

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

static struct release_file *release_find_or_add(struct arena *arena, struct release *release, const char *path)
{
	for (size_t i = 0; i < release->n_files; i++)
		if (strcmp(release->files[i].path, path) == 0)
			return &release->files[i];
	*arena_push(arena, release->files, release->n_files) = (struct release_file){.path = arena_strdup(arena, path)};
	return &release->files[release->n_files - 1];
}

/* One line of a field of digests, which have `size` bytes: digest, size, path. */
static int release_read_file(struct arena *arena, struct release *release, const char *line, size_t length, size_t size)
{
	const char *text = arena_strndup(arena, line, length), *lower;
	char digest[129], path[512];
	struct release_file *file;
	unsigned long long bytes;
	unsigned char binary[64];
	int end = 0;

	if (sscanf(text, " %128s %llu %511s %n", digest, &bytes, path, &end) != 3 || text[end] ||
	    hex_decode(digest, binary, size) < 0)
		return -EBADMSG;
	hex_encode(binary, size, digest);
	lower = arena_strdup(arena, digest);
	file = release_find_or_add(arena, release, text_has_prefix(path, "./") ? path + 2 : path);
	if ((file->sha256 || file->sha512) && file->size != bytes)
		return -EBADMSG;
	file->size = bytes;
	*(size == 32 ? &file->sha256 : &file->sha512) = lower;
	return 0;
}

static int release_read_files(struct arena *arena, struct release *release, const struct control_field *field, size_t size)
{
	const char *at = field->value, *end = at + field->length;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at)), *stop = newline ? newline : end;

		if (stop > at + 1 && release_read_file(arena, release, at, (size_t)(stop - at), size) < 0)
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

	if (control_is(field, "SHA256") || control_is(field, "SHA512"))
		return release_read_files(arena, release, field, control_is(field, "SHA256") ? 32 : 64);
	value = control_text(arena, field);
	if (control_is(field, "Suite"))
		release->suite = value;
	else if (control_is(field, "Codename"))
		release->codename = value;
	else if (control_is(field, "Date"))
		release_date(value, &release->date); /* as apt, which only warns: 0 when it cannot be read */
	else if (control_is(field, "Valid-Until"))
		return release_date(value, &release->valid_until);
	else if (control_is(field, "Acquire-By-Hash"))
		release->by_hash = strcasecmp(value, "yes") == 0;
	else if (control_is(field, "Components"))
		release->components = value;
	else if (control_is(field, "Architectures"))
		release->architectures = value;
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

	release->suite = release->codename = release->architectures = release->components = "";
	while ((r = control_next(&control, &field)) == CONTROL_FIELD)
		if (release_read_field(arena, release, &field, &all) < 0)
			return err_set(err, -EBADMSG, "%s: the field '%.*s' is malformed", name,
				       (int)field.name_length, field.name);
	if (r < 0)
		return err_set(err, -EBADMSG, "%s is not a Release file: a line is neither a field nor part of one", name);
	if (release->date == 0)
		log_warn("%s has no 'Date' that can be read: an old state of it cannot be told from a new one", name);
	if (release->n_files == 0) {
		err_set(err, -EBADMSG, "%s lists no file with a SHA-256 or SHA-512 digest", name);
		return err_hint(err, "MD5 and SHA-1 can be forged, so apt refuses it, too: the archive's owner has to list "
				     "the indexes by SHA-256, as apt-ftparchive does");
	}
	/* Where no architectures are named, all of them may be there (apt: debReleaseIndex::IsArchitectureSupported()). */
	release->all_apart = all && (!*release->architectures || release_has_word(release->architectures, "all"));
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

/* As apt reads it: of a suite with a slash (`stable/updates`) the part before it may be the name. */
static bool release_is_of(const struct release *release, const char *suite)
{
	const char *slash = strrchr(suite, '/');
	size_t length = slash ? (size_t)(slash - suite) : strlen(suite);
	const char *const names[] = {release->suite, release->codename};

	if (!*release->suite && !*release->codename)
		return true;
	for (size_t i = 0; i < 2; i++)
		if (strcmp(names[i], suite) == 0 || (strlen(names[i]) == length && strncmp(names[i], suite, length) == 0))
			return true;
	return false;
}

static int release_check_suite(struct arena *arena, const struct release *release, const char *name, const char *suite,
			       const char *other_name, struct err *err)
{
	const char *named = *release->suite ? release->suite : release->codename;

	if (text_has_suffix(suite, "/") || release_is_of(release, suite) || (other_name && release_is_of(release, other_name)))
		return 0;
	err_set(err, -EBADMSG, "%s is of the suite '%s'%s, expected '%s'", name, named,
		*release->codename && *release->suite ? arena_printf(arena, " (codename '%s')", release->codename) : "",
		other_name ? other_name : suite);
	return err_hint(err, "the mirror may have the wrong suite at this place: use another mirror; if the archive is meant "
			     "to be so (apt only warns), write 'releaseName: %s' at it in the recipe", named);
}

int release_check(const struct release *release, const char *name, const char *suite, const char *other_name,
		  int64_t not_before, int64_t now, bool allow_expired, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	int r = release_check_suite(arena, release, name, suite, other_name, err);

	if (r < 0)
		return r;
	if (release->date && release->date < not_before) {
		err_set(err, -ESTALE, "%s is too old: it is dated %s, but the lock was made with one dated %s", name,
			time_format(arena, release->date), time_format(arena, not_before));
		return err_hint(err, "somebody may be serving an old, vulnerable state: try another mirror; if it is "
				     "you, remove the lock "
				     "and lock again");
	}
	return release_check_time(release, name, now, allow_expired, err);
}

#include "edge/bundle.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "edge/extract.h"
#include "edge/intake.h"

enum { NAMES_MAX = 10000 };

/* --- one member --------------------------------------------------------------------------------------------------- */

static int bundle_lacks(const char *member, const struct strv *names, struct err *err)
{
	const char *near = text_nearest(member, names->items, names->count);

	err_set(err, -ENOENT, "the archive has no file '%s'", member);
	if (near)
		err_hint(err, "did you mean '%s'?", near);
	else if (names->count)
		err_hint(err, "its first member is '%s'", names->items[0]);
	return -ENOENT;
}

/* Moves to the member called `wanted`. Returns 1, or 0 with the names of other files when there is none. */
static int bundle_find(struct intake *intake, struct arena *arena, const char *wanted, struct archive_entry **ret_entry,
		       struct strv *names, struct err *err)
{
	char name[PATH_MAX];
	const char *raw;
	int r;

	while ((r = intake_next(intake, ret_entry, &raw, err)) > 0) {
		r = intake_announce(intake, *ret_entry, err);
		if (r < 0)
			return r;
		if (intake_clean_name(raw, name) < 0)
			continue;
		if (strcmp(name, wanted) == 0)
			return 1;
		if (*name && archive_entry_filetype(*ret_entry) != AE_IFDIR && names->count < NAMES_MAX)
			strv_push(arena, names, name);
	}
	return r;
}

/* What a hard link leads to came before it: `link` is its name then, to be read from the start, else "". */
static int bundle_take_one(const char *archive, const char *wanted, int out, uint64_t max_bytes, char link[PATH_MAX],
			   struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_intake_ struct intake intake;
	struct archive_entry *entry = NULL;
	struct strv names = {0};
	const char *hardlink;
	int r = intake_open(archive, max_bytes, &intake, err);

	*link = 0;
	if (r == 0)
		r = bundle_find(&intake, arena, wanted, &entry, &names, err);
	if (r <= 0)
		return r < 0 ? r : bundle_lacks(wanted, &names, err);
	hardlink = intake_hardlink(entry);
	if (hardlink && intake_clean_name(hardlink, link) == 0 && *link)
		return 0;
	if (archive_entry_filetype(entry) == AE_IFREG && !hardlink)
		return intake_copy(&intake, entry, out, err);
	if (archive_entry_filetype(entry) == AE_IFLNK && intake_symlink(entry))
		return err_set(err, -EBADMSG, "'%s' in the archive is not a file, but a symbolic link to '%s'", wanted,
			       intake_symlink(entry));
	return err_set(err, -EBADMSG, "'%s' in the archive is not a regular file", wanted);
}

int bundle_take(const char *archive, const char *member, int out, uint64_t max_bytes, struct err *err)
{
	char wanted[PATH_MAX], link[PATH_MAX] = "";
	int r = intake_clean_name(member, wanted);

	if (r < 0)
		return err_set(err, -EINVAL, "'%s' must not be absolute or contain '..'", member);
	r = bundle_take_one(archive, wanted, out, max_bytes, link, err);
	if (r == 0 && *link) {
		strcpy(wanted, link);
		r = bundle_take_one(archive, wanted, out, max_bytes, link, err);
	}
	if (r == 0 && *link)
		r = err_set(err, -EBADMSG, "'%s' in the archive is a link to another link", member);
	return r;
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

static int bundle_name(const struct extract *extract, const char *raw, char out[PATH_MAX])
{
	int r = intake_clean_name(raw, out);
	char *rest = out;

	for (unsigned n = r == 0 ? extract->strip : 0; n && *rest; n--) {
		rest += strcspn(rest, "/");
		rest += *rest == '/';
	}
	if (rest > out)
		memmove(out, rest, strlen(rest) + 1);
	return r;
}

static const struct extract_policy bundle_policy = {
	.name = bundle_name,
	.bad_name = "its path must not be absolute or contain '..'",
	.bad_link = "it is a hard link to a file outside of the folder",
	.types = EXTRACT_FILE | EXTRACT_FOLDER | EXTRACT_SYMLINK | EXTRACT_HARDLINK,
	.bad_type = "it is a device, a pipe or a socket",
	.modes = 0755,
	.folder_links = true,
	.links_stay = true,
};

int bundle_unpack(const char *archive, const struct bundle_target *target, uint64_t max_bytes, struct err *err)
{
	_cleanup_intake_ struct intake intake = {0};
	_cleanup_extract_ struct extract extract = {
		.policy = &bundle_policy,
		.fence = {.root_fd = target->root_fd, .folder = target->folder, .uid = target->uid, .gid = target->gid},
		.strip = target->strip,
	};
	int r = extract_open(&extract, err);

	if (r == 0)
		r = intake_open(archive, max_bytes, &intake, err);
	if (r == 0)
		r = extract_all(&extract, &intake, err);
	if (r == 0 && extract.done == 0)
		return err_set(err, -EBADMSG,
			       "no file of the archive is left after 'strip' drops %u parts of each path",
			       target->strip);
	return r;
}

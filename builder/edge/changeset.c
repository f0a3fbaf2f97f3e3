#include "edge/changeset.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "edge/extract.h"
#include "edge/intake.h"

static const char WHITEOUT[] = ".wh.", OPAQUE[] = ".wh..wh..opq", RESERVED[] = ".wh..wh.";

/* Some write what they pack with a slash in front. */
static int changeset_name(const struct extract *extract, const char *raw, char out[PATH_MAX])
{
	(void)extract;
	return intake_clean_name(raw + (*raw == '/'), out);
}

static const struct extract_policy changeset_policy = {
	.name = changeset_name,
	.bad_name = "its path must not contain '..'",
	.bad_link = "it is a hard link to nothing",
	.types = EXTRACT_FILE | EXTRACT_FOLDER | EXTRACT_SYMLINK | EXTRACT_HARDLINK | EXTRACT_PIPE,
	.over = EXTRACT_OVER_FULL | EXTRACT_OVER_BY_FOLDER,
	.modes = 07777,
	.owners = true,
	.attributes = true,
	.root = true,
	.folders_change = true,
};

static bool changeset_brings(void *data, const char *path)
{
	(void)data;
	return !text_has_prefix(path_last(path), WHITEOUT);
}

/* Removes what the whiteout `path` hides. */
static int changeset_hide(struct extract *extract, const char *path, struct err *err)
{
	const char *name = path_last(path), *hidden = name + strlen(WHITEOUT);
	size_t folder = (size_t)(name - path);
	char victim[PATH_MAX];
	int r;

	if (strcmp(name, OPAQUE) == 0) {
		snprintf(victim, sizeof victim, "%.*s", (int)(folder ? folder - 1 : 0), path);
		r = fence_empty(&extract->fence, victim);
	} else if (text_has_prefix(name, RESERVED)) {
		r = 0;
	} else if (!*hidden || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0) {
		return extract_refuse(extract, path, "it is not a valid name of a whiteout", err);
	} else {
		snprintf(victim, sizeof victim, "%.*s%s", (int)folder, path, hidden);
		r = fence_remove(&extract->fence, victim);
	}
	return r < 0 ? extract_fail(extract, path, r, err) : 0;
}

/* What the whiteouts of a layer hide is in the layers below, wherever in the layer they stand. So they come first. */
static int changeset_whiteouts(struct extract *extract, const char *archive, uint64_t max_bytes, struct err *err)
{
	_cleanup_intake_ struct intake intake;
	struct archive_entry *entry;
	char path[PATH_MAX];
	const char *raw;
	int r = intake_open(archive, max_bytes, &intake, err);

	while (r == 0 && (r = intake_next(&intake, &entry, &raw, err)) > 0) {
		r = changeset_name(extract, raw, path);
		if (r < 0)
			return extract_refuse(extract, raw, r == -EINVAL ? changeset_policy.bad_name : strerror(-r),
					      err);
		r = intake_announce(&intake, entry, err);
		if (r == 0 && !changeset_brings(NULL, path))
			r = changeset_hide(extract, path, err);
	}
	return r;
}

int changeset_apply(const char *archive, int root_fd, uint64_t *left_bytes, struct err *err)
{
	_cleanup_intake_ struct intake intake = {0};
	_cleanup_extract_ struct extract extract = {
		.policy = &changeset_policy,
		.fence = {.root_fd = root_fd, .folder = "", .uid = (uid_t)-1},
		.wanted = changeset_brings,
	};
	int r = extract_open(&extract, err);

	if (r == 0)
		r = changeset_whiteouts(&extract, archive, *left_bytes, err);
	if (r == 0)
		r = intake_open(archive, *left_bytes, &intake, err);
	if (r == 0)
		r = extract_all(&extract, &intake, err);
	if (r == 0)
		*left_bytes = intake.left;
	return r;
}

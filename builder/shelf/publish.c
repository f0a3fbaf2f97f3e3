#include "shelf/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "shelf/record.h"
#include "shelf/shelf.h"

/* --- generations -------------------------------------------------------------------------------------------------- */

unsigned publish_newest(const char *shelf)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	unsigned *numbers;
	size_t n = shelf_numbers(arena, shelf, &numbers);

	return n ? numbers[n - 1] : 0;
}

/* The image of the newest generation, when its manifest's text is `text` (NULL: any) and the file is there. */
static const char *publish_newest_image(struct arena *arena, const char *shelf, const char *text,
					struct manifest **ret_manifest, struct err *err)
{
	unsigned number = publish_newest(shelf);
	_cleanup_buf_ struct buf found = {0};
	const char *image;
	struct stat st;

	if (number == 0 || shelf_manifest(arena, shelf, number, &found, ret_manifest, err) < 0)
		return NULL;
	if (text && (found.size != strlen(text) || memcmp(found.data, text, found.size) != 0))
		return NULL;
	image = arena_printf(arena, "%s/%u/%s", shelf, number, (*ret_manifest)->image.file);
	if (stat(image, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != (*ret_manifest)->image.size)
		return NULL;
	return image;
}

int publish_find(struct arena *arena, const char *out, const struct publish_wanted *wanted, const char **ret_path)
{
	const char *shelf = arena_printf(arena, "%s/%s", out, wanted->name);
	struct manifest *found;
	struct err err = {0};
	const char *image = publish_newest_image(arena, shelf, NULL, &found, &err);

	if (err.first)
		log_warn("the newest generation below '%s' has no usable manifest: %s", shelf, err.first->text);
	err_free(&err);
	if (!image || strcmp(found->key, wanted->key) != 0 || strcmp(found->image.format, wanted->format) != 0 ||
	    strcmp(found->image.compression, wanted->compression) != 0)
		return 0;
	*ret_path = image;
	return 1;
}

/* --- drafts ------------------------------------------------------------------------------------------------------- */

/* Makes the folder of a draft under the first name that is free. */
static int publish_draft_make(struct publish_draft *draft, struct err *err)
{
	for (unsigned i = 1;; i++) {
		int n = snprintf(draft->folder, sizeof draft->folder, "%s/%s%u", draft->shelf, SHELF_DRAFT, i);

		if (n < 0 || (size_t)n >= sizeof draft->folder)
			return err_set(err, -ENAMETOOLONG, "the path of '%.100s…' is too long", draft->shelf);
		if (mkdir(draft->folder, 0755) == 0)
			break;
		if (errno != EEXIST)
			return shelf_cannot_write(err_sys(err, -errno, "cannot make the folder '%s'", draft->folder), err);
	}
	draft->fd = shelf_claim(draft->folder);
	return draft->fd < 0 ? err_sys(err, draft->fd, "cannot lock the folder '%s'", draft->folder) : 0;
}

int publish_begin(const char *out, const char *name, struct publish_draft *draft, struct err *err)
{
	_cleanup_fd_ int lock = -1;
	int n, r;

	*draft = (struct publish_draft){.fd = -1};
	n = snprintf(draft->shelf, sizeof draft->shelf, "%s/%s", out, name);
	if (n < 0 || (size_t)n >= sizeof draft->shelf)
		return err_set(err, -ENAMETOOLONG, "the path of '%.100s…' is too long", out);
	r = folder_make(draft->shelf, 0755, err);
	if (r < 0)
		return shelf_cannot_write(r, err);
	lock = shelf_lock(draft->shelf, err);
	if (lock < 0)
		return lock;
	shelf_sweep(draft->shelf);
	r = publish_draft_make(draft, err);
	if (r < 0)
		publish_abandon(draft);
	return r;
}

void publish_abandon(struct publish_draft *draft)
{
	struct err ignored = {0};

	if (draft->folder[0] && draft->fd >= 0) {
		path_remove(draft->folder, &ignored);
		close(draft->fd);
	}
	err_free(&ignored);
	draft->fd = -1;
}

/* --- publishing --------------------------------------------------------------------------------------------------- */

/* Makes the draft durable: its image (which the writer has synced; then this is quick), its manifest, its folder. */
static int publish_draft_seal(struct arena *arena, const struct publish_draft *draft, const struct manifest *manifest,
			      const char *text, struct err *err)
{
	const char *image = arena_printf(arena, "%s/%s", draft->folder, manifest->image.file);
	_cleanup_fd_ int fd = open(image, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int r;

	if (fd < 0 || fsync(fd) < 0)
		return err_sys(err, -errno, "cannot sync the image '%s'", image);
	r = file_publish(arena_printf(arena, "%s/" SHELF_MANIFEST, draft->folder), text, strlen(text), 0444, err);
	if (r == 0 && fsync(draft->fd) < 0)
		r = err_sys(err, -errno, "cannot sync the folder '%s'", draft->folder);
	return r;
}

int publish_commit(struct arena *arena, struct publish_draft *draft, const struct manifest *manifest,
		   const char **ret_path, struct err *err)
{
	const char *text = manifest_print(arena, manifest), *path = NULL, *place;
	struct record record = {.made = time(NULL)};
	_cleanup_fd_ int lock = -1;
	struct manifest *same;
	struct err ignored = {0};
	int r = publish_draft_seal(arena, draft, manifest, text, err);

	if (r == 0)
		r = lock = shelf_lock(draft->shelf, err);
	if (r >= 0) {
		path = publish_newest_image(arena, draft->shelf, text, &same, &ignored);
		err_free(&ignored);
	}
	if (r >= 0 && !path) {
		record.replaced = publish_newest(draft->shelf);
		place = arena_printf(arena, "%s/%u", draft->shelf, record.replaced + 1);
		path = arena_printf(arena, "%s/%s", place, manifest->image.file);
		r = record_write(draft->shelf, draft->folder, &record, err);
		if (r == 0)
			r = path_publish(draft->folder, place, err);
	}
	/* Once it was renamed this finds nothing to remove: nobody else has that name before we give the lock back. */
	publish_abandon(draft);
	if (r < 0)
		return err_wrap(err, "while publishing a generation of '%s'", manifest->name);
	*ret_path = path;
	return 0;
}

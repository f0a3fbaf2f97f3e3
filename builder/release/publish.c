#include "release/publish.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

static const char MANIFEST[] = "manifest.json", DRAFT[] = ".draft-";

/* Thousands of packages fit well; what is larger is no manifest of ours. */
enum { MANIFEST_BYTES_MAX = 64 << 20 };

/* --- generations -------------------------------------------------------------------------------------------------- */

/* The number that `name` is, written the one way we write it; 0 for any other name. */
static unsigned number_of(const char *name)
{
	unsigned long number;
	char *end;

	if (*name < '1' || *name > '9')
		return 0;
	errno = 0;
	number = strtoul(name, &end, 10);
	return *end || errno || number >= UINT32_MAX ? 0 : (unsigned)number;
}

unsigned publish_newest(const char *shelf)
{
	DIR *dir = opendir(shelf);
	struct dirent *entry;
	unsigned newest = 0;

	while (dir && (entry = readdir(dir))) {
		unsigned number = number_of(entry->d_name);

		newest = number > newest ? number : newest;
	}
	if (dir)
		closedir(dir);
	return newest;
}

/* The image of the newest generation, when its manifest's text is `text` (NULL: any) and the file is there. */
static const char *newest_image(struct arena *arena, const char *shelf, const char *text,
				struct manifest **ret_manifest, struct err *err)
{
	unsigned number = publish_newest(shelf);
	const char *record = arena_printf(arena, "%s/%u/%s", shelf, number, MANIFEST), *image;
	_cleanup_buf_ struct buf found = {0};
	struct stat st;

	if (number == 0 || file_read(record, MANIFEST_BYTES_MAX, &found, err) < 0)
		return NULL;
	if (text && (found.size != strlen(text) || memcmp(found.data, text, found.size) != 0))
		return NULL;
	if (manifest_read(arena, record, found.data, found.size, ret_manifest, err) < 0)
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
	const char *image = newest_image(arena, shelf, NULL, &found, &err);

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

/* Where we may not write, another folder is the way out; a full disk has a hint already. */
static int cannot_write(int r, struct err *err)
{
	return r == -ENOSPC || r == -EDQUOT ? r : err_hint(err, "name a folder you can write to with --out FOLDER");
}

/* Takes the shelf's lock; closing the descriptor releases it. */
static int shelf_lock(const char *shelf, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	int fd = open(arena_printf(arena, "%s/.lock", shelf), O_RDWR | O_CREAT | O_CLOEXEC, 0644), r = 0;

	if (fd < 0)
		return cannot_write(err_sys(err, -errno, "cannot write in the folder '%s'", shelf), err);
	while (r == 0 && flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			r = err_sys(err, -errno, "cannot lock the folder '%s'", shelf);
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

/* Opens a draft's folder and locks it, unless it is locked: then its maker lives. Returns a descriptor or negative
 * errno. */
static int draft_claim(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r = 0;

	if (fd < 0)
		return -errno;
	while (r == 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
		r = errno == EINTR ? 0 : -errno;
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

/* Removes the drafts of dead builds. The shelf's lock is held: no draft is between its making and its locking. */
static void sweep(struct arena *arena, const char *shelf)
{
	DIR *dir = opendir(shelf);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		const char *folder = arena_printf(arena, "%s/%s", shelf, entry->d_name);
		_cleanup_fd_ int fd = text_has_prefix(entry->d_name, DRAFT) ? draft_claim(folder) : -1;
		struct err err = {0};

		if (fd >= 0 && path_remove(folder, &err) < 0)
			log_warn("a draft that a dead build left stays: %s", err.first->text);
		err_free(&err);
	}
	if (dir)
		closedir(dir);
}

/* Makes the folder of a draft under the first name that is free. */
static int draft_make(struct publish_draft *draft, struct err *err)
{
	for (unsigned i = 1;; i++) {
		int n = snprintf(draft->folder, sizeof draft->folder, "%s/%s%u", draft->shelf, DRAFT, i);

		if (n < 0 || (size_t)n >= sizeof draft->folder)
			return err_set(err, -ENAMETOOLONG, "the path of '%.100s…' is too long", draft->shelf);
		if (mkdir(draft->folder, 0755) == 0)
			break;
		if (errno != EEXIST)
			return cannot_write(err_sys(err, -errno, "cannot make the folder '%s'", draft->folder), err);
	}
	draft->fd = draft_claim(draft->folder);
	return draft->fd < 0 ? err_sys(err, draft->fd, "cannot lock the folder '%s'", draft->folder) : 0;
}

int publish_begin(const char *out, const char *name, struct publish_draft *draft, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_fd_ int lock = -1;
	int n, r;

	*draft = (struct publish_draft){.fd = -1};
	n = snprintf(draft->shelf, sizeof draft->shelf, "%s/%s", out, name);
	if (n < 0 || (size_t)n >= sizeof draft->shelf)
		return err_set(err, -ENAMETOOLONG, "the path of '%.100s…' is too long", out);
	r = folder_make(draft->shelf, 0755, err);
	if (r < 0)
		return cannot_write(r, err);
	lock = shelf_lock(draft->shelf, err);
	if (lock < 0)
		return lock;
	sweep(arena, draft->shelf);
	r = draft_make(draft, err);
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
static int draft_seal(struct arena *arena, const struct publish_draft *draft, const struct manifest *manifest,
		      const char *text, struct err *err)
{
	const char *image = arena_printf(arena, "%s/%s", draft->folder, manifest->image.file);
	_cleanup_fd_ int fd = open(image, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int r;

	if (fd < 0 || fsync(fd) < 0)
		return err_sys(err, -errno, "cannot sync the image '%s'", image);
	r = file_publish(arena_printf(arena, "%s/%s", draft->folder, MANIFEST), text, strlen(text), 0444, err);
	if (r == 0 && fsync(draft->fd) < 0)
		r = err_sys(err, -errno, "cannot sync the folder '%s'", draft->folder);
	return r;
}

int publish_commit(struct arena *arena, struct publish_draft *draft, const struct manifest *manifest,
		   const char **ret_path, struct err *err)
{
	const char *text = manifest_print(arena, manifest), *path = NULL, *place;
	_cleanup_fd_ int lock = -1;
	struct manifest *same;
	struct err ignored = {0};
	int r = draft_seal(arena, draft, manifest, text, err);

	if (r == 0)
		r = lock = shelf_lock(draft->shelf, err);
	if (r >= 0) {
		path = newest_image(arena, draft->shelf, text, &same, &ignored);
		err_free(&ignored);
	}
	if (r >= 0 && !path) {
		place = arena_printf(arena, "%s/%u", draft->shelf, publish_newest(draft->shelf) + 1);
		path = arena_printf(arena, "%s/%s", place, manifest->image.file);
		r = path_publish(draft->folder, place, err);
	}
	/* Once it was renamed this finds nothing to remove: nobody else has that name before we give the lock back. */
	publish_abandon(draft);
	if (r < 0)
		return err_wrap(err, "while publishing a generation of '%s'", manifest->name);
	*ret_path = path;
	return 0;
}

/* Files of an image copied to this host. Names and links are the image's, which may be anybody's: everything is made anew
 * below a folder of ours, links last, so that nothing is ever written through one; what is special (devices, set-id bits,
 * owners, extended attributes) stays where it was. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/log.h"
#include "inspect/newc.h"
#include "inspect/scripts.h"
#include "inspect/told.h"

enum { TAKEOUT_FILES_MAX = 1000000 };

/* A file that is written; blocks of zeros stay holes. */
struct takeout_file {
	int fd;
	uint64_t at;
};

struct takeout {
	struct inspect_view *view;
	const char *place, *to;
	int folder;                  /* open on `to` */
	struct inspect_entries entries;
	bool *done;                  /* of each entry: a file that has come */
	const struct inspect_entry *current; /* the one that comes; NULL: one that was not listed */
	struct takeout_file file;
	size_t left_out;
};

static int takeout_write(void *data, const void *bytes, size_t size, struct err *err)
{
	struct takeout_file *file = data;
	int r = bytes_are_zero(bytes, size) ? 0 : fd_pwrite_all(file->fd, bytes, size, file->at);

	file->at += size;
	return r < 0 ? err_sys(err, r, "cannot write") : 0;
}

/* Fills the new file `fd` with that of the appliance, which is to have `size` bytes. */
static int takeout_fill(struct inspect_view *view, const char *place, uint64_t size, int fd, struct err *err)
{
	struct takeout_file file = {.fd = fd};
	int r = appliance_fetch(view->appliance, place + strlen(APPLIANCE_LOOK_ROOT), size, takeout_write, &file, err);

	if (r == 0 && file.at != size)
		r = err_set(err, -EIO, "it has %llu bytes, and %llu came", (unsigned long long)size,
			    (unsigned long long)file.at);
	if (r == 0 && ftruncate(fd, (off_t)size) < 0)
		r = err_sys(err, -errno, "cannot write");
	return r < 0 ? err_wrap(err, "copying '%s'", text_plain(view->arena, place)) : 0;
}

/* Whether so many bytes fit where `to` will be: a sparse file may claim to have any size. */
static int takeout_fits(struct arena *arena, const char *to, uint64_t size, struct err *err)
{
	struct statvfs space;
	uint64_t has;

	if (statvfs(path_folder(arena, to), &space) < 0)
		return err_sys(err, -errno, "cannot copy to '%s'", to);
	has = (uint64_t)space.f_bavail * space.f_frsize;
	if (size <= has)
		return 0;
	err_set(err, -ENOSPC, "%s are to be copied, and '%s' has room for %s", size_format_human(arena, size),
		path_folder(arena, to),
		size_format_human(arena, has));
	return err_hint(err, "name a smaller part of the image, or a folder with more room");
}

static void takeout_set_time(int folder, const char *path, int64_t seconds)
{
	const struct timespec times[] = {{.tv_sec = (time_t)seconds}, {.tv_sec = (time_t)seconds}};

	utimensat(folder, path, times, AT_SYMLINK_NOFOLLOW);
}

/* --- a tree ---------------------------------------------------------------------------------------------------------- */

static int takeout_check(const struct takeout *takeout, struct err *err)
{
	uint64_t sum = 0;

	if (takeout->entries.n > TAKEOUT_FILES_MAX) {
		err_set(err, -EFBIG, "'%s' has %zu files, and at most %d are copied",
			text_plain(takeout->view->arena, takeout->place),
			takeout->entries.n, TAKEOUT_FILES_MAX);
		return err_hint(err, "name a smaller part of the image");
	}
	for (size_t i = 0; i < takeout->entries.n; i++)
		if (takeout->entries.items[i].type == 'f' && __builtin_add_overflow(sum, takeout->entries.items[i].size, &sum))
			sum = UINT64_MAX;
	return takeout_fits(takeout->view->arena, takeout->to, sum, err);
}

/* A new file, in folders that were made before: there is no link yet. */
static int takeout_begin(struct takeout *takeout, const struct inspect_entry *entry, struct err *err)
{
	takeout->current = entry;
	takeout->file = (struct takeout_file){
		.fd = openat(takeout->folder, entry->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600),
	};
	if (takeout->file.fd < 0)
		return err_sys(err, -errno, "cannot make '%s' in '%s'", escape_shown(takeout->view->arena, entry->path),
			       takeout->to);
	return 0;
}

static int takeout_end(struct takeout *takeout, struct err *err)
{
	const struct inspect_entry *entry = takeout->current;
	int r = 0;

	if (takeout->file.at != entry->size)
		r = err_set(err, -EIO, "'%s' has %llu bytes, and %llu came", escape_shown(takeout->view->arena, entry->path),
			    (unsigned long long)entry->size, (unsigned long long)takeout->file.at);
	else if (ftruncate(takeout->file.fd, (off_t)entry->size) < 0 || fchmod(takeout->file.fd, entry->mode & 0777) < 0)
		r = err_sys(err, -errno, "cannot write '%s'", escape_shown(takeout->view->arena, entry->path));
	close(takeout->file.fd);
	takeout->done[entry - takeout->entries.items] = true;
	takeout->current = NULL;
	return r;
}

/* The archive's next file: one of the list, which comes the first time. */
static int takeout_begin_packed(void *data, const char *name, uint64_t size, struct err *err)
{
	struct takeout *takeout = data;
	const char *path = text_has_prefix(name, "./") ? name + 2 : name;
	struct inspect_entry *entry = entries_find(&takeout->entries, path);

	if (!entry || entry->type != 'f' || entry->size != size || takeout->done[entry - takeout->entries.items])
		return err_set(err, -EBADMSG, "the appliance sends '%s', which it has not listed so",
			       escape_shown(takeout->view->arena, name));
	return takeout_begin(takeout, entry, err);
}

static int takeout_take_packed(void *data, const void *bytes, size_t size, struct err *err)
{
	struct takeout *takeout = data;

	return takeout_write(&takeout->file, bytes, size, err);
}

static int takeout_end_packed(void *data, struct err *err)
{
	return takeout_end(data, err);
}

static int takeout_feed(void *data, const void *bytes, size_t size, struct err *err)
{
	return newc_feed(data, bytes, size, err);
}

/* Most files in one stream: asking for each takes longer than its bytes. */
static int takeout_packed(struct takeout *takeout, struct err *err)
{
	struct newc newc = {
		.begin = takeout_begin_packed, .take = takeout_take_packed, .end = takeout_end_packed, .data = takeout,
	};
	struct strv words = {0};
	int r;

	strv_push(takeout->view->arena, &words, takeout->place);
	r = appliance_pour(takeout->view->appliance, SCRIPT_PACK, &words, UINT64_MAX, takeout_feed, &newc, err);
	newc_free(&newc);
	if (takeout->current)
		close(takeout->file.fd);
	return r;
}

/* What did not come so: files of several names, huge ones, those that cannot be read (which is an error now). */
static int takeout_others(struct takeout *takeout, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < takeout->entries.n; i++) {
		const struct inspect_entry *entry = &takeout->entries.items[i];

		if (entry->type != 'f' || takeout->done[i])
			continue;
		r = takeout_begin(takeout, entry, err);
		if (r < 0)
			return r;
		r = appliance_fetch(takeout->view->appliance,
				    arena_printf(takeout->view->arena, "%s/%s", takeout->place, entry->path) +
				    strlen(APPLIANCE_LOOK_ROOT), entry->size, takeout_write, &takeout->file, err);
		if (r < 0)
			close(takeout->file.fd);
		else
			r = takeout_end(takeout, err);
	}
	return r;
}

static int takeout_make(struct takeout *takeout, const struct inspect_entry *entry, struct err *err)
{
	int r = 0;

	if (!*entry->path)
		return 0;
	if (entry->type == 'd')
		r = mkdirat(takeout->folder, entry->path, 0700) < 0 ? -errno : 0;
	else if (entry->type != 'l' && entry->type != 'f')
		takeout->left_out++;
	return r < 0 ? err_sys(err, r, "cannot make '%s' in '%s'", escape_shown(takeout->view->arena, entry->path),
			       takeout->to) : 0;
}

/* From the last to the first: what a folder has is done before the folder gets the mode and the time it had. */
static int takeout_finish(struct takeout *takeout, struct err *err)
{
	for (size_t i = 0; i < takeout->entries.n; i++) {
		const struct inspect_entry *entry = &takeout->entries.items[i];

		if (entry->type == 'l' && symlinkat(entry->target, takeout->folder, entry->path) < 0)
			return err_sys(err, -errno, "cannot make the link '%s' in '%s'",
				       escape_shown(takeout->view->arena, entry->path),
				       takeout->to);
	}
	for (size_t i = takeout->entries.n; i-- > 0;) {
		const struct inspect_entry *entry = &takeout->entries.items[i];
		const char *path = *entry->path ? entry->path : ".";

		if (!strchr("fdl", entry->type))
			continue;
		/* (A folder is one that we made: a name stands for one thing, or making it has failed.) */
		if (entry->type == 'd' && fchmodat(takeout->folder, path, (entry->mode & 0777) | 0700, 0) < 0)
			return err_sys(err, -errno, "cannot set the mode of '%s'", escape_shown(takeout->view->arena, path));
		takeout_set_time(takeout->folder, path, entry->time);
	}
	return 0;
}

static int takeout_tree(struct takeout *takeout, struct err *err)
{
	const char *said;
	size_t size;
	int r = view_ask(takeout->view, SCRIPT_LIST, (const char *[]){takeout->place, "0", NULL}, &said, &size, err);

	if (r == 0)
		r = entries_read(takeout->view->arena, said, size, &takeout->entries, err);
	if (r == 0)
		r = takeout_check(takeout, err);
	if (r < 0)
		return r;
	if (mkdir(takeout->to, 0700) < 0)
		return err_sys(err, -errno, "cannot make the folder '%s'", takeout->to);
	takeout->folder = open(takeout->to, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (takeout->folder < 0)
		return err_sys(err, -errno, "cannot open the folder '%s'", takeout->to);
	for (size_t i = 0; r == 0 && i < takeout->entries.n; i++)
		r = takeout_make(takeout, &takeout->entries.items[i], err);
	takeout->done = arena_array(takeout->view->arena, bool, takeout->entries.n + 1);
	if (r == 0)
		r = takeout_packed(takeout, err);
	if (r == 0)
		r = takeout_others(takeout, err);
	if (r == 0)
		r = takeout_finish(takeout, err);
	close(takeout->folder);
	if (r == 0 && takeout->left_out)
		log_note("%zu devices, sockets and FIFOs were left out", takeout->left_out);
	return r;
}

int takeout_copy(struct inspect_view *view, const char *place, char type, uint64_t size, const char *to, struct err *err)
{
	struct takeout takeout = {.view = view, .place = place, .to = to};
	_cleanup_fd_ int fd = -1;
	int r;

	if (type == 'd')
		return takeout_tree(&takeout, err);
	if (type != 'f')
		return err_set(err, -EINVAL, "'%s' is neither a file nor a folder", text_plain(view->arena, place));
	r = takeout_fits(view->arena, to, size, err);
	if (r < 0)
		return r;
	fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(err, -errno, "cannot make '%s'", to);
	return takeout_fill(view, place, size, fd, err);
}

/* /var of the image is what a machine's /var starts as. The machine's own is another file system, mounted over it; the
 * image's stays visible at FACTORY (the program in the initrd sees to that), and systemd-tmpfiles(8) copies from there what the
 * machine does not have yet. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "tree/inside.h"
#include "tree/steps.h"

static const char FACTORY[] = "/usr/share/factory";
static const char TMPFILES[] = "/usr/lib/tmpfiles.d/zz-var.conf"; /* last: lines of packages for the same path win */

/* The package database belongs to the image it describes: never to the machine. */
static const char DATABASE[] = "/var/lib/dpkg";

/* A service's first state is small; larger files are a mistake. */
enum { COPY_MAX = 256 << 20 };

struct listing {
	const struct step *step;
	bool copies;        /* files are not at FACTORY by themselves */
	struct arena *arena;
	struct buf text;
};

static void var_put_line(struct listing *listing, char type, const char *path, const struct stat *st)
{
	struct buf *text = &listing->text;

	buf_printf(text, "%c %s", type, escape_tmpfiles(listing->arena, path));
	if (st)
		buf_printf(text, " %04o %u %u - ", (unsigned)st->st_mode & 07777, (unsigned)st->st_uid, (unsigned)st->st_gid);
	else
		buf_puts(text, " - - - - ");
}

static int var_list_link(struct listing *listing, int folder_fd, const char *path, const char *name, struct err *err)
{
	char target[4096];
	ssize_t n = readlinkat(folder_fd, name, target, sizeof target - 1);

	if (n < 0)
		return err_sys(err, -errno, "cannot read the link '%s' in the tree", path);
	target[n] = 0;
	var_put_line(listing, 'L', path, NULL);
	buf_printf(&listing->text, "%s\n", escape_tmpfiles(listing->arena, target));
	return 0;
}

/* Puts a file where it is still seen when something is mounted over it. */
static int var_copy(const struct listing *listing, const char *path, const struct stat *st, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf content = {0};
	const char *at = arena_printf(arena, "%s%s", FACTORY, path);
	int r = inside_read(listing->step->root_fd, path, COPY_MAX, &content, err);

	if (r < 0)
		return r;
	return inside_write(listing->step->root_fd, at, content.data ? content.data : "", content.size,
			    &(struct inside_access){st->st_mode & 07777, st->st_uid, st->st_gid}, err);
}

static int var_list(void *data, int folder_fd, const char *path, const char *name, unsigned char type, struct err *err)
{
	struct listing *listing = data;
	struct stat st;

	(void)type;
	if (fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, -errno, "cannot access '%s' in the tree", path);
	if (S_ISLNK(st.st_mode))
		return var_list_link(listing, folder_fd, path, name, err);
	if (strcmp(path, DATABASE) == 0) {
		var_put_line(listing, 'L', path, NULL);
		buf_printf(&listing->text, "%s%s\n", FACTORY, DATABASE);
	} else if (S_ISDIR(st.st_mode)) {
		var_put_line(listing, 'd', path, &st);
		buf_puts(&listing->text, "-\n");
		return inside_each(listing->step->root_fd, path, var_list, data, err);
	} else if (S_ISREG(st.st_mode)) {
		var_put_line(listing, 'C', path, &st);
		buf_printf(&listing->text, "%s%s\n", FACTORY, escape_tmpfiles(listing->arena, path));
		return listing->copies ? var_copy(listing, path, &st, err) : 0;
	}
	return 0;
}

static int var_write_listing(const struct listing *listing, struct err *err)
{
	return listing->text.size ? inside_write(listing->step->root_fd, TMPFILES, listing->text.data, listing->text.size,
						 &INSIDE_PLAIN, err)
				  : 0;
}

int step_var(const struct step *step, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct listing listing = {.step = step, .arena = arena};
	int r = inside_each(step->root_fd, "/var", var_list, &listing, err);

	listing.copies = true; /* the image's own /home and /root are not seen again */
	if (r == 0)
		r = inside_each(step->root_fd, "/home", var_list, &listing, err);
	if (r == 0)
		r = inside_each(step->root_fd, "/root", var_list, &listing, err);
	if (r == 0)
		r = var_write_listing(&listing, err);
	if (r == 0)
		r = inside_folder(step->root_fd, arena_printf(arena, "%s/var", FACTORY), err);
	buf_free(&listing.text);
	return r;
}

int step_state(const struct step *step, struct err *err)
{
	const struct strv *state = &step->plan->recipe->state;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct listing listing = {.step = step, .copies = true, .arena = arena};
	int r = 0;

	for (size_t i = 0; r == 0 && i < state->count; i++) {
		_cleanup_fd_ int folder = -1;
		const char *name;

		if (!inside_exists(step->root_fd, state->items[i]))
			continue; /* the service that needs it makes it */
		folder = inside_parent(step->root_fd, state->items[i], &name, err);
		r = folder < 0 ? folder : var_list(&listing, folder, state->items[i], name, DT_UNKNOWN, err);
	}
	if (r == 0)
		r = var_write_listing(&listing, err);
	buf_free(&listing.text);
	return r;
}

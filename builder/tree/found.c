#include "tree/found.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "host/sandbox.h"
#include "tree/inside.h"
#include "tree/owners.h"
#include "tree/secrets.h"

enum { LOOKED_AT = 256 << 10, LIST_BYTES_MAX = 4 << 20 };

/* Answers that scripts were given, or gave themselves: secret ones are in a file that no image has, names are not. */
static const char DEBCONF[] = "/var/cache/debconf";

struct found_search {
	struct arena *arena;
	int files_fd;
	struct owners owners;
	struct buf list;
};

/* What dpkg and others remember of packages: digests, and in the end nothing that a machine uses. */
static bool found_is_passed_over(const char *path)
{
	static const char *const folders[] = {
		"/boot", "/dev", "/proc", "/run", "/sys", "/tmp", "/var/cache", "/var/lib/apt", "/var/lib/dpkg",
		"/var/lib/systemd/catalog", "/var/lib/ucf", "/var/log", "/var/tmp",
	};

	if (path_is_below(path, DEBCONF) || path_is_below(DEBCONF, path))
		return false;
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		if (path_is_below(path, folders[i]))
			return true;
	return text_has_suffix(path, ".pyc") || text_has_suffix(path, "/machine-id");
}

static void found_note(struct found_search *search, const char *what, const char *path)
{
	const char *package = owners_guess(&search->owners, path);

	buf_printf(&search->list, "%s\t%s\t%s\n", what, package ? package : "", path);
}

static bool found_has(const char *data, size_t size, const char *word)
{
	return memmem(data, size, word, strlen(word)) != NULL;
}

static int found_look_at(struct found_search *search, int folder_fd, const char *path, const char *name, struct err *err)
{
	_cleanup_fd_ int fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	_cleanup_buf_ struct buf text = {0};
	const char *form;
	ssize_t n;

	if (fd < 0)
		return err_sys(err, -errno, "cannot read '%s' in the tree", path);
	while ((n = read(fd, buf_reserve(&text, 65536), 65536)) > 0 && text.size < LOOKED_AT) {
		text.size += (size_t)n;
		text.data[text.size] = 0;
	}
	if (n < 0)
		return err_sys(err, -errno, "cannot read '%s' in the tree", path);
	form = path_is_below(path, DEBCONF) ? NULL : secrets_form(path, text.data, text.size);
	if (form)
		found_note(search, form, path);
	if (text.size && found_has(text.data, text.size, SANDBOX_HOSTNAME))
		found_note(search, FOUND_NAME, path);
	return 0;
}

static int found_visit(void *data, int folder_fd, const char *path, const char *name, unsigned char type, struct err *err)
{
	struct found_search *search = data;
	struct stat st;

	if (found_is_passed_over(path) || strpbrk(path, "\n\t"))
		return 0;
	if (type == DT_UNKNOWN && fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		type = S_ISDIR(st.st_mode) ? DT_DIR : S_ISREG(st.st_mode) ? DT_REG : DT_LNK;
	if (type == DT_DIR)
		return inside_each(search->files_fd, path, found_visit, search, err);
	if (type != DT_REG || owners_ships(&search->owners, path))
		return 0;
	return found_look_at(search, folder_fd, path, name, err);
}

int found_write(const char *files, const char *root, const char *to, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_fd_ int root_fd = inside_open(root, err), files_fd = root_fd < 0 ? -1 : inside_open(files, err);
	struct found_search search = {.arena = arena, .files_fd = files_fd};
	int r = root_fd < 0 ? root_fd : files_fd < 0 ? files_fd : owners_read(arena, root_fd, &search.owners, err);

	if (r == 0)
		r = inside_each(files_fd, "", found_visit, &search, err);
	if (r == 0)
		r = file_write(to, search.list.data ? search.list.data : "", search.list.size, 0644, err);
	buf_free(&search.list);
	return r;
}

int found_read(struct arena *arena, const char *from, struct found **found, size_t *n, struct err *err)
{
	_cleanup_buf_ struct buf text = {0};
	char *rest, *line;
	int r = path_exists(from) ? file_read(from, LIST_BYTES_MAX, &text, err) : 0;

	if (r < 0)
		return r;
	rest = arena_strdup(arena, text.size ? text.data : "");
	while ((line = strsep(&rest, "\n"))) {
		const char *what = strsep(&line, "\t"), *package = strsep(&line, "\t");

		if (package && line)
			*arena_push(arena, *found, *n) = (struct found){what, package, line};
	}
	return 0;
}

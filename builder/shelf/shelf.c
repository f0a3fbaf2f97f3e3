#include "shelf/shelf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"

/* Thousands of packages fit well; what is larger is no manifest of ours. */
enum { MANIFEST_BYTES_MAX = 64 << 20 };

unsigned shelf_number(const char *name)
{
	unsigned long number;
	char *end;

	if (*name < '1' || *name > '9')
		return 0;
	errno = 0;
	number = strtoul(name, &end, 10);
	return *end || errno || number >= UINT32_MAX ? 0 : (unsigned)number;
}

static int shelf_by_number(const void *a, const void *b)
{
	const unsigned *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

size_t shelf_numbers(struct arena *arena, const char *shelf, unsigned **ret_numbers)
{
	DIR *dir = opendir(shelf);
	struct dirent *entry;
	unsigned *numbers = NULL;
	size_t n = 0;

	while (dir && (entry = readdir(dir)))
		if (shelf_number(entry->d_name))
			*arena_push(arena, numbers, n) = shelf_number(entry->d_name);
	if (dir)
		closedir(dir);
	if (n)
		qsort(numbers, n, sizeof *numbers, shelf_by_number);
	*ret_numbers = numbers;
	return n;
}

struct strv shelf_names(struct arena *arena, const char *out)
{
	DIR *dir = opendir(out);
	struct dirent *entry;
	struct strv names = {0};
	unsigned *numbers;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && shelf_numbers(arena, arena_printf(arena, "%s/%s", out, entry->d_name), &numbers))
			strv_push(arena, &names, entry->d_name);
	if (dir)
		closedir(dir);
	strv_sort(&names);
	return names;
}

int shelf_manifest(struct arena *arena, const char *shelf, unsigned number, struct buf *text,
		   struct manifest **ret_manifest, struct err *err)
{
	const char *path = arena_printf(arena, "%s/%u/" SHELF_MANIFEST, shelf, number);
	int r = file_read(path, MANIFEST_BYTES_MAX, text, err);

	return r < 0 ? r : manifest_read(arena, path, text->data, text->size, ret_manifest, err);
}

int shelf_cannot_write(int r, struct err *err)
{
	return r == -ENOSPC || r == -EDQUOT ? r : err_hint(err, "use --out FOLDER with a folder that you can write to");
}

int shelf_lock(const char *shelf, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	int fd = open(arena_printf(arena, "%s/.lock", shelf), O_RDWR | O_CREAT | O_CLOEXEC, 0644), r = 0;

	if (fd < 0)
		return shelf_cannot_write(err_sys(err, -errno, "cannot write to the folder '%s'", shelf), err);
	while (r == 0 && flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			r = err_sys(err, -errno, "cannot lock the folder '%s'", shelf);
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

int shelf_claim(const char *folder)
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

/* Whether nobody needs this entry of a shelf any more. A draft's maker may live: then it is locked. */
static bool shelf_is_left_over(const char *name, const char *path)
{
	_cleanup_fd_ int fd = -1;

	if (strcmp(name, ".record") == 0 || text_has_prefix(name, SHELF_GONE))
		return true;
	if (!text_has_prefix(name, SHELF_DRAFT))
		return false;
	fd = shelf_claim(path);
	return fd >= 0;
}

void shelf_sweep(const char *shelf)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	DIR *dir = opendir(shelf);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		const char *path = arena_printf(arena, "%s/%s", shelf, entry->d_name);
		struct err err = {0};

		if (shelf_is_left_over(entry->d_name, path) && path_remove(path, &err) < 0)
			log_warn("cannot remove what an interrupted build left: %s", err.first->text);
		err_free(&err);
	}
	if (dir)
		closedir(dir);
}

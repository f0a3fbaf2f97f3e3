#include "tree/inside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "edge/digest.h"

const struct inside_access INSIDE_PLAIN = {.mode = 0644};

int inside_open(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, -errno, "cannot open the tree '%s'", path) : fd;
}

bool inside_exists(int root_fd, const char *path)
{
	_cleanup_fd_ int fd = root_open(root_fd, path, O_PATH, 0);

	return fd >= 0;
}

int inside_folder(int root_fd, const char *path, struct err *err)
{
	_cleanup_fd_ int fd = root_folder(root_fd, path);

	return fd < 0 ? err_sys(err, fd, "cannot make the folder '%s' in the tree", path) : 0;
}

int inside_parent(int root_fd, const char *path, const char **ret_name, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char *folder;
	int fd;

	if (*path != '/' || !slash[1])
		return err_set(err, -EINVAL, "'%s' is not the absolute path of a file", path);
	folder = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	fd = folder ? root_folder(root_fd, folder) : -ENOMEM;
	free(folder);
	if (fd < 0)
		return err_sys(err, fd, "cannot make the folder of '%s' in the tree", path);
	*ret_name = slash + 1;
	return fd;
}

int inside_create(int root_fd, const char *path, struct err *err)
{
	const char *name;
	_cleanup_fd_ int folder = inside_parent(root_fd, path, &name, err);
	int fd;

	if (folder < 0)
		return folder;
	if (unlinkat(folder, name, 0) < 0 && errno != ENOENT)
		return err_sys(err, -errno, "cannot replace '%s' in the tree", path);
	fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? err_sys(err, -errno, "cannot make '%s' in the tree", path) : fd;
}

/* The owner first: changing it takes set-id bits away. */
int inside_finish(int fd, const char *path, const struct inside_access *access, struct err *err)
{
	if (fchown(fd, access->uid, access->gid) < 0 || fchmod(fd, access->mode) < 0)
		return err_sys(err, -errno, "cannot set the owner and mode of '%s'", path);
	return 0;
}

int inside_write(int root_fd, const char *path, const void *data, size_t size, const struct inside_access *access,
		 struct err *err)
{
	_cleanup_fd_ int fd = inside_create(root_fd, path, err);
	int r;

	if (fd < 0)
		return fd;
	r = fd_write_all(fd, data, size);
	if (r < 0)
		return err_sys(err, r, "cannot write '%s' in the tree", path);
	return inside_finish(fd, path, access, err);
}

/* Copies from `in` to `out` and says what passed. */
static int tree_inside_copy_digested(int in, int out, char sha256[SHA256_HEX])
{
	enum { CHUNK = 1 << 18 };
	struct sha256 *state = sha256_new();
	char *chunk = malloc(CHUNK);
	uint8_t digest[SHA256_SIZE];
	ssize_t n = 0;
	int r = chunk ? 0 : -ENOMEM;

	while (r == 0 && (n = read(in, chunk, CHUNK)) != 0) {
		if (n < 0) {
			r = errno == EINTR ? 0 : -errno;
			continue;
		}
		sha256_add(state, chunk, (size_t)n);
		r = fd_write_all(out, chunk, (size_t)n);
	}
	sha256_finish(state, digest);
	hex_encode(digest, sizeof digest, sha256);
	sha256_free(state);
	free(chunk);
	return r;
}

int inside_copy(int root_fd, const char *path, const char *source, const char *sha256,
		const struct inside_access *access, struct err *err)
{
	_cleanup_fd_ int in = open(source, O_RDONLY | O_CLOEXEC), out = -1;
	char found[SHA256_HEX];
	int r;

	if (in < 0)
		return err_sys(err, -errno, "cannot open '%s'", source);
	out = inside_create(root_fd, path, err);
	if (out < 0)
		return out;
	r = tree_inside_copy_digested(in, out, found);
	if (r < 0)
		return err_sys(err, r, "cannot copy '%s' to '%s' in the tree", source, path);
	if (strcmp(found, sha256) != 0)
		return err_set(err, -ESTALE, "'%s' changed while the image was built; build again", source);
	return inside_finish(out, path, access, err);
}

int inside_link(int root_fd, const char *path, const char *target, struct err *err)
{
	const char *name;
	_cleanup_fd_ int folder = inside_parent(root_fd, path, &name, err);

	if (folder < 0)
		return folder;
	if (unlinkat(folder, name, 0) < 0 && errno != ENOENT)
		return err_sys(err, -errno, "cannot replace '%s' in the tree", path);
	if (symlinkat(target, folder, name) < 0)
		return err_sys(err, -errno, "cannot make the link '%s' in the tree", path);
	return 0;
}

int inside_read(int root_fd, const char *path, size_t max_bytes, struct buf *buf, struct err *err)
{
	_cleanup_fd_ int fd = root_open(root_fd, path, O_RDONLY | O_NONBLOCK, 0); /* a FIFO must not make us wait */
	size_t start = buf->size;
	struct stat st;
	ssize_t n;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(err, fd, "cannot open '%s' in the tree", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "'%s' in the tree is not a file", path);
	while ((n = read(fd, buf_reserve(buf, 65536), 65536)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, -errno, "cannot read '%s' in the tree", path);
		buf->size += (size_t)n;
		buf->data[buf->size] = 0;
		if (buf->size - start > max_bytes)
			return err_set(err, -EFBIG, "'%s' in the tree is larger than %zu bytes", path, max_bytes);
	}
	return 0;
}

int inside_remove(int root_fd, const char *path, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *slash = strrchr(path, '/');
	_cleanup_fd_ int folder =
		root_open(root_fd, arena_strndup(arena, path, (size_t)(slash - path) + 1), O_RDONLY | O_DIRECTORY, 0);

	if (folder == -ENOENT)
		return 0;
	if (folder < 0)
		return err_sys(err, folder, "cannot open the folder of '%s' in the tree", path);
	if (unlinkat(folder, slash + 1, 0) < 0 && errno != ENOENT)
		return err_sys(err, -errno, "cannot remove '%s' in the tree", path);
	return 0;
}

static int tree_inside_real_entry(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int tree_inside_by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int inside_each(int root_fd, const char *path, inside_visit *visit, void *data, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_fd_ int folder = root_open(root_fd, *path ? path : "/", O_RDONLY | O_DIRECTORY, 0);
	struct dirent **entries = NULL;
	int n, r = 0;

	if (folder == -ENOENT)
		return 0;
	if (folder < 0)
		return err_sys(err, folder, "cannot open '%s' in the tree", path);
	n = scandirat(folder, ".", &entries, tree_inside_real_entry, tree_inside_by_name);
	if (n < 0)
		return err_sys(err, -errno, "cannot list '%s' in the tree", path);
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = visit(data, folder, arena_printf(arena, "%s/%s", path, entries[i]->d_name), entries[i]->d_name,
				  entries[i]->d_type, err);
		free(entries[i]);
	}
	free(entries);
	return r;
}

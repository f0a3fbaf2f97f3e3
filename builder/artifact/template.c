#include "artifact/template.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "artifact/pieces.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"
#include "edge/archive_write.h"

/* What an unprivileged container has: the range that hypervisors map. */
enum { IDS = 65536 };

/* libarchive compresses by itself, or we do what it does not on all cores. */
struct format {
	const char *name, *compression, *filter;
	const struct packer *packer;
};

static const struct format formats[] = {
	{"tar.zst", "zstd", "zstd", NULL},
	{"tar.xz", "xz", "xz", NULL},
	{"tar.gz", "gzip", NULL, &packer_gzip},
};
enum { N_FORMATS = sizeof formats / sizeof *formats };

static const struct format *find_format(const char *name)
{
	for (size_t i = 0; i < N_FORMATS; i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

const char *template_compression(const char *format)
{
	const struct format *found = find_format(format);

	return found ? found->compression : NULL;
}

int template_check(const char *name, const char *compression, struct err *err)
{
	const struct format *format = find_format(name);
	_cleanup_buf_ struct buf known = {0};

	if (format && compression && strcmp(format->compression, compression) == 0)
		return 0;
	for (size_t i = 0; i < N_FORMATS; i++)
		buf_printf(&known, "%s%s", i ? ", " : "", formats[i].name);
	err_set(err, -EINVAL, "there is no template format '%s'", name);
	return err_hint(err, "choose one of: %s", known.data);
}

/* --- where the bytes go ---------------------------------------------------------------------------------------------- */

struct out {
	int fd;
	struct pieces *pieces;       /* between the archive and the file; NULL: the archive is compressed already */
	struct sha256 *digest;
	struct template_facts facts;
};

static int put_file(void *data, const void *bytes, size_t size, struct err *err)
{
	struct out *out = data;
	int r = fd_write_all(out->fd, bytes, size);

	sha256_add(out->digest, bytes, size);
	out->facts.size_bytes += size;
	return r < 0 ? err_sys(err, r, "cannot write the template") : 0;
}

static int put_archive(void *data, const void *bytes, size_t size, struct err *err)
{
	struct out *out = data;

	return out->pieces ? pieces_add(out->pieces, bytes, size, err) : put_file(out, bytes, size, err);
}

/* --- what goes there ------------------------------------------------------------------------------------------------- */

/* A file with several names, and the first of them that was met. */
struct link {
	dev_t device;
	ino_t inode;
	const char *name;
};

struct walk {
	struct arena *arena;         /* of links */
	struct archive_writer *archive;
	int64_t epoch;
	void *links;                 /* of tsearch(3) */
	uint64_t bytes;              /* of all files */
};

struct item {
	const char *source, *name;   /* on the host; in the archive, a folder's with a slash at its end */
	struct stat st;
};

static int compare_links(const void *a, const void *b)
{
	const struct link *one = a, *other = b;

	if (one->device != other->device)
		return one->device < other->device ? -1 : 1;
	return one->inode == other->inode ? 0 : one->inode < other->inode ? -1 : 1;
}

/* The earlier name of a file that has several; NULL for the first of them. */
static const char *earlier_name(struct walk *walk, const struct item *item)
{
	struct link *link, **found;

	if (!S_ISREG(item->st.st_mode) || item->st.st_nlink < 2)
		return NULL;
	link = arena_new_of(walk->arena, struct link);
	*link = (struct link){item->st.st_dev, item->st.st_ino, NULL};
	found = tsearch(link, &walk->links, compare_links);
	if (found && *found != link)
		return (*found)->name;
	link->name = arena_strdup(walk->arena, item->name);
	return NULL;
}

static int check(const struct item *item, struct err *err)
{
	const char *path = item->name + strlen(".");

	if (S_ISCHR(item->st.st_mode) || S_ISBLK(item->st.st_mode)) {
		err_set(err, -EINVAL, "'%s' is a device, which a template cannot hold", path);
		return err_hint(err, "a container's devices are made by its hypervisor");
	}
	if (item->st.st_uid >= IDS || item->st.st_gid >= IDS) {
		err_set(err, -EINVAL, "'%s' belongs to %u:%u, but a container has ids below %d", path,
			(unsigned)item->st.st_uid, (unsigned)item->st.st_gid, IDS);
		return err_hint(err, "give it to a user of the recipe");
	}
	return 0;
}

static int put(struct walk *walk, const struct item *item, struct err *err)
{
	struct archive_member member = {item->source, item->name, NULL, &item->st, walk->epoch};
	int r = check(item, err);

	if (r < 0)
		return r;
	member.hardlink = earlier_name(walk, item);
	if (S_ISREG(item->st.st_mode) && !member.hardlink)
		walk->bytes += (uint64_t)item->st.st_size;
	return archive_writer_add(walk->archive, &member, err);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct item *)a)->name, ((const struct item *)b)->name);
}

/* The entries of a folder in their order; what is in a folder follows it at once, because its name begins with the folder's. */
static int list(struct arena *arena, const struct item *folder, struct item **ret_items, size_t *ret_n, struct err *err)
{
	DIR *dir = opendir(folder->source);
	struct dirent *found;
	int r = dir ? 0 : err_sys(err, -errno, "cannot list '%s'", folder->source);

	*ret_items = NULL;
	*ret_n = 0;
	while (r == 0 && (errno = 0, found = readdir(dir))) {
		struct item item = {.source = arena_printf(arena, "%s/%s", folder->source, found->d_name)};

		if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0)
			continue;
		if (lstat(item.source, &item.st) < 0) {
			r = err_sys(err, -errno, "cannot look at '%s'", item.source);
			break;
		}
		if (S_ISSOCK(item.st.st_mode))
			continue;
		item.name = arena_printf(arena, "%s%s%s", folder->name, found->d_name, S_ISDIR(item.st.st_mode) ? "/" : "");
		*arena_push(arena, *ret_items, *ret_n) = item;
	}
	if (r == 0 && errno)
		r = err_sys(err, -errno, "cannot list '%s'", folder->source);
	if (dir)
		closedir(dir);
	if (r == 0 && *ret_n)
		qsort(*ret_items, *ret_n, sizeof **ret_items, by_name);
	return r;
}

/* Puts a folder and all that is in it. */
static int put_folder(struct walk *walk, const struct item *folder, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct item *items;
	size_t n;
	int r = put(walk, folder, err);

	if (r == 0)
		r = list(arena, folder, &items, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = S_ISDIR(items[i].st.st_mode) ? put_folder(walk, &items[i], err) : put(walk, &items[i], err);
	return r;
}

static void keep(void *link)
{
	(void)link; /* it lives in the walk's arena */
}

static int put_tree(const struct format *format, const char *root, int64_t epoch, struct out *out, struct err *err)
{
	_cleanup_archive_writer_ struct archive_writer *archive = NULL;
	struct item top = {.source = root, .name = "./"};
	struct walk walk = {.epoch = epoch};
	int r = lstat(root, &top.st) < 0 ? err_sys(err, -errno, "cannot look at '%s'", root) : 0;

	if (r == 0)
		r = archive_writer_open(format->filter, put_archive, out, &archive, err);
	if (r < 0)
		return r;
	walk.archive = archive;
	walk.arena = arena_new();
	r = put_folder(&walk, &top, err);
	if (r == 0)
		r = archive_writer_finish(archive, err);
	if (r == 0 && out->pieces)
		r = pieces_finish(out->pieces, err);
	out->facts.content_bytes = walk.bytes;
	tdestroy(walk.links, keep);
	arena_free(walk.arena);
	return r;
}

int template_write(const char *root, int64_t epoch, const char *name, const char *path, struct template_facts *ret_facts,
		   struct err *err)
{
	const struct format *format = find_format(name);
	_cleanup_fd_ int fd = -1;
	struct out out = {0};
	uint8_t digest[SHA256_SIZE];
	int r;

	if (!format)
		return template_check(name, NULL, err);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (fd < 0)
		return err_sys(err, -errno, "cannot make the template '%s'", path);
	out.fd = fd;
	out.digest = sha256_new();
	out.pieces = format->packer ? pieces_new(format->packer, put_file, &out) : NULL;
	r = put_tree(format, root, epoch, &out, err);
	if (r == 0 && fsync(fd) < 0)
		r = err_sys(err, -errno, "cannot sync '%s'", path);
	sha256_finish(out.digest, digest);
	hex_encode(digest, sizeof digest, out.facts.sha256);
	sha256_free(out.digest);
	pieces_free(out.pieces);
	if (r < 0) {
		unlink(path);
		return err_wrap(err, "while writing '%s'", path);
	}
	*ret_facts = out.facts;
	return 0;
}

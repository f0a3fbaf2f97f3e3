#include "leak/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/file.h"
#include "edge/stream.h"
#include "host/pool.h"
#include "leak/forms.h"

/* What a compressed file may become: text in the best case is a thousandth. What is more is a bomb, or a disk of zeros. */
#define UNPACKED_MIN (64ULL << 20)
#define UNPACKED_MAX (4ULL << 30)
enum { UNPACKED_RATIO = 1000, NAMED_BYTES = 1 << 20, ATTRIBUTES_MAX = 65536 };

/* A job is so many files, or so many bytes. */
enum { JOB_FILES = 256, JOB_BYTES = 4 << 20 };

struct folder_file {
	const char *path;            /* as finds call it */
	const char *host;            /* on this host */
	mode_t mode;
	uint64_t size;
};

struct folder_job {
	size_t first, end;           /* of the files */
};

struct folder {
	const struct leak_search *search;
	bool shallow;
	struct leak_finds *finds;
	struct arena *arena;
	struct folder_file *files;
	size_t n_files;
	struct folder_job *jobs;
	size_t n_jobs;
};

/* --- one file -------------------------------------------------------------------------------------------------------- */

static bool folder_is_packed(const char *data, size_t size)
{
	static const struct { const char *bytes; size_t size; } magics[] = {
		{"\x1f\x8b\x08", 3}, {"\xfd" "7zXZ\0", 6}, {"\x28\xb5\x2f\xfd", 4},
	};

	for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
		if (size >= magics[i].size && memcmp(data, magics[i].bytes, magics[i].size) == 0)
			return true;
	return false;
}

/* What is damaged, or only looks as if it was compressed, was looked through as it is. */
static void folder_look_unpacked(struct leak_passage *passage, const struct folder_file *file)
{
	uint64_t max = file->size * UNPACKED_RATIO < UNPACKED_MIN   ? UNPACKED_MIN
		       : file->size * UNPACKED_RATIO > UNPACKED_MAX ? UNPACKED_MAX
								     : file->size * UNPACKED_RATIO;
	_cleanup_stream_ struct stream *stream = NULL;
	struct err ignored = {0};
	ptrdiff_t n = stream_open(file->host, max, &stream, &ignored) < 0 ? -1 : 1;

	leak_passage_begin(passage, file->path, LEAK_UNPACKED, 0);
	n = n > 0 && stream_is_packed(stream) ? n : 0;
	while (n > 0) {
		size_t room;
		char *to = leak_passage_room(passage, &room);

		n = stream_read(stream, to, room, &ignored);
		leak_passage_add(passage, n > 0 ? (size_t)n : 0);
	}
	leak_passage_end(passage);
	err_free(&ignored);
}

/* Whether its name makes all of it a secret. */
static void folder_look_at_whole(const struct folder *folder, const struct folder_file *file, const char *data, size_t size)
{
	const struct form *form = leak_search_has_forms(folder->search) ? form_of_file(file->path, data, size) : NULL;

	if (form)
		leak_note(folder->finds, &(struct leak_find){.path = file->path, .part = LEAK_CONTENT, .form = form->name,
							     .what = form->what, .whole = true});
}

static int folder_look_inside(const struct folder *folder, struct leak_passage *passage, const struct folder_file *file,
			      struct err *err)
{
	_cleanup_fd_ int fd = open(file->host, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool first = true, packed = false;
	ssize_t n = 1;

	if (fd < 0)
		return err_sys(err, -errno, "cannot read '%s'", file->host);
	leak_passage_begin(passage, file->path, LEAK_CONTENT, 0);
	while (n > 0) {
		size_t room;
		char *to = leak_passage_room(passage, &room);

		n = read(fd, to, room < NAMED_BYTES ? room : NAMED_BYTES);
		if (n < 0)
			return err_sys(err, -errno, "cannot read '%s'", file->host);
		if (first) {
			packed = folder_is_packed(to, (size_t)n);
			folder_look_at_whole(folder, file, to, (size_t)n);
		}
		first = false;
		leak_passage_add(passage, (size_t)n);
	}
	leak_passage_end(passage);
	if (packed && !folder->shallow)
		folder_look_unpacked(passage, file);
	return 0;
}

/* The last part of a name is its file's own; but a secret may have slashes. */
static void folder_look_at_name(const struct folder *folder, const struct folder_file *file)
{
	leak_look(folder->search, folder->finds, file->path, LEAK_NAME, file->path, strlen(file->path),
		  (size_t)(path_last(file->path) - file->path));
}

static void folder_look_at_link(const struct folder *folder, const struct folder_file *file)
{
	char target[PATH_MAX];
	ssize_t n = readlink(file->host, target, sizeof target);

	if (n > 0)
		leak_look(folder->search, folder->finds, file->path, LEAK_LINK, target, (size_t)n, 0);
}

/* overlayfs(5) keeps notes in these; they are no file's own. */
static bool folder_is_overlay_s(const char *attribute)
{
	return text_has_prefix(attribute, "trusted.overlay.") || text_has_prefix(attribute, "user.overlay.");
}

static void folder_look_at_attributes(const struct folder *folder, const struct folder_file *file)
{
	char names[ATTRIBUTES_MAX], value[ATTRIBUTES_MAX];
	ssize_t n = llistxattr(file->host, names, sizeof names - 1);

	if (n <= 0)
		return;
	names[n] = 0;
	leak_look(folder->search, folder->finds, file->path, LEAK_ATTRIBUTE, names, (size_t)n, 0);
	for (const char *name = names; name < names + n; name += strlen(name) + 1) {
		ssize_t size = folder_is_overlay_s(name) ? 0 : lgetxattr(file->host, name, value, sizeof value);

		if (size > 0)
			leak_look(folder->search, folder->finds, file->path, LEAK_ATTRIBUTE, value, (size_t)size, 0);
	}
}

static int folder_look_at(const struct folder *folder, struct leak_passage *passage, const struct folder_file *file,
			  struct err *err)
{
	folder_look_at_name(folder, file);
	folder_look_at_attributes(folder, file);
	if (S_ISLNK(file->mode))
		folder_look_at_link(folder, file);
	return S_ISREG(file->mode) && file->size ? folder_look_inside(folder, passage, file, err) : 0;
}

/* --- many ------------------------------------------------------------------------------------------------------------ */

static int folder_do_job(void *data, size_t index, struct err *err)
{
	const struct folder *folder = data;
	struct leak_passage *passage = leak_passage_new(folder->search, folder->finds);
	int r = 0;

	for (size_t i = folder->jobs[index].first; r == 0 && i < folder->jobs[index].end; i++)
		r = folder_look_at(folder, passage, &folder->files[i], err);
	leak_passage_free(passage);
	return r;
}

static void folder_add(struct folder *folder, const char *path, const char *host, const struct stat *st)
{
	*arena_push(folder->arena, folder->files, folder->n_files) = (struct folder_file){
		path, host, st->st_mode, S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0,
	};
}

static int folder_run(struct folder *folder, struct err *err)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < folder->n_files; i++) {
		struct folder_job *last = folder->n_jobs ? &folder->jobs[folder->n_jobs - 1] : NULL;

		if (!last || last->end - last->first == JOB_FILES || bytes + folder->files[i].size > JOB_BYTES) {
			last = arena_push(folder->arena, folder->jobs, folder->n_jobs);
			last->first = i;
			bytes = 0;
		}
		last->end = i + 1;
		bytes += folder->files[i].size;
	}
	return pool_run(folder->n_jobs, folder_do_job, folder, err);
}

int leak_folder(const struct leak_search *search, const char *root, enum leak_depth depth, struct leak_finds *finds,
		struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct folder folder = {.search = search, .shallow = depth == LEAK_SHALLOW, .finds = finds, .arena = arena};
	char *const paths[] = {(char *)root, NULL};
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *entry;
	int r = 0;

	if (!walk)
		return err_sys(err, -errno, "cannot look through '%s'", root);
	while (r == 0 && (entry = fts_read(walk))) {
		if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS)
			r = err_sys(err, -entry->fts_errno, "cannot look at '%s'", entry->fts_path);
		else if (entry->fts_level > 0 && entry->fts_info != FTS_DP) {
			const char *host = arena_strdup(arena, entry->fts_path);

			folder_add(&folder, host + strlen(root), host, entry->fts_statp);
		}
	}
	fts_close(walk);
	return r < 0 ? r : folder_run(&folder, err);
}

int leak_paths(const struct leak_search *search, const char *root, const struct strv *paths, struct leak_finds *finds,
	       struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct folder folder = {.search = search, .finds = finds, .arena = arena};
	struct stat st;

	for (size_t i = 0; i < paths->count; i++) {
		const char *host = arena_printf(arena, "%s%s", root, paths->items[i]);

		if (lstat(host, &st) == 0)
			folder_add(&folder, paths->items[i], host, &st);
	}
	return folder_run(&folder, err);
}

int leak_file(const struct leak_search *search, const char *file, const char *path, struct leak_finds *finds, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct folder folder = {.search = search, .finds = finds, .arena = arena};
	struct stat st;

	if (lstat(file, &st) < 0)
		return err_sys(err, -errno, "cannot look at '%s'", file);
	folder_add(&folder, path, file, &st);
	return folder_run(&folder, err);
}

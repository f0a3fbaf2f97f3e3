#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "edge/bundle.h"
#include "edge/stream.h"
#include "tree/accounts.h"
#include "tree/inside.h"
#include "tree/steps.h"

/* What an honest archive holds beyond this, times its own size, is a bomb's. */
enum { SMALL_BYTES = 64 << 20, RATIO_MAX = 200 };
#define UNPACKED_BYTES_MAX (16ULL << 30)

static uint64_t tree_downloads_bytes_max(const struct lock_download *locked)
{
	uint64_t ratio = locked->size > UNPACKED_BYTES_MAX / RATIO_MAX ? UNPACKED_BYTES_MAX : locked->size * RATIO_MAX;

	return ratio + SMALL_BYTES < UNPACKED_BYTES_MAX ? ratio + SMALL_BYTES : UNPACKED_BYTES_MAX;
}

static int tree_downloads_decompress(const char *blob, uint64_t most, int out, struct err *err)
{
	_cleanup_stream_ struct stream *stream = NULL;
	_cleanup_buf_ struct buf chunk = {0};
	const size_t size = 1 << 18;
	ptrdiff_t n;
	int r = stream_open(blob, most, &stream, err);

	if (r < 0)
		return r;
	buf_reserve(&chunk, size);
	while ((n = stream_read(stream, chunk.data, size, err)) > 0) {
		r = fd_write_all(out, chunk.data, (size_t)n);
		if (r < 0)
			return err_sys(err, r, "cannot write the decompressed file");
	}
	return (int)n;
}

/* A file that is somewhere in the download. */
static int tree_downloads_put_part(const struct step *step, const struct plan_download *download, const char *blob,
				   const struct inside_access *access, struct err *err)
{
	const struct recipe_download *words = download->words;
	_cleanup_fd_ int fd = inside_create(step->root_fd, words->path, err);
	uint64_t most = tree_downloads_bytes_max(download->locked);
	int r;

	if (fd < 0)
		return fd;
	r = words->member ? bundle_take(blob, words->member, fd, most, err)
			  : tree_downloads_decompress(blob, most, fd, err);
	return r < 0 ? r : inside_finish(fd, words->path, access, err);
}

static int tree_downloads_put(const struct step *step, const struct accounts *accounts,
			      const struct plan_download *download, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct recipe_download *words = download->words;
	const char *blob = cache_path(step->cache, arena, "blobs", download->locked->sha256);
	struct bundle_target target = {step->root_fd, words->path, (unsigned)words->strip, 0, 0};
	struct inside_access access = {.mode = words->mode};
	int r;

	if ((r = accounts_uid(accounts, words->owner, &words->pos, &target.uid, err)) < 0 ||
	    (r = accounts_gid(accounts, words->group, &words->pos, &target.gid, err)) < 0)
		return r;
	access.uid = target.uid;
	access.gid = target.gid;
	if (words->unpack)
		r = bundle_unpack(blob, &target, tree_downloads_bytes_max(download->locked), err);
	else if (words->member || words->decompress)
		r = tree_downloads_put_part(step, download, blob, &access, err);
	else
		r = inside_copy(step->root_fd, words->path, blob, download->locked->sha256, &access, err);
	return r < 0 ? err_wrap(err, "with the download '%s' (%s:%u)", words->name, words->pos.file, words->pos.line) : 0;
}

int step_downloads(const struct step *step, struct err *err)
{
	_cleanup_accounts_ struct accounts accounts = {0};
	const struct plan *plan = step->plan;
	int r;

	if (plan->n_downloads == 0)
		return 0;
	r = accounts_read(step->root_fd, &accounts, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < plan->n_downloads; i++)
		tree_downloads_put(step, &accounts, &plan->downloads[i], err);
	return err_result(err);
}

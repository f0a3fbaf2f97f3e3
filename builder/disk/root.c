#include "disk/root.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "base/file.h"
#include "disk/tool.h"
#include "disk/verity.h"
#include "host/pool.h"

/* lz4 and not better: of all that mkfs.erofs does it alone is done in a second. Measured on 330 MB with two processors, with
 * the ends of files packed into their inodes (ztailpacking): lz4 1.0 s 192 MB, zstd level 1 5.1 s 156 MB; without: lz4 0.9 s
 * 199 MB, lz4hc level 1 1.8 s 187 MB, zstd level 3 4.9 s 157 MB. Looking for fragments and equal parts costs 5 to 20 s.
 * Clusters of 64 KiB: larger ones gain nothing and cost the guest with every small read. */
static const char COMPRESSION[] = "-zlz4", CLUSTER[] = "-C65536", PACKING[] = "-Eztailpacking";

static int disk_root_open_image(struct arena *arena, const struct disk_spec *spec, const char *name, int *ret_fd,
			   uint64_t *ret_bytes, struct err *err)
{
	const char *path = arena_printf(arena, "%s/%s", spec->work, name);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		r = err_sys(err, -errno, "cannot open '%s', which mkfs.erofs made", path);
	else if (st.st_size == 0 || st.st_size % VERITY_BLOCK)
		r = err_set(err, -EIO,
			    "mkfs.erofs made an image of %lld bytes, which is not a multiple of the block size",
			    (long long)st.st_size);
	else {
		*ret_fd = fd;
		*ret_bytes = (uint64_t)st.st_size;
		return 0;
	}
	if (fd >= 0)
		close(fd);
	return r;
}

/* `mode` is more options, ended by NULL; the host's `source` is the last argument. */
static int disk_root_mkfs(const struct disk_spec *spec, const char *name, const char *const *mode, const char *source,
		     struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct strv argv = {0};
	char uuid[37];
	const char *const common[] = {
		"/usr/bin/mkfs.erofs", "--quiet", arena_printf(arena, "-T%" PRId64, spec->epoch), "-U", uuid,
		COMPRESSION, CLUSTER, PACKING,
	};
	int r;

	disk_uuid(spec->seed, "root file system", uuid);
	for (size_t i = 0; i < sizeof common / sizeof *common; i++)
		strv_push(arena, &argv, common[i]);
	for (; *mode; mode++)
		strv_push(arena, &argv, *mode);
	strv_push(arena, &argv, name);
	strv_push(arena, &argv, "/tmp/in0");
	*arena_push(arena, argv.items, argv.count) = NULL;
	r = tool_run(spec, "erofs-utils", argv.items, &source, 1, err);
	return r < 0 ? err_wrap(err, "while making the root image") : 0;
}

/* Any number of workers makes the same image; none at all (--workers=0) would make another. They keep in memory what becomes of
 * a file until all of it is compressed. */
int root_ground(const struct disk_spec *spec, const char *name, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *const whole[] = {arena_printf(arena, "--workers=%u", pool_threads()), NULL};

	return disk_root_mkfs(spec, name, whole, spec->root, err);
}

/* Appends to a copy of the ground. It is little as a rule, or one large file of the recipe's: without workers its size is not
 * that of the memory needed. */
static int disk_root_grow(const struct disk_spec *spec, const char *name, struct err *err)
{
	static const char *const grow[] = {"--workers=0", "--incremental=data", "--tar=f", "--aufs", "--ovlfs-strip=1", NULL};
	_cleanup_arena_ struct arena *arena = arena_new();
	int r = file_copy(spec->ground, arena_printf(arena, "%s/%s", spec->work, name), err);

	return r == 0 ? disk_root_mkfs(spec, name, grow, spec->changes, err) : r;
}

int root_image(const struct disk_spec *spec, const char *name, int *ret_fd, uint64_t *ret_bytes, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	int r = spec->ground ? disk_root_grow(spec, name, err) : root_ground(spec, name, err);

	return r == 0 ? disk_root_open_image(arena, spec, name, ret_fd, ret_bytes, err) : r;
}

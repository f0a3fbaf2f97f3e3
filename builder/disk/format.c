#include "disk/format.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "disk/tool.h"

/* An empty file of the partition's size. */
static int format_open_image(struct arena *arena, const struct disk_spec *spec, const char *name, uint64_t size,
			     struct err *err)
{
	const char *path = arena_printf(arena, "%s/%s", spec->work, name);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644), r;

	if (fd >= 0 && ftruncate(fd, (off_t)size) == 0)
		return fd;
	r = err_sys(err, -errno, "cannot make '%s'", path);
	if (fd >= 0)
		close(fd);
	return r;
}

/* Makes the file and runs mkfs on it. `argv` lacks the file's name. */
static int format_run_mkfs(struct arena *arena, const struct disk_spec *spec, const struct disk_partition *partition,
			   const char *package, struct strv *argv, const char *name, int *ret_fd, struct err *err)
{
	_cleanup_fd_ int fd = format_open_image(arena, spec, name, partition->size, err);
	struct err why = {0};
	int r;

	if (fd < 0)
		return fd;
	strv_push(arena, argv, name);
	*arena_push(arena, argv->items, argv->count) = NULL;
	r = tool_run_at_epoch(spec, package, argv->items, &why);
	if (r == -EIO && partition->mkfs_arguments.count) {
		r = err_at(err, r, &partition->pos, partition->label, "cannot make its file system with 'extraArgs': %s",
			   why.first->text);
		if (why.first->context)
			err_wrap(err, "%s", why.first->context);
		err_free(&why);
		return r;
	}
	err_take(err, &why);
	if (r < 0)
		return err_wrap(err, "while making the file system of '%s'", partition->label);
	*ret_fd = fd;
	fd = -1;
	return 0;
}

static void format_push_all(struct arena *arena, struct strv *argv, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		strv_push(arena, argv, words[i]);
}

/* Pushes the partition's own arguments but for -E, which mkfs.ext4 takes once only: its options come before `options`. */
static const char *format_push_own(struct arena *arena, struct strv *argv, const struct strv *own, const char *options)
{
	for (size_t i = 0; i < own->count; i++) {
		if (strcmp(own->items[i], "-E") == 0 && i + 1 < own->count)
			options = arena_printf(arena, "%s,%s", own->items[++i], options);
		else
			strv_push(arena, argv, own->items[i]);
	}
	return options;
}

int format_ext4(const struct disk_spec *spec, const struct disk_partition *partition, const char *name, int *ret_fd,
		struct err *err)
{
	/* The sizes of large file systems: it grows with the disk, and they do not change then. */
	static const char *const fixed[] = {"/usr/sbin/mkfs.ext4", "-q", "-F", "-b", "4096", "-I", "256", "-i", "16384"};
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *options;
	struct strv argv = {0};
	char uuid[37], hash_seed[37];

	disk_uuid(spec->seed, arena_printf(arena, "file system %s", partition->label), uuid);
	disk_uuid(spec->seed, arena_printf(arena, "hash seed %s", partition->label), hash_seed);
	format_push_all(arena, &argv, fixed, sizeof fixed / sizeof *fixed);
	/* A file's holes are zeros already: nothing is left for the guest to initialise. */
	options = arena_printf(arena, "hash_seed=%s,root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0", hash_seed);
	options = format_push_own(arena, &argv, &partition->mkfs_arguments, options);
	format_push_all(
		arena, &argv,
		(const char *const[]){"-E", options, "-U", uuid, "-L", arena_strndup(arena, partition->label, 16)}, 6);
	return format_run_mkfs(arena, spec, partition, "e2fsprogs", &argv, name, ret_fd, err);
}

void format_vfat_serial(const char *seed, const char *label, char ret_serial[10])
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char uuid[37];

	disk_uuid(seed, arena_printf(arena, "file system %s", label), uuid);
	snprintf(ret_serial, 10, "%.4s-%.4s", uuid, uuid + 4);
}

/* Sectors a cluster: FAT32 has at least 65525 clusters; the larger they are, the fewer does a loader have to follow. 0: too
 * small for FAT32, mkfs.vfat may choose. */
static unsigned format_cluster_sectors(uint64_t size)
{
	for (unsigned sectors = 8; sectors; sectors /= 2)
		if (size / (sectors * 512ULL) >= 67000)
			return sectors;
	return 0;
}

int format_vfat(const struct disk_spec *spec, const struct disk_partition *partition, const char *name, int *ret_fd,
		struct err *err)
{
	static const char *const fixed[] = {"/usr/sbin/mkfs.vfat", "--invariant", "-S", "512"};
	_cleanup_arena_ struct arena *arena = arena_new();
	unsigned sectors = format_cluster_sectors(partition->size);
	char serial[10], label[12] = "";
	struct strv argv = {0};
	size_t n = 0;

	format_vfat_serial(spec->seed, partition->label, serial);
	for (const char *c = partition->label; *c && n < 11; c++)
		label[n++] = (char)(isalnum((unsigned char)*c) ? toupper((unsigned char)*c) : '_');
	format_push_all(arena, &argv, fixed, sizeof fixed / sizeof *fixed);
	if (sectors)
		format_push_all(arena, &argv,
				(const char *const[]){"-F", "32", "-s", arena_printf(arena, "%u", sectors)}, 4);
	format_push_all(arena, &argv, partition->mkfs_arguments.items, partition->mkfs_arguments.count);
	format_push_all(arena, &argv,
			(const char *const[]){"-n", label, "-i", arena_printf(arena, "%.4s%.4s", serial, serial + 5)},
			4);
	return format_run_mkfs(arena, spec, partition, "dosfstools", &argv, name, ret_fd, err);
}

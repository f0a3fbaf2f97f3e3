#include "disk/format.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "disk/tool.h"

enum { WORDS_MAX = 12 };

/* A file system being made. */
struct formatting {
	struct arena *arena;
	const struct disk_spec *spec;
	const struct disk_partition *partition;
	const char *name, *identity; /* the file's name; what it is known by */
	struct strv argv;
};

/* How one is made. */
struct format {
	const char *package;
	uint64_t minimum;
	const char *words[WORDS_MAX]; /* of mkfs, before the partition's own arguments */
	const char *named[WORDS_MAX]; /* and behind them: what it is known by, … */
	const char *label;            /* … the option with its name, … */
	size_t label_max;             /* … which has at most so many bytes */
	bool frozen;                  /* it asks for the time and for random numbers, and knows no words to tell it */
	int (*prepare)(struct formatting *f, struct err *err); /* pushes the partition's own arguments, and more; or NULL */
};

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

/* Makes the file and runs mkfs on it. */
static int format_run_mkfs(struct formatting *f, const struct format *format, int *ret_fd, struct err *err)
{
	const struct disk_partition *partition = f->partition;
	_cleanup_fd_ int fd = format_open_image(f->arena, f->spec, f->name, partition->size, err);
	struct err why = {0};
	int r;

	if (fd < 0)
		return fd;
	strv_push(f->arena, &f->argv, f->name);
	*arena_push(f->arena, f->argv.items, f->argv.count) = NULL;
	r = format->frozen ? tool_run_frozen(f->spec, format->package, f->argv.items, f->identity, &why)
			   : tool_run_at_epoch(f->spec, format->package, f->argv.items, &why);
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

static const char *format_uuid(struct formatting *f, const char *what)
{
	char *uuid = arena_alloc(f->arena, 37);

	disk_uuid(f->spec->seed, arena_printf(f->arena, "%s %s", what, f->identity), uuid);
	return uuid;
}

static void format_push_all(struct formatting *f, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n && words[i]; i++)
		strv_push(f->arena, &f->argv, words[i]);
}

/* Words of ours: %U in one stands for the UUID of the file system. */
static void format_push_ours(struct formatting *f, const char *const *words)
{
	for (size_t i = 0; i < WORDS_MAX && words[i]; i++) {
		const char *word = words[i], *uuid = strstr(word, "%U");

		if (uuid)
			word = arena_printf(f->arena, "%.*s%s", (int)(uuid - word), word, format_uuid(f, "file system"));
		strv_push(f->arena, &f->argv, word);
	}
}

/* The partition's own arguments, as they are. */
static void format_push_own(struct formatting *f)
{
	const struct strv *own = &f->partition->mkfs_arguments;

	for (size_t i = 0; i < own->count; i++)
		strv_push(f->arena, &f->argv, own->items[i]);
}

/* --- what each has of its own ---------------------------------------------------------------------------------------- */

/* mkfs.ext4 takes -E once only: the options of the partition's own come before ours. */
static int format_prepare_ext4(struct formatting *f, struct err *err)
{
	const struct strv *own = &f->partition->mkfs_arguments;
	/* A file's holes are zeros already: nothing is left for the guest to initialise. */
	const char *options = arena_printf(f->arena, "hash_seed=%s,root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0",
					   format_uuid(f, "hash seed"));

	(void)err;
	for (size_t i = 0; i < own->count; i++) {
		if (strcmp(own->items[i], "-E") == 0 && i + 1 < own->count)
			options = arena_printf(f->arena, "%s,%s", own->items[++i], options);
		else
			strv_push(f->arena, &f->argv, own->items[i]);
	}
	strv_push(f->arena, &f->argv, "-E");
	strv_push(f->arena, &f->argv, options);
	return 0;
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

static int format_prepare_vfat(struct formatting *f, struct err *err)
{
	unsigned sectors = format_cluster_sectors(f->partition->size);
	char serial[10], label[12] = "";
	size_t n = 0;

	(void)err;
	format_vfat_serial(f->spec->seed, f->identity, serial);
	for (const char *c = f->partition->label; *c && n < 11; c++)
		label[n++] = (char)(isalnum((unsigned char)*c) ? toupper((unsigned char)*c) : '_');
	if (sectors)
		format_push_all(f, (const char *const[]){"-F", "32", "-s", arena_printf(f->arena, "%u", sectors)}, 4);
	format_push_own(f);
	format_push_all(f, (const char *const[]){"-n", label, "-i", arena_printf(f->arena, "%.4s%.4s", serial, serial + 5)}, 4);
	return 0;
}

/* Subvolumes are made of folders that stand there for mkfs.btrfs to read. */
static int format_prepare_btrfs(struct formatting *f, struct err *err)
{
	const struct strv *subvolumes = &f->partition->subvolumes;
	const char *top = arena_printf(f->arena, "%s.folders", f->name);
	int r = 0;

	format_push_own(f);
	format_push_all(f, (const char *const[]){"--device-uuid", format_uuid(f, "device")}, 2);
	if (subvolumes->count)
		format_push_all(f, (const char *const[]){"--rootdir", top}, 2);
	for (size_t i = 0; r == 0 && i < subvolumes->count; i++) {
		const char *path = subvolumes->items[i];

		path += strspn(path, "/");
		r = folder_make(arena_printf(f->arena, "%s/%s/%s", f->spec->work, top, path), 0755, err);
		format_push_all(f, (const char *const[]){"--subvol", arena_printf(f->arena, "rw:%s", path)}, 2);
	}
	return r;
}

static int format_prepare_f2fs(struct formatting *f, struct err *err)
{
	(void)err;
	format_push_all(f, (const char *const[]){"-T", arena_printf(f->arena, "%" PRId64, f->spec->epoch)}, 2);
	format_push_own(f);
	return 0;
}

/* --- all of them ----------------------------------------------------------------------------------------------------- */

static const struct format formats[] = {
	/* The sizes of large file systems: it grows with the disk, and they do not change then. */
	[DISK_EXT4] = {"e2fsprogs", 32ULL << 20,
		       {"/usr/sbin/mkfs.ext4", "-q", "-F", "-b", "4096", "-I", "256", "-i", "16384"}, {"-U", "%U"}, "-L", 16,
		       false, format_prepare_ext4},
	[DISK_VFAT] = {"dosfstools", 1ULL << 20, {"/usr/sbin/mkfs.vfat", "--invariant", "-S", "512"}, {NULL}, NULL, 0,
		       false, format_prepare_vfat},
	[DISK_XFS] = {"xfsprogs", 300ULL << 20, {"/usr/sbin/mkfs.xfs", "-q", "-f"}, {"-m", "uuid=%U"}, "-L", 12, true, NULL},
	[DISK_BTRFS] = {"btrfs-progs", 128ULL << 20, {"/usr/sbin/mkfs.btrfs", "-q", "-f"}, {"-U", "%U"}, "-L", 255, true,
			format_prepare_btrfs},
	[DISK_F2FS] = {"f2fs-tools", 64ULL << 20, {"/usr/sbin/mkfs.f2fs", "-q", "-f", "-r"}, {"-U", "%U"}, "-l", 255, false,
		       format_prepare_f2fs},
	[DISK_SWAP] = {"util-linux", 1ULL << 20, {"/usr/sbin/mkswap", "-q"}, {"-U", "%U"}, "-L", 15, false, NULL},
};

bool format_is_known(enum disk_content content)
{
	return content < sizeof formats / sizeof *formats && formats[content].package;
}

enum disk_content format_named(const char *name)
{
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (formats[i].package && strcmp(disk_content_name((enum disk_content)i), name) == 0)
			return (enum disk_content)i;
	return DISK_EMPTY;
}

uint64_t format_minimum(enum disk_content content)
{
	return format_is_known(content) ? formats[content].minimum : 0;
}

int format_make(const struct disk_spec *spec, const struct disk_partition *partition, const char *name, int *ret_fd,
		struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct format *format = &formats[partition->content];
	struct formatting f = {
		.arena = arena, .spec = spec, .partition = partition, .name = name,
		.identity = partition->node ? partition->node : partition->label,
	};
	int r = 0;

	format_push_ours(&f, format->words);
	if (format->prepare)
		r = format->prepare(&f, err);
	else
		format_push_own(&f);
	if (r < 0)
		return r;
	format_push_ours(&f, format->named);
	if (format->label)
		format_push_all(&f, (const char *const[]){
				format->label, arena_strndup(arena, partition->label, format->label_max)}, 2);
	return format_run_mkfs(&f, format, ret_fd, err);
}

#include "disk/stacked.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "contract/stack.h"
#include "disk/format.h"
#include "edge/appliance.h"

enum { PART_BYTES = 1 << 20 };

/* Stacks in the making. */
struct stacking {
	struct arena *arena;
	const struct disk_spec *spec;
	const struct disk_layout *layout;
	struct appliance *appliance;
	const char **devices;        /* of the nodes, by their numbers in the stack */
	size_t n_arrays;
};

static size_t stacked_number(const struct stacking *m, const struct stack_node *node)
{
	return (size_t)(node - m->spec->stack->nodes);
}

/* The device that the node with the id is; NULL when it is none, or is not made here. */
static const char *stacked_device(const struct stacking *m, const char *id)
{
	const struct stack_node *node = stack_find(m->spec->stack, id);

	return node ? m->devices[stacked_number(m, node)] : NULL;
}

static const char *stacked_on(const struct stack_node *node)
{
	return node->on.count ? node->on.items[0] : "";
}

static const char *stacked_name(const struct stack_node *node)
{
	const char *name = stack_word(node, "name");

	return name ? name : node->id;
}

/* --- commands -------------------------------------------------------------------------------------------------------- */

static void stacked_push(struct stacking *m, struct strv *argv, const char *const *words)
{
	for (; *words; words++)
		strv_push(m->arena, argv, *words);
}

#define stacked_push(m, argv, ...) stacked_push(m, argv, (const char *const[]){__VA_ARGS__, NULL})

/* The node's own arguments: its words `arg=…`. */
static void stacked_push_own(struct stacking *m, struct strv *argv, const struct stack_node *node)
{
	static const char key[] = STACK_ARGUMENT "=";

	for (size_t i = 0; i < node->words.count; i++)
		if (text_has_prefix(node->words.items[i], key))
			strv_push(m->arena, argv, node->words.items[i] + strlen(key));
}

static int stacked_push_devices(struct stacking *m, struct strv *argv, const struct stack_node *node, struct err *err)
{
	for (size_t i = 0; i < node->on.count; i++) {
		const char *device = stacked_device(m, node->on.items[i]);

		if (!device)
			return err_set(err, -EINVAL, "bug: '%s' stands on '%s', which is not made in the image", node->id,
				       node->on.items[i]);
		strv_push(m->arena, argv, device);
	}
	return 0;
}

/* --- what the kinds are ---------------------------------------------------------------------------------------------- */

static int stacked_place(struct stacking *m, const struct stack_node *node, struct err *err)
{
	size_t drive = 0;

	for (size_t i = 0; i < m->layout->n_partitions; i++) {
		const struct disk_partition *partition = &m->layout->partitions[i];

		if (partition->content == DISK_STACK && strcmp(partition->node, node->id) == 0)
			m->devices[stacked_number(m, node)] = appliance_drive_path(m->arena, drive);
		drive += partition->content == DISK_STACK;
	}
	return m->devices[stacked_number(m, node)] ? 0 : err_set(err, -EINVAL, "bug: no partition is '%s'", node->id);
}

static int stacked_vg(struct stacking *m, const struct stack_node *node, struct err *err)
{
	struct strv pvs = {0}, group = {0};
	int r;

	stacked_push(m, &pvs, "lvm", "pvcreate", "--yes", "--force");
	stacked_push(m, &group, "lvm", "vgcreate", "--yes");
	stacked_push_own(m, &group, node);
	strv_push(m->arena, &group, stacked_name(node));
	r = stacked_push_devices(m, &pvs, node, err);
	if (r == 0)
		r = stacked_push_devices(m, &group, node, err);
	if (r == 0)
		r = appliance_do(m->appliance, &pvs, err);
	return r == 0 ? appliance_do(m->appliance, &group, err) : r;
}

static int stacked_lv(struct stacking *m, const struct stack_node *node, struct err *err)
{
	const struct stack_node *group = stack_find(m->spec->stack, stacked_on(node));
	const char *type = stack_word(node, "type"), *size = stack_word(node, "size"), *percent = stack_word(node, "percent"),
		   *pool = stack_word(node, "pool");
	struct strv argv = {0};
	bool thin;

	if (!group)
		return err_set(err, -EINVAL, "bug: '%s' is in no group", node->id);
	type = type ? type : "linear";
	thin = strcmp(type, "thin") == 0;
	stacked_push(m, &argv, "lvm", "lvcreate", "--yes", "--type", type, "--name", stacked_name(node));
	if (size)
		stacked_push(m, &argv, thin ? "--virtualsize" : "--size", arena_printf(m->arena, "%sb", size));
	else
		stacked_push(m, &argv, "--extents", arena_printf(m->arena, "%s%%FREE", percent ? percent : "100"));
	if (thin && pool)
		stacked_push(m, &argv, "--thinpool", pool);
	stacked_push_own(m, &argv, node);
	strv_push(m->arena, &argv, stacked_name(group));
	if (strcmp(type, "thin-pool") != 0)
		m->devices[stacked_number(m, node)] =
			arena_printf(m->arena, "/dev/%s/%s", stacked_name(group), stacked_name(node));
	return appliance_do(m->appliance, &argv, err);
}

/* All members are zeros, and so is what any level makes of zeros: there is nothing to bring into step. */
static int stacked_md(struct stacking *m, const struct stack_node *node, struct err *err)
{
	const char *device = arena_printf(m->arena, "/dev/md%zu", m->n_arrays++), *level = stack_word(node, "level"),
		   *metadata = stack_word(node, "metadata");
	struct strv argv = {0};
	char uuid[37];
	int r;

	disk_uuid(m->spec->seed, arena_printf(m->arena, "array %s", node->id), uuid);
	stacked_push(m, &argv, "mdadm", "--create", device, "--run", "--assume-clean", "--homehost=any");
	stacked_push(m, &argv, "--name", stacked_name(node), "--uuid", uuid, "--level", level ? level : "1", "--metadata",
		  metadata ? metadata : "1.2", "--raid-devices", arena_printf(m->arena, "%zu", node->on.count));
	stacked_push_own(m, &argv, node);
	r = stacked_push_devices(m, &argv, node, err);
	m->devices[stacked_number(m, node)] = device;
	return r == 0 ? appliance_do(m->appliance, &argv, err) : r;
}

/* --- file systems ---------------------------------------------------------------------------------------------------- */

/* Writes what is not zeros: the device has zeros. */
static int stacked_upload(struct stacking *m, int fd, uint64_t size, const char *device, struct err *err)
{
	struct disk content = {.arena = m->arena, .size_bytes = size};
	char *part = arena_alloc(m->arena, PART_BYTES);
	int r = disk_add_file(&content, 0, fd, size, err);

	for (size_t i = 0; r == 0 && i < content.n_extents; i++) {
		const struct disk_extent *extent = &content.extents[i];

		for (uint64_t done = 0; r == 0 && done < extent->length;) {
			size_t n = extent->length - done < PART_BYTES ? (size_t)(extent->length - done) : PART_BYTES;

			r = fd_pread_all(fd, part, n, extent->offset + done);
			if (r < 0)
				return err_sys(err, r, "cannot read the file system back");
			r = appliance_write(m->appliance, device, part, n, extent->offset + done, err);
			done += n;
		}
	}
	return r;
}

static void stacked_collect_subvolumes(struct stacking *m, const struct stack_node *node, struct strv *ret_paths)
{
	const struct stack *stack = m->spec->stack;

	for (size_t i = 0; i < stack->n_nodes; i++) {
		const char *path = stack_word(&stack->nodes[i], "path");

		if (strcmp(stack->nodes[i].kind, STACK_SUBVOLUME) == 0 && strv_has(&stack->nodes[i].on, node->id) && path)
			strv_push(m->arena, ret_paths, path);
	}
}

static int stacked_format(struct stacking *m, const struct stack_node *node, enum disk_content content, struct err *err)
{
	const char *label = stack_word(node, "label"), *device = stacked_device(m, stacked_on(node));
	struct disk_partition like = {
		.label = label ? label : stacked_on(node), .content = content, .node = node->id, .pos = node->pos,
	};
	_cleanup_fd_ int fd = -1;
	int r;

	if (!device || !format_is_known(content))
		return err_set(err, -EINVAL, "bug: '%s' is no file system on a device of the image", node->id);
	stacked_push_own(m, &like.mkfs_arguments, node);
	stacked_collect_subvolumes(m, node, &like.subvolumes);
	r = appliance_size(m->appliance, device, &like.size, err);
	if (r == 0 && like.size < format_minimum(content)) {
		err_at(err, -ENOSPC, &node->pos, NULL, "'%s' has %" PRIu64 "M, and %s takes %" PRIu64 "M at least",
		       stacked_on(node), like.size >> 20, disk_content_name(content), format_minimum(content) >> 20);
		return err_hint(err, "make it, or the partition that it stands on, larger");
	}
	if (r == 0)
		r = format_make(m->spec, &like, arena_printf(m->arena, "node%zu.img", stacked_number(m, node)), &fd, err);
	return r == 0 ? stacked_upload(m, fd, like.size, device, err) : r;
}

static int stacked_fs(struct stacking *m, const struct stack_node *node, struct err *err)
{
	const char *format = stack_word(node, "format");

	return stacked_format(m, node, format_named(format ? format : ""), err);
}

static int stacked_swap(struct stacking *m, const struct stack_node *node, struct err *err)
{
	return stacked_format(m, node, DISK_SWAP, err);
}

/* With its file system. */
static int stacked_subvolume(struct stacking *m, const struct stack_node *node, struct err *err)
{
	(void)m;
	(void)node;
	(void)err;
	return 0;
}

static int stacked_close_vg(struct stacking *m, const struct stack_node *node, struct err *err)
{
	struct strv argv = {0};

	stacked_push(m, &argv, "lvm", "vgchange", "--activate", "n", stacked_name(node));
	return appliance_do(m->appliance, &argv, err);
}

static int stacked_close_md(struct stacking *m, const struct stack_node *node, struct err *err)
{
	struct strv argv = {0};

	stacked_push(m, &argv, "mdadm", "--stop", m->devices[stacked_number(m, node)]);
	return appliance_do(m->appliance, &argv, err);
}

/* --- all of them ----------------------------------------------------------------------------------------------------- */

static const struct stacked_kind {
	const char *kind, *what;
	int (*make)(struct stacking *m, const struct stack_node *node, struct err *err);
	int (*close)(struct stacking *m, const struct stack_node *node, struct err *err);
} stacked_kinds[] = {
	{STACK_PLACE, "partition", stacked_place, NULL},
	{STACK_VG, "volume group", stacked_vg, stacked_close_vg},
	{STACK_LV, "logical volume", stacked_lv, NULL},
	{STACK_MD, "array", stacked_md, stacked_close_md},
	{STACK_FS, "file system", stacked_fs, NULL},
	{STACK_SUBVOLUME, "subvolume", stacked_subvolume, NULL},
	{STACK_SWAP, "swap space", stacked_swap, NULL},
};

static const struct stacked_kind *stacked_kind_of(const struct stack_node *node)
{
	for (size_t i = 0; i < sizeof stacked_kinds / sizeof *stacked_kinds; i++)
		if (strcmp(node->kind, stacked_kinds[i].kind) == 0)
			return &stacked_kinds[i];
	return NULL;
}

static int stacked_unknown(const struct stack_node *node, struct err *err)
{
	return err_at(err, -EOPNOTSUPP, &node->pos, NULL, "bug: '%s' ('%s') cannot be made in an image", node->id, node->kind);
}

static int stacked_one(struct stacking *m, const struct stack_node *node, struct err *err)
{
	const struct stacked_kind *kind = stacked_kind_of(node);
	int r = kind ? kind->make(m, node, err) : stacked_unknown(node, err);

	return r < 0 && kind ? err_wrap(err, "while making the %s '%s' in the image", kind->what, node->id) : r;
}

static int stacked_close(struct stacking *m, const struct stack_node *node, struct err *err)
{
	const struct stacked_kind *kind = stacked_kind_of(node);

	return kind && kind->close ? kind->close(m, node, err) : 0;
}

static int stacked_work(struct appliance *appliance, void *data, struct err *err)
{
	struct stacking *m = data;
	const struct stack *stack = m->spec->stack;
	int r = 0;

	m->appliance = appliance;
	for (size_t i = 0; r == 0 && i < stack->n_nodes; i++)
		if (stack->nodes[i].in_image)
			r = stacked_one(m, &stack->nodes[i], err);
	for (size_t i = stack->n_nodes; r == 0 && i-- > 0;)
		if (stack->nodes[i].in_image)
			r = stacked_close(m, &stack->nodes[i], err);
	return r;
}

static int stacked_launch(struct stacking *m, const struct appliance_drive *drives, size_t n, struct err *err)
{
	const struct appliance_options options = {
		.drives = drives, .n_drives = n, .cache = m->spec->cache, .work = m->spec->work,
	};

	for (size_t i = 0; i < m->spec->stack->n_nodes; i++) {
		const struct stack_node *node = &m->spec->stack->nodes[i];

		if (node->in_image && !stacked_kind_of(node))
			return stacked_unknown(node, err);
	}
	log_step("stacks of block devices, in the appliance");
	return appliance_run(&options, stacked_work, m, err);
}

/* An empty file for a partition; it is the disk's. */
static int stacked_open(const char *path, uint64_t size, struct disk *disk, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		return err_sys(err, -errno, "cannot make '%s'", path);
	disk_own(disk, fd);
	return ftruncate(fd, (off_t)size) < 0 ? err_sys(err, -errno, "cannot make '%s'", path) : fd;
}

int stacked_make(const struct disk_spec *spec, const struct disk_layout *layout, struct disk *disk, struct err *err)
{
	struct stacking m = {.arena = disk->arena, .spec = spec, .layout = layout};
	struct appliance_drive *drives = arena_array(disk->arena, struct appliance_drive, layout->n_partitions + 1);
	int *fds = arena_array(disk->arena, int, layout->n_partitions + 1), r = 0;
	size_t n = 0;

	for (size_t i = 0; i < layout->n_partitions; i++) {
		if (layout->partitions[i].content != DISK_STACK)
			continue;
		drives[n].path = arena_printf(disk->arena, "%s/stack%zu.img", spec->work, i);
		drives[n].format = "raw";
		fds[n] = stacked_open(drives[n].path, layout->partitions[i].size, disk, err);
		if (fds[n++] < 0)
			return fds[n - 1];
	}
	if (!n)
		return 0;
	m.devices = arena_array(disk->arena, const char *, spec->stack->n_nodes + 1);
	r = stacked_launch(&m, drives, n, err);
	n = 0;
	for (size_t i = 0; r == 0 && i < layout->n_partitions; i++)
		if (layout->partitions[i].content == DISK_STACK) {
			r = disk_add_file(disk, layout->partitions[i].start, fds[n], layout->partitions[i].size, err);
			n++;
		}
	return r;
}

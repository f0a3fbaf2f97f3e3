/* File systems. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "contract/stack.h"
#include "machine/disks/look.h"
#include "machine/disks/programs.h"
#include "machine/disks/ways.h"

/* How each is made; the label and the device follow. Sizes of ext4 as builder/disk/format.c has them: of large ones. None tells
 * a disk that it is unused: on a shadow there is nothing to tell. */
static const struct filesystem {
	const char *format, *modules;  /* NULL: built into the kernel */
	const char *make[12];
	const char *label;             /* the option */
} filesystems[] = {
	{"ext4", NULL, {"/usr/sbin/mkfs.ext4", "-q", "-F", "-b", "4096", "-I", "256", "-i", "16384", "-E",
			"lazy_itable_init=1,lazy_journal_init=1,nodiscard,root_owner=0:0", NULL}, "-L"},
	{"xfs", "xfs", {"/usr/sbin/mkfs.xfs", "-q", "-f", "-K", NULL}, "-L"},
	{"btrfs", "btrfs", {"/usr/sbin/mkfs.btrfs", "-q", "-f", "-K", NULL}, "-L"},
	{"vfat", "vfat", {"/usr/sbin/mkfs.vfat", "-F", "32", NULL}, "-n"},
	{"f2fs", "f2fs", {"/usr/sbin/mkfs.f2fs", "-q", "-f", "-t", "0", NULL}, "-l"},
};

static const struct filesystem *filesystems_find(const struct node *node)
{
	for (size_t i = 0; i < sizeof filesystems / sizeof *filesystems; i++)
		if (strcmp(filesystems[i].format, node_word(node, "format")) == 0)
			return &filesystems[i];
	return NULL;
}

/* --- making ---------------------------------------------------------------------------------------------------------- */

/* The log of XFS is written with zeros, and on a shadow each of them takes memory: it is kept small, unless the recipe says how
 * large it is to be. */
static bool filesystems_have_log(const struct node *node)
{
	for (size_t i = 0; i < node->n_words; i++)
		if (strncmp(node->words[i], STACK_ARGUMENT "=-l", strlen(STACK_ARGUMENT "=-l")) == 0)
			return true;
	return false;
}

int fs_make(struct stage *stage, struct node *node)
{
	const struct filesystem *type = filesystems_find(node);
	struct program program;
	int r;

	if (!type) {
		stage_problem(stage, "%s: the format '%s' is not known", node->id, node_word(node, "format"));
		return -EINVAL;
	}
	program_begin(&program, type->make[0]);
	program_add_all(&program, type->make + 1);
	if (*node_word(node, "label"))
		program_add_all(&program, (const char *const[]){type->label, node_word(node, "label"), NULL});
	if (strcmp(type->format, "xfs") == 0 && !filesystems_have_log(node))
		program_add_all(&program, (const char *const[]){"-l", "size=64m", NULL});
	program_add_values(&program, node, STACK_ARGUMENT);
	program_add(&program, nodes_base(&stage->nodes, node)->device);
	r = program_do(&program);
	if (r < 0)
		stage_problem(stage, "%s: the file system (%s) could not be made", node->id, type->format);
	return r;
}

/* --- opening --------------------------------------------------------------------------------------------------------- */

/* e2fsck(8): 1 and 2 are errors that were mended; nobody has it mounted. */
static int filesystems_check(struct stage *stage, const struct node *node)
{
	enum { MENDED = 3 };
	struct program program;
	int status;

	program_begin(&program, "/usr/sbin/e2fsck");
	program_add_all(&program, (const char *const[]){"-p", node->device, NULL});
	status = program_run(&program);
	if (status < 0 || status & ~MENDED) {
		stage_problem(stage, "%s: the file system of %s has errors that nobody can mend without asking: run 'e2fsck "
			      "%s' by "
			      "hand", node->id, node->device, node->device);
		return -EIO;
	}
	if (status)
		stage_note(stage, "%s: errors of the file system of %s were mended", node->id, node->device);
	return 0;
}

static bool filesystems_are_mounted(const char *device)
{
	int fd = open(device, O_RDONLY | O_EXCL | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd < 0 && errno == EBUSY;
}

int fs_open(struct stage *stage, struct node *node)
{
	const char *device = nodes_base(&stage->nodes, node)->device, *label = node_word(node, "label");
	const struct filesystem *type = filesystems_find(node);
	struct look look;

	if (!type || !look_at(device, &look) || strcmp(look.type, type->format) != 0 || strcasecmp(look.label, label) != 0) {
		stage_problem(stage, "%s: on %s there is %s, and not %s labelled '%s': it is left alone", node->id, device,
			      look_called(&look), node_word(node, "format"), label);
		return -EINVAL;
	}
	if (type->modules)
		stage_module(type->modules);
	stage_set_device(node, "%s", device);
	return !stage->shadow && strcmp(type->format, "ext4") == 0 && !filesystems_are_mounted(device)
		       ? filesystems_check(stage, node) : 0;
}

/* --- growing --------------------------------------------------------------------------------------------------------- */

int fs_grow(struct stage *stage, struct node *node, const char *folder)
{
	static const struct { const char *format, *argv[5]; bool folder; } tools[] = {
		{"ext4", {"/usr/sbin/resize2fs", NULL}, false},
		{"xfs", {"/usr/sbin/xfs_growfs", "-d", NULL}, true},
		{"btrfs", {"/usr/bin/btrfs", "filesystem", "resize", "max", NULL}, true},
	};
	struct program program;
	int r = 0;

	for (size_t i = 0; i < sizeof tools / sizeof *tools; i++) {
		if (strcmp(tools[i].format, node_word(node, "format")) != 0)
			continue;
		program_begin(&program, tools[i].argv[0]);
		program_add_all(&program, tools[i].argv + 1);
		program_add(&program, tools[i].folder ? folder : node->device);
		r = program_do(&program);
		if (r < 0)
			stage_note(stage, "%s: the file system at %s could not be grown", node->id, folder);
	}
	return r;
}

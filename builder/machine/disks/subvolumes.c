/* Subvolumes of btrfs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "contract/stack.h"
#include "machine/disks/programs.h"
#include "machine/disks/ways.h"
#include "machine/say.h"

#define PRIVATE STAGE_ROOM "/mount"

static int subvolumes_mount(struct stage *stage, const struct node *node)
{
	const char *device = nodes_base(&stage->nodes, node)->device;
	int r = make_folder(PRIVATE, 0700);

	if (r == 0 && mount(device, PRIVATE, "btrfs", MS_NOSUID | MS_NODEV, "subvolid=5") < 0)
		r = -errno;
	if (r < 0)
		stage_problem(stage, "%s: %s cannot be mounted to look for its subvolumes: %s", node->id, device, strerror(-r));
	return r;
}

/* Folders that lead to it are made, too. */
static int subvolumes_create(const struct node *node, const char *path)
{
	struct program program;

	program_begin(&program, "/usr/bin/btrfs");
	program_add_all(&program, (const char *const[]){"-q", "subvolume", "create", "-p", NULL});
	program_add_values(&program, node, STACK_ARGUMENT);
	program_add(&program, path);
	return program_do(&program);
}

/* A recipe may get another subvolume later: what is missing is made. */
int subvolume_open(struct stage *stage, struct node *node)
{
	char path[sizeof PRIVATE + 300];
	struct stat st;
	int r = subvolumes_mount(stage, node);

	if (r < 0)
		return r;
	snprintf(path, sizeof path, PRIVATE "/%s", node_word(node, "path"));
	r = lstat(path, &st) == 0 ? 0 : subvolumes_create(node, path);
	if (r < 0)
		stage_problem(stage, "%s: the subvolume '%s' could not be made", node->id, node_word(node, "path"));
	umount2(PRIVATE, MNT_DETACH);
	stage_set_device(node, "%s", nodes_base(&stage->nodes, node)->device);
	return r;
}

int subvolume_make(struct stage *stage, struct node *node)
{
	(void)stage;
	(void)node;
	return 0; /* opening makes it */
}

#include "machine/disks/var_mounted.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "contract/stack.h"
#include "machine/disks/programs.h"
#include "machine/disks/ways.h"
#include "machine/mountinfo.h"
#include "machine/say.h"

#define VAR "/var"

static struct node *var_find(struct stage *stage)
{
	for (size_t i = 0; i < stage->nodes.n; i++)
		if (stage->nodes.list[i].kind == NODE_VAR)
			return &stage->nodes.list[i];
	return NULL;
}

static int var_mount_from(struct stage *stage, const struct node *var, struct node *fs)
{
	const char *options = node_word(var, "options"), *subvolume = node_word(var, "subvolume");
	struct program program;
	int r;

	program_begin(&program, "/usr/bin/mount");
	program_add_all(&program, (const char *const[]){"-t", node_word(fs, "format"), NULL});
	if (options && *options)
		program_add_all(&program, (const char *const[]){"-o", options, NULL});
	if (subvolume && *subvolume)
		program_addf(&program, "-osubvol=%s", subvolume);
	program_add_all(&program, (const char *const[]){fs->device, VAR, NULL});
	r = program_do(&program);
	if (r < 0)
		stage_problem(stage, "the state on %s cannot be mounted at " VAR, fs->device);
	else
		fs_grow(stage, fs, VAR);
	return r;
}

/* The kernel's name of the device: that is what others know it by. */
static const char *var_name(const char *device)
{
	static char name[NODE_DEVICE];
	char *real = realpath(device, NULL);

	snprintf(name, sizeof name, "%.90s", real ? real + strlen("/dev/") : device);
	free(real);
	return name;
}

void var_mount(struct stage *stage)
{
	struct node *var = var_find(stage), *fs = var ? nodes_base(&stage->nodes, var) : NULL;
	char text[700];
	int r;

	if (!fs)
		stage_problem(stage, STACK_FILE " does not say what is mounted at " VAR);
	r = fs && fs->state == NODE_OPEN ? var_mount_from(stage, var, fs) : -ENODEV;
	if (r == 0)
		snprintf(text, sizeof text, STACK_VAR_ON "=%s\n", var_name(fs->device));
	else
		snprintf(text, sizeof text, STACK_VAR_PROBLEM "=%.*s\n", (int)strcspn(stage->problems, "\n"),
			 *stage->problems ? stage->problems : "the state cannot be opened");
	r = write_whole("/run/aether", strrchr(STACK_VAR_FILE, '/') + 1, text);
	if (r < 0)
		say("cannot write " STACK_VAR_FILE ": %s", strerror(-r));
}

/* --- growing --------------------------------------------------------------------------------------------------------- */

static bool var_is_from(const char *point, const char *device)
{
	struct stat mounted, special;

	/* btrfs has numbers of its own for what is mounted: its mounts are compared by the file system's type alone below. */
	return stat(point, &mounted) == 0 && stat(device, &special) == 0 && S_ISBLK(special.st_mode) &&
	       mounted.st_dev == special.st_rdev;
}

static void var_grow_at(struct stage *stage, struct node *fs)
{
	char *text = mountinfo_load(), *rest = text;
	struct mountinfo mount;

	while (text && mountinfo_next(&rest, &mount) == 1) {
		if (!var_is_from(mount.point, fs->device))
			continue;
		fs_grow(stage, fs, mount.point);
		break;
	}
	free(text);
}

void var_grow_mounted(struct stage *stage)
{
	struct node *var = var_find(stage);

	for (size_t i = 0; i < stage->nodes.n; i++) {
		struct node *node = &stage->nodes.list[i];

		if (node->kind != NODE_FS || node->state != NODE_OPEN)
			continue;
		if (var && nodes_base(&stage->nodes, var) == node)
			fs_grow(stage, node, VAR);
		else if (node_word(node, "grow"))
			var_grow_at(stage, node);
	}
}

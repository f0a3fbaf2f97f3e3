/* Groups of volumes and what is in them: LVM, told each time which devices it may look at. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract/stack.h"
#include "machine/disks/programs.h"
#include "machine/disks/ways.h"
#include "machine/say.h"

#define LVM "/usr/sbin/lvm"

enum { DEVICES_BYTES = NODE_ON_MAX * NODE_DEVICE, ANSWER_BYTES = 4096 };

/* Nothing is kept beside the disks: the image's /etc forgets, and is not there yet in the initrd. */
#define CONFIG "backup { backup=0 archive=0 }"
#define CONFIG_EARLY CONFIG " activation { udev_sync=0 udev_rules=0 monitoring=0 }"

static struct node *volumes_group(struct stage *stage, struct node *node)
{
	return node->kind == NODE_VG ? node : nodes_base(&stage->nodes, node);
}

/* Names of other disks mean nothing: only those that the group stands on are looked at. */
static void volumes_begin(struct stage *stage, struct node *node, struct program *program, const char *command)
{
	struct node *group = volumes_group(stage, node);
	char devices[DEVICES_BYTES] = "";

	for (size_t i = 0; i < group->n_on; i++) {
		const struct node *base = &stage->nodes.list[group->on[i]];

		if (!*base->device || base->state == NODE_FAILED || base->state == NODE_BLANK)
			continue;
		snprintf(devices + strlen(devices), sizeof devices - strlen(devices), "%s%s", *devices ? "," : "",
			 base->device);
	}
	program_begin(program, LVM);
	program_add_all(program, (const char *const[]){command, "--yes", "--config", stage->early ? CONFIG_EARLY : CONFIG,
						       "--devices", NULL});
	program_addf(program, "%s", devices);
}

static int volumes_do(struct stage *stage, const struct node *node, struct program *program, const char *what)
{
	int r = program_do(program);

	if (r < 0)
		stage_problem(stage, "%s: %s", node->id, what);
	return r;
}

/* --- groups ---------------------------------------------------------------------------------------------------------- */

int vg_make(struct stage *stage, struct node *node)
{
	struct program program;

	/* Nobody but us makes its volumes appear: udev's rules leave it alone. */
	volumes_begin(stage, node, &program, "vgcreate");
	program_add_all(&program, (const char *const[]){"--quiet", "--setautoactivation", "n", NULL});
	program_add_values(&program, node, STACK_ARGUMENT);
	program_add(&program, node_word(node, "name"));
	for (size_t i = 0; i < node->n_on; i++)
		program_add(&program, stage->nodes.list[node->on[i]].device);
	return volumes_do(stage, node, &program, "the volume group could not be made");
}

/* A group without one of its disks is opened: what does not need that disk can be used, and so can mirrors. */
int vg_open(struct stage *stage, struct node *node)
{
	char answer[64];
	struct program program;
	int r;

	volumes_begin(stage, node, &program, "vgs");
	program_add_all(&program, (const char *const[]){"--noheadings", "-o", "vg_missing_pv_count", node_word(node, "name"),
							NULL});
	program.output = answer;
	program.output_size = sizeof answer;
	r = volumes_do(stage, node, &program, "its disks do not hold this volume group: they are left alone");
	if (r == 0 && atoi(answer) > 0)
		stage_problem(stage, "%s: disks of the volume group '%s' are missing (%d): volumes that need them are not "
			      "there",
			      node->id, node_word(node, "name"), atoi(answer));
	return r;
}

void vg_close(struct stage *stage, struct node *node)
{
	enum { TRIES = 50, PAUSE_US = 100000 };
	struct program program;

	for (unsigned i = 0; i < TRIES; i++) {
		volumes_begin(stage, node, &program, "vgchange");
		program_add_all(&program, (const char *const[]){"--quiet", "-an", node_word(node, "name"), NULL});
		program.quiet = true;
		if (program_run(&program) == 0)
			return;
		usleep(PAUSE_US);
	}
}

/* What a disk has beyond its extents is less than this, if it has not grown. */
#define VOLUMES_SLACK (UINT64_C(8) << 20)

int vg_grow(struct stage *stage, struct node *node)
{
	static char answer[ANSWER_BYTES];
	char device[NODE_DEVICE], *rest = answer, *line;
	unsigned long long usable, bytes;
	struct program program;
	int r;

	volumes_begin(stage, node, &program, "pvs");
	program_add_all(&program, (const char *const[]){"--noheadings", "--nosuffix", "--units", "b", "-o",
							"pv_size,dev_size,pv_name", NULL});
	program.output = answer;
	program.output_size = sizeof answer;
	r = volumes_do(stage, node, &program, "the sizes of its disks are not known");
	while (r == 0 && (line = strsep(&rest, "\n"))) {
		if (sscanf(line, "%llu %llu %95s", &usable, &bytes, device) != 3 || usable + VOLUMES_SLACK >= bytes)
			continue;
		volumes_begin(stage, node, &program, "pvresize");
		program_add_all(&program, (const char *const[]){"--quiet", device, NULL});
		r = volumes_do(stage, node, &program, "its disk has grown, and the volume group could not be grown with it");
	}
	return r;
}

/* --- volumes --------------------------------------------------------------------------------------------------------- */

static bool volumes_are(const struct node *node, const char *type)
{
	return strcmp(node_word(node, "type"), type) == 0;
}

int lv_make(struct stage *stage, struct node *node)
{
	const char *group = node_word(nodes_base(&stage->nodes, node), "name");
	struct program program;

	volumes_begin(stage, node, &program, "lvcreate");
	program_add_all(&program, (const char *const[]){"--quiet", "--type", node_word(node, "type"), "--name",
							node_word(node, "name"), NULL});
	if (strncmp(node_word(node, "type"), "thin", 4) != 0)
		program_add(&program, "-Wy"); /* (what was there once is no file system of this volume's) */
	if (node_word(node, "percent"))
		program_addf(&program, "--extents=%llu%%FREE", (unsigned long long)node_word_number(node, "percent"));
	else
		program_addf(&program, "--%s=%llub", volumes_are(node, "thin") ? "virtualsize" : "size",
			     (unsigned long long)node_word_number(node, "size"));
	if (node_word(node, "pool"))
		program_add_all(&program, (const char *const[]){"--thinpool", node_word(node, "pool"), NULL});
	program_add_values(&program, node, STACK_ARGUMENT);
	program_add(&program, group);
	return volumes_do(stage, node, &program, "the volume could not be made");
}

/* The device-mapper's name: of group and volume, in which hyphens are doubled. */
static void volumes_set_device(struct stage *stage, struct node *node)
{
	const char *parts[] = {node_word(nodes_base(&stage->nodes, node), "name"), node_word(node, "name")};
	char name[NODE_DEVICE], *to = name;

	for (size_t i = 0; i < 2; i++) {
		for (const char *from = parts[i]; *from && to < name + sizeof name - 4; from++) {
			*to++ = *from;
			if (*from == '-')
				*to++ = '-';
		}
		*to++ = i == 0 ? '-' : 0;
	}
	stage_set_device(node, "/dev/mapper/%s", name);
}

/* Kinds that need more of the kernel than the device-mapper itself. */
static void volumes_load(const struct node *node)
{
	if (strncmp(node_word(node, "type"), "raid", 4) == 0)
		stage_module("dm_raid");
	if (strncmp(node_word(node, "type"), "thin", 4) == 0)
		stage_module("dm_thin_pool");
}

int lv_open(struct stage *stage, struct node *node)
{
	const char *group = node_word(nodes_base(&stage->nodes, node), "name");
	struct program program;
	int r;

	volumes_load(node);
	if (volumes_are(node, "thin-pool"))
		return 0; /* its volumes bring it */
	volumes_set_device(stage, node);
	if (access(node->device, F_OK) == 0)
		return 0;
	volumes_begin(stage, node, &program, "lvchange");
	program_add_all(&program, (const char *const[]){"--quiet", "-ay", "-K", "--activationmode", "degraded", NULL});
	program_addf(&program, "%s/%s", group, node_word(node, "name"));
	r = volumes_do(stage, node, &program, "the volume cannot be used");
	return r == 0 && !stage_await(node->device) ? -ENOENT : r;
}

int lv_grow(struct stage *stage, struct node *node)
{
	const char *group = node_word(nodes_base(&stage->nodes, node), "name");
	char answer[64];
	struct program program;
	int r;

	if (node_word_number(node, "percent") != 100)
		return 0;
	volumes_begin(stage, node, &program, "vgs");
	program_add_all(&program, (const char *const[]){"--noheadings", "-o", "vg_free_count", group, NULL});
	program.output = answer;
	program.output_size = sizeof answer;
	r = volumes_do(stage, node, &program, "how much of its group is free is not known");
	if (r < 0 || atoi(answer) == 0)
		return r;
	volumes_begin(stage, node, &program, "lvextend");
	program_add_all(&program, (const char *const[]){"--quiet", "--extents", "+100%FREE", NULL});
	program_addf(&program, "%s/%s", group, node_word(node, "name"));
	program.quiet = true; /* what is free may be too little for one more row of a RAID */
	program_run(&program);
	return 0;
}

/* Arrays: md, by mdadm(8), from the devices that the layout names and no others. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract/stack.h"
#include "machine/disks/look.h"
#include "machine/disks/programs.h"
#include "machine/disks/ways.h"
#include "machine/say.h"

#define MDADM "/usr/sbin/mdadm"

bool md_is_redundant(const struct node *node)
{
	return node_word_number(node, "level") != 0;
}

/* The kernel's own name of a device: "vdb" of "/dev/vdb", "dm-3" of "/dev/mapper/…". */
static void arrays_kernel_name(const char *device, char out[NODE_DEVICE])
{
	char *real = realpath(device, NULL);
	const char *path = real ? real : device;

	snprintf(out, NODE_DEVICE, "%.90s", strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
	free(real);
}

/* The array that the device is a member of. */
static bool arrays_find_holder(const char *device, char ret_array[NODE_DEVICE])
{
	char path[300], name[NODE_DEVICE];
	struct dirent *entry;
	bool found = false;
	DIR *folder;

	arrays_kernel_name(device, name);
	snprintf(path, sizeof path, "/sys/class/block/%s/holders", name);
	folder = opendir(path);
	while (folder && !found && (entry = readdir(folder))) {
		found = strncmp(entry->d_name, "md", 2) == 0;
		if (found)
			snprintf(ret_array, NODE_DEVICE, "/dev/%.80s", entry->d_name);
	}
	if (folder)
		closedir(folder);
	return found;
}

static long arrays_number(const char *array, const char *file)
{
	char path[300], text[64];

	snprintf(path, sizeof path, "/sys/class/block/%s/md/%s", array + strlen("/dev/"), file);
	return read_line(path, text, sizeof text) > 0 ? strtol(text, NULL, 10) : 0;
}

static void arrays_load(const struct node *node)
{
	static const struct { uint64_t level; const char *module; } levels[] = {
		{0, "raid0"}, {1, "raid1"}, {4, "raid456"}, {5, "raid456"}, {6, "raid456"}, {10, "raid10"},
	};

	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		if (levels[i].level == node_word_number(node, "level"))
			stage_module(levels[i].module);
}

static void arrays_stop(const char *array)
{
	enum { TRIES = 50, PAUSE_US = 100000 };
	struct program program;

	for (unsigned i = 0; i < TRIES; i++) {
		program_begin(&program, MDADM);
		program_add_all(&program, (const char *const[]){"--quiet", "--stop", array, NULL});
		program.quiet = true;
		if (program_run(&program) == 0)
			return;
		usleep(PAUSE_US);
	}
}

/* What udev has begun to put together, and waits for more members of, holds those that are there. */
static bool arrays_runs(const char *array)
{
	char path[300], text[64] = "";

	snprintf(path, sizeof path, "/sys/class/block/%s/md/array_state", array + strlen("/dev/"));
	read_line(path, text, sizeof text);
	return *text && strcmp(text, "inactive") != 0 && strcmp(text, "clear") != 0;
}

/* The array of any of its members that is one. */
static bool arrays_find(struct stage *stage, struct node *node)
{
	char array[NODE_DEVICE];

	for (size_t i = 0; i < node->n_on; i++) {
		const struct node *base = &stage->nodes.list[node->on[i]];

		if (!*base->device || !arrays_find_holder(base->device, array))
			continue;
		if (!arrays_runs(array)) {
			arrays_stop(array);
			continue;
		}
		stage_set_device(node, "%s", array);
		return true;
	}
	return false;
}

/* --- making ---------------------------------------------------------------------------------------------------------- */

int md_make(struct stage *stage, struct node *node)
{
	struct program program;
	int r;

	arrays_load(node);
	program_begin(&program, MDADM);
	program_add(&program, "--create");
	program_addf(&program, "/dev/md/%s", node_word(node, "name"));
	program_add_all(&program, (const char *const[]){"--quiet", "--run", "--homehost=any", "--config=none", NULL});
	program_addf(&program, "--name=%s", node_word(node, "name"));
	program_addf(&program, "--level=%s", node_word(node, "level"));
	program_addf(&program, "--metadata=%s", node_word(node, "metadata"));
	program_addf(&program, "--raid-devices=%zu", node->n_on);
	if (md_is_redundant(node))
		program_add(&program, "--bitmap=internal"); /* a member that comes back is brought up to date,
		not written anew */
	program_add_values(&program, node, STACK_ARGUMENT);
	for (size_t i = 0; i < node->n_on; i++)
		program_add(&program, stage->nodes.list[node->on[i]].device);
	r = program_do(&program);
	if (r < 0)
		stage_problem(stage, "%s: the array could not be made", node->id);
	return r;
}

/* --- opening --------------------------------------------------------------------------------------------------------- */

static size_t arrays_add_members(struct stage *stage, const struct node *node, struct program *program)
{
	struct look look;
	size_t n = 0;

	for (size_t i = 0; i < node->n_on; i++) {
		const struct node *base = &stage->nodes.list[node->on[i]];

		if (!*base->device || (base->state != NODE_OPEN && base->state != NODE_THERE))
			continue;
		if (!look_at(base->device, &look) || strcmp(look.type, "linux_raid_member") != 0)
			continue;
		program_add(program, base->device);
		n++;
	}
	return n;
}

/* Whatever is missing, it runs, if it can. */
static int arrays_assemble(struct stage *stage, struct node *node)
{
	struct program program;
	size_t n;

	program_begin(&program, MDADM);
	program_add(&program, "--assemble");
	program_addf(&program, "/dev/md/%s", node_word(node, "name"));
	program_add_all(&program, (const char *const[]){"--quiet", "--run", "--homehost=any", "--config=none", NULL});
	program_addf(&program, "--name=%s", node_word(node, "name"));
	n = arrays_add_members(stage, node, &program);
	return n && program_do(&program) == 0 && arrays_find(stage, node) ? 0 : -EIO;
}

int md_open(struct stage *stage, struct node *node)
{
	int r;

	arrays_load(node);
	r = arrays_find(stage, node) ? 0 : arrays_assemble(stage, node);
	if (r < 0)
		stage_problem(stage, "%s: the array '%s' does not start from the disks that are there: they are left alone",
			      node->id,
			      node_word(node, "name"));
	else if (!stage->shadow && arrays_number(node->device, "degraded") > 0)
		stage_note(stage, "%s: the array '%s' (%s) runs without %ld of its disks, or one is being written to: see "
			   "/proc/mdstat", node->id, node_word(node, "name"), node->device,
			   arrays_number(node->device, "degraded"));
	return r == 0 && !stage_await(node->device) ? -ENOENT : r;
}

void md_close(struct stage *stage, struct node *node)
{
	(void)stage;
	if (*node->device)
		arrays_stop(node->device);
}

int md_add(struct stage *stage, struct node *node, const char *device)
{
	char array[NODE_DEVICE];
	struct program program;
	int r;

	if (arrays_find_holder(device, array))
		return 0;
	program_begin(&program, MDADM);
	program_add_all(&program, (const char *const[]){"--quiet", "--manage", node->device, "--add", device, NULL});
	r = program_do(&program);
	if (r == 0)
		stage_note(stage, "%s: %s was blank, and is a member of the array '%s' now, which is being brought up to "
			   "date", node->id,
			   device, node_word(node, "name"));
	else
		stage_problem(stage, "%s: %s could not be added to the array '%s': is it smaller than the others?", node->id,
			      device,
			      node_word(node, "name"));
	return r;
}

/* --- growing --------------------------------------------------------------------------------------------------------- */

static uint64_t arrays_free_behind(const char *array, const char *device)
{
	char path[300], text[64], name[NODE_DEVICE], file[NODE_DEVICE + 32];
	uint64_t sectors = 0, used;

	arrays_kernel_name(device, name);
	snprintf(path, sizeof path, "/sys/class/block/%s/size", name);
	if (read_line(path, text, sizeof text) > 0)
		sectors = strtoull(text, NULL, 10);
	snprintf(file, sizeof file, "dev-%s/offset", name);
	used = (uint64_t)arrays_number(array, file) + 2 * (uint64_t)arrays_number(array, "component_size");
	return sectors > used ? (sectors - used) * 512 : 0;
}

/* When all members have grown, by more than what metadata leaves at the end. */
int md_grow(struct stage *stage, struct node *node)
{
	const uint64_t slack = UINT64_C(4) << 20;
	struct program program;
	int r;

	if (!md_is_redundant(node) || arrays_number(node->device, "degraded") > 0)
		return 0;
	for (size_t i = 0; i < node->n_on; i++)
		if (arrays_free_behind(node->device, stage->nodes.list[node->on[i]].device) < slack)
			return 0;
	program_begin(&program, MDADM);
	program_add_all(&program, (const char *const[]){"--quiet", "--grow", node->device, "--size=max", NULL});
	r = program_do(&program);
	if (r < 0)
		stage_note(stage, "%s: the disks of the array '%s' have grown, but the array could not be grown", node->id,
			   node_word(node, "name"));
	return r;
}

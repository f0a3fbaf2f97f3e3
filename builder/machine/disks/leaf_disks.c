#include "machine/disks/leaf_disks.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "contract/stack.h"
#include "machine/block.h"
#include "machine/disks/publish_shadows.h"
#include "machine/root/drives.h"
#include "machine/root/media.h"
#include "machine/say.h"

/* Drivers of disks need a while, and nobody says when all are there. */
enum { PATIENCE_US = 8000000, PAUSE_US = 200000, NAMES_BYTES = 4096 };

bool leaf_is(const struct node *node)
{
	return node->kind == NODE_DISK || node->kind == NODE_PLACE;
}

const char *leaf_called(const struct node *node)
{
	static char texts[4][160];
	static unsigned next;
	char *text = texts[next++ % 4];

	snprintf(text, sizeof *texts, node->kind == NODE_DISK ? "the disk with the serial number '%s'"
							     : "the partition '%s' of the system's disk",
		 node_word(node, node->kind == NODE_DISK ? "serial" : "label"));
	return text;
}

/* The disk that the root is on: below its verified device. */
static void leaf_find_system(char ret_disk[32])
{
	char device[32], path[300];
	struct partition slot;
	struct dirent *entry;
	DIR *folder;

	*ret_disk = 0;
	if (!root_device(device))
		return;
	snprintf(path, sizeof path, "/sys/class/block/%s/slaves", device);
	folder = opendir(path);
	while (folder && (entry = readdir(folder)))
		if (entry->d_name[0] != '.' && partition_of(entry->d_name, &slot))
			strcpy(ret_disk, slot.disk);
	if (folder)
		closedir(folder);
}

/* How many disks have the serial number; sets the device to the last of them. */
static unsigned leaf_find_disk(struct node *node, const char *names, const char *system)
{
	char list[NAMES_BYTES], serial[DISK_SERIAL], *rest = list, *name;
	unsigned n = 0;

	strcpy(list, names);
	while ((name = strsep(&rest, ", "))) {
		if (!*name || strcmp(name, system) == 0)
			continue;
		media_serial("/sys", name, serial);
		if (!*serial || strcmp(serial, node_word(node, "serial")) != 0)
			continue;
		stage_set_device(node, "/dev/%s", name);
		n++;
	}
	return n;
}

static void leaf_find_place(struct node *node, const char *system)
{
	struct partition partition;

	if (partition_find(system, node_word(node, "label"), &partition))
		stage_set_device(node, "/dev/%s", partition.device);
}

/* What is on it, as far as it matters. */
static void leaf_look(struct stage *stage, struct node *node)
{
	int fd = open(node->device, O_RDONLY | O_CLOEXEC), read_only = 0;
	uint64_t bytes = 0;

	if (fd < 0 || ioctl(fd, BLKGETSIZE64, &bytes) < 0 || ioctl(fd, BLKROGET, &read_only) < 0) {
		stage_problem(stage, "%s (%s) cannot be read", leaf_called(node), node->device);
		node->state = NODE_FAILED;
	} else if (node_word(node, STACK_MADE)) {
		node->state = NODE_THERE;
	} else {
		node->unfinished = publish_offset(fd) != 0;
		node->state = media_is_blank(node->device, bytes) && !read_only ? NODE_BLANK : NODE_THERE;
	}
	if (fd >= 0)
		close(fd);
}

/* Sets the devices of those that have none yet; how many are not there. */
static unsigned leaf_search(struct stage *stage, const char *system)
{
	char names[NAMES_BYTES];
	unsigned missing = 0;

	drives_list("/sys", names, sizeof names);
	for (size_t i = 0; i < stage->nodes.n; i++) {
		struct node *node = &stage->nodes.list[i];

		if (!leaf_is(node) || *node->device || node->state == NODE_FAILED || !node->wanted)
			continue;
		if (node->kind == NODE_PLACE) {
			leaf_find_place(node, system);
		} else if (leaf_find_disk(node, names, system) > 1) {
			stage_problem(stage, "several disks have the serial number '%s': none of them is used; give each its "
				      "own",
				      node_word(node, "serial"));
			node->state = NODE_FAILED;
			*node->device = 0;
			continue;
		}
		missing += !*node->device;
	}
	return missing;
}

void leaf_find_all(struct stage *stage)
{
	char system[32];
	unsigned waited = 0;

	leaf_find_system(system);
	while (leaf_search(stage, system) && waited < PATIENCE_US) {
		usleep(PAUSE_US);
		waited += PAUSE_US;
	}
	for (size_t i = 0; i < stage->nodes.n; i++) {
		struct node *node = &stage->nodes.list[i];

		if (!leaf_is(node) || node->state == NODE_FAILED || !node->wanted)
			continue;
		node->state = NODE_MISSING;
		if (*node->device)
			leaf_look(stage, node);
	}
}

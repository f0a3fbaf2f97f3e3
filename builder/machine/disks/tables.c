/* Partition tables on disks of the hypervisor's: sfdisk(8) writes them, the kernel says which partitions there are. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/blkpg.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "machine/disks/look.h"
#include "machine/disks/programs.h"
#include "machine/disks/ways.h"
#include "machine/say.h"

#define SFDISK "/usr/sbin/sfdisk"

#define TABLES_ALIGNMENT (UINT64_C(1) << 20)

enum { SCRIPT_BYTES = 16384, PATIENCE_US = 3000000, STEP_US = 20000 };

/* --- making ---------------------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void tables_print(char *script, const char *format, ...)
{
	size_t used = strlen(script);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(script + used, SCRIPT_BYTES - used, format, arguments);
	va_end(arguments);
}

/* As sfdisk(8) names the bits of the UEFI specification, 5.3.3. */
static void tables_print_attributes(char *script, uint64_t bits)
{
	static const char *const names[] = {"RequiredPartition", "NoBlockIOProtocol", "LegacyBIOSBootable"};
	const char *before = ", attrs=\"";

	for (unsigned bit = 0; bit < 64; bit++) {
		if (!(bits >> bit & 1) || (bit >= 3 && bit < 48))
			continue;
		if (bit < 3)
			tables_print(script, "%s%s", before, names[bit]);
		else
			tables_print(script, "%sGUID:%u", before, bit);
		before = ",";
	}
	if (*before == ',' && before[1] == 0)
		tables_print(script, "\"");
}

/* The name is in quotes, which it cannot have itself. */
static void tables_print_part(char *script, const struct node *part, uint64_t sector, uint64_t bytes)
{
	const char *uuid = node_word(part, "uuid"), *label = node_word(part, "label");

	tables_print(script, "%llu : type=%s, name=\"%.*s\"", (unsigned long long)node_word_number(part, "number"),
		     node_word(part, "type"), (int)strcspn(label, "\"\n"), label);
	if (node_word(part, "start"))
		tables_print(script, ", start=%llu", (unsigned long long)(node_word_number(part, "start") / sector));
	if (bytes)
		tables_print(script, ", size=%llu", (unsigned long long)(bytes / sector));
	if (uuid)
		tables_print(script, ", uuid=%s", uuid);
	tables_print_attributes(script, node_word_number(part, "attributes"));
	tables_print(script, "\n");
}

static uint64_t tables_sector(const char *device)
{
	int fd = open(device, O_RDONLY | O_CLOEXEC), sector = 512;

	if (fd >= 0) {
		ioctl(fd, BLKSSZGET, &sector);
		close(fd);
	}
	return sector > 0 ? (uint64_t)sector : 512;
}

static uint64_t tables_size(const char *device)
{
	int fd = open(device, O_RDONLY | O_CLOEXEC);
	uint64_t bytes = 0;

	if (fd < 0)
		return 0;
	if (ioctl(fd, BLKGETSIZE64, &bytes) < 0)
		bytes = 0;
	close(fd);
	return bytes;
}

/* The size of a partition, which begins at `begin`, on a disk of `bytes`; 0: the rest. */
static uint64_t tables_part_size(const struct node *part, uint64_t begin, uint64_t bytes)
{
	uint64_t before = begin + node_word_number(part, "before-end");

	if (node_word(part, "size") || !node_word(part, "before-end") || bytes <= before)
		return node_word_number(part, "size");
	return (bytes - before) / TABLES_ALIGNMENT * TABLES_ALIGNMENT;
}

/* All partitions of the table, each behind the one before where it does not say where it starts. */
static void tables_print_parts(char *script, const struct stage *stage, size_t at, const char *device)
{
	const uint64_t sector = tables_sector(device), bytes = tables_size(device);
	uint64_t begin = TABLES_ALIGNMENT;

	for (size_t i = at; i < stage->nodes.n; i++) {
		const struct node *part = &stage->nodes.list[i];
		uint64_t size;

		if (part->kind != NODE_PART || part->on[0] != at)
			continue;
		if (node_word(part, "start"))
			begin = node_word_number(part, "start");
		size = tables_part_size(part, begin, bytes);
		tables_print_part(script, part, sector, size);
		begin += size;
	}
}

int gpt_make(struct stage *stage, struct node *node)
{
	static char script[SCRIPT_BYTES];
	const struct node *base = nodes_base(&stage->nodes, node);
	size_t at = (size_t)(node - stage->nodes.list);
	struct program program;
	int r;

	strcpy(script, "label: gpt\n");
	tables_print_parts(script, stage, at, base->device);
	program_begin(&program, SFDISK);
	program_add_all(&program, (const char *const[]){"--quiet", "--wipe", "never", "--no-tell-kernel", base->device, NULL});
	program.input = script;
	program.input_size = strlen(script);
	r = program_do(&program);
	if (r < 0)
		stage_problem(stage, "%s: the partitions could not be made: is the disk too small for them?", node->id);
	return r;
}

/* --- opening --------------------------------------------------------------------------------------------------------- */

/* The kernel's name of the partition with the number: its folder is in the disk's. */
static bool tables_find(const char *disk, uint64_t number, char ret_device[NODE_DEVICE])
{
	char path[600], text[32];
	struct dirent *entry;
	bool found = false;
	DIR *folder;

	snprintf(path, sizeof path, "/sys/class/block/%s", disk);
	folder = opendir(path);
	while (folder && !found && (entry = readdir(folder))) {
		snprintf(path, sizeof path, "/sys/class/block/%s/%s/partition", disk, entry->d_name);
		if (strncmp(entry->d_name, disk, strlen(disk)) != 0 || read_line(path, text, sizeof text) <= 0)
			continue;
		found = strtoull(text, NULL, 10) == number;
		snprintf(ret_device, NODE_DEVICE, "/dev/%.64s", entry->d_name);
	}
	if (folder)
		closedir(folder);
	return found;
}

static void tables_read_again(const char *device)
{
	int fd = open(device, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	ioctl(fd, BLKRRPART);
	close(fd);
}

int gpt_open(struct stage *stage, struct node *node)
{
	const struct node *base = nodes_base(&stage->nodes, node);
	struct look look;

	if (!look_at(base->device, &look) || strcmp(look.table, "gpt") != 0) {
		stage_problem(stage, "%s: %s has no partition table (GPT), but %s: it is left alone", node->id, base->device,
			      look_called(&look));
		return -EINVAL;
	}
	stage_set_device(node, "%s", base->device);
	return 0;
}

int part_open(struct stage *stage, struct node *node)
{
	const struct node *table = nodes_base(&stage->nodes, node);
	const char *disk = table->device + strlen("/dev/");
	char device[NODE_DEVICE];

	for (unsigned waited = 0; !tables_find(disk, node_word_number(node, "number"), device); waited += STEP_US) {
		if (waited >= PATIENCE_US) {
			stage_problem(stage, "%s: %s has no partition %s: it was not made by this layout, and is left alone",
				      node->id,
				      table->device, node_word(node, "number"));
			return -ENOENT;
		}
		if (waited == 0)
			tables_read_again(table->device);
		usleep(STEP_US);
	}
	stage_set_device(node, "%s", device);
	return stage_await(node->device) ? 0 : -ENOENT;
}

/* --- growing --------------------------------------------------------------------------------------------------------- */

/* The partition that takes the rest is the one that grows: the last one. (What ends before the end leaves room on purpose.) */
static const struct node *tables_growing(const struct stage *stage, size_t at)
{
	const struct node *growing = NULL;

	for (size_t i = at; i < stage->nodes.n; i++) {
		const struct node *part = &stage->nodes.list[i];

		if (part->kind == NODE_PART && part->on[0] == at && !node_word(part, "before-end") &&
		    (node_word(part, "grow") || !node_word(part, "size")))
			growing = part;
	}
	return growing;
}

static uint64_t tables_bytes(const char *device, const char *file)
{
	char path[300], text[32];

	snprintf(path, sizeof path, "/sys/class/block/%s/%s", device, file);
	return read_line(path, text, sizeof text) > 0 ? strtoull(text, NULL, 10) * 512 : 0;
}

/* Less than this at the end is the table's copy, and what alignment has left. */
#define TABLES_SLACK (UINT64_C(2) << 20)

/* sfdisk(8) moves the table's copy to the new end, and the partition's end there; who has the partition open sees that by
 * BLKPG_RESIZE_PARTITION, which sfdisk asks for. */
int gpt_grow(struct stage *stage, struct node *node)
{
	const struct node *part = tables_growing(stage, (size_t)(node - stage->nodes.list));
	char device[NODE_DEVICE];
	const char *name = device + strlen("/dev/"), *disk = node->device + strlen("/dev/");
	struct program program;
	int r;

	if (!part || !tables_find(disk, node_word_number(part, "number"), device) ||
	    tables_bytes(name, "start") + tables_bytes(name, "size") + TABLES_SLACK >= tables_bytes(disk, "size"))
		return 0;
	program_begin(&program, SFDISK);
	program_add_all(&program, (const char *const[]){"--quiet", "--relocate", "gpt-bak-std", node->device, NULL});
	r = program_do(&program);
	program_begin(&program, SFDISK);
	program_add_all(&program, (const char *const[]){"--quiet", "--no-reread", "--force", "--wipe", "never", "-N",
							node_word(part, "number"), node->device, NULL});
	program.input = ", +\n";
	program.input_size = 4;
	if (r == 0)
		r = program_do(&program);
	if (r == 0)
		stage_note(stage, "%s: %s has grown, and the partition '%s' with it", node->id, node->device,
			   node_word(part, "label"));
	else
		stage_problem(stage, "%s: the partition '%s' could not be grown", node->id, node_word(part, "label"));
	return r;
}

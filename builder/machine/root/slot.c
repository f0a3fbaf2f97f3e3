#include "machine/root/slot.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract/image.h"
#include "machine/say.h"

enum { FOUND_MAX = 16 };

struct slot_found {
	struct root_slot slot;
	char address[512];             /* of its disk, as sysfs has it: numbers of equal length, so that it can be sorted */
};

struct slot_search {
	const struct cmdline *wanted;
	struct slot_found found[FOUND_MAX];
	size_t n;
};

static bool root_slot_read_superblock(const char *device, uint64_t offset, uint8_t block[VERITY_SUPERBLOCK])
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/dev/%s", device);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read_all(fd, block, VERITY_SUPERBLOCK, (int64_t)offset);
	close(fd);
	return n == VERITY_SUPERBLOCK;
}

static void root_slot_read_address(const struct partition *partition, char *out, size_t size)
{
	char path[80];
	ssize_t n;

	snprintf(path, sizeof path, "/sys/class/block/%s", partition->device);
	n = readlink(path, out, size - 1);
	out[n < 0 ? 0 : n] = 0;
}

static int root_slot_visit(const struct partition *partition, void *data)
{
	struct slot_search *search = data;
	struct slot_found *found = &search->found[search->n];
	uint8_t block[VERITY_SUPERBLOCK];

	if (search->n == FOUND_MAX || strncmp(partition->label, LABEL_ROOT, strlen(LABEL_ROOT)) != 0 ||
	    !root_slot_read_superblock(partition->device, search->wanted->hash_offset, block) ||
	    verity_decode(block, search->wanted->root_hash, &found->slot.verity) < 0)
		return 0;
	found->slot.partition = *partition;
	root_slot_read_address(partition, found->address, sizeof found->address);
	search->n++;
	return 0;
}

static int root_slot_by_address(const void *a, const void *b)
{
	const struct slot_found *one = a, *other = b;

	return strcmp(one->address, other->address);
}

bool slot_find(const struct cmdline *wanted, struct root_slot *ret_slot)
{
	static struct slot_search search;
	size_t used = 0;

	search = (struct slot_search){.wanted = wanted};
	partitions_each(root_slot_visit, &search);
	if (search.n == 0)
		return false;
	qsort(search.found, search.n, sizeof *search.found, root_slot_by_address);
	*ret_slot = search.found[0].slot;
	for (size_t i = 1; i < search.n && used < TWINS_BYTES; i++)
		if (strcmp(search.found[i].slot.partition.disk, ret_slot->partition.disk) != 0)
			used += (size_t)snprintf(ret_slot->twins + used, TWINS_BYTES - used, "%s%s", used ? ", " : "",
						 search.found[i].slot.partition.disk);
	return true;
}

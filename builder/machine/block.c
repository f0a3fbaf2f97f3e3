/* Block devices as sysfs shows them: /sys/class/block/NAME is a link to …/DISK/NAME for a partition, and its `uevent` has
 * PARTNAME=, the name in the GPT. */
#include "machine/block.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "machine/say.h"

static bool block_read_label(const char *device, char *out, size_t size)
{
	static const char key[] = "PARTNAME=";
	char path[300], uevent[1024], *label;

	snprintf(path, sizeof path, "/sys/class/block/%s/uevent", device);
	if (read_line(path, uevent, sizeof uevent) <= 0)
		return false;
	label = strstr(uevent, key);
	if (!label)
		return false;
	label += sizeof key - 1;
	label[strcspn(label, "\n")] = 0;
	snprintf(out, size, "%s", label);
	return true;
}

/* The name of the folder that the device's own folder is in. */
static bool block_read_disk(const char *device, char *out, size_t size)
{
	char path[300], target[512], *slash;
	ssize_t n;

	snprintf(path, sizeof path, "/sys/class/block/%s", device);
	n = readlink(path, target, sizeof target - 1);
	if (n <= 0)
		return false;
	target[n] = 0;
	slash = strrchr(target, '/');
	if (!slash)
		return false;
	*slash = 0;
	slash = strrchr(target, '/');
	if (!slash)
		return false;
	snprintf(out, size, "%s", slash + 1);
	return true;
}

bool partition_of(const char *device, struct partition *ret_partition)
{
	if (strlen(device) >= sizeof ret_partition->device)
		return false;
	strcpy(ret_partition->device, device);
	return block_read_label(device, ret_partition->label, sizeof ret_partition->label) &&
	       block_read_disk(device, ret_partition->disk, sizeof ret_partition->disk);
}

int partitions_each(int (*visit)(const struct partition *partition, void *data), void *data)
{
	DIR *folder = opendir("/sys/class/block");
	struct dirent *entry;
	int r = 0;

	while (folder && r == 0 && (entry = readdir(folder))) {
		struct partition partition;

		if (entry->d_name[0] != '.' && partition_of(entry->d_name, &partition))
			r = visit(&partition, data);
	}
	if (folder)
		closedir(folder);
	return r;
}

bool root_device(char ret_device[32])
{
	char path[64], target[512], *slash;
	struct stat st;
	ssize_t n;

	if (stat("/", &st) < 0)
		return false;
	snprintf(path, sizeof path, "/sys/dev/block/%u:%u", major(st.st_dev), minor(st.st_dev));
	n = readlink(path, target, sizeof target - 1);
	if (n <= 0)
		return false;
	target[n] = 0;
	slash = strrchr(target, '/');
	return slash && snprintf(ret_device, 32, "%s", slash + 1) < 32;
}

struct search {
	const char *disk, *label;
	struct partition *result;
};

static int block_is_wanted(const struct partition *partition, void *data)
{
	const struct search *search = data;

	if (strcmp(partition->disk, search->disk) != 0 || strcmp(partition->label, search->label) != 0)
		return 0;
	*search->result = *partition;
	return 1;
}

bool partition_find(const char *disk, const char *label, struct partition *ret_partition)
{
	struct search search = {disk, label, ret_partition};

	return partitions_each(block_is_wanted, &search) == 1;
}

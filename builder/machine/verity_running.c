/* Which image runs: what the kernel's device-mapper says of the root (Documentation/admin-guide/device-mapper/verity.rst). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "machine/device_mapper.h"
#include "machine/hex.h"
#include "machine/say.h"
#include "machine/verity.h"

/* "1 8:3 8:3 4096 4096 N TREE sha256 HASH SALT …": the superblock is in the block before the tree. */
int verity_read_parameters(const char *text, struct cmdline *ret_cmdline)
{
	unsigned long long block_size, tree;
	char hash[2 * ROOT_HASH_BYTES + 2], algorithm[32];

	if (sscanf(text, "1 %*s %*s %*u %llu %*u %llu %31s %65s", &block_size, &tree, algorithm, hash) != 4 ||
	    strcmp(algorithm, "sha256") != 0 || block_size < VERITY_SUPERBLOCK || block_size > 65536 || tree == 0 ||
	    tree > INT64_MAX / 65536 || hex_parse(hash, strlen(hash), ret_cmdline->root_hash, ROOT_HASH_BYTES) < 0)
		return -EINVAL;
	ret_cmdline->hash_offset = (tree - 1) * block_size;
	return 0;
}

int verity_running(const char *device, struct cmdline *ret_cmdline)
{
	struct dm_request request = {0};
	char path[80], name[sizeof request.header.name];
	int fd, r;

	snprintf(path, sizeof path, "/sys/class/block/%s/dm/name", device);
	r = read_line(path, name, sizeof name);
	if (r <= 0)
		return -EINVAL;
	strcpy(request.header.name, name);
	fd = open(DM_CONTROL, O_RDWR | O_CLOEXEC);
	r = fd < 0 ? -errno : dm_control(fd, DM_TABLE_STATUS, &request, DM_STATUS_TABLE_FLAG);
	if (fd >= 0)
		close(fd);
	if (r == 0 && strcmp(request.target.target_type, "verity") != 0)
		r = -EINVAL;
	return r < 0 ? r : verity_read_parameters(request.parameters, ret_cmdline);
}

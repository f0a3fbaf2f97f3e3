/* What is done with disks in the appliance: programs run, devices written. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "edge/appliance_common.h"

enum { PART_BYTES = 2 << 20 /* a message of the library has at most 4 MiB */ };

/* The words as a shell reads them back: each in single quotes. */
static void appliance_do_quote(const struct strv *argv, struct buf *line)
{
	for (size_t i = 0; i < argv->count; i++) {
		buf_puts(line, i ? " '" : "'");
		for (const char *c = argv->items[i]; *c; c++)
			buf_puts(line, *c == '\'' ? "'\\''" : (const char[]){*c, 0});
		buf_puts(line, "'");
	}
}

int appliance_do(struct appliance *appliance, const struct strv *argv, struct err *err)
{
	_cleanup_buf_ struct buf line = {0};
	char *said;

	appliance_do_quote(argv, &line);
	said = appliance->guestfs.debug(appliance->handle, "sh", (char *[]){line.data, NULL});
	if (!said)
		return appliance_failed(appliance, err, "run '%s' in the appliance", argv->items[0]);
	free(said);
	return 0;
}

int appliance_size(struct appliance *appliance, const char *device, uint64_t *ret_bytes, struct err *err)
{
	int64_t size = appliance->guestfs.blockdev_getsize64(appliance->handle, device);

	if (size < 0)
		return appliance_failed(appliance, err, "ask for the size of '%s'", device);
	*ret_bytes = (uint64_t)size;
	return 0;
}

int appliance_write(struct appliance *appliance, const char *device, const void *data, size_t size, uint64_t offset,
		    struct err *err)
{
	const char *from = data;

	while (size) {
		size_t part = size < PART_BYTES ? size : PART_BYTES;
		int n = appliance->guestfs.pwrite_device(appliance->handle, device, from, part, (int64_t)offset);

		if (n <= 0)
			return appliance_failed(appliance, err, "write to '%s'", device);
		from += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

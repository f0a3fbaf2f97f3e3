#include "boot/cpio.h"

#include <string.h>
#include <sys/stat.h>

struct entry {
	const char *name;
	mode_t mode;
	unsigned links, device_major, device_minor;
	const void *data;
	size_t size;
};

static void cpio_add(struct cpio *cpio, const struct entry *entry)
{
	const uint32_t fields[] = {
		entry->mode ? ++cpio->n_entries : 0, entry->mode, 0 /* uid */, 0 /* gid */, entry->links, cpio->time,
		(uint32_t)entry->size, 0, 0 /* the device it is on */, entry->device_major, entry->device_minor,
		(uint32_t)strlen(entry->name) + 1, 0 /* no checksum */,
	};

	buf_puts(cpio->out, "070701");
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		buf_printf(cpio->out, "%08X", fields[i]);
	buf_add(cpio->out, entry->name, strlen(entry->name) + 1);
	buf_align(cpio->out, 4);
	buf_add(cpio->out, entry->data, entry->size);
	buf_align(cpio->out, 4);
}

void cpio_folder(struct cpio *cpio, const char *name, mode_t mode)
{
	cpio_add(cpio, &(struct entry){.name = name, .mode = S_IFDIR | mode, .links = 2});
}

void cpio_file(struct cpio *cpio, const char *name, mode_t mode, const void *data, size_t size)
{
	cpio_add(cpio, &(struct entry){.name = name, .mode = S_IFREG | mode, .links = 1, .data = data, .size = size});
}

void cpio_device(struct cpio *cpio, const char *name, mode_t mode, unsigned device_major, unsigned device_minor)
{
	cpio_add(cpio, &(struct entry){.name = name,
				       .mode = S_IFCHR | mode,
				       .links = 1,
				       .device_major = device_major,
				       .device_minor = device_minor});
}

void cpio_end(struct cpio *cpio)
{
	uint32_t time = cpio->time;

	cpio->time = 0;
	cpio_add(cpio, &(struct entry){.name = "TRAILER!!!", .links = 1});
	cpio->time = time;
	buf_align(cpio->out, 512);
}

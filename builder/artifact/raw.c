#include "artifact/raw.h"

#include <errno.h>
#include <unistd.h>

#include "artifact/windows.h"
#include "base/file.h"

struct raw {
	int fd;
	uint64_t size;
};

static int raw_put(void *data, const struct window *window, struct err *err)
{
	const struct raw *raw = data;

	for (size_t i = 0, n; i < WINDOW_CLUSTERS; i += n ? n : 1) {
		uint64_t offset = window->offset + i * CLUSTER_BYTES, size;
		int r;

		n = window_run(window, i);
		if (n == 0)
			continue;
		size = n * CLUSTER_BYTES;
		if (size > raw->size - offset) /* the disk ends within its last cluster */
			size = raw->size - offset;
		r = fd_pwrite_all(raw->fd, window->clusters[i].bytes, size, offset);
		if (r < 0)
			return err_sys(err, r, "cannot write the raw image");
	}
	return 0;
}

int raw_write(const struct image_source *source, const struct packer *packer, int fd, struct err *err)
{
	struct raw raw = {fd, source->size_bytes};

	if (packer)
		return err_set(err, -EINVAL, "raw images cannot be compressed");
	if (ftruncate(fd, (off_t)raw.size) < 0)
		return err_sys(err, -errno, "cannot make a raw image of %llu bytes", (unsigned long long)raw.size);
	return windows_walk(source, NULL, raw_put, &raw, err);
}

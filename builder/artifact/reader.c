#include "artifact/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "artifact/qcow2_read.h"
#include "base/file.h"

struct image_reader {
	char *path;
	int fd;
	uint64_t size;
	struct qcow2_reader *qcow2;  /* NULL: the file is the disk */
};

int image_open(const char *path, const char *format, struct image_reader **ret_reader, struct err *err)
{
	struct image_reader *reader = calloc(1, sizeof *reader);
	struct stat st;
	int r = 0;

	if (!reader || !(reader->path = strdup(path))) {
		free(reader);
		return err_no_memory(err);
	}
	reader->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (reader->fd < 0 || fstat(reader->fd, &st) < 0)
		r = err_sys(err, -errno, "cannot open the image '%s'", path);
	else if (strcmp(format, "raw") == 0)
		reader->size = (uint64_t)st.st_size;
	else if (strcmp(format, "qcow2") == 0)
		r = qcow2_open(reader->fd, &reader->qcow2, err);
	else
		r = err_set(err, -EINVAL, "cannot read images of the format '%s'", format);
	if (r == 0 && reader->qcow2)
		reader->size = qcow2_size(reader->qcow2);
	if (r < 0) {
		err_wrap(err, "while opening '%s'", path);
		image_close(reader);
		return r;
	}
	*ret_reader = reader;
	return 0;
}

uint64_t image_size(const struct image_reader *reader)
{
	return reader->size;
}

int image_next_data(struct image_reader *reader, uint64_t from, uint64_t *ret_offset, struct err *err)
{
	off_t data;
	int r;

	if (reader->qcow2) {
		r = qcow2_next_data(reader->qcow2, from, ret_offset, err);
		return r < 0 ? err_wrap(err, "while reading '%s'", reader->path) : 0;
	}
	data = lseek(reader->fd, (off_t)from, SEEK_DATA);
	if (data < 0 && errno != ENXIO)
		return err_sys(err, -errno, "cannot read '%s'", reader->path);
	*ret_offset = data < 0 ? reader->size : (uint64_t)data;
	return 0;
}

int image_read_at(struct image_reader *reader, uint64_t offset, void *out, size_t size, struct err *err)
{
	int r;

	if (offset > reader->size || size > reader->size - offset)
		return err_set(err, -EINVAL, "'%s' ends before byte %llu", reader->path, (unsigned long long)(offset + size));
	if (reader->qcow2) {
		r = qcow2_read_at(reader->qcow2, offset, out, size, err);
		return r < 0 ? err_wrap(err, "while reading '%s'", reader->path) : 0;
	}
	r = fd_pread_all(reader->fd, out, size, offset);
	return r < 0 ? err_sys(err, r, "cannot read '%s'", reader->path) : 0;
}

void image_close(struct image_reader *reader)
{
	if (!reader)
		return;
	qcow2_close(reader->qcow2);
	if (reader->fd >= 0)
		close(reader->fd);
	free(reader->path);
	free(reader);
}

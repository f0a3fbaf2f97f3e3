#include "artifact/image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "artifact/qcow2.h"
#include "artifact/raw.h"
#include "base/file.h"
#include "host/pool.h"

struct encoding {
	const char *format, *compression;
	int (*write)(const struct image_source *source, const struct packer *packer, int fd, struct err *err);
	const struct packer *packer;
};

static const struct encoding encodings[] = {
	{"qcow2", "none", qcow2_write, NULL},
	{"qcow2", "zlib", qcow2_write, &packer_deflate},
	{"qcow2", "zstd", qcow2_write, &packer_zstd},
	{"raw", "none", raw_write, NULL},
};
enum { N_ENCODINGS = sizeof encodings / sizeof *encodings };

static int artifact_image_unknown(const char *format, const char *compression, struct err *err)
{
	_cleanup_buf_ struct buf known = {0};

	for (size_t i = 0; i < N_ENCODINGS; i++)
		buf_printf(&known, "%s%s with compression %s", i ? ", " : "", encodings[i].format,
			   encodings[i].compression);
	err_set(err, -EINVAL, "unsupported image format '%s' with compression '%s'", format, compression);
	return err_hint(err, "choose one of: %s", known.data);
}

static int artifact_image_find(const char *format, const char *compression, const struct encoding **ret_encoding,
			       struct err *err)
{
	for (size_t i = 0; i < N_ENCODINGS; i++)
		if (strcmp(encodings[i].format, format) == 0 && strcmp(encodings[i].compression, compression) == 0) {
			*ret_encoding = &encodings[i];
			return 0;
		}
	return artifact_image_unknown(format, compression, err);
}

int image_check(const char *format, const char *compression, struct err *err)
{
	const struct encoding *encoding;

	return artifact_image_find(format, compression, &encoding, err);
}

struct seal {
	const char *path;
	int fd;
	struct image_facts *facts;
};

/* Disk and processor work at the same time: one job waits until the file is durable, the other reads it from
 * the page cache for its digest. (It cannot be taken on the way: a qcow2 header is known last and stands first.) */
static int artifact_image_seal(void *data, size_t index, struct err *err)
{
	const struct seal *seal = data;

	if (index == 1)
		return sha256_file(seal->path, seal->facts->sha256, &seal->facts->size_bytes, err);
	return fsync(seal->fd) < 0 ? err_sys(err, -errno, "cannot sync '%s'", seal->path) : 0;
}

int image_write(const struct image_source *source, const char *format, const char *compression, const char *path,
		struct image_facts *ret_facts, struct err *err)
{
	const struct encoding *encoding;
	_cleanup_fd_ int fd = -1;
	struct image_facts facts = {0};
	struct seal work = {.path = path, .facts = &facts};
	int r = artifact_image_find(format, compression, &encoding, err);

	if (r < 0)
		return r;
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (fd < 0)
		return err_sys(err, -errno, "cannot make the image '%s'", path);
	work.fd = fd;
	r = encoding->write(source, encoding->packer, fd, err);
	if (r == 0)
		r = pool_run(2, artifact_image_seal, &work, err);
	if (r < 0) {
		unlink(path);
		return err_wrap(err, "while writing '%s'", path);
	}
	*ret_facts = facts;
	return 0;
}

#include "artifact/template.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "artifact/members.h"
#include "artifact/parallel.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"
#include "edge/pax.h"

/* What an unprivileged container has: the range that hypervisors map. */
enum { IDS = 65536 };

/* libarchive compresses by itself, or we do what it does not on all cores. */
struct format {
	const char *name, *compression, *filter;
	const struct packer *packer;
};

static const struct format formats[] = {
	{"tar.zst", "zstd", "zstd", NULL},
	{"tar.xz", "xz", "xz", NULL},
	{"tar.gz", "gzip", NULL, &packer_gzip},
};
enum { N_FORMATS = sizeof formats / sizeof *formats };

static const struct format *template_find_format(const char *name)
{
	for (size_t i = 0; i < N_FORMATS; i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

const char *template_compression(const char *format)
{
	const struct format *found = template_find_format(format);

	return found ? found->compression : NULL;
}

int template_check(const char *name, const char *compression, struct err *err)
{
	const struct format *format = template_find_format(name);
	_cleanup_buf_ struct buf known = {0};

	if (format && compression && strcmp(format->compression, compression) == 0)
		return 0;
	for (size_t i = 0; i < N_FORMATS; i++)
		buf_printf(&known, "%s%s", i ? ", " : "", formats[i].name);
	err_set(err, -EINVAL, "unknown template format '%s'", name);
	return err_hint(err, "choose one of: %s", known.data);
}

/* --- where the bytes go ---------------------------------------------------------------------------------------------- */

struct out {
	int fd;
	struct parallel *parallel;       /* between the archive and the file; NULL: the archive is compressed already */
	struct sha256 *digest;
	struct template_facts facts;
};

static int template_put_file(void *data, const void *bytes, size_t size, struct err *err)
{
	struct out *out = data;
	int r = fd_write_all(out->fd, bytes, size);

	sha256_add(out->digest, bytes, size);
	out->facts.size_bytes += size;
	return r < 0 ? err_sys(err, r, "cannot write the template") : 0;
}

static int template_put_archive(void *data, const void *bytes, size_t size, struct err *err)
{
	struct out *out = data;

	return out->parallel ? parallel_add(out->parallel, bytes, size, err) : template_put_file(out, bytes, size, err);
}

/* --- what goes there ------------------------------------------------------------------------------------------------- */

static int template_own_check(const struct member_item *item, struct err *err)
{
	const char *path = item->name + strlen(".");

	if (S_ISCHR(item->st.st_mode) || S_ISBLK(item->st.st_mode)) {
		err_set(err, -EINVAL, "'%s' is a device, but a template cannot contain devices", path);
		return err_hint(err, "remove it: the hypervisor makes a container's devices");
	}
	if (item->st.st_uid >= IDS || item->st.st_gid >= IDS) {
		err_set(err, -EINVAL, "'%s' belongs to %u:%u, but the ids of a container are below %d", path,
			(unsigned)item->st.st_uid, (unsigned)item->st.st_gid, IDS);
		return err_hint(err, "make a user of the recipe its owner");
	}
	return 0;
}

static int template_put_member(struct members *members, void *data, const struct member_item *item, struct err *err)
{
	int r = template_own_check(item, err);

	(void)data;
	return r < 0 ? r : members_add(members, item, err);
}

static int template_put_tree(const struct format *format, const char *root, int64_t epoch, struct out *out,
			     struct err *err)
{
	_cleanup_pax_ struct pax *archive = NULL;
	int r = pax_open(format->filter, template_put_archive, out, &archive, err);

	if (r == 0)
		r = members_put(archive, root, epoch, template_put_member, NULL, &out->facts.content_bytes, err);
	if (r == 0)
		r = pax_finish(archive, err);
	return r == 0 && out->parallel ? parallel_finish(out->parallel, err) : r;
}

int template_write(const char *root, int64_t epoch, const char *name, const char *path, struct template_facts *ret_facts,
		   struct err *err)
{
	const struct format *format = template_find_format(name);
	_cleanup_fd_ int fd = -1;
	struct out out = {0};
	uint8_t digest[SHA256_SIZE];
	int r;

	if (!format)
		return template_check(name, NULL, err);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (fd < 0)
		return err_sys(err, -errno, "cannot make the template '%s'", path);
	out.fd = fd;
	out.digest = sha256_new();
	out.parallel = format->packer ? parallel_new(format->packer, template_put_file, &out) : NULL;
	r = template_put_tree(format, root, epoch, &out, err);
	if (r == 0 && fsync(fd) < 0)
		r = err_sys(err, -errno, "cannot sync '%s'", path);
	sha256_finish(out.digest, digest);
	hex_encode(digest, sizeof digest, out.facts.sha256);
	sha256_free(out.digest);
	parallel_free(out.parallel);
	if (r < 0) {
		unlink(path);
		return err_wrap(err, "while writing '%s'", path);
	}
	*ret_facts = out.facts;
	return 0;
}

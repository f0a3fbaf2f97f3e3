#include "inspect/kind.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/file.h"

/* Where they stand in qcow2's header (QEMU, docs/interop/qcow2.txt). */
enum { QCOW2_VERSION = 4, QCOW2_BACKING = 8, QCOW2_CRYPT = 32, QCOW2_FEATURES = 72, QCOW2_HEAD = 104, QCOW2_DATA_FILE = 4 };

static const struct kind_magic {
	size_t offset, size;
	const char *bytes;
	const char *unpack, *foreign; /* one of them: a template's program; a format that we do not read */
} kind_magics[] = {
	{0, 4, "\x28\xb5\x2f\xfd", "zstd -dc", NULL},
	{0, 2, "\x1f\x8b", "gzip -dc", NULL},
	{0, 6, "\xfd" "7zXZ\0", "xz -dc", NULL},
	{257, 5, "ustar", "cat", NULL},
	{0, 4, "KDMV", NULL, "a VMDK disk"},
	{0, 8, "vhdxfile", NULL, "a VHDX disk"},
	{0, 8, "conectix", NULL, "a VHD disk"},
	{0, 4, "QED\0", NULL, "a QED disk"},
	{64, 4, "\x7f\x10\xda\xbe", NULL, "a VDI disk"},
	{0, 21, "# Disk DescriptorFile", NULL, "a VMDK description"},
};

static int kind_tell_qcow2(const char *name, const uint8_t *head, size_t size, struct err *err)
{
	uint32_t version = size >= QCOW2_FEATURES ? bytes_be32(head + QCOW2_VERSION) : 0;

	if (version < 2 || version > 3 || size < QCOW2_HEAD)
		return err_set(err, -EBADMSG, "'%s' begins like a qcow2 image, but is none of version 2 or 3", name);
	if (bytes_be64(head + QCOW2_BACKING)) {
		err_set(err, -ENOTSUP,
			"'%s' stands on another file (a qcow2 image with a backing file), which would be opened with it",
				name);
		return err_hint(err, "if you trust it: qemu-img convert -O qcow2 IMAGE WHOLE.qcow2, and inspect that");
	}
	if (version == 3 && bytes_be64(head + QCOW2_FEATURES) & QCOW2_DATA_FILE) {
		err_set(err, -ENOTSUP,
			"'%s' has its data in another file (a qcow2 image with an external data file), which would be opened",
			name);
		return err_hint(err, "if you trust it: qemu-img convert -O qcow2 IMAGE WHOLE.qcow2, and inspect that");
	}
	if (bytes_be32(head + QCOW2_CRYPT))
		return err_set(err, -ENOTSUP, "'%s' is an encrypted qcow2 image: there is nothing to see without its key",
			       name);
	return 0;
}

int kind_tell(const char *name, const uint8_t *head, size_t size, struct inspect_kind *ret_kind, struct err *err)
{
	struct inspect_kind kind = {.format = "raw"};

	if (size >= 4 && memcmp(head, "QFI\xfb", 4) == 0) {
		int r = kind_tell_qcow2(name, head, size, err);

		kind.format = "qcow2";
		if (r == 0)
			*ret_kind = kind;
		return r;
	}
	for (size_t i = 0; i < sizeof kind_magics / sizeof *kind_magics; i++) {
		const struct kind_magic *magic = &kind_magics[i];

		if (size < magic->offset + magic->size || memcmp(head + magic->offset, magic->bytes, magic->size) != 0)
			continue;
		if (magic->foreign) {
			err_set(err, -ENOTSUP, "'%s' is %s, which is not read here", name, magic->foreign);
			return err_hint(err, "qemu-img convert -O qcow2 IMAGE OTHER.qcow2, and inspect that");
		}
		kind.template = true;
		kind.unpack = magic->unpack;
		break;
	}
	*ret_kind = kind;
	return 0;
}

int kind_of_file(const char *path, struct inspect_kind *ret_kind, uint64_t *ret_size, struct err *err)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t head[KIND_HEAD_BYTES];
	off_t size;
	size_t n;
	int r;

	if (fd < 0)
		return err_sys(err, -errno, "cannot open '%s'", path);
	size = lseek(fd, 0, SEEK_END);
	if (size <= 0)
		return err_set(err, -EINVAL, "'%s' is empty, or neither a file nor a disk", path);
	n = (size_t)size < sizeof head ? (size_t)size : sizeof head;
	r = fd_pread_all(fd, head, n, 0);
	if (r < 0)
		return err_sys(err, r, "cannot read '%s'", path);
	*ret_size = (uint64_t)size;
	return kind_tell(path, head, n, ret_kind, err);
}

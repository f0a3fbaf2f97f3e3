/* Container templates, as Proxmox VE unpacks them (`tar --numeric-owner --xattrs --xattrs-include=user.* …` in the
 * container's user namespace): a compressed tar archive of a whole root file system.
 *
 * Every member is named from `./` on, in the order of bytes (that of `LC_ALL=C sort`; a folder's name ends in a slash),
 * and has the plan's time. Owners are numbers below 65536. Files that are hard links of one file stay so; set-id bits,
 * access control lists, `user.*` attributes and file capabilities are kept. There are no devices, which are the
 * hypervisor's to make, and no sockets, which services make again. */
#ifndef ARTIFACT_TEMPLATE_H
#define ARTIFACT_TEMPLATE_H

#include <stdint.h>

#include "base/err.h"
#include "edge/digest.h"

/* What template_write() tells about the file it made. */
struct template_facts {
	char sha256[SHA256_HEX];
	uint64_t size_bytes;         /* of the file */
	uint64_t content_bytes;      /* of the files in it: about the room that they take, unpacked */
};

/* The compression of a format ("tar.zst": "zstd", "tar.xz": "xz", "tar.gz": "gzip"); NULL when there is no such format. */
const char *template_compression(const char *format);

/* Whether there is a format of that name with that compression: 0, or -EINVAL with what there is. */
int template_check(const char *format, const char *compression, struct err *err);

/* Packs the tree at the host folder `root` into the new file `path`, read-only, and makes it durable; every time in it
 * is `epoch`. The same tree always becomes the same bytes, however many cores there are. -EINVAL for what a template
 * cannot hold (a device, an owner outside of what a container has), -EEXIST when there is something at `path`; on
 * failure nothing is left there. */
int template_write(const char *root, int64_t epoch, const char *format, const char *path, struct template_facts *ret_facts,
		   struct err *err);

#endif

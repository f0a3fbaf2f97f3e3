#include "edge/gpt.h"

#include <errno.h>
#include <fcntl.h>
#include <libfdisk/libfdisk.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"

static inline void gpt_context_freep(struct fdisk_context **context)
{
	fdisk_unref_context(*context);
}
#define _cleanup_context_ __attribute__((cleanup(gpt_context_freep)))

static inline void gpt_entry_freep(struct fdisk_partition **entry)
{
	fdisk_unref_partition(*entry);
}
#define _cleanup_entry_ __attribute__((cleanup(gpt_entry_freep)))

/* What libfdisk would ask on a terminal is answered with "no"; what it would say is in our error's words. */
static int gpt_be_silent(struct fdisk_context *context, struct fdisk_ask *ask, void *data)
{
	(void)context;
	(void)data;
	return fdisk_ask_get_type(ask) == FDISK_ASKTYPE_INFO ? 0 : -EINVAL;
}

static int gpt_fill(struct fdisk_context *context, struct fdisk_partition *entry, const struct gpt_partition *partition)
{
	struct fdisk_parttype *type =
		fdisk_label_get_parttype_from_string(fdisk_get_label(context, NULL), partition->type);
	int r = 0;

	if (!type) { /* one that libfdisk has no name for */
		type = fdisk_new_unknown_parttype(0, partition->type);
		if (!type)
			return -ENOMEM;
	}
	if (partition->start % GPT_SECTOR || partition->size % GPT_SECTOR || !partition->size)
		r = -EINVAL;
	if (r == 0)
		r = fdisk_partition_set_type(entry, type);
	if (r == 0)
		r = fdisk_partition_set_name(entry, partition->label);
	if (r == 0)
		r = fdisk_partition_set_uuid(entry, partition->uuid);
	if (r == 0)
		r = fdisk_partition_set_start(entry, partition->start / GPT_SECTOR);
	if (r == 0)
		r = fdisk_partition_set_size(entry, partition->size / GPT_SECTOR);
	if (r == 0)
		r = fdisk_partition_size_explicit(entry, 1);
	fdisk_unref_parttype(type);
	return r;
}

static int gpt_add_partition(struct fdisk_context *context, size_t number, const struct gpt_partition *partition)
{
	_cleanup_entry_ struct fdisk_partition *entry = fdisk_new_partition();
	int r = entry ? gpt_fill(context, entry, partition) : -ENOMEM;

	if (r == 0)
		r = fdisk_partition_set_partno(entry, number);
	if (r == 0)
		r = fdisk_add_partition(context, entry, NULL);
	if (r == 0 && partition->attributes)
		r = fdisk_gpt_set_partition_attrs(context, number, partition->attributes);
	return r;
}

/* Writes the table to `fd`, a file of the disk's size. */
static int gpt_write_table(const struct gpt *gpt, int fd, struct err *err)
{
	_cleanup_context_ struct fdisk_context *context = fdisk_new_context();
	int r;

	if (!context)
		return err_no_memory(err);
	fdisk_disable_dialogs(context, 1);
	fdisk_set_ask(context, gpt_be_silent, NULL);
	fdisk_save_user_sector_size(context, GPT_SECTOR, GPT_SECTOR); /* whatever the file system below the file has */
	r = fdisk_assign_device_by_fd(context, fd, "disk", 0);
	if (r == 0)
		r = fdisk_create_disklabel(context, "gpt");
	if (r == 0)
		r = fdisk_set_disklabel_id_from_string(context, gpt->uuid);
	if (r < 0)
		return err_set(err, r, "libfdisk cannot make a GPT for a disk of %llu bytes",
			       (unsigned long long)gpt->size_bytes);
	for (size_t i = 0; r == 0 && i < gpt->n_partitions; i++) {
		const struct gpt_partition *partition = &gpt->partitions[i];

		r = gpt_add_partition(context, i, partition);
		if (r < 0)
			return err_set(err, -EINVAL, "libfdisk refuses the partition '%s' (%llu bytes at %llu, type %s)",
				       partition->label, (unsigned long long)partition->size,
				       (unsigned long long)partition->start, partition->type);
	}
	r = fdisk_write_disklabel(context);
	if (r < 0)
		err_sys(err, r, "libfdisk cannot write the partition table");
	fdisk_deassign_device(context, 1 /* without fsync */);
	return r;
}

/* --- the old partition table ----------------------------------------------------------------------------------------- */

enum { MBR_ENTRIES = 446, MBR_ENTRY_BYTES = 16, MBR_PROTECTIVE = 0xEE, MBR_ACTIVE = 0x80 };

static void gpt_put_le32(uint8_t *at, uint64_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

/* Writes one of the four entries; sectors are counted from the disk's first. Cylinders and heads say "beyond": nobody reads
 * them. */
static void gpt_put_entry(uint8_t *mbr, size_t number, uint8_t type, bool active, uint64_t start, uint64_t sectors)
{
	static const uint8_t beyond[] = {0xFE, 0xFF, 0xFF};
	uint8_t *entry = mbr + MBR_ENTRIES + number * MBR_ENTRY_BYTES;

	entry[0] = active ? MBR_ACTIVE : 0;
	memcpy(entry + 1, beyond, sizeof beyond);
	entry[4] = type;
	memcpy(entry + 5, beyond, sizeof beyond);
	gpt_put_le32(entry + 8, start);
	gpt_put_le32(entry + 12, sectors);
}

/* Partitions of a hybrid table get their entries in the protective one, which then protects what is before them alone. */
static int gpt_make_hybrid(const struct gpt *gpt, uint8_t *mbr, struct err *err)
{
	uint64_t first = UINT64_MAX;
	size_t n = 0;

	for (size_t i = 0; i < gpt->n_partitions; i++) {
		const struct gpt_partition *partition = &gpt->partitions[i];
		uint64_t start = partition->start / GPT_SECTOR, sectors = partition->size / GPT_SECTOR;

		if (!partition->hybrid)
			continue;
		if (n == GPT_HYBRID_MAX)
			return err_set(err, -EINVAL, "'%s' is the fourth partition of a hybrid table, which has room for three",
				       partition->label);
		if (start + sectors > UINT32_MAX)
			return err_set(err, -EINVAL, "'%s' ends beyond 2 TiB, where the old partition table does not reach",
				       partition->label);
		gpt_put_entry(mbr, ++n, partition->mbr_type, partition->active, start, sectors);
		first = start < first ? start : first;
	}
	if (n)
		gpt_put_entry(mbr, 0, MBR_PROTECTIVE, false, 1, first - 1);
	return 0;
}

int gpt_encode(const struct gpt *gpt, uint8_t ret_primary[GPT_PRIMARY_BYTES], uint8_t ret_backup[GPT_BACKUP_BYTES],
	       struct err *err)
{
	_cleanup_fd_ int fd = -1;
	int r;

	if (gpt->size_bytes % GPT_SECTOR || gpt->size_bytes < GPT_PRIMARY_BYTES + GPT_BACKUP_BYTES)
		return err_set(err, -EINVAL, "a disk of %llu bytes has no room for a GPT", (unsigned long long)gpt->size_bytes);
	fd = memfd_create("gpt", MFD_CLOEXEC); /* takes room for what is written only */
	if (fd < 0 || ftruncate(fd, (off_t)gpt->size_bytes) < 0)
		return err_sys(err, -errno, "cannot make a file in memory for the partition table");
	r = gpt_write_table(gpt, fd, err);
	if (r < 0)
		return r;
	r = fd_pread_all(fd, ret_primary, GPT_PRIMARY_BYTES, 0);
	if (r == 0)
		r = fd_pread_all(fd, ret_backup, GPT_BACKUP_BYTES, gpt->size_bytes - GPT_BACKUP_BYTES);
	return r < 0 ? err_sys(err, r, "cannot read the partition table back") : gpt_make_hybrid(gpt, ret_primary, err);
}

#include "disk/layout.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "edge/digest.h"

/* A slot lives through many images, which grow: what is not said is chosen for them, too. */
static const uint64_t ROOT_MINIMUM = 512ULL << 20;
static const uint64_t SIZE_LIMIT = 1ULL << 62; /* sums of a few of these do not overflow */

const char *disk_content_name(enum disk_content content)
{
	static const char *const names[] = {
		[DISK_EMPTY] = "empty", [DISK_BIOS_BOOT] = "bios-boot", [DISK_ESP] = "esp", [DISK_ROOT] = "root",
		[DISK_ROOT_SPARE] = "root-spare", [DISK_EXT4] = "ext4", [DISK_VFAT] = "vfat",
		[DISK_XFS] = "xfs", [DISK_BTRFS] = "btrfs", [DISK_F2FS] = "f2fs", [DISK_SWAP] = "swap", [DISK_STACK] = "stack",
	};

	return names[content];
}

const char *disk_made(const struct disk_partition *partition)
{
	if (partition->content == DISK_STACK)
		return "appliance";
	return partition->node ? "first boot" : "image";
}

bool disk_is_deterministic(const struct disk_partition *partition)
{
	bool of_folders = partition->content == DISK_BTRFS && partition->subvolumes.count;

	return !partition->node && !of_folders;
}

void disk_uuid(const char *seed, const char *what, char ret_uuid[37])
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *text = arena_printf(arena, "aether-build uuid %s %s", seed, what);
	uint8_t d[SHA256_SIZE];

	sha256_of(text, strlen(text), d);
	d[6] = (d[6] & 0x0f) | 0x80; /* version 8: as the application likes */
	d[8] = (d[8] & 0x3f) | 0x80; /* the variant of RFC 9562 */
	snprintf(ret_uuid, 37, "%02X%02X%02X%02X-%02X%02X-%02X%02X-%02X%02X-%02X%02X%02X%02X%02X%02X", d[0], d[1], d[2], d[3],
		 d[4], d[5], d[6], d[7], d[8], d[9], d[10], d[11], d[12], d[13], d[14], d[15]);
}

static bool disk_layout_is_root(const struct disk_partition *partition)
{
	return partition->content == DISK_ROOT || partition->content == DISK_ROOT_SPARE;
}

static uint64_t disk_layout_round_up(uint64_t bytes)
{
	return (bytes + DISK_MIB - 1) / DISK_MIB * DISK_MIB;
}

static unsigned long long disk_layout_mib(uint64_t bytes)
{
	return (unsigned long long)(disk_layout_round_up(bytes) / DISK_MIB);
}

/* What the content of all root slots takes: what is in the other slot today will be in this one tomorrow. */
static uint64_t disk_layout_root_need(const struct disk_layout *layout, const uint64_t *need_bytes)
{
	uint64_t need = 0;

	for (size_t i = 0; i < layout->n_partitions; i++)
		if (disk_layout_is_root(&layout->partitions[i]) && need_bytes[i] > need)
			need = need_bytes[i];
	return need;
}

/* The size that one of the slots was given; 0 when none was. */
static uint64_t disk_layout_root_given(const struct disk_layout *layout)
{
	uint64_t given = 0;

	for (size_t i = 0; i < layout->n_partitions; i++)
		if (disk_layout_is_root(&layout->partitions[i]) && layout->partitions[i].size > given)
			given = layout->partitions[i].size;
	return given;
}

static int disk_layout_decide_size(struct disk_partition *partition, uint64_t need, uint64_t given, struct err *err)
{
	if (need > SIZE_LIMIT || given > SIZE_LIMIT)
		return err_at(err, -EINVAL, &partition->pos, partition->label, "the disk would be too large");
	if (!given)
		given = disk_layout_is_root(partition) && need + need / 2 < ROOT_MINIMUM ? ROOT_MINIMUM
											 : need + need / 2;
	partition->size = given ? disk_layout_round_up(given) : DISK_MIB;
	if (partition->size >= need)
		return 0;
	err_at(err, -ENOSPC, &partition->pos, partition->label, "'%s' is %lluM but its content needs %lluM",
	       partition->label, disk_layout_mib(partition->size), disk_layout_mib(need));
	return err_hint(err, "set its size to %lluM or more, or leave the size out", disk_layout_mib(need + need / 4));
}

/* The first multiple of the partition's own alignment that is one of 1 MiB, too. */
static uint64_t disk_layout_aligned(const struct disk_partition *partition, uint64_t at)
{
	const uint64_t step = partition->alignment ? partition->alignment : DISK_MIB;

	for (at = (at + step - 1) / step * step; at % DISK_MIB; at += step)
		;
	return at;
}

static int disk_layout_decide_start(struct disk_partition *partition, uint64_t end, struct err *err)
{
	if (partition->alignment > SIZE_LIMIT / DISK_MIB)
		return err_at(err, -EINVAL, &partition->pos, partition->label, "the disk would be too large");
	if (!partition->start) {
		partition->start = disk_layout_aligned(partition, end);
		return 0;
	}
	if (partition->start % DISK_MIB || partition->start > SIZE_LIMIT)
		return err_at(err, -EINVAL, &partition->pos, partition->label,
			      "'%s' starts at byte %llu: the start must be a multiple of 1M", partition->label,
			      (unsigned long long)partition->start);
	if (partition->alignment && partition->start % partition->alignment)
		return err_at(err, -EINVAL, &partition->pos, partition->label,
			      "'%s' starts at byte %llu, which is no multiple of its alignment, %llu", partition->label,
			      (unsigned long long)partition->start, (unsigned long long)partition->alignment);
	if (partition->start >= end)
		return 0;
	err_at(err, -EINVAL, &partition->pos, partition->label, "'%s' starts at %lluM, inside %s", partition->label,
	       disk_layout_mib(partition->start), end == DISK_MIB ? "the partition table" : "the previous partition");
	return err_hint(err, "set its start to %lluM or more, or leave the start out", disk_layout_mib(end));
}

/* Where a partition was told to end; 0: nobody said, or it is the disk's end that follows. */
static uint64_t disk_layout_told_end(const struct disk_layout *layout, const struct disk_partition *partition)
{
	if (!partition->before_end || !layout->size_bytes)
		return partition->end;
	return layout->size_bytes > partition->before_end
		       ? (layout->size_bytes - partition->before_end) / DISK_MIB * DISK_MIB : 1;
}

/* The size of a partition that was told where to end, when its start is known. */
static int disk_layout_decide_end(const struct disk_layout *layout, struct disk_partition *partition, struct err *err)
{
	const uint64_t end = disk_layout_told_end(layout, partition);

	if (!end)
		return 0;
	if (end <= partition->start || end > SIZE_LIMIT)
		return err_at(err, -EINVAL, &partition->pos, partition->label,
			      "'%s' would end at %lluM, but begins at %lluM", partition->label,
			      disk_layout_mib(end), disk_layout_mib(partition->start));
	if (end % DISK_MIB)
		return err_at(err, -EINVAL, &partition->pos, partition->label,
			      "'%s' ends at byte %llu: the end must be a multiple of 1M", partition->label,
			      (unsigned long long)end);
	partition->size = end - partition->start;
	return 0;
}

/* `end`: of the partition before. */
static int disk_layout_decide(const struct disk_layout *layout, struct disk_partition *partition, uint64_t need, uint64_t slot,
			      uint64_t end, struct err *err)
{
	const bool told = disk_layout_told_end(layout, partition);
	int r = told ? disk_layout_decide_start(partition, end, err) : 0;

	if (r == 0)
		r = disk_layout_decide_end(layout, partition, err);
	if (r == 0)
		r = disk_layout_decide_size(partition, need, disk_layout_is_root(partition) && !told ? slot : partition->size,
					    err);
	return r < 0 || told ? r : disk_layout_decide_start(partition, end, err);
}

static int disk_layout_decide_disk(struct disk_layout *layout, uint64_t end, struct err *err)
{
	const struct pos *pos = layout->n_partitions ? &layout->partitions[0].pos : NULL;
	uint64_t need = end + DISK_MIB; /* the second GPT */

	for (size_t i = 0; i < layout->n_partitions; i++) {
		const struct disk_partition *partition = &layout->partitions[i];

		if (partition->start + partition->size + partition->before_end > need && partition->before_end < SIZE_LIMIT)
			need = partition->start + partition->size + partition->before_end;
	}
	if (!layout->size_bytes)
		layout->size_bytes = need;
	if (layout->size_bytes > SIZE_LIMIT)
		return err_at(err, -EINVAL, pos, NULL, "the disk would be too large");
	layout->size_bytes = disk_layout_round_up(layout->size_bytes);
	if (layout->size_bytes >= need)
		return 0;
	err_at(err, -ENOSPC, pos, NULL, "the disk is %lluM but its partitions need %lluM",
	       disk_layout_mib(layout->size_bytes), disk_layout_mib(need));
	return err_hint(err, "set the disk's imageSize to %lluM or more, or leave it out", disk_layout_mib(need));
}

int layout_place(struct disk_layout *layout, const uint64_t *need_bytes, struct err *err)
{
	const uint64_t slot_need = disk_layout_root_need(layout, need_bytes),
		       slot_given = disk_layout_root_given(layout);
	uint64_t end = DISK_MIB;

	for (size_t i = 0; i < layout->n_partitions; i++) {
		struct disk_partition *partition = &layout->partitions[i];
		uint64_t need = disk_layout_is_root(partition) ? slot_need : need_bytes[i];
		int r = disk_layout_decide(layout, partition, need, slot_given, end, err);

		if (r < 0)
			return r;
		end = partition->start + partition->size;
		if (end > SIZE_LIMIT)
			return err_at(err, -EINVAL, &partition->pos, partition->label, "the disk would be too large");
	}
	return disk_layout_decide_disk(layout, end, err);
}

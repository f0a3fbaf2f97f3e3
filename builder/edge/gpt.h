/* GUID partition tables (UEFI specification 2.10, chapter 5) by libfdisk. */
#ifndef EDGE_GPT_H
#define EDGE_GPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	GPT_SECTOR = 512,
	GPT_PRIMARY_BYTES = 34 * GPT_SECTOR, /* protective MBR, header, 128 entries: from the disk's first byte */
	GPT_BACKUP_BYTES = 33 * GPT_SECTOR,  /* entries, header: up to the disk's last byte */
	GPT_HYBRID_MAX = 3,                  /* beside the entry that protects the GPT */
};

struct gpt_partition {
	const char *label;           /* 1…36 characters */
	const char *type, *uuid;     /* GUIDs as text */
	uint64_t attributes;
	uint64_t start, size;        /* bytes, multiples of GPT_SECTOR */
	bool hybrid, active;         /* has an entry in the old partition table as well, which is the active one … */
	uint8_t mbr_type;            /* … and of this type */
};

struct gpt {
	const char *uuid;            /* the disk's GUID as text */
	uint64_t size_bytes;         /* of the disk, a multiple of GPT_SECTOR */
	const struct gpt_partition *partitions; /* numbered from 1 in this order */
	size_t n_partitions;
};

/* Encodes both tables of a disk of 512-byte sectors. -EINVAL, with the name of the partition, for what libfdisk refuses
 * (outside of the disk, overlapping, a GUID that is none), and for what a hybrid table cannot have (a fourth partition, or one
 * beyond 2 TiB). The entry that protects the GPT is the first of a hybrid table, as gdisk makes it, and ends before the first
 * partition that has an entry of its own. */
int gpt_encode(const struct gpt *gpt, uint8_t ret_primary[GPT_PRIMARY_BYTES], uint8_t ret_backup[GPT_BACKUP_BYTES],
	       struct err *err);

#endif

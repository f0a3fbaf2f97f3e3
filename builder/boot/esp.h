/* The EFI system partition: a vfat file system with files on it. */
#ifndef BOOT_ESP_H
#define BOOT_ESP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "disk/spec.h"

struct esp_file {
	const char *path;            /* "/EFI/BOOT/BOOTX64.EFI" */
	const void *data;
	size_t size;
	bool of_slot;                /* each slot has such a file */
};

/* How large the file system must be for these files, those of a slot counted twice: for a slot that is spare now, too. */
uint64_t esp_need(const struct esp_file *files, size_t n);

/* Makes the file system in the file `name` of spec->work. Folders are made as needed; every time is spec->epoch. */
int esp_make(const struct disk_spec *spec, const struct disk_partition *partition, const struct esp_file *files, size_t n,
	     const char *name, int *ret_fd, struct err *err);

#endif

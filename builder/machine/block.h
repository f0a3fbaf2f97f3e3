/* Partitions of this machine, as the kernel lists them. */
#ifndef MACHINE_BLOCK_H
#define MACHINE_BLOCK_H

#include <stdbool.h>

/* A partition as the kernel knows it. */
struct partition {
	char device[32]; /* "vda3" */
	char disk[32];   /* "vda" */
	char label[40];  /* its name in the GPT */
};

/* The partition that the kernel calls `device` ("vda3"); false when it is none with a name. */
bool partition_of(const char *device, struct partition *ret_partition);

/* The block device that is mounted at / ("dm-0"); false when there is none (a container). */
bool root_device(char ret_device[32]);

/* Calls `visit` for every partition there is, until it returns other than 0; returns that. */
int partitions_each(int (*visit)(const struct partition *partition, void *data), void *data);

/* The partition named `label` on `disk`; false when there is none. */
bool partition_find(const char *disk, const char *label, struct partition *ret_partition);

#endif

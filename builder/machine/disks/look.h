/* What is on a device: asked of the image's blkid(8), which knows all signatures. The bytes are whoever's. */
#ifndef MACHINE_DISKS_LOOK_H
#define MACHINE_DISKS_LOOK_H

#include <stdbool.h>

enum { LOOK_BYTES = 128 };

struct look {
	char type[LOOK_BYTES];         /* "crypto_LUKS", "ext4"; "" for nothing that is known, or several things */
	char label[LOOK_BYTES];
	char table[LOOK_BYTES];        /* "gpt"; "" for no partition table */
};

/* False when it cannot be asked. */
bool look_at(const char *device, struct look *ret_look);

/* "ext4 labelled 'data'", "nothing that is known", for a message. */
const char *look_called(const struct look *look);

#endif

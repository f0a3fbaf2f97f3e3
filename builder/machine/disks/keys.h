/* Keys of encrypted volumes: where they come from, and where they are made. */
#ifndef MACHINE_DISKS_KEYS_H
#define MACHINE_DISKS_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "machine/disks/stage.h"

enum { KEY_BYTES_MAX = 4096 };

struct key {
	uint8_t bytes[KEY_BYTES_MAX];
	size_t size;                   /* 0: the volume's own token says it (a TPM) */
	bool made_here;                /* of chance alone: nothing is won by making its use slow */
};

/* Gets the key of the volume; with `making`, what is missing is made first (the key file, the key on its disk, one for the time
 * until the TPM is bound). 0 or -errno, and it was said why. key_forget() it. */
int key_get(struct stage *stage, const struct node *node, bool making, struct key *ret_key);
void key_forget(struct key *key);

/* Whether the volume's key comes from what is there only when /var is: such a one is made late. */
bool key_is_late(const struct node *node);

/* Whether what is written to /var now is there at the next start. */
bool key_var_stays(void);

/* Writes the bytes to a file of that name in STAGE_ROOM, root's alone; the path. For programs that read keys from files. */
int key_put(const char *name, const void *bytes, size_t size, char ret_path[128]);

#endif

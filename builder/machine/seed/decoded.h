/* What stands in a seed in an encoding. */
#ifndef MACHINE_SEED_DECODED_H
#define MACHINE_SEED_DECODED_H

#include <stddef.h>

#include "machine/seed/memory.h"

enum { DECODED_MAX = 4 << 20 };

struct bytes {
	const char *bytes;
	size_t size;
};

/* RFC 4648, with white space anywhere. -EINVAL for what is none. */
int decode_base64(struct memory *memory, struct bytes in, struct bytes *ret_out);

/* RFC 1952, all members. -EINVAL for what is none, -EFBIG for more than DECODED_MAX bytes. */
int decode_gzip(struct memory *memory, struct bytes in, struct bytes *ret_out);

#endif

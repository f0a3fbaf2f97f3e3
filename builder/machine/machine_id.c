#include "machine/machine_id.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <sys/types.h>

#include "machine/hex.h"

int machine_id_by_chance(char out[MACHINE_ID_BYTES])
{
	uint8_t bytes[MACHINE_ID_DIGITS / 2];
	ssize_t n = getrandom(bytes, sizeof bytes, 0);

	if (n != (ssize_t)sizeof bytes)
		return n < 0 ? -errno : -EIO;
	bytes[6] = (bytes[6] & 0x0f) | 0x40;
	bytes[8] = (bytes[8] & 0x3f) | 0x80;
	hex_print(bytes, sizeof bytes, out);
	strcpy(out + MACHINE_ID_DIGITS, "\n");
	return 0;
}

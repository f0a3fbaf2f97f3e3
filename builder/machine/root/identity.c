#include "machine/root/identity.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "machine/hex.h"
#include "machine/say.h"

enum { DIGITS = 32 };

/* Hypervisors without a configured UUID report one of these. */
static bool root_identity_is_same_everywhere(const char digits[DIGITS])
{
	return strspn(digits, "0") >= DIGITS || strspn(digits, "f") >= DIGITS;
}

bool identity_from_uuid(const char *uuid, char out[MACHINE_ID_BYTES])
{
	size_t n = 0;

	for (; *uuid; uuid++) {
		if (*uuid == '-')
			continue;
		if (!isxdigit((unsigned char)*uuid) || n == DIGITS)
			return false;
		out[n++] = (char)tolower((unsigned char)*uuid);
	}
	if (n != DIGITS)
		return false;
	strcpy(out + DIGITS, "\n");
	return !root_identity_is_same_everywhere(out);
}

/* A random UUID, as machine-id(5) wants it (RFC 9562, version 4). */
static void root_identity_make_by_chance(char out[MACHINE_ID_BYTES])
{
	uint8_t bytes[DIGITS / 2];

	if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
		die("cannot get random bytes for the machine-id: %s", strerror(errno));
	bytes[6] = (bytes[6] & 0x0f) | 0x40;
	bytes[8] = (bytes[8] & 0x3f) | 0x80;
	hex_print(bytes, sizeof bytes, out);
	strcpy(out + DIGITS, "\n");
}

void identity_machine_id(const char *folder, char out[MACHINE_ID_BYTES])
{
	char path[256], line[64];
	int r;

	snprintf(path, sizeof path, "%s/machine-id", folder);
	if (read_line(path, line, sizeof line) == DIGITS && identity_from_uuid(line, out))
		return;
	if (read_line("/sys/class/dmi/id/product_uuid", line, sizeof line) <= 0 || !identity_from_uuid(line, out))
		root_identity_make_by_chance(out);
	r = make_folder(folder, 0700);
	if (r == 0)
		r = write_whole(folder, "machine-id", out);
	if (r < 0)
		say("cannot store the machine-id in %s: %s", folder, strerror(-r));
}

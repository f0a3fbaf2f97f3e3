#include "machine/root/identity.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "machine/say.h"

/* Hypervisors without a configured UUID report one of these. */
static bool root_identity_is_same_everywhere(const char digits[MACHINE_ID_DIGITS])
{
	return strspn(digits, "0") >= MACHINE_ID_DIGITS || strspn(digits, "f") >= MACHINE_ID_DIGITS;
}

bool identity_from_uuid(const char *uuid, char out[MACHINE_ID_BYTES])
{
	size_t n = 0;

	for (; *uuid; uuid++) {
		if (*uuid == '-')
			continue;
		if (!isxdigit((unsigned char)*uuid) || n == MACHINE_ID_DIGITS)
			return false;
		out[n++] = (char)tolower((unsigned char)*uuid);
	}
	if (n != MACHINE_ID_DIGITS)
		return false;
	strcpy(out + MACHINE_ID_DIGITS, "\n");
	return !root_identity_is_same_everywhere(out);
}

void identity_machine_id(const char *folder, char out[MACHINE_ID_BYTES])
{
	char path[256], line[64];
	int r = 0;

	snprintf(path, sizeof path, "%s/machine-id", folder);
	if (read_line(path, line, sizeof line) == MACHINE_ID_DIGITS && identity_from_uuid(line, out))
		return;
	if (read_line("/sys/class/dmi/id/product_uuid", line, sizeof line) <= 0 || !identity_from_uuid(line, out))
		r = machine_id_by_chance(out);
	if (r < 0)
		die("cannot get random bytes for the machine-id: %s", strerror(-r));
	r = make_folder(folder, 0700);
	if (r == 0)
		r = write_whole(folder, "machine-id", out);
	if (r < 0)
		say("cannot store the machine-id in %s: %s", folder, strerror(-r));
}

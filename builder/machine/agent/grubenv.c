#include "machine/agent/grubenv.h"

#include <errno.h>
#include <string.h>

#include "machine/lines.h"

static const char SIGNATURE[] = "# GRUB Environment Block\n";
enum { SIGNATURE_BYTES = sizeof SIGNATURE - 1 };

/* The lines of a block, as a text of their own. */
static void grubenv_read_lines(const char block[GRUBENV_BYTES], char out[GRUBENV_BYTES + 1])
{
	size_t n = 0;

	if (memcmp(block, SIGNATURE, SIGNATURE_BYTES) == 0)
		for (size_t i = SIGNATURE_BYTES;
		     i < GRUBENV_BYTES && block[i] && !(block[i] == '#' && block[i - 1] == '\n'); i++)
			out[n++] = block[i];
	out[n] = 0;
}

bool grubenv_get(const char block[GRUBENV_BYTES], const char *key, char *out, size_t size)
{
	char text[GRUBENV_BYTES + 1];

	grubenv_read_lines(block, text);
	return lines_get(text, key, out, size);
}

static size_t grubenv_add(char *to, size_t at, const char *text, size_t length)
{
	if (at <= GRUBENV_BYTES && length <= GRUBENV_BYTES - at)
		memcpy(to + at, text, length);
	return at + length;
}

int grubenv_set(char block[GRUBENV_BYTES], const char *key, const char *value)
{
	char old[GRUBENV_BYTES + 1], new[GRUBENV_BYTES];
	size_t at, key_length = strlen(key);

	grubenv_read_lines(block, old);
	at = grubenv_add(new, 0, SIGNATURE, SIGNATURE_BYTES);
	if (value) { /* first, so that what we count with stays in the first sector, which a disk writes whole */
		at = grubenv_add(new, at, key, key_length);
		at = grubenv_add(new, at, "=", 1);
		at = grubenv_add(new, at, value, strlen(value));
		at = grubenv_add(new, at, "\n", 1);
	}
	for (const char *line = old; *line;) {
		size_t length = strcspn(line, "\n");

		if (strncmp(line, key, key_length) != 0 || line[key_length] != '=') {
			at = grubenv_add(new, at, line, length);
			at = grubenv_add(new, at, "\n", 1);
		}
		line += length + (line[length] == '\n');
	}
	if (at > GRUBENV_BYTES)
		return -ENOSPC;
	memset(new + at, '#', GRUBENV_BYTES - at);
	memcpy(block, new, GRUBENV_BYTES);
	return 0;
}

#include "machine/attributes.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

#include "contract/box.h"
#include "machine/hex.h"

enum { NAMES_BYTES = 65536, VALUE_BYTES = 65536, NAME_BYTES = 256 };

static bool attributes_count(const char *name)
{
	static const char *const names[] = {LIST_ATTRIBUTES};

	if (strncmp(name, LIST_ATTRIBUTE_USER, strlen(LIST_ATTRIBUTE_USER)) == 0)
		return strncmp(name, LIST_ATTRIBUTE_OVERLAY, strlen(LIST_ATTRIBUTE_OVERLAY)) != 0;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* NAME=HEX as a name and bytes; how many, or -EINVAL. */
static int attributes_split(const char *text, char name[NAME_BYTES], uint8_t value[VALUE_BYTES])
{
	const char *equals = strchr(text, '=');
	size_t digits = equals ? strlen(equals + 1) : 0;

	if (!equals || equals - text >= NAME_BYTES || digits / 2 > VALUE_BYTES ||
	    hex_parse(equals + 1, digits, value, digits / 2) < 0)
		return -EINVAL;
	snprintf(name, NAME_BYTES, "%.*s", (int)(equals - text), text);
	return (int)(digits / 2);
}

static bool attributes_has(const char *path, const char *text)
{
	static uint8_t wanted[VALUE_BYTES], value[VALUE_BYTES];
	char name[NAME_BYTES];
	int size = attributes_split(text, name, wanted);

	return size >= 0 && lgetxattr(path, name, value, sizeof value) == size && memcmp(value, wanted, (size_t)size) == 0;
}

/* The names of those that count, one behind the other; how many bytes, or -errno. A file system may have none at all. */
static ssize_t attributes_list(const char *path, char names[NAMES_BYTES])
{
	ssize_t n = llistxattr(path, names, NAMES_BYTES);

	return n < 0 ? errno == ENOTSUP ? 0 : -errno : n;
}

bool attributes_are(const char *path, const struct roster_member *member)
{
	static char names[NAMES_BYTES];
	ssize_t n = attributes_list(path, names);
	size_t found = 0;

	if (n < 0)
		return false;
	for (const char *name = names; name < names + n; name += strlen(name) + 1)
		found += attributes_count(name);
	for (size_t i = 0; found == member->n_attributes && i < member->n_attributes; i++)
		if (!attributes_has(path, member->attributes[i]))
			return false;
	return found == member->n_attributes;
}

int attributes_set(const char *path, const struct roster_member *member)
{
	static char names[NAMES_BYTES];
	static uint8_t value[VALUE_BYTES];
	char one[NAME_BYTES];
	ssize_t n;

	if (attributes_are(path, member))
		return 0;
	n = attributes_list(path, names);
	for (const char *name = names; n > 0 && name < names + n; name += strlen(name) + 1)
		if (attributes_count(name) && lremovexattr(path, name) < 0)
			return -errno;
	for (size_t i = 0; n >= 0 && i < member->n_attributes; i++) {
		int size = attributes_split(member->attributes[i], one, value);

		if (size < 0)
			return size;
		if (lsetxattr(path, one, value, (size_t)size, 0) < 0)
			return -errno;
	}
	return n < 0 ? (int)n : 0;
}

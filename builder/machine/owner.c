#include "machine/owner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OWNER_NAME = 64, OWNER_LINE = 4096 };

/* The number in field `field` of the line of `name` (passwd(5), group(5): fields with ':' between, from 0). */
static bool owner_look_up(const char *root, const char *file, const char *name, unsigned field, unsigned *ret_number)
{
	char path[512], line[OWNER_LINE];
	bool found = false;
	FILE *stream;

	snprintf(path, sizeof path, "%s%s", root, file);
	stream = fopen(path, "re");
	while (stream && !found && fgets(line, sizeof line, stream)) {
		char *at = line, *word = NULL;

		if (strncmp(line, name, strlen(name)) != 0 || line[strlen(name)] != ':')
			continue;
		for (unsigned i = 0; i <= field; i++)
			word = strsep(&at, ":\n");
		found = word && *word;
		if (found)
			*ret_number = (unsigned)strtoul(word, NULL, 10);
	}
	if (stream)
		fclose(stream);
	return found;
}

static bool owner_number(const char *text, unsigned *ret_number)
{
	if (!*text || strlen(text) > 9 || strspn(text, "0123456789") != strlen(text))
		return false;
	*ret_number = (unsigned)strtoul(text, NULL, 10);
	return true;
}

static bool owner_user(const char *root, const char *name, uid_t *ret_uid, gid_t *ret_gid)
{
	unsigned uid = 0, gid = 0;

	if (owner_number(name, &uid)) {
		*ret_uid = uid;
		return true;
	}
	if (!owner_look_up(root, "/etc/passwd", name, 2, &uid) || !owner_look_up(root, "/etc/passwd", name, 3, &gid))
		return false;
	*ret_uid = uid;
	*ret_gid = gid;
	return true;
}

static bool owner_group(const char *root, const char *name, gid_t *ret_gid)
{
	unsigned gid = 0;

	if (!owner_number(name, &gid) && !owner_look_up(root, "/etc/group", name, 2, &gid))
		return false;
	*ret_gid = gid;
	return true;
}

bool owner_find(const char *root, const char *text, uid_t *ret_uid, gid_t *ret_gid)
{
	char user[OWNER_NAME] = "";
	const char *group = text ? strchr(text, ':') : NULL;
	size_t n = group ? (size_t)(group - text) : text ? strlen(text) : 0;
	bool good = n < sizeof user;

	*ret_uid = 0;
	*ret_gid = 0;
	if (good && n)
		snprintf(user, sizeof user, "%.*s", (int)n, text);
	if (good && *user)
		good = owner_user(root, user, ret_uid, ret_gid);
	if (good && group && group[1])
		good = owner_group(root, group + 1, ret_gid);
	if (!good)
		*ret_uid = *ret_gid = 0;
	return good;
}

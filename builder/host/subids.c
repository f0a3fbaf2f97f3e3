#include "host/subids.h"

#include <stdio.h>
#include <string.h>

static unsigned long subids_find_in(const char *path, const char *user, const char *uid, unsigned long needed)
{
	FILE *file = fopen(path, "re");
	unsigned long start, count, found = 0;
	char line[512], name[256];

	while (file && !found && fgets(line, sizeof line, file))
		if (sscanf(line, " %255[^:]:%lu:%lu", name, &start, &count) == 3 && count >= needed &&
		    (strcmp(name, user) == 0 || strcmp(name, uid) == 0))
			found = start;
	if (file)
		fclose(file);
	return found;
}

struct subids subids_find(const char *user, const char *uid, unsigned long needed)
{
	return (struct subids){subids_find_in("/etc/subuid", user, uid, needed),
			       subids_find_in("/etc/subgid", user, uid, needed)};
}

#include "machine/root/fstab.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "machine/say.h"

enum { FSTAB_MAX = 1 << 16 };

bool fstab_mounts(const char *text, const char *folder)
{
	size_t length = strlen(folder);

	for (const char *line = text; *line;) {
		const char *source = line + strspn(line, " \t"), *at = source + strcspn(source, " \t\n");

		at += strspn(at, " \t");
		if (*source != '#' && strncmp(at, folder, length) == 0 && (at[length] == ' ' || at[length] == '\t'))
			return true;
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return false;
}

bool fstab_file_mounts(const char *path, const char *folder)
{
	static char text[FSTAB_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read_all(fd, text, sizeof text - 1, 0);
	close(fd);
	if (n < 0)
		return false;
	text[n] = 0;
	return fstab_mounts(text, folder);
}

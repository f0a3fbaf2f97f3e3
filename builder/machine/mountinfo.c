#include "machine/mountinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract/box.h"
#include "machine/say.h"

enum { FIELDS = 6, TEXT_STEP = 1 << 16, TEXT_MAX_BYTES = 16 << 20 };

/* Spaces and the like are a backslash and three octal digits. */
static void mountinfo_unescape(char *field)
{
	char *to = field;

	for (; *field; field++) {
		if (field[0] == '\\' && field[1] >= '0' && field[1] <= '3' && field[2] >= '0' && field[2] <= '7' &&
		    field[3] >= '0' && field[3] <= '7') {
			*to++ = (char)((field[1] - '0') << 6 | (field[2] - '0') << 3 | (field[3] - '0'));
			field += 3;
		} else {
			*to++ = *field;
		}
	}
	*to = 0;
}

int mountinfo_next(char **text, struct mountinfo *ret_mount)
{
	char *line = strsep(text, "\n"), *fields[FIELDS], *end;
	size_t n = 0;

	if (!line || !*line)
		return 0;
	while (n < FIELDS && line)
		fields[n++] = strsep(&line, " ");
	if (n < FIELDS || !line || *fields[3] != '/' || *fields[4] != '/')
		return -EINVAL;
	*ret_mount = (struct mountinfo){
		.id = strtoul(fields[0], &end, 10),
		.parent = strtoul(fields[1], NULL, 10),
		.root = fields[3],
		.point = fields[4],
	};
	if (end == fields[0])
		return -EINVAL;
	mountinfo_unescape(fields[3]);
	mountinfo_unescape(fields[4]);
	for (const char *tag; line && (tag = strsep(&line, " ")) && strcmp(tag, "-") != 0;)
		ret_mount->shared |= strncmp(tag, "shared:", strlen("shared:")) == 0;
	return 1;
}

char *mountinfo_load(void)
{
	int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	size_t room = TEXT_STEP;
	char *text = NULL;
	ssize_t n = -EFBIG;

	while (fd >= 0 && n == -EFBIG && room <= TEXT_MAX_BYTES) {
		free(text);
		text = malloc(room);
		n = text ? read_all(fd, text, room, 0) : -ENOMEM;
		if (n == (ssize_t)room)
			n = -EFBIG;
		room *= 2;
	}
	if (fd >= 0)
		close(fd);
	if (n < 0) {
		free(text);
		return NULL;
	}
	text[n] = 0;
	return text;
}

char mountinfo_slot(char *text)
{
	static const char tail[] = "/" BOX_TREE, folder[] = BOX_FOLDER "/";
	struct mountinfo mount;
	char slot = 0;

	while (mountinfo_next(&text, &mount) > 0) {
		size_t length = strlen(mount.root), end = strlen(folder) + 1 + strlen(tail);
		const char *at = mount.root + length - end;

		if (strcmp(mount.point, "/") != 0)
			continue;
		slot = 0; /* the last one is the one that is seen */
		if (length >= end && strncmp(at, folder, strlen(folder)) == 0 && strcmp(at + strlen(folder) + 1, tail) == 0 &&
		    (at[strlen(folder)] == 'a' || at[strlen(folder)] == 'b'))
			slot = at[strlen(folder)];
	}
	return slot;
}

#include "machine/disks/recovery.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/stack.h"
#include "machine/put.h"
#include "machine/say.h"

#define VAR "/var"
#define FETCH "--fetch"

void recovery_print(const unsigned char bytes[RECOVERY_BYTES], char out[RECOVERY_TEXT])
{
	static const char letters[] = "cbdefghijklnrtuv";

	for (size_t i = 0; i < RECOVERY_BYTES; i++) {
		if (i && i % 4 == 0)
			*out++ = '-';
		*out++ = letters[bytes[i] >> 4];
		*out++ = letters[bytes[i] & 15];
	}
	*out = 0;
}

int recovery_keep(const char *var, const char *volume, const char *text)
{
	char folder[PATH_MAX], path[PATH_MAX], line[RECOVERY_TEXT + 1];
	struct put put = {.path = path, .bytes = line, .mode = 0400};
	int r;

	snprintf(folder, sizeof folder, "%s%s", var, STACK_RECOVERY + strlen(VAR));
	snprintf(path, sizeof path, "%s/%s", STACK_RECOVERY + strlen(VAR), volume);
	r = make_folder(folder, 0700);
	put.size = (size_t)snprintf(line, sizeof line, "%s\n", text);
	if (r == 0)
		r = put_file(var, &put);
	explicit_bzero(line, sizeof line);
	return r;
}

size_t recovery_each(void (*visit)(const char *volume, void *data), void *data)
{
	DIR *folder = opendir(STACK_RECOVERY);
	struct dirent *entry;
	size_t n = 0;

	while (folder && (entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		visit(entry->d_name, data);
		n++;
	}
	if (folder)
		closedir(folder);
	return n;
}

static void recovery_list(const char *volume, void *data)
{
	(void)data;
	puts(volume);
}

/* It is gone when it was printed: a key that nobody could read is kept. */
static int recovery_fetch(const char *volume)
{
	char path[PATH_MAX], text[RECOVERY_TEXT + 8];
	bool written;
	int n;

	if (!*volume || strchr(volume, '/') || *volume == '.')
		die("'%s' is not the name of a volume", volume);
	snprintf(path, sizeof path, STACK_RECOVERY "/%s", volume);
	n = read_line(path, text, sizeof text);
	if (n <= 0)
		die("no recovery key of '%s' waits here: it was fetched before, or none was made", volume);
	written = printf("%s\n", text) > 0 && fflush(stdout) == 0;
	explicit_bzero(text, sizeof text);
	if (!written)
		die("the key could not be printed, and is kept");
	if (unlink(path) < 0)
		die("cannot remove %s: %s", path, strerror(errno));
	return EXIT_SUCCESS;
}

int recovery_main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], FETCH) == 0)
		return recovery_fetch(argv[2]);
	if (argc != 1)
		return 2;
	recovery_each(recovery_list, NULL);
	return EXIT_SUCCESS;
}

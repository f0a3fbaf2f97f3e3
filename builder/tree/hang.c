#include "tree/hang.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"

enum { LIMIT_S = 1200, PROCESSES_MAX = 4096, SHOWN = 12 };

unsigned hang_limit_s(void)
{
	const char *wanted = getenv("AETHER_PACKAGE_SECONDS");
	long seconds = wanted ? strtol(wanted, NULL, 10) : 0;

	return seconds > 0 && seconds < 1000000 ? (unsigned)seconds : LIMIT_S;
}

struct hang_process {
	int pid, parent;
	bool ours;
};

static bool hang_read_file(int pid, const char *name, char *text, size_t size, size_t *ret_length)
{
	char path[64];
	int fd;
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, size - 1);
	if (fd >= 0)
		close(fd);
	if (n < 0)
		return false;
	text[n] = 0;
	*ret_length = (size_t)n;
	return true;
}

/* proc_pid_stat(5): the parent is the second field behind the name, which may have anything in it. */
static int hang_parent(int pid)
{
	char text[512];
	const char *end;
	size_t length;

	if (!hang_read_file(pid, "stat", text, sizeof text, &length))
		return 0;
	end = strrchr(text, ')');
	return end && strlen(end) > 4 ? atoi(end + 4) : 0;
}

static size_t hang_list(struct hang_process *list)
{
	DIR *folder = opendir("/proc");
	struct dirent *entry;
	size_t n = 0;

	while (folder && n < PROCESSES_MAX && (entry = readdir(folder))) {
		int pid = atoi(entry->d_name);

		if (pid > 0)
			list[n++] = (struct hang_process){pid, hang_parent(pid), false};
	}
	if (folder)
		closedir(folder);
	return n;
}

/* Marks the descendants of `pid`; numbers may have wrapped around, so until nothing new is found. */
static void hang_mark(struct hang_process *list, size_t n, int pid)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; !list[i].ours && j <= n; j++)
				if (j < n ? list[j].ours && list[j].pid == list[i].parent : list[i].parent == pid)
					more = list[i].ours = true;
	}
}

char *hang_describe(pid_t pid)
{
	struct hang_process *list = calloc(PROCESSES_MAX, sizeof *list);
	size_t n = list ? hang_list(list) : 0, shown = 0, length;
	struct buf out = {0};
	char command[512];

	hang_mark(list, n, (int)pid);
	for (size_t i = 0; i < n && shown < SHOWN; i++) {
		if (!list[i].ours || !hang_read_file(list[i].pid, "cmdline", command, sizeof command, &length) || length == 0)
			continue;
		for (size_t c = 0; c + 1 < length; c++)
			if (!command[c])
				command[c] = ' ';
		text_calm(command, "");
		if (strstr(command, "--force-unsafe-io")) /* dpkg itself, with all its words */
			continue;
		buf_printf(&out, "\n  %s", command);
		shown++;
	}
	free(list);
	return out.data; /* of malloc */
}

/* `NAME[:ARCH].postinst …`: names may have dots in them. */
static const char *hang_script_package(struct arena *arena, const char *script)
{
	char *name = arena_strndup(arena, script, strcspn(script, " \n")), *dot = strrchr(name, '.');

	if (dot)
		*dot = 0;
	name[strcspn(name, ":")] = 0;
	return name;
}

const char *hang_package(struct arena *arena, const char *processes, const char *at)
{
	static const char INFO[] = "/var/lib/dpkg/info/";
	static const char *const steps[] = {"Preparing to unpack ", "Unpacking ", "Setting up ", "Processing triggers for ",
					    "Removing "};
	const char *script = processes ? strstr(processes, INFO) : NULL;

	if (script)
		return hang_script_package(arena, script + strlen(INFO));
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		const char *name = at + strlen(steps[i]);

		if (!text_has_prefix(at, steps[i]))
			continue;
		name = arena_strndup(arena, name, strcspn(name, " "));
		return i == 0 ? path_last(name) : arena_strndup(arena, name, strcspn(name, ":"));
	}
	return "";
}

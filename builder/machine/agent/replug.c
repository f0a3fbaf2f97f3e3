#include "machine/agent/replug.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "machine/command.h"
#include "machine/say.h"

#define DATABASE "/run/udev/data"

enum { RECORD_BYTES = 1 << 16, PATH_BYTES = 600, PATIENCE_S = 30 };

struct replug_list {
	char (*units)[REPLUG_NAME];
	size_t n;
	const char *sys, *device;      /* "c246:1": the device that is looked at */
};

static void replug_add(struct replug_list *list, const char *unit)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->units[i], unit) == 0)
			return;
	if (list->n < REPLUG_UNITS && strlen(unit) < REPLUG_NAME)
		strcpy(list->units[list->n++], unit);
}

/* The device's folder in sysfs, by its number; false for one that has none (a network interface, a bus). */
static bool replug_path(const struct replug_list *list, char out[PATH_BYTES])
{
	const char *kind = *list->device == 'c' ? "char" : *list->device == 'b' ? "block" : NULL;
	char link[PATH_BYTES], target[PATH_BYTES];
	ssize_t n;

	if (!kind)
		return false;
	snprintf(link, sizeof link, "%s/dev/%s/%s", list->sys, kind, list->device + 1);
	n = readlink(link, target, sizeof target - 1);
	if (n <= 0)
		return false;
	target[n] = 0;
	/* "../../devices/…" */
	return snprintf(out, PATH_BYTES, "/sys%s", strstr(target, "/devices/") ? strstr(target, "/devices/") : "") < PATH_BYTES;
}

/* `NAME@.service` stands for the instance of the device. */
static void replug_add_instance(struct replug_list *list, const char *template)
{
	char path[PATH_BYTES], option[REPLUG_NAME + 16], unit[REPLUG_NAME];
	const char *const argv[] = {"systemd-escape", "--path", option, path, NULL};

	snprintf(option, sizeof option, "--template=%s", template);
	if (replug_path(list, path) && command_run(argv, PATIENCE_S, unit, sizeof unit) == 0)
		replug_add(list, unit);
	else
		say("cannot tell which instance of %s the device %s wants: start it by hand", template, list->device);
}

static void replug_add_words(struct replug_list *list, char *words)
{
	char *word;

	while ((word = strsep(&words, " ")))
		if (strstr(word, "@."))
			replug_add_instance(list, word);
		else if (*word)
			replug_add(list, word);
}

/* A record has a line for each property (`E:KEY=VALUE`), and one for each tag that the device has now (`Q:TAG`). */
static void replug_read(struct replug_list *list, char *record)
{
	static const char wants[] = "E:SYSTEMD_WANTS=";
	char *line, *words = NULL;
	bool tagged = false;

	while ((line = strsep(&record, "\n"))) {
		tagged |= strcmp(line, "Q:systemd") == 0;
		if (strncmp(line, wants, sizeof wants - 1) == 0)
			words = line + sizeof wants - 1;
	}
	if (tagged && words)
		replug_add_words(list, words);
}

size_t replug_find(const char *data, const char *sys, char units[REPLUG_UNITS][REPLUG_NAME])
{
	static char record[RECORD_BYTES];
	struct replug_list list = {.units = units, .sys = sys};
	DIR *folder = opendir(data);
	struct dirent *entry;
	char path[PATH_BYTES];

	while (folder && (entry = readdir(folder))) {
		list.device = entry->d_name;
		if (*entry->d_name == '.' || snprintf(path, sizeof path, "%s/%s", data, entry->d_name) >= PATH_BYTES ||
		    read_line(path, record, sizeof record) <= 0)
			continue;
		replug_read(&list, record);
	}
	if (folder)
		closedir(folder);
	return list.n;
}

void replug(void)
{
	static char units[REPLUG_UNITS][REPLUG_NAME];
	const char *argv[REPLUG_UNITS + 4] = {"systemctl", "--no-block", "start"};
	size_t n = replug_find(DATABASE, "/sys", units);
	char said[256];

	for (size_t i = 0; i < n; i++)
		argv[3 + i] = units[i];
	if (n && command_run(argv, PATIENCE_S, said, sizeof said) != 0)
		say("cannot start all that devices want: %s", said);
}

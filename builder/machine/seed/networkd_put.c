#include "machine/seed/networkd_put.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "machine/put.h"

static bool networkd_put_is_meant(const struct networkd_file *files, size_t n, const char *folder, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(files[i].folder, folder) == 0 && strcmp(files[i].name, name) == 0)
			return true;
	return false;
}

/* What user space had before a soft-reboot is still below /run. */
static void networkd_put_sweep(struct memory *memory, const char *root, const char *folder, const struct networkd_file *files,
			       size_t n)
{
	DIR *open_folder = opendir(memory_print(memory, "%s%s", root, folder));
	struct dirent *entry;

	while (open_folder && (entry = readdir(open_folder)))
		if (strncmp(entry->d_name, NETWORKD_PREFIX, sizeof NETWORKD_PREFIX - 1) == 0 ||
		    strcmp(entry->d_name, RESOLVED_FILE) == 0)
			if (!networkd_put_is_meant(files, n, folder, entry->d_name))
				unlinkat(dirfd(open_folder), entry->d_name, 0);
	if (open_folder)
		closedir(open_folder);
}

void networkd_put(struct memory *memory, struct remarks *remarks, const char *root, const struct networkd_file *files,
		  size_t n)
{
	static const char *const folders[] = {NETWORKD_FOLDER, RESOLVED_FOLDER};

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		networkd_put_sweep(memory, root, folders[i], files, n);
	for (size_t i = 0; i < n; i++) {
		const char *path = memory_print(memory, "%s/%s", files[i].folder, files[i].name);
		const struct put put = {.path = path, .bytes = files[i].text, .size = strlen(files[i].text), .mode = 0644};
		int r = put_file(root, &put);

		if (r < 0)
			remark(remarks, "%s: %s", path, strerror(-r));
	}
}

#include "edge/appliance_host.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"

static const char PROGRAM[] = "qemu-system-x86_64", KERNEL[] = "vmlinuz-";
static const char USUAL_PATH[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

struct appliance_host appliance_host_here(void)
{
	const char *path = getenv("PATH");
	bool kernel = getenv("LIBGUESTFS_PATH") || getenv("SUPERMIN_KERNEL");

	return (struct appliance_host){
		.path = getenv("LIBGUESTFS_HV") ? NULL : path ? path : USUAL_PATH,
		.boot = kernel ? NULL : "/boot", .modules = "/lib/modules",
	};
}

static bool appliance_host_has_program(const char *path)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	bool found = false;

	while (path && !found) {
		const char *colon = strchr(path, ':');
		size_t length = colon ? (size_t)(colon - path) : strlen(path);

		found = length && access(arena_printf(arena, "%.*s/%s", (int)length, path, PROGRAM), X_OK) == 0;
		path = colon ? colon + 1 : NULL;
	}
	return found;
}

/* Whether there is a kernel that we may read, with its modules: the appliance is made of both. */
static bool appliance_host_has_kernel(const struct appliance_host *host)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	DIR *folder = opendir(host->boot);
	struct dirent *entry;
	bool found = false;

	while (folder && !found && (entry = readdir(folder))) {
		const char *kernel = arena_printf(arena, "%s/%s", host->boot, entry->d_name);

		if (text_has_prefix(entry->d_name, KERNEL) && access(kernel, R_OK) == 0)
			found = access(arena_printf(arena, "%s/%s/modules.dep", host->modules, entry->d_name + strlen(KERNEL)),
				       R_OK) == 0;
	}
	if (folder)
		closedir(folder);
	return found;
}

int appliance_host_check(const struct appliance_host *host, struct err *err)
{
	if (host->path && !appliance_host_has_program(host->path)) {
		err_set(err, -ENOENT, "libguestfs needs QEMU, and there is no '%s' here", PROGRAM);
		return err_hint(err, "apt-get install qemu-system-x86");
	}
	if (host->boot && !appliance_host_has_kernel(host)) {
		err_set(err, -ENOENT, "libguestfs needs a kernel, and '%s' has none to read with its modules in '%s'",
			host->boot, host->modules);
		return err_hint(err, "apt-get install linux-image-cloud-amd64 (is it for root alone? chmod 644 %s/vmlinuz-*)",
				host->boot);
	}
	return 0;
}

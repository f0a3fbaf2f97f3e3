#include "boot/esp.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "disk/format.h"
#include "disk/pick.h"
#include "disk/tool.h"

uint64_t esp_need(const struct esp_file *files, size_t n)
{
	enum { CLUSTER = 4096, TABLES = 2 << 20 };
	uint64_t need = TABLES;

	for (size_t i = 0; i < n; i++)
		need += (files[i].size + CLUSTER) * (files[i].of_slot ? 2 : 1);
	return need;
}

/* The folder of a file as mtools names it: "::/EFI/BOOT". */
static const char *esp_folder_of(struct arena *arena, const char *path)
{
	return arena_printf(arena, "::%.*s", (int)(strrchr(path, '/') - path), path);
}

/* Adds the folders above `path` that are not listed yet, from the top. */
static void esp_push_folders(struct arena *arena, struct strv *folders, const char *path)
{
	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		const char *folder = arena_printf(arena, "::%.*s", (int)(slash - path), path);

		if (!strv_has(folders, folder))
			strv_push(arena, folders, folder);
	}
}

static struct strv esp_mtool(struct arena *arena, const char *program, const char *image)
{
	struct strv argv = {0};

	strv_push(arena, &argv, program);
	strv_push(arena, &argv, "-i");
	strv_push(arena, &argv, image);
	return argv;
}

static int esp_run(struct arena *arena, const struct disk_spec *spec, struct strv *argv, struct err *err)
{
	*arena_push(arena, argv->items, argv->count) = NULL;
	return tool_run_at_epoch(spec, "mtools", argv->items, err);
}

/* Copies the staged files that belong in one folder: one by one by name, because folders have no order of their own. */
static int esp_copy(struct arena *arena, const struct disk_spec *spec, const struct esp_file *files, size_t n,
		    const char *folder, const char *staged, const char *image, struct err *err)
{
	struct strv argv = esp_mtool(arena, "/usr/bin/mcopy", image);

	strv_push(arena, &argv, "-m"); /* with their times */
	for (size_t i = 0; i < n; i++)
		if (strcmp(esp_folder_of(arena, files[i].path), folder) == 0)
			strv_push(arena, &argv, arena_printf(arena, "%s%s", staged, files[i].path));
	strv_push(arena, &argv, arena_printf(arena, "%s/", folder));
	return esp_run(arena, spec, &argv, err);
}

static int esp_fill(struct arena *arena, const struct disk_spec *spec, const struct esp_file *files, size_t n,
		    const char *image, struct err *err)
{
	struct strv all = esp_mtool(arena, "/usr/bin/mmd", image), done = {0};
	const char *staged = arena_printf(arena, "%s.files", image);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		esp_push_folders(arena, &all, files[i].path);
		r = pick_put(spec->work, arena_printf(arena, "%s%s", staged, files[i].path), files[i].data, files[i].size,
			     spec->epoch, err);
	}
	if (r == 0)
		r = esp_run(arena, spec, &all, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const char *folder = esp_folder_of(arena, files[i].path);

		if (strv_has(&done, folder))
			continue;
		strv_push(arena, &done, folder);
		r = esp_copy(arena, spec, files, n, folder, staged, image, err);
	}
	return r == 0 ? path_remove(arena_printf(arena, "%s/%s", spec->work, staged), err) : r;
}

int esp_make(const struct disk_spec *spec, const struct disk_partition *partition, const struct esp_file *files, size_t n,
	     const char *name, int *ret_fd, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct disk_partition file_system = *partition;
	_cleanup_fd_ int fd = -1;
	int r;

	file_system.content = DISK_VFAT;
	r = format_make(spec, &file_system, name, &fd, err);
	if (r == 0) {
		r = esp_fill(arena, spec, files, n, name, err);
		if (r < 0)
			err_wrap(err, "while filling the EFI system partition '%s'", partition->label);
	}
	if (r == 0) {
		*ret_fd = fd;
		fd = -1;
	}
	return r;
}

#include "inspect/inspection.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "inspect/scripts.h"
#include "inspect/told.h"

enum { IMAGES_MAX = 2, DRIVES_MAX = 2 * IMAGES_MAX, WORK_SECONDS = 4 * 3600 };

/* A template is unpacked on a disk of so many bytes, which has holes: what a bomb fills is this file. */
static const uint64_t INSPECTION_SCRATCH_BYTES = 32ULL << 30;

struct inspection {
	struct arena *arena;
	const struct inspect_request *request;
	struct inspect_view views[IMAGES_MAX];
	size_t n_views;
	size_t disks[IMAGES_MAX];    /* which drive each image is; of a template the next one is scratch */
	struct appliance_drive drives[DRIVES_MAX];
	size_t n_drives;
};

static int inspection_add_scratch(struct inspection *inspection, struct err *err)
{
	const char *path = arena_printf(inspection->arena, "%s/unpacked-%zu", inspection->request->work, inspection->n_views);
	_cleanup_fd_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, (off_t)INSPECTION_SCRATCH_BYTES) < 0)
		return err_sys(err, -errno, "cannot make '%s'", path);
	inspection->drives[inspection->n_drives++] = (struct appliance_drive){.path = path, .format = "raw"};
	return 0;
}

static int inspection_add(struct inspection *inspection, const char *path, struct err *err)
{
	struct inspect_view *view = &inspection->views[inspection->n_views];
	char *real = realpath(path, NULL);
	int r;

	if (!real)
		return err_sys(err, -errno, "cannot find '%s'", path);
	*view = (struct inspect_view){
		.place = arena_printf(inspection->arena, "%s/%zu", APPLIANCE_LOOK_ROOT, inspection->n_views),
	};
	r = kind_of_file(real, &view->kind, &view->file_size, err);
	inspection->disks[inspection->n_views] = inspection->n_drives;
	if (r == 0) {
		inspection->drives[inspection->n_drives++] = (struct appliance_drive){
			.path = arena_strdup(inspection->arena, real), .format = view->kind.format, .read_only = true,
		};
		if (view->kind.template)
			r = inspection_add_scratch(inspection, err);
		inspection->n_views++;
	}
	free(real);
	return r;
}

static int inspection_keep_apart(const struct inspection *inspection, struct appliance *appliance, const struct strv *devices,
				 struct err *err)
{
	_cleanup_buf_ struct buf said = {0};
	struct strv words = {0};

	for (size_t i = 0; i < inspection->n_views; i++)
		strv_push(inspection->arena, &words, devices->items[inspection->disks[i]]);
	return appliance_ask(appliance, SCRIPT_APART, &words, 4096, &said, err);
}

static int inspection_open(struct inspection *inspection, struct appliance *appliance, struct err *err)
{
	struct strv devices = {0};
	int r = appliance_devices(appliance, inspection->arena, inspection->n_drives, &devices, err);

	if (r == 0 && inspection->n_views == 2)
		r = inspection_keep_apart(inspection, appliance, &devices, err);
	for (size_t i = 0; r == 0 && i < inspection->n_views; i++) {
		struct inspect_view *view = &inspection->views[i];

		view->appliance = appliance;
		view->arena = inspection->arena;
		view->disk = devices.items[inspection->disks[i]];
		view->scratch = view->kind.template ? devices.items[inspection->disks[i] + 1] : NULL;
		r = view_open(view, err);
	}
	return r;
}

static int inspection_work(struct appliance *appliance, void *data, struct err *err)
{
	struct inspection *inspection = data;
	const struct inspect_request *request = inspection->request;
	int r = inspection_open(inspection, appliance, err);

	if (r == 0 && request->against)
		r = differ_tell(&inspection->views[0], &inspection->views[1], request, err);
	else if (r == 0 && (request->path || request->extract))
		r = look_tell(&inspection->views[0], request, err);
	else if (r == 0)
		r = overview_tell(&inspection->views[0], request, err);
	if (fflush(stdout) != 0 && r == 0) /* this process ends without */
		r = err_sys(err, -errno, "cannot write the result");
	return r;
}

int inspection_run(const struct inspect_request *request, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct inspection inspection = {.arena = arena, .request = request};
	struct appliance_options options = {
		.drives = inspection.drives, .cache = request->cache, .work = request->work, .work_seconds = WORK_SECONDS,
	};
	struct stat st;
	int r = inspection_add(&inspection, request->image, err);

	if (r == 0 && request->against)
		r = inspection_add(&inspection, request->against, err);
	if (r == 0 && request->extract && lstat(request->extract, &st) == 0) {
		err_set(err, -EEXIST, "'%s' exists already", request->extract);
		return err_hint(err, "name a file or a folder that is not there yet");
	}
	if (r < 0)
		return r;
	options.n_drives = inspection.n_drives;
	log_step("looking into the image");
	fflush(stdout);
	r = appliance_run(&options, inspection_work, &inspection, err);
	log_step(NULL);
	return r;
}

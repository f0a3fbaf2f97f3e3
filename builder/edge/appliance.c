/* The child process in which the library lives; appliance_watch.c is the parent's side. */
#include "edge/appliance.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "edge/appliance_common.h"
#include "edge/appliance_wire.h"

enum { DRIVES_MAX = 26 };

/* --- the library ----------------------------------------------------------------------------------------------------- */

static int appliance_load(struct appliance *appliance, const char *library, struct err *err)
{
	static const struct {
		const char *name;
		size_t offset;
	} calls[] = {
#define APPLIANCE_ROW(name) {"guestfs_" #name, offsetof(struct appliance_calls, name)},
		APPLIANCE_CALLS(APPLIANCE_ROW)
	};

	appliance->library = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	if (!appliance->library) {
		err_set(err, -ENOENT, "libguestfs is not installed: %s", dlerror());
		return err_hint(err, "apt-get install libguestfs0");
	}
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		void *found = dlsym(appliance->library, calls[i].name);

		if (!found) {
			err_set(err, -ENOENT, "this libguestfs is too old: it has no '%s'", calls[i].name);
			return err_hint(err, "install libguestfs0 of Debian 12 or later");
		}
		memcpy((char *)&appliance->guestfs + calls[i].offset, &found, sizeof found);
	}
	return 0;
}

int appliance_failed(struct appliance *appliance, struct err *err, const char *format, ...)
{
	const char *why = appliance->guestfs.last_error(appliance->handle);
	va_list ap;
	const char *what;

	va_start(ap, format);
	what = arena_vprintf(appliance->arena, format, ap);
	va_end(ap);
	return err_set(err, -EIO, "cannot %s: %s", what, why ? why : "libguestfs does not say why");
}

/* --- its start ------------------------------------------------------------------------------------------------------- */

static void appliance_hear(guestfs_h *handle, void *data, uint64_t event, int id, int flags, const char *said, size_t size,
			   const uint64_t *numbers, size_t n_numbers)
{
	const int *wire = data;

	(void)handle;
	(void)id;
	(void)flags;
	if (event == GUESTFS_EVENT_PROGRESS && n_numbers >= 4)
		appliance_wire_progress(*wire, numbers[2], numbers[3]);
	else if (event != GUESTFS_EVENT_PROGRESS)
		appliance_wire_send(*wire, WIRE_SAID, said, size);
	if (event == GUESTFS_EVENT_LIBRARY || event == GUESTFS_EVENT_WARNING) /* lines without their ends */
		appliance_wire_send(*wire, WIRE_SAID, "\n", 1);
}

/* The first line of what the library said: others tell of variables and mailing lists. */
static int appliance_not_started(struct appliance *appliance, struct err *err)
{
	const char *why = appliance->guestfs.last_error(appliance->handle);

	err_set(err, -EIO, "libguestfs's appliance does not start: %.*s", why ? (int)strcspn(why, "\n") : 0, why ? why : "");
	return err_hint(err, "--verbose shows all that it says");
}

static int appliance_add_drives(struct appliance *appliance, const struct appliance_options *options, struct err *err)
{
	if (options->n_drives > DRIVES_MAX)
		return err_set(err, -E2BIG, "libguestfs's appliance gets %zu disks, %d at most", options->n_drives, DRIVES_MAX);
	for (size_t i = 0; i < options->n_drives; i++) {
		const struct appliance_drive *drive = &options->drives[i];
		const struct guestfs_add_drive_opts_argv words = {
			.bitmask = GUESTFS_ADD_DRIVE_OPTS_READONLY_BITMASK | GUESTFS_ADD_DRIVE_OPTS_FORMAT_BITMASK |
				   GUESTFS_ADD_DRIVE_OPTS_CACHEMODE_BITMASK | GUESTFS_ADD_DRIVE_OPTS_LABEL_BITMASK,
			.readonly = drive->read_only, .format = drive->format,
			.cachemode = "unsafe", /* what is made is nobody's until all of it is */
			.label = arena_printf(appliance->arena, "drive%c", (char)('a' + i)), /* letters alone */
		};

		if (appliance->guestfs.add_drive_opts_argv(appliance->handle, drive->path, &words) < 0)
			return appliance_failed(appliance, err, "give '%s' to the appliance", drive->path);
	}
	return 0;
}

/* Its own files go where we say, whatever the environment says: those that are kept below the cache, the others into the work
 * folder, which is removed. */
static int appliance_set_up(struct appliance *appliance, const struct appliance_start *start, struct err *err)
{
	const struct appliance_calls *guestfs = &appliance->guestfs;
	guestfs_h *handle = appliance->handle;
	int failed = 0;

	failed |= guestfs->set_event_callback(handle, appliance_hear, GUESTFS_EVENT_APPLIANCE | GUESTFS_EVENT_LIBRARY |
					      GUESTFS_EVENT_WARNING | GUESTFS_EVENT_PROGRESS, 0, (void *)&start->wire) < 0;
	failed |= guestfs->set_backend(handle, "direct") < 0;
	failed |= guestfs->set_verbose(handle, start->verbose) < 0;
	failed |= guestfs->set_tmpdir(handle, start->folder) < 0;
	failed |= guestfs->set_cachedir(handle, start->kept) < 0;
	if (appliance_source(appliance) && appliance_is_made(start->kept))
		failed |= guestfs->set_path(handle, appliance_made(appliance->arena, start->kept)) < 0;
	if (start->emulated)
		failed |= guestfs->set_backend_setting(handle, "force_tcg", "1") < 0;
	return failed ? appliance_failed(appliance, err, "set up libguestfs") : 0;
}

int appliance_open(struct appliance *appliance, const char *library, struct err *err)
{
	int r;

	*appliance = (struct appliance){.arena = arena_new()};
	r = appliance_load(appliance, library, err);
	if (r < 0)
		return r;
	appliance->handle = appliance->guestfs.create_flags(GUESTFS_CREATE_NO_CLOSE_ON_EXIT);
	if (!appliance->handle) {
		err_set(err, -EINVAL, "libguestfs cannot be set up");
		return err_hint(err, "look at the variables LIBGUESTFS_… of the environment");
	}
	appliance->guestfs.set_error_handler(appliance->handle, NULL, NULL);
	return 0;
}

void appliance_close(struct appliance *appliance)
{
	if (appliance->handle)
		appliance->guestfs.close(appliance->handle);
	arena_free(appliance->arena);
}

static int appliance_launch(struct appliance *appliance, const struct appliance_start *start, struct err *err)
{
	int r = appliance_set_up(appliance, start, err);

	if (r == 0)
		r = appliance_add_drives(appliance, start->options, err);
	if (r == 0 && appliance->guestfs.launch(appliance->handle) < 0)
		r = appliance_not_started(appliance, err);
	return r;
}

int appliance_child(const struct appliance_start *start, struct err *err)
{
	struct appliance appliance;
	int r = appliance_open(&appliance, start->library, err);

	if (r == 0)
		r = appliance_launch(&appliance, start, err);
	if (r == 0) {
		appliance_wire_send(start->wire, WIRE_LAUNCHED, NULL, 0);
		r = start->work(&appliance, start->data, err);
	}
	if (r == 0 && appliance.guestfs.shutdown(appliance.handle) < 0) /* what was written is in the files then */
		r = appliance_failed(&appliance, err, "end libguestfs's appliance");
	appliance_close(&appliance);
	return r;
}

const char *appliance_drive_path(struct arena *arena, size_t n)
{
	return arena_printf(arena, "/dev/disk/guestfs/drive%c", (char)('a' + n));
}

int appliance_list(struct appliance *appliance, struct arena *arena, struct strv *ret_devices, struct err *err)
{
	char **devices = appliance->guestfs.list_devices(appliance->handle);

	if (!devices)
		return appliance_failed(appliance, err, "list the appliance's disks");
	for (size_t i = 0; devices[i]; i++) {
		strv_push(arena, ret_devices, devices[i]);
		free(devices[i]);
	}
	free(devices);
	return 0;
}

/* What the files of the appliance share: the library's handle, and its functions, which are looked up when it is loaded. Nobody
 * else includes this. */
#ifndef EDGE_APPLIANCE_COMMON_H
#define EDGE_APPLIANCE_COMMON_H

#include <guestfs.h>
#include <stddef.h>

#include "base/err.h"
#include "edge/appliance.h"

/* Every function of the library that we call, without its "guestfs_". */
#define APPLIANCE_CALLS(CALL) \
	CALL(create_flags) CALL(close) CALL(last_error) CALL(set_error_handler) \
	CALL(set_event_callback) CALL(set_backend) CALL(set_backend_setting) CALL(set_path) \
	CALL(get_path) CALL(set_cachedir) CALL(set_tmpdir) CALL(set_verbose) \
	CALL(add_drive_opts_argv) CALL(launch) CALL(shutdown) CALL(list_devices) \
	CALL(blockdev_getsize64) CALL(pwrite_device) CALL(debug) CALL(download)

#define APPLIANCE_DECLARE(name) __typeof__(guestfs_##name) *name;

struct appliance_calls {
	APPLIANCE_CALLS(APPLIANCE_DECLARE)
};

struct appliance {
	guestfs_h *handle;
	struct appliance_calls guestfs; /* appliance->guestfs.launch(appliance->handle) */
	struct arena *arena;
	void *library;
};

/* Loads the library and makes a handle; appliance_close() ends both, whatever was returned. */
int appliance_open(struct appliance *appliance, const char *library, struct err *err);
void appliance_close(struct appliance *appliance);

/* The folder of what an appliance is made of, in the first place of the library's path that has one; NULL: there is one that
 * is made already. */
const char *appliance_source(struct appliance *appliance);

/* An error with what the library said last: "cannot DO WHAT: …"; -EIO. */
int appliance_failed(struct appliance *appliance, struct err *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif

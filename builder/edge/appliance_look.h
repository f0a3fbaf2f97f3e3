/* What the appliance is asked for: programs of its own run there, and their output, or a file's bytes, come back. Whatever
 * comes back may have been shaped by a hostile image: it is bytes, and limited. */
#ifndef EDGE_APPLIANCE_LOOK_H
#define EDGE_APPLIANCE_LOOK_H

#include "base/buf.h"
#include "edge/appliance.h"

/* Where file systems are mounted to be looked at, in the appliance. appliance_fetch() takes paths below it. */
#define APPLIANCE_LOOK_ROOT "/sysroot"

/* The first `n` drives as the appliance's own programs call them ("/dev/sdb"). Linux names disks as it happens to find
 * them, so drive 0 need not be /dev/sda: the library's calls translate the names of appliance_list(), and a script would
 * look at another disk. */
int appliance_devices(struct appliance *appliance, struct arena *arena, size_t n, struct strv *ret_devices, struct err *err);

/* Runs `script` by the appliance's bash, $1 and so on being `arguments`, and appends what it writes on its stdout to
 * `ret_said`: any bytes. -EFBIG when these are more than `max_bytes`; -EIO with what it said on stderr when it ends with
 * another status than 0. */
int appliance_ask(struct appliance *appliance, const char *script, const struct strv *arguments, size_t max_bytes,
		  struct buf *ret_said, struct err *err);

/* The same, but what it writes is given to `take` as it comes, as appliance_fetch() does. */
int appliance_pour(struct appliance *appliance, const char *script, const struct strv *arguments, uint64_t max_bytes,
		   int (*take)(void *data, const void *bytes, size_t size, struct err *err), void *data, struct err *err);

/* Gives the bytes of the regular file `path` to `take` as they come, at most `max_bytes`: -EFBIG when it has more. `path` is
 * seen from APPLIANCE_LOOK_ROOT. `take` is called by another thread; what it returns below 0 ends all and is returned, and
 * it has filled `err`. */
int appliance_fetch(struct appliance *appliance, const char *path, uint64_t max_bytes,
		    int (*take)(void *data, const void *bytes, size_t size, struct err *err), void *data, struct err *err);

#endif

#include "edge/appliance_look.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "edge/appliance_common.h"

/* A FIFO below APPLIANCE_LOOK_ROOT: what a script writes has no size before it has ended, and the library copies files
 * alone. The script runs beside the daemon, which would else wait for it before it answers. */
static const char BEGIN[] =
	"mountpoint -q /sysroot || mount -t tmpfs -o mode=0700 aether /sysroot || exit 1\n"
	"rm -f /sysroot/said /tmp/aether.*; mkfifo /sysroot/said || exit 1\n"
	"(bash -c \"$0\" aether \"$@\" >/sysroot/said 2>/tmp/aether.complaint; echo $? >/tmp/aether.status) "
	"</dev/null >/dev/null 2>&1 &\n";
/* Its status; what it complained of, if that is not 0. */
static const char END[] =
	"for i in $(seq 600); do [ ! -s /tmp/aether.status ] || break; sleep 0.1; done\n"
	"read -r status </tmp/aether.status && [ \"$status\" = 0 ] || { head -c 4000 /tmp/aether.complaint >&2; exit 1; }\n";

/* --- bytes on their way ---------------------------------------------------------------------------------------------- */

struct look_pump {
	int from;
	uint64_t left;
	int (*take)(void *data, const void *bytes, size_t size, struct err *err);
	void *data;
	int r;
	struct err err;
};

static void *appliance_look_pump(void *data)
{
	struct look_pump *pump = data;
	char chunk[65536];
	ssize_t n = 1;

	while (pump->r == 0 && n > 0) {
		n = read(pump->from, chunk, sizeof chunk);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			pump->r = err_sys(&pump->err, -errno, "cannot read what the appliance sends");
		else if ((uint64_t)n > pump->left)
			pump->r = err_set(&pump->err, -EFBIG, "the appliance sends more than it should");
		else if (n > 0)
			pump->r = pump->take(pump->data, chunk, (size_t)n, &pump->err);
		if (n > 0)
			pump->left -= pump->r == 0 ? (uint64_t)n : 0;
	}
	close(pump->from); /* the library's next write fails then */
	return NULL;
}

int appliance_fetch(struct appliance *appliance, const char *path, uint64_t max_bytes,
		    int (*take)(void *data, const void *bytes, size_t size, struct err *err), void *data, struct err *err)
{
	struct look_pump pump = {.left = max_bytes, .take = take, .data = data};
	char name[32];
	pthread_t thread;
	int ends[2], failed;

	signal(SIGPIPE, SIG_IGN); /* this process is the library's alone */
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, -errno, "cannot make a pipe");
	pump.from = ends[0];
	if (pthread_create(&thread, NULL, appliance_look_pump, &pump) != 0) {
		close(ends[0]);
		close(ends[1]);
		return err_set(err, -EAGAIN, "cannot start a thread");
	}
	snprintf(name, sizeof name, "/dev/fd/%d", ends[1]);
	failed = appliance->guestfs.download(appliance->handle, path, name) < 0;
	close(ends[1]);
	pthread_join(thread, NULL);
	err_take(err, &pump.err);
	if (pump.r < 0)
		return pump.r;
	return failed ? appliance_failed(appliance, err, "read '%s' in the appliance", path) : 0;
}

/* --- scripts --------------------------------------------------------------------------------------------------------- */

static void appliance_look_quote(const char *word, struct buf *line)
{
	buf_puts(line, " '");
	for (const char *c = word; *c; c++)
		buf_puts(line, *c == '\'' ? "'\\''" : (const char[]){*c, 0});
	buf_puts(line, "'");
}

static int appliance_look_run(struct appliance *appliance, const char *frame, const char *script, const struct strv *arguments,
			      struct err *err)
{
	_cleanup_buf_ struct buf line = {0};
	char *said;

	buf_puts(&line, "bash -c");
	appliance_look_quote(frame, &line);
	appliance_look_quote(script, &line);
	for (size_t i = 0; arguments && i < arguments->count; i++)
		appliance_look_quote(arguments->items[i], &line);
	said = appliance->guestfs.debug(appliance->handle, "sh", (char *[]){line.data, NULL});
	if (!said)
		return appliance_failed(appliance, err, "look at the image");
	free(said);
	return 0;
}

static int appliance_look_keep(void *data, const void *bytes, size_t size, struct err *err)
{
	(void)err;
	buf_add(data, bytes, size);
	return 0;
}

int appliance_pour(struct appliance *appliance, const char *script, const struct strv *arguments, uint64_t max_bytes,
		   int (*take)(void *data, const void *bytes, size_t size, struct err *err), void *data, struct err *err)
{
	int r = appliance_look_run(appliance, BEGIN, script, arguments, err);

	if (r == 0)
		r = appliance_fetch(appliance, "/said", max_bytes, take, data, err);
	if (r == 0)
		r = appliance_look_run(appliance, END, "", NULL, err);
	return r;
}

int appliance_ask(struct appliance *appliance, const char *script, const struct strv *arguments, size_t max_bytes,
		  struct buf *ret_said, struct err *err)
{
	return appliance_pour(appliance, script, arguments, max_bytes, appliance_look_keep, ret_said, err);
}

/* --- disks ----------------------------------------------------------------------------------------------------------- */

int appliance_devices(struct appliance *appliance, struct arena *arena, size_t n, struct strv *ret_devices, struct err *err)
{
	/* Drives are targets 0, 1, … of the one SCSI controller; the appliance's own disk is the last. */
	static const char script[] =
		"udevadm settle -t 60\n"
		"for ((i = 0; i < $1; i++)); do\n"
		"	for disk in /sys/block/sd*/device/scsi_disk/*:0:$i:0; do\n"
		"		[[ -e $disk ]] || continue\n"
		"		disk=${disk#/sys/block/}\n"
		"		printf '/dev/%s\\n' \"${disk%%/*}\"\n"
		"	done\n"
		"done\n";
	_cleanup_buf_ struct buf said = {0};
	struct strv words = {0};
	char *rest = NULL;
	int r;

	strv_push(arena, &words, arena_printf(arena, "%zu", n));
	r = appliance_ask(appliance, script, &words, 65536, &said, err);
	if (r < 0)
		return r;
	for (char *line = strtok_r(said.data, "\n", &rest); said.data && line; line = strtok_r(NULL, "\n", &rest))
		strv_push(arena, ret_devices, line);
	return ret_devices->count == n ? 0 : err_set(err, -EIO, "the appliance was given %zu disks, and has %zu", n,
						     ret_devices->count);
}

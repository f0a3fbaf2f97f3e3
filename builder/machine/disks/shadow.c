#include "machine/disks/shadow.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "machine/disks/publish_shadows.h"
#include "machine/disks/stage.h"
#include "machine/say.h"

enum { TRIES = 100, PAUSE_US = 50000 };

/* Keys are in it, too: root's alone, and not a byte of it goes to a disk for swapping. (A kernel that does not know
 * `noswap` is no newer than 6.3.) */
int shadow_begin(void)
{
	int r = make_folder(STAGE_ROOM, 0700);

	if (r == 0 && mount("tmpfs", STAGE_ROOM, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700,size=75%,noswap") < 0)
		r = -errno;
	if (r < 0)
		say("cannot mount memory at " STAGE_ROOM ": %s", strerror(-r));
	return r;
}

void shadow_end(void)
{
	umount2(STAGE_ROOM, MNT_DETACH);
}

uint64_t shadow_memory_mib(void)
{
	static const char key[] = "MemAvailable:";
	char text[4096];
	const char *line;

	if (read_line("/proc/meminfo", text, sizeof text) <= 0)
		return 0;
	line = strstr(text, key);
	return line ? strtoull(line + sizeof key - 1, NULL, 10) / 1024 : 0;
}

/* A free device, which somebody else may take in between. */
static int shadow_attach(struct shadow *shadow, uint32_t sector)
{
	struct loop_config config = {
		.fd = (uint32_t)shadow->file, .block_size = sector, .info = {.lo_flags = LO_FLAGS_PARTSCAN},
	};
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), r = control < 0 ? -errno : -EBUSY;

	for (unsigned i = 0; r == -EBUSY && i < TRIES; i++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE);

		r = number < 0 ? -errno : 0;
		stage_set_device(shadow->node, "/dev/loop%d", number);
		if (r == 0 && stage_await(shadow->node->device))
			shadow->loop = open(shadow->node->device, O_RDWR | O_CLOEXEC);
		if (r == 0)
			r = shadow->loop < 0 || ioctl(shadow->loop, LOOP_CONFIGURE, &config) < 0 ? -errno : 0;
		if (r < 0 && shadow->loop >= 0) {
			close(shadow->loop);
			shadow->loop = -1;
		}
	}
	if (control >= 0)
		close(control);
	return r;
}

int shadow_add(struct shadows *shadows, struct node *node)
{
	struct shadow *shadow = &shadows->list[shadows->n];
	char file[96];
	uint64_t bytes;
	int sector, r = 0;

	if (shadows->n == SHADOWS_MAX)
		return -E2BIG;
	stage_module("loop");
	*shadow = (struct shadow){.node = node, .loop = -1};
	strcpy(shadow->real, node->device);
	snprintf(file, sizeof file, STAGE_ROOM "/%u", shadows->n++);
	shadow->file = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	shadow->disk = open(node->device, O_RDWR | O_EXCL | O_CLOEXEC); /* O_EXCL: nobody uses it */
	if (shadow->file < 0 || shadow->disk < 0 || unlink(file) < 0 || ioctl(shadow->disk, BLKGETSIZE64, &bytes) < 0 ||
	    ioctl(shadow->disk, BLKSSZGET, &sector) < 0 || ftruncate(shadow->file, (off_t)bytes) < 0)
		r = -errno;
	if (r == 0)
		r = shadow_attach(shadow, (uint32_t)sector);
	if (r < 0)
		say("cannot prepare %s in memory: %s", shadow->real, strerror(-r));
	return r;
}

/* All that was written to the device is in the file then. */
static int shadow_flush(struct shadow *shadow)
{
	return fsync(shadow->loop) < 0 || ioctl(shadow->loop, BLKFLSBUF, 0) < 0 ? -errno : 0;
}

int shadow_publish(struct shadows *shadows)
{
	struct published disks[SHADOWS_MAX];
	int r = 0;

	for (unsigned i = 0; r == 0 && i < shadows->n; i++) {
		disks[i] = (struct published){.from = shadows->list[i].file, .to = shadows->list[i].disk};
		r = shadow_flush(&shadows->list[i]);
	}
	return r == 0 ? publish(disks, shadows->n) : r;
}

/* The kernel reads the partition table of the disk when it is closed by the last one who could write: udev asks for that, and
 * without udev we do. */
void shadow_remove(struct shadows *shadows)
{
	for (unsigned i = 0; i < shadows->n; i++) {
		struct shadow *shadow = &shadows->list[i];

		if (shadow->loop >= 0) {
			ioctl(shadow->loop, LOOP_CLR_FD, 0);
			close(shadow->loop);
		}
		if (shadow->file >= 0)
			close(shadow->file);
		for (unsigned tries = 0; shadow->disk >= 0 && tries < TRIES && ioctl(shadow->disk, BLKRRPART) < 0 && errno ==
		     EBUSY;
		     tries++)
			usleep(PAUSE_US);
		if (shadow->disk >= 0)
			close(shadow->disk);
		strcpy(shadow->node->device, shadow->real);
	}
	shadows->n = 0;
}

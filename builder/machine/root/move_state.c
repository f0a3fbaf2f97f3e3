#include "machine/root/move_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "contract/image.h"
#include "machine/root/format_state.h"
#include "machine/root/root.h"
#include "machine/say.h"

#define PLACE "/run/aether/moving"

bool move_is_wanted(const char *var)
{
	char path[ROOT_PATH_BYTES];

	root_path(path, var, "/" STATE_MOVE_FILE);
	return access(path, F_OK) == 0;
}

bool move_choose(const struct state_disk *disks, size_t n, struct state_choice *ret_choice, char *why, size_t size)
{
	const struct state_disk *begun = NULL;
	unsigned n_begun = 0;

	for (size_t i = 0; i < n; i++)
		if (*disks[i].coming) {
			begun = &disks[i];
			n_begun++;
		}
	if (n_begun == 1) {
		*ret_choice = (struct state_choice){.act = STATE_MOUNT};
		strcpy(ret_choice->device, begun->coming);
		return true;
	}
	state_choose(disks, n, "", ret_choice);
	snprintf(why, size, "%s", n_begun ? "several disks have a copy of the state that is not whole" : ret_choice->problem);
	return n_begun == 0 && ret_choice->act == STATE_FORMAT;
}

/* --- copying --------------------------------------------------------------------------------------------------------- */

static int move_run(const char *at, const char *const *argv)
{
	int status = format_run(at, argv);

	return status < 0 ? status : status == 0 ? 0 : -EIO;
}

static int move_settle(const char *place)
{
	int fd = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = syncfs(fd) < 0 ? -errno : 0;
	close(fd);
	return r;
}

/* The copy does not ask to be moved once more. */
static int move_copy(const char *at, const char *place)
{
	static const char *const argv[] = {"/usr/bin/cp", "-ax", "/var/.", PLACE, NULL};
	char request[ROOT_PATH_BYTES];
	int r = move_run(at, argv);

	root_path(request, place, "/" STATE_MOVE_FILE);
	if (r == 0 && unlink(request) < 0 && errno != ENOENT)
		r = -errno;
	return r == 0 ? move_settle(place) : r;
}

static int move_copy_to(const char *at, const char *device)
{
	char place[ROOT_PATH_BYTES];
	int r;

	root_path(place, at, PLACE);
	r = make_folder(place, 0700);
	if (r == 0 && mount(device, place, "ext4", 0, NULL) < 0)
		r = -errno;
	if (r < 0)
		return r;
	r = move_copy(at, place);
	if (umount2(place, 0) < 0 && r == 0)
		r = -errno;
	rmdir(place);
	return r;
}

/* From here on it is the state: one block is written. */
static int move_give_label(const char *at, const char *device)
{
	const char *const argv[] = {"/usr/sbin/e2label", device, STATE_LABEL, NULL};
	char dev[ROOT_PATH_BYTES];
	int r;

	root_path(dev, at, "/dev");
	if (mount("/dev", dev, NULL, MS_BIND, NULL) < 0)
		return -errno;
	r = move_run(at, argv);
	umount2(dev, MNT_DETACH);
	return r;
}

int move_state(const char *at, const struct state_choice *choice)
{
	char device[64], request[ROOT_PATH_BYTES];
	int r = choice->act == STATE_FORMAT ? format_state(at, choice->device, STATE_LABEL_COMING) : 0;

	say("moving the state to %s", choice->device);
	snprintf(device, sizeof device, "/dev/%s", choice->device);
	if (r == 0)
		r = move_copy_to(at, device);
	if (r == 0)
		r = move_give_label(at, device);
	if (r < 0)
		say("cannot move the state to %s: %s", choice->device, strerror(-r));
	root_path(request, at, "/var/" STATE_MOVE_FILE);
	unlink(request);
	return r;
}

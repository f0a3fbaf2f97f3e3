#include "machine/seed/cidata.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine/command.h"
#include "machine/say.h"

#define DISC "/dev/disk/by-label/cidata"
#define DISC_OF_VFAT "/dev/disk/by-label/CIDATA"
#define MOUNTED "/run/aether/seed"

enum { SETTLE_SECONDS = 60 };

static const char *const names[N_CIDATA] = {"meta-data", "user-data", "network-config", "vendor-data"};

const char *cidata_name(enum cidata_name file)
{
	return names[file];
}

/* The bytes of an open file, in memory; NULL, and why not. */
static const char *cidata_read_open(struct memory *memory, int fd, size_t *ret_size, const char **ret_problem)
{
	struct stat stat;
	char *bytes;
	ssize_t n;

	*ret_problem = "it is no plain file";
	if (fstat(fd, &stat) < 0 || !S_ISREG(stat.st_mode))
		return NULL;
	*ret_problem = "it is too large";
	if (stat.st_size > DOCUMENT_BYTES)
		return NULL;
	bytes = memory_take(memory, (size_t)stat.st_size + 1);
	n = read_all(fd, bytes, (size_t)stat.st_size, 0);
	*ret_problem = n < 0 ? strerror((int)-n) : NULL;
	*ret_size = n < 0 ? 0 : (size_t)n;
	return n < 0 ? NULL : bytes;
}

bool cidata_read(struct memory *memory, struct remarks *remarks, const char *folder, struct cidata *ret_cidata)
{
	int folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*ret_cidata = (struct cidata){0};
	if (folder_fd < 0) {
		remark(remarks, "%s: %s", folder, strerror(errno));
		return false;
	}
	for (size_t i = 0; i < N_CIDATA; i++) {
		int fd = openat(folder_fd, names[i], O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		const char *problem = errno == ENOENT ? NULL : strerror(errno);

		if (fd >= 0) {
			ret_cidata->files[i].bytes = cidata_read_open(memory, fd, &ret_cidata->files[i].size, &problem);
			close(fd);
		}
		if (problem)
			remark(remarks, "%s: %s, so nothing of it is followed", names[i], problem);
	}
	close(folder_fd);
	return true;
}

/* The disc's device; NULL when there is none. Drivers are loaded while we wait; a disc that is there ends the waiting. */
static const char *cidata_await(void)
{
	static const char *const settle[] = {"udevadm", "settle", "--timeout=60", "-E", DISC, NULL};
	static const char *const devices[] = {DISC, DISC_OF_VFAT};

	for (unsigned round = 0; round < 2; round++) {
		for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
			if (access(devices[i], F_OK) == 0)
				return devices[i];
		if (round == 0)
			command_run(settle, SETTLE_SECONDS + 5, NULL, 0); /* too late is as good as not there */
	}
	return NULL;
}

static int cidata_mount(const char *device)
{
	static const char *const types[] = {"iso9660", "vfat"};
	int r = make_folder(MOUNTED, 0700);

	if (r < 0)
		return r;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (mount(device, MOUNTED, types[i], MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0)
			return 0;
		r = -errno;
	}
	return r;
}

bool cidata_find(struct memory *memory, struct remarks *remarks, struct cidata *ret_cidata)
{
	const char *device = cidata_await();
	bool good;
	int r;

	if (!device)
		return false;
	r = cidata_mount(device);
	if (r < 0) {
		remark(remarks, "the seed's disc %s cannot be mounted as iso9660 or vfat: %s", device, strerror(-r));
		return false;
	}
	good = cidata_read(memory, remarks, MOUNTED, ret_cidata);
	if (umount2(MOUNTED, MNT_DETACH) == 0)
		rmdir(MOUNTED);
	return good;
}

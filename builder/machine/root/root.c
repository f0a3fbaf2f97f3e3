#include "machine/root/root.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine/remark_files.h"
#include "machine/root/fstab.h"
#include "machine/root/identity.h"
#include "machine/say.h"

static int root_mount(const char *source, const char *target, const char *type, unsigned long flags, const char *options)
{
	int r = mount(source, target, type, flags, options) < 0 ? -errno : 0;

	if (r < 0)
		say("cannot mount %s at %s: %s", source, target, strerror(-r));
	return r;
}

const char *root_path(char out[ROOT_PATH_BYTES], const char *at, const char *path)
{
	if (snprintf(out, ROOT_PATH_BYTES, "%s%s", at, path) >= ROOT_PATH_BYTES)
		*out = 0;
	return out;
}

void root_remark(const char *at, const char *program, const char *text)
{
	int r = remarks_set(at, program, text);

	if (*text)
		say("%s", text);
	if (r < 0)
		say("cannot keep that in " REMARKS ": %s", strerror(-r));
}

void root_tell_twins(const char *at, const struct root_slot *slot)
{
	char text[TWINS_BYTES + 240] = "";

	if (*slot->twins)
		snprintf(text, sizeof text,
			 "other disks hold the same system as %s, which runs: %s. Which one the firmware starts next is not "
			 "known: take the others away before you change anything", slot->partition.disk, slot->twins);
	root_remark(at, "system", text);
}

int root_mount_image(const char *at, const struct root_slot *slot, const struct cmdline *wanted)
{
	char device[32];
	int r = verity_open(&slot->verity, &slot->partition, wanted, VERITY_RESTARTS, device);

	if (r < 0) {
		say("cannot verify %s: %s", slot->partition.device, strerror(-r));
		return r;
	}
	return root_mount(device, at, "erofs", MS_RDONLY, NULL);
}

/* As systemd's own (src/shared/mount-setup.c has the same limits), which then takes it as it is. */
int root_mount_run(const char *at)
{
	char path[ROOT_PATH_BYTES];

	return root_mount("tmpfs", root_path(path, at, "/run"), "tmpfs", MS_NOSUID | MS_NODEV | MS_STRICTATIME,
			  "mode=0755,size=20%,nr_inodes=800k");
}

/* --- /etc ------------------------------------------------------------------------------------------------------------ */

/* The machine-id is there before the first program asks: no boot is a "first boot", at which systemd would ask questions. */
static int root_write_machine_id(const char *at, const char *upper)
{
	char id[MACHINE_ID_BYTES], folder[ROOT_PATH_BYTES], path[ROOT_PATH_BYTES];
	int r;

	identity_machine_id(root_path(folder, at, "/var/lib/aether/identity"), id);
	r = write_whole(upper, "machine-id", id);
	if (r == 0 && chmod(root_path(path, upper, "/machine-id"), 0444) < 0)
		r = -errno;
	if (r < 0)
		say("cannot write the machine-id: %s", strerror(-r));
	return r;
}

int root_mount_etc(const char *at)
{
	char room[ROOT_PATH_BYTES], upper[ROOT_PATH_BYTES], work[ROOT_PATH_BYTES], etc[ROOT_PATH_BYTES];
	char options[4 * ROOT_PATH_BYTES];
	int r;

	root_path(room, at, "/run/aether/etc");
	root_path(upper, room, "/upper");
	root_path(work, room, "/work");
	root_path(etc, at, "/etc");
	r = make_folder(room, 0700);
	if (r == 0)
		r = root_mount("tmpfs", room, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755");
	if (r < 0)
		return r;
	if (mkdir(upper, 0755) < 0 || mkdir(work, 0755) < 0) {
		r = -errno;
		say("cannot make folders in memory: %s", strerror(-r));
	}
	if (r == 0)
		r = root_write_machine_id(at, upper);
	snprintf(options, sizeof options, "lowerdir=%s,upperdir=%s,workdir=%s", etc, upper, work);
	if (r == 0)
		r = root_mount("overlay", etc, "overlay", MS_NOSUID | MS_NODEV, options);
	umount2(room, MNT_DETACH); /* the overlay holds it */
	return r;
}

/* --- /home and /root ------------------------------------------------------------------------------------------------- */

/* A partition of its own is systemd's to mount, which takes a folder where something is mounted for done. */
int root_mount_homes(const char *at)
{
	static const struct { const char *state, *folder; unsigned mode; } homes[] = {
		{"/var/home", "/home", 0755}, {"/var/roothome", "/root", 0700},
	};
	char fstab[ROOT_PATH_BYTES], state[ROOT_PATH_BYTES], target[ROOT_PATH_BYTES];
	int r = 0;

	root_path(fstab, at, "/etc/fstab");
	for (size_t i = 0; r == 0 && i < sizeof homes / sizeof *homes; i++) {
		if (fstab_file_mounts(fstab, homes[i].folder))
			continue;
		r = make_folder(root_path(state, at, homes[i].state), homes[i].mode);
		if (r < 0)
			say("cannot make %s: %s", state, strerror(-r));
		else
			r = root_mount(state, root_path(target, at, homes[i].folder), NULL, MS_BIND, NULL);
	}
	return r;
}

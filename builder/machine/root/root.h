/* Making a root of an image: what the initrd does at a boot, and the agent before user space restarts into another slot. All
 * functions say why they cannot, and return 0 or -errno. */
#ifndef MACHINE_ROOT_ROOT_H
#define MACHINE_ROOT_ROOT_H

#include "machine/root/slot.h"

/* In /run of the root: where the state is, lines KEY=VALUE. */
#define ROOT_STATE_FILE "/run/aether/state"
#define ROOT_STATE_ON "on"           /* the device, or ROOT_STATE_MEMORY */
#define ROOT_STATE_MEMORY "memory"
#define ROOT_STATE_PROBLEM "problem" /* why it is in memory; none where that is meant */

/* AT/PATH (which begins with a slash) in `out`, and `out`; "" when that is too long: nothing is there, which is said. */
enum { ROOT_PATH_BYTES = 256 };
const char *root_path(char out[ROOT_PATH_BYTES], const char *at, const char *path);

/* Opens the verified device of the slot and mounts it, read-only, at `at`, which exists. */
int root_mount_image(const char *at, const struct root_slot *slot, const struct cmdline *wanted);

/* Mounts /run of the root: memory, as systemd makes it. */
int root_mount_run(const char *at);

/* Mounts the state at /var: of the disk that state_choice.h chooses, which is formatted if it is blank. `disk` is the one
 * with the slot. A machine without a state has /var in memory: that is a remark and a line of ROOT_STATE_FILE, and no
 * failure. */
int root_mount_state(const char *at, const char *disk);

/* Mounts what else can be written: /etc (the image's, with a layer in memory over it, and the machine-id of this machine in
 * it), /home and /root (folders of the state). */
int root_mount_etc(const char *at);
int root_mount_homes(const char *at);

/* Remarks that other disks hold the same image, if they do. */
void root_tell_twins(const char *at, const struct root_slot *slot);

/* Says it where somebody sees it now, and keeps it as the remark of `program`; "": there is none. */
void root_remark(const char *at, const char *program, const char *text);

#endif

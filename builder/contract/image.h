/* What stands in every image: what the builder writes there and the machine's programs read.
 *
 * IMAGE_FILE has lines KEY=VALUE. HEALTH_FILE has a line for each check, of fields that tabs separate, in which
 * "\\t", "\\n" and "\\\\" stand for the three characters that could not be there: MILLISECONDS TYPE WORD… */
#ifndef CONTRACT_IMAGE_H
#define CONTRACT_IMAGE_H

/* Both must mean the same by what is in a slot and on the EFI system partition: raised when that changes. */
enum { IMAGE_FORMAT = 1 };

#define IMAGE_FILE "/usr/lib/aether/image"
#define IMAGE_KEY_NAME "name"        /* of the recipe */
#define IMAGE_KEY_KIND "kind"        /* "vm", "lxc" */
#define IMAGE_KIND_LXC "lxc"
#define IMAGE_KEY_FORMAT "format"    /* IMAGE_FORMAT */
#define IMAGE_KEY_ESP "esp"          /* the label of the EFI system partition; none in a container */
#define IMAGE_KEY_EPOCH "epoch"      /* the newest date of what it is made from, seconds since 1970 */
#define IMAGE_KEY_STATE "state"      /* where /var is; none: in memory, and that is meant; or: */
#define IMAGE_STATE_DISK "disk"      /* on a disk of its own: an ext4 file system labelled STATE_LABEL, or a blank one */
#define IMAGE_STATE_PARTITION "partition" /* on the partition LABEL_STATE of the disk with the slot */
#define IMAGE_STATE_STACK "stack"    /* on what contract/stack.h tells */

/* The label of the state's file system, and the serial number by which a hypervisor names the disk that is meant for it. */
#define STATE_LABEL "state"
#define STATE_SERIAL "state"

/* The state on its way to a disk of its own: the label while it is copied, and the file in /var that asks for it. */
#define STATE_LABEL_COMING "state-coming"
#define STATE_MOVE_FILE "lib/aether/move-state"

#define HEALTH_FILE "/usr/lib/aether/health"
#define HEALTH_TYPE_UNIT "unit"      /* UNIT */
#define HEALTH_TYPE_USER_UNIT "user-unit" /* UNIT USER UID */
#define HEALTH_TYPE_TCP "tcp"        /* PORT */
#define HEALTH_TYPE_HTTP "http"      /* STATUS URL */
#define HEALTH_TYPE_COMMAND "command" /* PROGRAM ARGUMENT… */

/* Fields are separated by the first of FIELD_SPECIAL; each of these stands as a backslash and its letter in FIELD_ESCAPES. */
#define FIELD_SPECIAL "\t\n\\"
#define FIELD_ESCAPES "tn\\"

/* Labels in the partition table. Slots are `root`, or `root-a` and `root-b`; a recipe may put more behind the word. */
#define LABEL_ROOT "root"
#define LABEL_STATE "state"

/* Words of the kernel command line: which image is the root, and where the superblock of its hash tree is in the
 * slot, in bytes. */
#define CMDLINE_ROOT "aether.root="
#define CMDLINE_HASH_OFFSET "aether.hash_offset="

#endif

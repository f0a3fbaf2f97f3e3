/* How a container has generations: its root is the first of them, later ones are trees of files beside it. docs/formats.md
 * tells the whole of it. */
#ifndef CONTRACT_BOX_H
#define CONTRACT_BOX_H

/* The program that chooses a tree, and the link that a hypervisor starts. */
#define BOX_INIT "/usr/lib/aether/init"
#define BOX_INIT_LINK "/usr/sbin/init"
#define BOX_INIT_TARGET "../lib/aether/init"
#define BOX_SYSTEMD "/usr/lib/systemd/systemd"

/* A folder of the container's own root, at the same path in every tree: the books, and a folder for each slot, which has
 * ESP_IMAGE and ESP_FAILURE as a machine's (contract/esp.h) and these. */
#define BOX_FOLDER "/aether"
#define BOX_BOOKS "books"            /* lines KEY=VALUE: */
#define BOOKS_GOOD "good"            /* the slot that starts */
#define BOOKS_TRIAL "trial"          /* the one that starts instead … */
#define BOOKS_TRIES "tries"          /* … as often as this */
#define BOX_TREE "tree"              /* the files */
#define BOX_TAKING "taking"          /* there while they are not whole */
#define BOX_REFUSED "refused"        /* why the init did not start it: a line */

/* Said to pid 1 in its environment: what was started ("a", "b", or "root"), and why not what the books say. */
#define BOX_ENV_STARTED "AETHER_STARTED"
#define BOX_ENV_REMARK "AETHER_REMARK"
#define BOX_ROOT "root"

/* The paths of `state:`, a line each. */
#define BOX_STATE_FILE "/usr/lib/aether/state"

/* The list of all members of a tree but itself, in the order of the template; its digest is what the tree is known by.
 *
 *   aether-tree 1
 *   time SECONDS                              of every member, since 1970
 *   TYPE MODE UID GID PATH …                  a member each, from the top folder "." on
 *
 * Fields are separated by tabs (FIELD_SPECIAL). MODE is octal, PATH is relative. Then follow for a file its size and digest,
 * for a link where it leads, and for all of them attributes, NAME=HEX each. */
#define LIST_FILE "/usr/lib/aether/tree"
#define LIST_MEMBER "usr/lib/aether/tree" /* as a member would be called */
#define LIST_TREE "aether-tree"
#define LIST_TIME "time"
enum {
	LIST_VERSION = 1,
	LIST_MODE = 0644,            /* of the file itself, root's */
	LIST_FOLDER = 'd',
	LIST_REGULAR = 'f',
	LIST_SYMLINK = 'l',          /* … to a text */
	LIST_HARDLINK = 'h',         /* … to an earlier file, by its path */
	LIST_PIPE = 'p',
	LIST_ATTRIBUTES_MAX = 16,    /* of a member */
	LIST_FIELDS_MAX = 7 + LIST_ATTRIBUTES_MAX,
};
#define LIST_BYTES_MAX (UINT64_C(256) << 20)

/* Attributes that are kept, beside every one that begins with LIST_ATTRIBUTE_USER. */
#define LIST_ATTRIBUTE_USER "user."
#define LIST_ATTRIBUTE_OVERLAY "user.overlay." /* … but these */
#define LIST_ATTRIBUTES "security.capability", "system.posix_acl_access", "system.posix_acl_default"

#endif

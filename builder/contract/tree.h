/* The generations of a container: trees of files, and what says what is in one.
 *
 * A manifest is text: TREE_HEAD, then a line for each member in the order of paths (by bytes), of fields that tabs separate
 * and that are escaped as in contract/image.h:
 *
 *   d MODE UID GID PATH                    a folder
 *   f MODE UID GID MTIME SIZE SHA256 PATH  a file
 *   h PATH FIRST                           another name of the file FIRST, which stands before it
 *   l UID GID PATH TARGET                  a symbolic link
 *   x PATH NAME HEX                        an extended attribute of the member, which stands before it
 *
 * MODE is octal, other numbers are decimal, MTIME is seconds since 1970; a PATH is absolute; the root is the folder "/". What
 * is below TREE_ROOM is no member. The digest of the whole text is the name of the generation: its `root_hash`.
 *
 * TREE_ROOM is a folder of the container's own root, and seen at that path whichever generation runs. It has
 *
 *   books                lines KEY=VALUE: BOOKS_…
 *   SLOT/manifest        what is in the slot (SLOT is a or b)
 *   SLOT/image           lines KEY=VALUE as on an EFI system partition (contract/esp.h): root=, generation=
 *   SLOT/failure         why it is bad
 *   SLOT/tree            its files; slot a has none as long as it is the container's own root, the first generation
 *
 * A template brings a/manifest and a/image (without a number), and is started by TREE_INIT. */
#ifndef CONTRACT_TREE_H
#define CONTRACT_TREE_H

#define TREE_HEAD "aether-tree 1\n"
#define TREE_ROOM "/aether"
#define TREE_MANIFEST "manifest"
#define TREE_FILES "tree"

#define BOOKS_NAME "books"
#define BOOKS_FIRST "first"          /* the slot that starts; none: a */
#define BOOKS_TRIAL "trial"          /* the one that starts instead while there are tries, each counted before it is made */
#define BOOKS_TRIES "tries"
#define BOOKS_BAD "bad"              /* the slot that failed, if its files are still there */

/* The program in a template that chooses a generation, at the path where hypervisors look for an init. What it chose is in the
 * environment of process 1. */
#define TREE_INIT "/sbin/init"
#define TREE_SYSTEMD "/usr/lib/systemd/systemd"
#define TREE_SLOT_VARIABLE "AETHER_SLOT"

#endif

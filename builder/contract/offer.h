/* The conversation in which a builder sends a machine its next generation.
 *
 * The builder begins with an offer:
 *
 *   aether-take 1                        the version of the conversation
 *   name NAME, kind KIND, format NUMBER  of the image
 *   generation NUMBER                    that the builder gave it
 *   salt HEX                             of the machine's hash trees
 * object NAME BYTES HEX for each object its size and the root hash of the tree over it, in the order of the table
 *   an empty line
 *
 * The answer is `ready SLOT`, or `same SLOT` when this very image runs: then there is nothing more to say. It goes on with
 *
 *   get OBJECT FIRST COUNT               asks for blocks, which come one after the other without anything between them
 *   step WORD                            looking, taking, checking
 *   progress DONE TOTAL                  bytes
 *   done PLACE COPIED RECEIVED           bytes that were in place, found elsewhere on the machine, received
 *
 * A container is offered a tree of files, which is version 2: in place of salt and objects there is
 *
 *   tree BYTES HEX                       the size of the tree's list and its digest (contract/box.h)
 *
 * and in place of blocks the machine asks for
 *
 *   list                                 the list, once and before all else
 *   file NUMBER                          the content of a member of the list, a file, counted from 0; each number is higher
 *                                        than the one before. OFFER_FILES_AHEAD may be asked for before the first has come */
#ifndef CONTRACT_OFFER_H
#define CONTRACT_OFFER_H

enum { OFFER_VERSION = 1, OFFER_VERSION_TREE = 2 };

/* What an offer begins with, key by key. */
#define OFFER_TAKE "aether-take"
#define OFFER_NAME "name"
#define OFFER_KIND "kind"
#define OFFER_FORMAT "format"
#define OFFER_GENERATION "generation"
#define OFFER_SALT "salt"
#define OFFER_OBJECT "object"
#define OFFER_TREE "tree"

/* What a generation is made of, in the order of the offer: the root image, the unified kernel image, what GRUB
 * starts, and GRUB's entry for the one slot and the other. */
#define OFFER_OBJECTS(X)                                                                                              \
	X(ROOT, "root") X(UKI, "uki") X(LINUX, "linux") X(INITRD, "initrd") X(GRUB_A, "grub-a") X(GRUB_B, "grub-b")

enum offer_object {
#define OFFER_ENUM(name, word) OBJECT_##name,
	OFFER_OBJECTS(OFFER_ENUM)
#undef OFFER_ENUM
	N_OBJECTS,
};

/* For an array of the objects' names. */
#define OFFER_OBJECT_WORD(name, word) [OBJECT_##name] = word,

/* What the machine says. */
#define OFFER_READY "ready"
#define OFFER_SAME "same"
#define OFFER_GET "get"
#define OFFER_LIST "list"
#define OFFER_FILE "file"
#define OFFER_STEP "step"
#define OFFER_PROGRESS "progress"
#define OFFER_DONE "done"
#define OFFER_STEP_LOOKING "looking"
#define OFFER_STEP_TAKING "taking"
#define OFFER_STEP_CHECKING "checking"

enum {
	OFFER_LINE_BYTES = 512,      /* of a line, with its end, in both directions */
	OFFER_GET_BLOCKS = 256,      /* as many may be asked for at once */
	OFFER_FILES_AHEAD = 64,
};

#endif

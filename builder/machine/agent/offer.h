/* What the builder offers: the text that it begins with.
 *
 *   aether-take 1                        the version of the conversation
 *   name NAME, kind KIND, format NUMBER  of the image
 *   generation NUMBER                    that the builder gave it
 *   salt HEX                             of the machine's hash trees
 *   object NAME BYTES HEX                for each object its size and the root hash of the tree over it, in the order
 * of the enum
 *   an empty line
 *
 * The answer is `ready SLOT`, or `same SLOT` when this very image runs: then there is nothing more to say. It goes on with
 *
 *   get OBJECT FIRST COUNT               asks for blocks, which come one after the other without anything between them
 *   step WORD                            taking, checking
 *   progress DONE TOTAL                  bytes
 *   done PLACE COPIED RECEIVED           bytes that were in place, found elsewhere on the machine, received */
#ifndef MACHINE_AGENT_OFFER_H
#define MACHINE_AGENT_OFFER_H

#include <stdint.h>

#include "machine/agent/talk.h"
#include "machine/agent/tree.h"

enum { OFFER_VERSION = 1, OFFER_FORMAT = 1 /* of images, /usr/lib/aether/image */ };

enum offer_object {
	OBJECT_ROOT,                   /* the slot: the root image */
	OBJECT_UKI, OBJECT_LINUX, OBJECT_INITRD,
	OBJECT_GRUB_A, OBJECT_GRUB_B,  /* GRUB's entry, for the one slot and the other */
	N_OBJECTS,
};

struct offer {
	char name[64], kind[8];
	unsigned format, generation;
	uint8_t salt[HASH_BYTES];
	struct {
		uint64_t size_bytes;
		uint8_t root_hash[HASH_BYTES];
	} objects[N_OBJECTS];
};

/* The object's name, as in the text. */
const char *offer_name(enum offer_object object);

/* Takes line `number` (from 0) of an offer, without its newline, and cuts it into words. Returns 1 when the offer is whole,
 * 0 when there is more to come, -EINVAL for what is no such line, or wants more than an image can need: then `why` is a
 * sentence for the builder. Pure. */
int offer_line(struct offer *offer, unsigned number, char *text, char *why, size_t size);

/* Reads an offer. Ends the program for what is none, or wants more than an image can need. */
void offer_read(struct talk *talk, struct offer *ret_offer);

#endif

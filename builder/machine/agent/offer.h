/* Reading what the builder offers (contract/offer.h). */
#ifndef MACHINE_AGENT_OFFER_H
#define MACHINE_AGENT_OFFER_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/offer.h"
#include "machine/agent/talk.h"
#include "machine/agent/tree.h"

struct offer {
	char name[64], kind[8];
	unsigned format, generation;
	bool is_tree;                  /* of files: then there is one object, OBJECT_ROOT, and it is the tree's list */
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

/* The network cards of this machine, and what they are called. */
#ifndef MACHINE_SEED_CARDS_H
#define MACHINE_SEED_CARDS_H

#include "machine/seed/links.h"

/* Gives the cards the names of the network's links, which know them by their addresses, once udev has looked at all of them. A
 * card that has a name which another one is to get is renamed first. Those that are not there are remarks. */
void cards_rename(struct network *network);

#endif

/* Which sections and keys systemd's programs in a tree know: asked of them, for they are of the image's own version. */
#ifndef TREE_KNOWN_KEYS_H
#define TREE_KNOWN_KEYS_H

#include "base/buf.h"
#include "tree/steps.h"

/* Keys of the recipe's units that the tree's systemd does not know, with the nearest one. What cannot be asked knows all. */
int known_keys_check_units(const struct step *step, struct err *err);

/* The same for its networks, and systemd-networkd. */
int known_keys_check_networks(const struct step *step, struct err *err);

/* The checks themselves, of what systemd says of its keys ("[Section]", then "Key=TYPE" lines), and of the bytes of a program
 * that has each of them as a text "Section.Key". */
void known_keys_of_list(const char *list, const struct recipe_settings *settings, const char *path, struct err *err);
void known_keys_of_program(const struct buf *program, const struct recipe_settings *settings, const char *path,
			   struct err *err);

#endif

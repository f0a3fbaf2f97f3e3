/* Control data of Debian (deb822(5)): stanzas of fields, one after the other, as in Packages and Release files. */
#ifndef DEBIAN_CONTROL_H
#define DEBIAN_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/* A text that is being read; it is not changed, and need not end in NUL. */
struct control {
	const char *at, *end;
};

/* One field. The value lacks the blanks around it; its continuation lines are in it with their newlines. */
struct control_field {
	const char *name, *value;
	size_t name_length, length;
};

enum { CONTROL_END = 0, CONTROL_FIELD = 1, CONTROL_STANZA_END = 2 };

/* Reads on: a field, the end of a stanza (at least one empty line), or the end of the text; -EBADMSG for a line that is
 * neither a field nor the continuation of one. Comment lines are not known: archives do not have them. */
int control_next(struct control *control, struct control_field *ret_field);

/* Whether the field has this name; case does not matter. */
bool control_is(const struct control_field *field, const char *name);

/* The value as a string of its own, in `arena`. */
const char *control_text(struct arena *arena, const struct control_field *field);

#endif

/* A known value, in all the forms in which it may lie in a file. */
#ifndef LEAK_ENCODINGS_H
#define LEAK_ENCODINGS_H

#include "leak/needles.h"
#include "sealed/pool.h"

enum { ENCODED_MIN = 8, ENCODED_LINE_MIN = 12 }; /* bytes that a value, and a line of it, must have to be looked for */

/* Told of each text to look for; `form` says how it was written. */
typedef void encodings_tell(void *data, const char *form, struct needle needle);

/* Tells, of the `size` bytes at `value`: themselves, base64 (both alphabets, wherever it begins), hexadecimal, as in URLs,
 * JSON, shell, units, XML and UTF-16; and of a value of several lines, the same of each line that a stranger would not guess.
 * Of what is long its beginning. A value that is too short tells nothing. Needles live in `pool`, and have ENCODED_MIN bytes
 * at least. */
void encodings_each(struct pool *pool, const void *value, size_t size, encodings_tell *tell, void *data);

#endif

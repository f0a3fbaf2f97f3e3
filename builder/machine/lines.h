/* The small text files that the builder writes and the agent reads, and the other way round: lines KEY=VALUE, and lines
 * of fields that tabs separate, in which "\t", "\n" and "\\" stand for the three characters that could not be there.
 * Pure. */
#ifndef MACHINE_LINES_H
#define MACHINE_LINES_H

#include <stdbool.h>
#include <stddef.h>

/* The value of `key` in `text`; "" and false when there is none, or it does not fit. */
bool lines_get(const char *text, const char *key, char *out, size_t size);

/* The same of the small file at `path`; a missing one has no values. (The only one here that is not pure.) */
bool lines_read(const char *path, const char *key, char *out, size_t size);

/* Cuts the next line of *text into at most `max` fields, in place, and moves *text behind it. Returns their number: 0
 * at the end; -EINVAL for a line with more, or with a backslash that means nothing. */
int lines_fields(char **text, char **fields, size_t max);

/* Replaces control characters (C0, DEL, and C1 in UTF-8) by spaces, so that a text fits into a line and moves no cursor. */
void lines_flatten(char *text);

#endif

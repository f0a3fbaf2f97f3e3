/* The options that mount(8) takes, so that a misspelt one is told before a machine does not start for it. */
#ifndef RECIPE_WORDS_MOUNT_OPTIONS_H
#define RECIPE_WORDS_MOUNT_OPTIONS_H

#include <stddef.h>

enum { MOUNT_OPTIONS_MAX = 256 };

/* Fills `known` with the names (what is before a `=`) of the options of any file system and of `format`; how many. 0 for a
 * format whose options are not known here. */
size_t mount_options_known(const char *format, const char *known[MOUNT_OPTIONS_MAX]);

#endif

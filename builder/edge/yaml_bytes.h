/* Bytes that a YAML file may not have, and those that nobody sees; for yaml.c. */
#ifndef EDGE_YAML_BYTES_H
#define EDGE_YAML_BYTES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Moves *text behind a byte order mark of UTF-8. Refuses, at its place in the file `name`, the first byte that is not UTF-8
 * or a character that YAML 1.2 (5.1) does not allow, and UTF-16 as a whole. */
int yaml_check_bytes(const char *name, const char **text, size_t *size, struct err *err);

/* Whether text has a character that looks like a space or like nothing, and is neither. */
bool yaml_is_invisible(const char *text);

#endif

/* Digests as text: hexadecimal, lower case. Pure. */
#ifndef MACHINE_HEX_H
#define MACHINE_HEX_H

#include <stddef.h>
#include <stdint.h>

/* Prints `n` bytes as 2 * n digits and a NUL. */
void hex_print(const uint8_t *bytes, size_t n, char *out);

/* Parses a text of `length` characters that is exactly `n` bytes; -EINVAL for any other. */
int hex_parse(const char *text, size_t length, uint8_t *out, size_t n);

#endif

/* Base64 (RFC 4648, section 4), strict: no line breaks and no blanks, unused bits are zero, and a text is padded exactly when
 * it is said to be. One text for each run of bytes, so what is signed cannot be written in another way. */
#ifndef SEALED_B64_H
#define SEALED_B64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How much is written for `size` bytes, at most. */
#define B64_SIZE(size) (((size_t)(size) + 2) / 3 * 4)

/* Writes into `out`, which has room for B64_SIZE(size) and gets no zero; returns how much. */
size_t b64_encode(const void *data, size_t size, bool padded, char *out);

/* Writes into `out`, which has room for size / 4 * 3 + 2; false when it is no base64. `out` may be `text`. */
bool b64_decode(const char *text, size_t size, bool padded, uint8_t *out, size_t *ret_size);

#endif

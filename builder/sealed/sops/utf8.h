/* Characters of UTF-8 (RFC 3629). Of sops/ alone. */
#ifndef SEALED_SOPS_UTF8_H
#define SEALED_SOPS_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The size of the character at the beginning, or 0: it is none. */
size_t sops_utf8_size(const uint8_t *text, size_t left);

#endif

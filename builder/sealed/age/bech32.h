/* Bech32 (BIP 173) of keys of 32 bytes, as age writes its identities and recipients. */
#ifndef SEALED_AGE_BECH32_H
#define SEALED_AGE_BECH32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BECH32_KEY = 32, BECH32_ROOM = 75 /* for the longer prefix of the two, and a zero */ };

/* The prefixes. Case belongs to them: what is behind the "1" must have it, too. */
#define BECH32_RECIPIENT "age"
#define BECH32_IDENTITY "AGE-SECRET-KEY-"

/* Writes PREFIX1… and a zero. */
void bech32_write(const char *prefix, const uint8_t key[BECH32_KEY], char out[BECH32_ROOM]);

/* False when the text is not of this prefix, case and length, its checksum is wrong, or an unused bit is set. */
bool bech32_read(const char *prefix, const void *text, size_t size, uint8_t key[BECH32_KEY]);

#endif

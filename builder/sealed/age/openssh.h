/* Keys of OpenSSH, of type ssh-ed25519 alone: lines of public ones (RFC 4253, RFC 8709), and files of private ones
 * (PROTOCOL.key of OpenSSH). */
#ifndef SEALED_AGE_OPENSSH_H
#define SEALED_AGE_OPENSSH_H

#include "sealed/age/crypto.h"
#include "sealed/fault.h"
#include "sealed/pool.h"

enum { OPENSSH_BLOB = 51, OPENSSH_LINE = 81 /* "ssh-ed25519 ", the blob in base64, a zero */ };

/* The public key as SSH sends it: length and "ssh-ed25519", length and key. */
void openssh_blob(const uint8_t public[CRYPTO_KEY], uint8_t blob[OPENSSH_BLOB]);

/* The line of a .pub file, without a comment. */
void openssh_line(const uint8_t public[CRYPTO_KEY], char line[OPENSSH_LINE]);

/* Reads `ssh-ed25519 AAAA… [comment]`. FAULT_UNSUPPORTED for other types, by name. */
int openssh_read_public(struct bytes line, uint8_t public[CRYPTO_KEY], struct fault *fault);

/* Whether it begins as a private key in PEM does, white space aside. */
bool openssh_is_private(struct bytes text);

/* Reads a private key without a passphrase. The two halves must belong together. FAULT_UNSUPPORTED for others, by name. */
int openssh_read_private(struct pool *pool, struct bytes text, uint8_t seed[CRYPTO_KEY], uint8_t public[CRYPTO_KEY],
			 struct fault *fault);

#endif

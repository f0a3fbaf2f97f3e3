/* Signatures of archives: gpgv verifies, we decide whose signature counts. */
#ifndef DEBIAN_OPENPGP_H
#define DEBIAN_OPENPGP_H

#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"

/* Appends the public keys in `text` to `binary`, without their ASCII armor (RFC 9580, section 6) when they have one:
 * gpgv reads binary keyrings only. `name` is the file in errors; -EBADMSG for what is neither armored nor binary. */
int openpgp_dearmor(const char *name, const char *text, size_t size, struct buf *binary, struct err *err);

/* What was verified: one text with the signature around it, or a file with the signature in another. */
enum openpgp_form { OPENPGP_CLEAR_SIGNED, OPENPGP_DETACHED };

/* Judges what gpgv said on --status-fd: a good signature, with a strong digest, by a key of `fingerprints`, and no bad one. A
 * fingerprint is that of a primary key or of a subkey that signs, in hexadecimal of any case, with or without spaces and "0x";
 * with "!" at its end, as apt has it, it is just that key and none of its subkeys. -EBADMSG with the signers it saw; `name`
 * is the file in errors. */
int openpgp_status(const char *name, enum openpgp_form form, const char *status, const struct strv *fingerprints,
		   struct err *err);

/* By whom a file has to be signed: `key` is the host path of the public keys. */
struct openpgp_signers {
	const char *key;
	const struct strv *fingerprints;
};

/* Verifies a file and appends to `text` what was signed, and nothing else: of a clear-signed file (RFC 9580, section 7;
 * `signature` NULL) what gpgv says was, else the whole file. `scratch` is an existing folder for files of ours; `name` the
 * file in errors. */
int openpgp_verify(const char *name, const struct buf *file, const struct buf *signature,
		   const struct openpgp_signers *signers, const char *scratch, struct buf *text, struct err *err);

#endif

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

/* Judges what gpgv said on --status-fd: a good signature, with a strong digest, by a key whose primary fingerprint is
 * one of `fingerprints` (upper-case hex), and no bad one. -EBADMSG with the signers it saw; `name` is the file in
 * errors. */
int openpgp_status(const char *name, const char *status, const struct strv *fingerprints, struct err *err);

/* Verifies a clear-signed file (RFC 9580, section 7) and appends to `text` what gpgv says was signed, and nothing else.
 * `key` is the host path of the public keys; `scratch` an existing folder for files of ours; `name` the file in errors. */
int openpgp_verify(const char *name, const struct buf *file, const char *key, const struct strv *fingerprints,
		   const char *scratch, struct buf *text, struct err *err);

#endif

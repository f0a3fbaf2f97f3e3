/* How a file's key is sealed to a recipient, and opened by an identity: stanzas X25519 and ssh-ed25519. */
#ifndef SEALED_AGE_STANZA_H
#define SEALED_AGE_STANZA_H

#include "sealed/age/age.h"
#include "sealed/age/header.h"

enum { STANZA_TAG_TEXT = 6 }; /* base64 of 4 bytes of a hash */

/* 1 and the file's key, 0 when the stanza is not for this identity, -EBADMSG when it is of its kind and damaged. */
int age_stanza_open(const struct age_stanza *stanza, const struct age_identity *identity, uint8_t file_key[AGE_FILE_KEY],
		    struct fault *fault);

/* Appends the stanza's lines. -EBADMSG for a recipient of low order, which would give the key to everybody. */
int age_stanza_seal(struct growing *header, const struct age_recipient *recipient, const uint8_t file_key[AGE_FILE_KEY],
		    struct fault *fault);

/* Whether the type is this one; whether it is the one that identities and recipients of this type are for. */
bool age_stanza_is(const struct age_stanza *stanza, const char *type);
bool age_stanza_is_for(const struct age_stanza *stanza, enum age_type type);

/* The tag by which an ssh-ed25519 stanza names its recipient: no zero behind it. */
void age_stanza_tag(const uint8_t ssh_public[CRYPTO_KEY], char tag[STANZA_TAG_TEXT]);

#endif

/* What tests of age share. */
#ifndef UNIT_AGES_H
#define UNIT_AGES_H

#include "sealed/age/age.h"

/* Reads identities; the test fails when they are none. */
struct age_identities ages_identities(struct pool *pool, const char *text);

/* Reads a recipient; the test fails when it is none. */
struct age_recipient ages_recipient(const char *text);

/* An X25519 identity of ours and its recipient, and an SSH key: its private file, its line, what ssh-to-age makes of it. */
#define AGES_IDENTITY "AGE-SECRET-KEY-1Z2UXF80TFJ0LDC3HVTG6QSA9PN74ETQCRSS7SXEZT6VQ0NGH6RXS8J8M2D"
extern const char ages_recipient_text[], ages_ssh_private[], ages_ssh_public[], ages_ssh_recipient[];

#endif

/* Files of age (https://age-encryption.org/v1): recipients X25519 and ssh-ed25519, plain or armored. By nettle. Pure but for
 * random numbers. Functions return 0 or -EBADMSG with a fault. */
#ifndef SEALED_AGE_AGE_H
#define SEALED_AGE_AGE_H

#include <stdbool.h>

#include "sealed/fault.h"
#include "sealed/pool.h"

/* The largest file that is opened; sealed is half of that, so that armor finds room. */
enum { AGE_SIZE_MAX = 64 << 20 };

enum age_type { AGE_X25519, AGE_SSH_ED25519 };

/* A private key. An OpenSSH key counts as two: what is sealed to "ssh-ed25519 …", and what is sealed to the X25519 recipient
 * that ssh-to-age makes of it, cannot be opened the one with the other. */
struct age_identity {
	enum age_type type;
	uint8_t secret[32];          /* X25519 scalar (of an SSH key: SHA-512(seed)[:32]) */
	uint8_t public[32];          /* what belongs to it on X25519 */
	uint8_t ssh_public[32];      /* AGE_SSH_ED25519: the Ed25519 public key */
	char recipient[120];         /* its public form, for messages: age1…, or ssh-ed25519 AAAA… */
};

struct age_identities {
	struct age_identity *items;
	size_t count;
	const char *passed_over;     /* kinds beside them that we do not know, for messages: "AGE-PLUGIN-YUBIKEY"; or NULL */
};

struct age_recipient {
	enum age_type type;
	uint8_t public[32];          /* X25519 */
	uint8_t ssh_public[32];      /* AGE_SSH_ED25519 */
};

/* Adds the identities of a file: lines AGE-SECRET-KEY-1…, comments and empty lines between them, or one OpenSSH private key
 * of type ed25519 without a passphrase. They live in `pool`. Kinds that we do not know (plugins, post-quantum) are passed over
 * beside others; alone they are FAULT_UNSUPPORTED. */
int age_identities_read(struct pool *pool, const void *text, size_t size, struct age_identities *identities,
			struct fault *fault);

/* Makes an X25519 identity from the kernel's random numbers; its text (AGE-SECRET-KEY-1…) is in `pool`. */
struct age_identity age_identity_new(struct pool *pool, const char **ret_text);

/* Reads `age1…` or `ssh-ed25519 AAAA… [comment]`. FAULT_UNSUPPORTED for age1pq1…, plugins and other keys of SSH. */
int age_recipient_read(const char *text, struct age_recipient *ret_recipient, struct fault *fault);

/* The X25519 recipient age1… of an SSH key, as ssh-to-age writes it; `out` has room for 63 bytes. */
int age_recipient_of_ssh(const char *ssh_public_line, char out[63], struct fault *fault);

/* Opens a file, armored or not. Nothing of it is handed out before all of it was verified. `who`, may be NULL: the identity
 * that opened it. FAULT_NOKEY names the stanzas of the file and the identities tried. */
int age_open(struct pool *pool, struct bytes file, const struct age_identities *identities, struct bytes *ret_plain,
	     const struct age_identity **who, struct fault *fault);

/* Whether a file of age has a stanza that this recipient could open, as far as that can be told without a key (ssh-ed25519
 * stanzas carry a tag; X25519 ones name nobody, and count as one that could). */
bool age_may_be_for(struct bytes file, const struct age_recipient *recipient);

/* Seals `plain` to all recipients; armored when `armor`. */
int age_seal(struct pool *pool, struct bytes plain, const struct age_recipient *recipients, size_t n_recipients, bool armor,
	     struct bytes *ret_file, struct fault *fault);

#endif

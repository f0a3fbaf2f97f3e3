/* Files of SOPS (https://getsops.io): read without a key, opened with one, and given other recipients. Strict where sops is
 * lax: nothing behind an ENC[…], tags of 16 bytes, data keys of 32, no key twice. Functions return 0 or -EBADMSG with a
 * fault. */
#ifndef SEALED_SOPS_SOPS_H
#define SEALED_SOPS_SOPS_H

#include <stdbool.h>
#include <time.h>

#include "sealed/age/age.h"

enum sops_format { SOPS_YAML, SOPS_JSON, SOPS_DOTENV, SOPS_INI, SOPS_BINARY, SOPS_FORMATS };

/* The names that recipes and --format use: yaml, json, dotenv, ini, binary. */
const char *sops_format_name(enum sops_format format);
bool sops_format_named(const char *name, enum sops_format *ret_format);

/* By the end of a file's name, as sops does: .yaml .yml .json .env .ini; anything else is binary. */
enum sops_format sops_format_of(const char *path);

enum sops_type { SOPS_STR, SOPS_INT, SOPS_FLOAT, SOPS_BYTES, SOPS_BOOL, SOPS_TIME, SOPS_NULL, SOPS_COMMENT };

/* What sops calls them: str, int, float, bytes, bool, time; "null", "comment". */
const char *sops_type_name(enum sops_type type);

/* A step of a path: the key of a map, or (`key` NULL) the place in a list. */
struct sops_step {
	const char *key;
	size_t index;
};

/* A value at the end of a path, in document order. */
struct sops_leaf {
	size_t document;
	const struct sops_step *path;
	size_t n_path;
	enum sops_type type;         /* of an encrypted one what it says of itself */
	bool encrypted;
	unsigned line;
	struct bytes value;          /* as the MAC takes it. Of an encrypted one: empty until sops_open() */
	const char *cipher;          /* of an encrypted one: its ENC[…] */
};

/* Who can open it. */
struct sops_key {
	const char *service;         /* "age", "pgp", "kms", "hc_vault", "gcp_kms", "azure_kv" … */
	const char *recipient;       /* age: as it stands there; others: what names the key, or "" */
	const char *enc;             /* age: the armored file */
};

/* An empty map or list has no leaf, and is nothing to sops either. */
struct sops_file {
	enum sops_format format;
	struct sops_leaf *leaves;
	size_t n_leaves;
	struct sops_key *keys;
	size_t n_keys;
	const char *last_modified, *mac, *version;
	bool opened;
	struct sops_details *details; /* of sops/ alone */
};

/* Reads a file and checks all that can be checked without a key: its format, its metadata, the form of each ENC[…], and
 * that what its rules say is encrypted is. `text` need not stay. In `pool`. */
int sops_read(struct pool *pool, enum sops_format format, struct bytes text, struct sops_file **ret_file, struct fault *fault);

/* Decrypts all values and verifies the MAC; before it has returned 0 no value may be used, and there is none. */
int sops_open(struct pool *pool, struct sops_file *file, const struct age_identities *identities, struct fault *fault);

/* Whether `recipient` (age1… or ssh-ed25519 AAAA…, comments do not count) is among the age recipients by its label, and its
 * file may be for it. */
bool sops_is_for(const struct sops_file *file, const char *recipient);

/* Finds a value by its keys, map by map in the first document; a number is the place in a list. FAULT_MISSING tells how far the
 * path goes and what is near. Pure keys: a leaf with an encrypted value need not be opened. */
int sops_find(const struct sops_file *file, const char *const *keys, size_t n_keys, const struct sops_leaf **ret_leaf,
	      struct fault *fault);

/* The bytes of an opened value as a file has them: a truth value as YAML and JSON write it, not as the MAC takes it. */
struct bytes sops_leaf_bytes(const struct sops_leaf *leaf);

/* The whole opened file, without what SOPS added: of binary its bytes, of the others a text of the same format that says the
 * same. FAULT_UNSUPPORTED for what the format cannot say. In `pool`. */
int sops_plain(struct pool *pool, const struct sops_file *file, struct bytes *ret_plain, struct fault *fault);

/* `text`, the file that `file` was read from and opened, for other recipients of age (texts): entries of recipients that stay
 * are kept to the byte, other services stay. With `rotate` it gets another data key: all values, the MAC and all entries of age
 * are made anew, and lastmodified is `now` (entries of other services are refused then: FAULT_UNSUPPORTED). What is not touched
 * stays to the byte. In `pool`. */
int sops_rekey(struct pool *pool, const struct sops_file *file, struct bytes text, const char *const *recipients,
	       size_t n_recipients, bool rotate, time_t now, struct bytes *ret_text, struct fault *fault);

#endif

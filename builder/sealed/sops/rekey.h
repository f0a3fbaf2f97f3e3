/* Other recipients in the text of a file: what changes is replaced at its place. Of sops/ alone. */
#ifndef SEALED_SOPS_REKEY_H
#define SEALED_SOPS_REKEY_H

#include "sealed/sops/details.h"

/* Bytes that take the place of others. */
struct rekey_edit {
	size_t from, to;
	struct bytes with;
};

/* An entry of age as it will be. */
struct rekey_entry {
	const char *recipient;
	const char *enc;             /* NULL: it stays as it is */
	size_t old;                  /* which one of the file it was, or REKEY_NEW */
};
#define REKEY_NEW ((size_t)-1)

struct rekey {
	struct pool *pool;
	const struct sops_file *file;
	struct bytes text;
	const uint8_t *data_key;     /* of the file as it will be */
	const char *now;             /* lastmodified as it will be; NULL: as it is */
	struct rekey_entry *entries; /* those that were there first, in their order */
	size_t n_entries;
	struct rekey_edit *edits;
	size_t n_edits;
	struct fault *fault;
};

void rekey_edit(struct rekey *rekey, size_t from, size_t to, struct bytes with);

/* Changes the entries in the list `age` of one document. */
int rekey_places(struct rekey *rekey, const struct sops_node *age);

/* Encrypts all values, comments, the MAC anew. */
void rekey_values(struct rekey *rekey);

#endif

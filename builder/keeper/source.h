/* Values of a recipe's secrets, opened where the operator is. */
#ifndef KEEPER_SOURCE_H
#define KEEPER_SOURCE_H

#include "keeper/operator.h"
#include "recipe/secrets.h"
#include "sealed/sops/sops.h"

enum { SOURCE_BYTES_MAX = 16 << 20 };

/* Files that were read, each once, however many secrets are in it. */
struct sources {
	const struct operator *operator;
	struct source_opened *files;
	size_t n;
};

/* The value of a secret; in the operator's pool. A file that has only other key services than age, or whose keys of age are not
 * ours, is opened by sops(1), which has the value on its standard output alone. -EBADMSG for what cannot be opened, does not
 * verify, or is empty and may not be. */
int source_value(struct sources *sources, const struct recipe_secret *secret, struct bytes *ret_value, struct err *err);

/* The whole file, opened by identities of age (not by sops(1)) and verified; and its text. */
int source_open(struct sources *sources, const struct recipe_secret *secret, const struct sops_file **ret_file,
		struct bytes *ret_text, struct err *err);

/* Fills `err` with what `fault` says of the file that messages call `shown`; returns -EBADMSG. */
int source_failed(const char *shown, const struct fault *fault, struct err *err);

#endif

/* The files of tests/secrets/vectors, and what must become of each. */
#ifndef UNIT_VECTORS_H
#define UNIT_VECTORS_H

#include "sealed/sops/sops.h"

struct vector {
	char name[64], want[16], class[16];
	enum sops_format format;
	struct bytes text, keys;
	char *expected;              /* path of the JSON file; NULL: there is none */
};

/* All of them, in `pool`; the test fails when they are not there. */
struct vector *vectors_load(struct pool *pool, size_t *ret_n);
struct vector vectors_named(struct pool *pool, const char *name);

/* Reads and opens a text with the vector's keys. */
int vectors_open(struct pool *pool, const struct vector *vector, struct bytes text, struct sops_file **ret_file,
		 struct fault *fault);

/* The same with other identities. */
int vectors_open_with(struct pool *pool, enum sops_format format, struct bytes text, const struct age_identities *identities,
		      struct sops_file **ret_file, struct fault *fault);

/* All values as one text. */
const char *vectors_leaves(struct pool *pool, const struct sops_file *file);

#endif

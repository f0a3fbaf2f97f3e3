/* Writing what was opened, format by format. Of sops/ alone. */
#ifndef SEALED_SOPS_PLAIN_H
#define SEALED_SOPS_PLAIN_H

#include "sealed/sops/details.h"

struct plain {
	struct pool *pool;
	const struct sops_file *file;
	size_t next;                 /* the leaf that comes next: leaves stand as the tree is walked */
	struct growing out;
	struct fault *fault;
};

/* The leaf of the scalar that the walk has come to. */
const struct sops_leaf *plain_leaf(struct plain *plain);

/* Whether a child is left out: a comment, which is a value in the file. Its leaf is passed over then. */
bool plain_skips(struct plain *plain, struct sops_node *child);

/* FAULT_UNSUPPORTED: the value cannot be written, because … */
int plain_cannot(struct plain *plain, const struct sops_leaf *leaf, const char *problem);

int plain_yaml(struct plain *plain);
int plain_json(struct plain *plain);
int plain_dotenv(struct plain *plain);
int plain_ini(struct plain *plain);

#endif

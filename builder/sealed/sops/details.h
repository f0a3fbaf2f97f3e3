/* What a file that was read keeps for itself. Of sops/ alone. */
#ifndef SEALED_SOPS_DETAILS_H
#define SEALED_SOPS_DETAILS_H

#include "sealed/sops/node.h"
#include "sealed/sops/rules.h"

struct sops_details {
	struct sops_tree tree;
	struct sops_rule rule;
	bool mac_only_encrypted;
	size_t text_size;            /* of the text that the places in the tree are of */
	const char *aad;             /* of the MAC: lastmodified in the form that it was made with */
	uint8_t data_key[32];        /* when it was opened */
};

/* Reads what SOPS added to the first document. */
int sops_meta_read(struct pool *pool, struct sops_file *file, const struct sops_node *meta, struct fault *fault);

/* The list of age's entries in what SOPS added to a document, or NULL. */
struct sops_node *sops_meta_age(const struct sops_node *meta);

/* "db/user", "tokens/0" */
char *sops_path_text(struct pool *pool, const struct sops_step *path, size_t n_path);

/* What is authenticated with a value: the keys of its path, with a colon behind each. */
char *sops_aad(struct pool *pool, const struct sops_leaf *leaf);

/* What the MAC of an opened file is of: its hash. */
char *sops_mac_hash(struct pool *pool, const struct sops_file *file);

/* Opens with a data key that is known. */
int sops_open_with(struct pool *pool, struct sops_file *file, const uint8_t data_key[32], struct fault *fault);

#endif

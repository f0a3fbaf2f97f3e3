/* sops_read() and what follows it: the first byte is the store (`y`aml, `j`son, `d`otenv, `i`ni, `b`inary), the rest a file. One
 * that is taken has values with paths, which are found by them; with the key of the corpus it opens or says why not, and what was
 * opened is written as a plain file, and for another recipient, or that is refused. */
#include <errno.h>

#include "fuzz.h"
#include "sealed/sops/leaves.h"

static const char identity[] = "AGE-SECRET-KEY-19FQ7XCQRVMQ3VC5NNPVSQKRWE08G74L92H97JWZT4LRFLCPE74DQKJPAA0";

static void check_fault(int r, const struct fault *fault)
{
	ensure(r == 0 || (r == -EBADMSG && fault->kind != FAULT_NONE && *fault->text));
	ensure(r < 0 || fault->kind == FAULT_NONE);
}

/* A value that all its keys name is found, unless it is none, or another one with the same names comes first. */
static void check_found(struct pool *pool, const struct sops_file *file, const struct sops_leaf *leaf)
{
	const char **keys = pool_alloc(pool, leaf->n_path * sizeof *keys);
	const struct sops_leaf *found;
	struct fault fault = {0};
	int r;

	ensure(leaf->n_path > 0 && leaf->path[0].key && leaf->value.data);
	for (size_t i = 0; i < leaf->n_path; i++) {
		if (!leaf->path[i].key)
			return;
		keys[i] = leaf->path[i].key;
	}
	r = sops_find(file, keys, leaf->n_path, &found, &fault);
	check_fault(r, &fault);
	if (leaf->document == 0 && leaf->type != SOPS_NULL && leaf->type != SOPS_COMMENT)
		ensure(r == 0 && found == leaf);
}

static void check_opened(struct pool *pool, struct sops_file *file, struct bytes text)
{
	struct age_identities identities = {0};
	const char *recipients[] = {"age1hj6tkg5zx4h8mmkur66mvgv30ne8nw35msus9kfcekchwgspkqws2973tx"};
	struct fault fault = {0}, why = {0};
	struct bytes out;
	int r;

	ensure(age_identities_read(pool, identity, strlen(identity), &identities, &fault) == 0);
	r = sops_open(pool, file, &identities, &fault);
	check_fault(r, &fault);
	if (r < 0)
		return;
	sops_leaves_print(pool, file, &out);
	r = sops_plain(pool, file, &out, &why);
	check_fault(r, &why);
	why = (struct fault){0};
	r = sops_rekey(pool, file, text, recipients, 1, text.size % 2, 0, &out, &why);
	check_fault(r, &why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char stores[] = "yjdib";
	const char *store = size && data[0] ? strchr(stores, data[0]) : NULL;
	struct bytes text;
	struct pool *pool;
	struct sops_file *file;
	struct fault fault = {0};
	int r;

	if (!store)
		return 0;
	text = (struct bytes){.data = data + 1, .size = size - 1};
	pool = pool_new();
	r = sops_read(pool, (enum sops_format)(store - stores), text, &file, &fault);
	check_fault(r, &fault);
	if (r == 0) {
		ensure(file->mac && file->last_modified && file->n_keys);
		for (size_t i = 0; i < file->n_leaves && i < 20; i++)
			check_found(pool, file, &file->leaves[i]);
		check_opened(pool, file, text);
	}
	pool_free(pool);
	return 0;
}

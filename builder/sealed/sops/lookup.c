/* Values by their keys, step by step: what the AAD and the MAC do not see (a key with ':' in it, a list around a value)
 * must not be found where something else is asked for. */
#include <stdlib.h>
#include <string.h>

#include "sealed/sops/details.h"

enum { NEAR_MAX = 12 };

static bool lookup_same(const struct sops_step *a, const struct sops_step *b)
{
	return a->key && b->key ? strcmp(a->key, b->key) == 0 : !a->key && !b->key && a->index == b->index;
}

/* Whether the leaf's path begins with the first `n` steps of `path`; it may end there. */
static bool lookup_begins(const struct sops_leaf *leaf, const struct sops_step *path, size_t n)
{
	size_t i = 0;

	while (i < n && i < leaf->n_path && lookup_same(&leaf->path[i], &path[i]))
		i++;
	return leaf->document == 0 && i == n;
}

/* … and goes on. */
static bool lookup_below(const struct sops_leaf *leaf, const struct sops_step *path, size_t n)
{
	return leaf->n_path > n && lookup_begins(leaf, path, n);
}

/* Whether an element at depth `n` of a list, which this leaf is of, cannot come and go without another MAC. */
static bool lookup_is_solid(const struct sops_file *file, const struct sops_leaf *leaf, size_t n)
{
	if (leaf->type == SOPS_NULL || leaf->type == SOPS_COMMENT || (leaf->n_path > n + 1 && !leaf->path[n + 1].key))
		return false;
	return leaf->cipher || (leaf->value.size && !file->details->mac_only_encrypted);
}

/* The comments of a list are values in the file, and none to those who count. Here the place in the file of the one that is
 * asked for. No place is in an AAD, and the MAC does not see what is empty, nor brackets around values: whoever put such into
 * the list would choose which value is meant. So none may stand before it. */
static bool lookup_place(const struct sops_file *file, const struct sops_step *path, size_t n, const char *text,
			 size_t *ret_index, struct fault *fault)
{
	size_t wanted, seen = 0, last = (size_t)-1;
	bool solid = true;

	if (!*text || strspn(text, "0123456789") != strlen(text) || strlen(text) > 9)
		return false;
	wanted = strtoul(text, NULL, 10);
	for (size_t i = 0; i < file->n_leaves && seen <= wanted; i++) {
		const struct sops_leaf *leaf = &file->leaves[i];

		if (!lookup_below(leaf, path, n) || leaf->path[n].key || (leaf->n_path == n + 1 && leaf->type == SOPS_COMMENT))
			continue;
		if (leaf->path[n].index != last) {
			if (!solid)
				break;
			last = leaf->path[n].index;
			solid = seen++ == wanted;
		}
		solid = solid || lookup_is_solid(file, leaf, n);
	}
	*ret_index = last;
	if (!solid) {
		fault_set(fault, FAULT_MISSING, 0, "it is not sure which value is '%s': before it in its list is something "
			  "empty, or a list", text);
		fault_hint(fault, "sops protects no places in lists, and sees nothing of those: give the value a name, in a "
			   "map");
	}
	return solid && seen == wanted + 1;
}

static bool lookup_step(const struct sops_file *file, struct sops_step *path, size_t n, const char *key, struct fault *fault)
{
	path[n] = (struct sops_step){.key = key};
	for (size_t i = 0; i < file->n_leaves; i++) {
		if (lookup_begins(&file->leaves[i], path, n + 1))
			return true;
	}
	path[n].key = NULL;
	return lookup_place(file, path, n, key, &path[n].index, fault);
}

/* The keys that are there instead, a few of them. */
static char *lookup_near(struct pool *pool, const struct sops_file *file, const struct sops_step *path, size_t n)
{
	struct growing text = {.pool = pool};
	const struct sops_step *last = NULL;
	size_t count = 0;

	for (size_t i = 0; i < file->n_leaves && count <= NEAR_MAX; i++) {
		const struct sops_step *step;

		if (!lookup_below(&file->leaves[i], path, n))
			continue;
		step = &file->leaves[i].path[n];
		if (last && lookup_same(last, step))
			continue;
		last = step;
		count++;
		growing_puts(&text, count == 1 ? "" : ", ");
		growing_puts(&text, count > NEAR_MAX ? "…" : step->key ? step->key : pool_printf(pool, "%zu", step->index));
	}
	return pool_text(pool, (const char *)growing_bytes(&text).data);
}

static int lookup_missing(const struct sops_file *file, const struct sops_step *path, size_t n, const char *const *keys,
			  size_t n_keys, struct fault *fault)
{
	_cleanup_pool_ struct pool *pool = pool_new();
	const char *near = lookup_near(pool, file, path, n), *here = sops_path_text(pool, path, n);

	if (n == n_keys)
		return fault_set(fault, FAULT_MISSING, 0, "'%s' is no value, but has others in it: %s", here, near);
	if (!*near)
		return fault_set(fault, FAULT_MISSING, 0, n ? "there is no '%s' in '%s', which is a value" : "there is no '%s'",
				 keys[n], here);
	here = n ? pool_printf(pool, "'%s'", here) : "it";
	return fault_set(fault, FAULT_MISSING, 0, "there is no '%s' in %s, but: %s", keys[n], here, near);
}

int sops_find(const struct sops_file *file, const char *const *keys, size_t n_keys, const struct sops_leaf **ret_leaf,
	      struct fault *fault)
{
	struct sops_step path[SOPS_DEPTH_MAX];
	size_t n = 0;

	while (n < n_keys && n < SOPS_DEPTH_MAX && lookup_step(file, path, n, keys[n], fault))
		n++;
	for (size_t i = 0; n == n_keys && n && i < file->n_leaves; i++) {
		const struct sops_leaf *leaf = &file->leaves[i];

		if (leaf->n_path != n || !lookup_begins(leaf, path, n))
			continue;
		if (leaf->type == SOPS_NULL || leaf->type == SOPS_COMMENT)
			return fault_set(fault, FAULT_MISSING, leaf->line, "'%s' is %s", keys[n - 1],
					 leaf->type == SOPS_NULL ? "null" : "a comment");
		*ret_leaf = leaf;
		return 0;
	}
	return lookup_missing(file, path, n, keys, n_keys, fault);
}

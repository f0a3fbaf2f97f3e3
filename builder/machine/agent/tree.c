#include "machine/agent/tree.h"

void tree_shape(uint64_t n_data, struct tree *ret_tree)
{
	struct tree tree = {.n_data = n_data, .n_blocks = n_data + 1};

	for (uint64_t n = n_data; n > 1;) {
		n = (n + PER_BLOCK - 1) / PER_BLOCK;
		tree.levels[tree.n_levels++].n_blocks = n;
	}
	for (size_t i = tree.n_levels; i-- > 0;) {
		tree.levels[i].first = tree.n_blocks;
		tree.n_blocks += tree.levels[i].n_blocks;
	}
	*ret_tree = tree;
}

struct tree_level tree_rank(const struct tree *tree, size_t rank)
{
	return rank == 0 ? (struct tree_level){0, tree->n_data} : tree->levels[rank - 1];
}

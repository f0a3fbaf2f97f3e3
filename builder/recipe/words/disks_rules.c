/* Disks: what must hold of them, in the order in which it is asked. */
#include <string.h>

#include "recipe/words/disks.h"

enum { DEVICES_MAX = 1000 };

bool disks_is_system(const struct recipe_disk *disk)
{
	for (size_t i = 0; i < disk->content.n_partitions; i++)
		if (disks_is_root(&disk->content.partitions[i]))
			return true;
	return false;
}

void disks_check(struct decoder *decoder, const struct node *root)
{
	struct recipe *recipe = decoder->recipe;
	const struct node *partitions = node_get(root, "partitions");
	struct disks_tree tree;

	if (problem_known(decoder, "partitions"))
		return;
	if (!partitions && recipe->kind == KIND_VM) {
		err_at(decoder->err, -EINVAL, &root->pos, "partitions", "a virtual machine needs a disk");
		err_hint(decoder->err, "name a layout: 'partitions: ../partitions/two-disks.yaml'");
	}
	if (!partitions)
		return;
	disks_settle_tables(decoder);
	tree = disks_tree_make(decoder->arena, recipe);
	if (tree.n > DEVICES_MAX) {
		err_at(decoder->err, -EINVAL, &partitions->pos, "partitions", "more than %d disks, partitions and volumes",
		       DEVICES_MAX);
		return;
	}
	disks_check_tables(decoder, &tree);
	if (!disks_check_groups(decoder, &tree))
		return;
	disks_check_roles(decoder, &tree, partitions);
	disks_check_mounts(decoder, &tree);
	disks_check_luks(decoder, &tree);
	disks_check_args(decoder, &tree);
}

const struct recipe_disk *recipe_disk(const struct recipe *recipe, const char *role)
{
	for (size_t i = 0; i < recipe->n_disks; i++)
		if (strcmp(recipe->disks[i].role ? recipe->disks[i].role : DISK_SYSTEM, role) == 0)
			return &recipe->disks[i];
	return NULL;
}

/* What is built of the recipe, and what that cannot have. */
#include <errno.h>
#include <string.h>

#include "recipe/problem.h"
#include "recipe/stages.h"

static int not_for_containers(struct decoder *decoder, const struct pos *pos, const char *path, const char *why)
{
	err_at(decoder->err, -EINVAL, pos, path, "%s", why);
	return err_hint(decoder->err, "what is meant for virtual machines alone stands below 'vm'");
}

static bool is_enabled(const struct recipe *recipe, const char *name)
{
	for (size_t i = 0; i < recipe->n_units; i++)
		if (strcmp(recipe->units[i].name, name) == 0)
			return recipe->units[i].enable == YES;
	return false;
}

/* A container's interfaces are made, named and given their addresses outside of it. Those that it makes itself (a tunnel) are
 * networkd's, when that is wanted. */
static void check_network(struct decoder *decoder, const struct recipe_network *network)
{
	const char *path = problem_path(decoder->arena, "networks", network->name);

	for (size_t i = 0; i < network->match.count; i++)
		if (strcmp(network->match.items[i].key, "Name") != 0) {
			not_for_containers(decoder, &network->pos, path,
					   "a container knows its interfaces by their 'Name' alone");
			return;
		}
	if (is_enabled(decoder->recipe, "systemd-networkd.service"))
		return;
	err_at(decoder->err, -EINVAL, &network->pos, path, "nothing in this container would set up the network");
	err_hint(decoder->err, "its interfaces are the hypervisor's to configure; for those it makes itself, enable "
			       "systemd-networkd.service");
}

static void check_container(struct decoder *decoder, const struct node *root)
{
	static const struct {
		const char *key, *why;
	} missing[] = {
		{"kernelArgs", "a container has no kernel of its own"},
		{"modulesLoad", "a container cannot load kernel modules"},
		{"partitions", "a container has no disk of its own"},
	};
	const struct recipe *recipe = decoder->recipe;

	for (size_t i = 0; i < root->count; i++)
		for (size_t m = 0; m < sizeof missing / sizeof *missing; m++)
			if (strcmp(root->keys[i], missing[m].key) == 0)
				not_for_containers(decoder, &root->key_pos[i], missing[m].key, missing[m].why);
	for (size_t i = 0; i < recipe->n_networks; i++)
		check_network(decoder, &recipe->networks[i]);
}

void finalize_kinds(struct decoder *decoder, const struct node *root)
{
	struct recipe *recipe = decoder->recipe;
	const struct node *kinds = node_get(root, "kinds");

	if (!kinds || problem_known(decoder, "kinds"))
		return;
	if (!recipe->default_kind) /* it was not there to be read before names were put in */
		recipe->default_kind = recipe->kinds & -recipe->kinds;
	if (!recipe->kind)
		recipe->kind = recipe->default_kind;
	if (!recipe->kinds) {
		err_at(decoder->err, -EINVAL, &kinds->pos, "kinds", "no kind is left to build");
	} else if (!(recipe->kinds & recipe->kind)) {
		err_at(decoder->err, -EINVAL, &kinds->pos, "kinds", "'%s' is not among the kinds of this recipe",
		       recipe_kind_name(recipe->kind));
		err_hint(decoder->err, "add it here if the machine can be one");
	} else if (recipe->kind == KIND_LXC) {
		check_container(decoder, root);
	}
}

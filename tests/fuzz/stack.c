/* nodes_parse(): STACK_FILE, from which a machine makes file systems. What is accepted stands on what is before it, and its ids
 * and names are no options, and lead nowhere. What is decided for it is never more than what is blank. */
#include "machine/disks/group_acts.h"
#include "machine/disks/leaf_disks.h"
#include "fuzz.h"

static void check_node(const struct nodes *nodes, size_t at)
{
	const struct node *node = &nodes->list[at];
	const char *name = node_word(node, "name");

	ensure(node->kind < NODE_KINDS && *node->id && !strchr(node->id, '/') && *node->id != '-' && *node->id != '.');
	ensure(nodes_find(nodes, node->id) == at);
	ensure(!name || (*name && *name != '-' && !strchr(name, '/')));
	ensure(leaf_is(node) == (node->n_on == 0));
	for (size_t i = 0; i < node->n_on; i++)
		ensure(node->on[i] < at && nodes->list[node->on[i]].group == node->group);
}

/* The disks are whatever the input's size says. */
static void check_decisions(struct nodes *nodes, size_t size)
{
	static struct unit unit;

	for (size_t i = 0; i < nodes->n; i++)
		if (leaf_is(&nodes->list[i]))
			nodes->list[i].state = (size >> i % 8) % 3 == 0 ? NODE_BLANK : (size >> i % 8) % 3 == 1 ?
			NODE_THERE : NODE_MISSING;
	for (size_t group = 0; group < nodes->n; group++) {
		if (nodes->list[group].group != group || group_decide(nodes, group, size % 2, &unit) == GROUP_NOTHING)
			continue;
		for (size_t i = 0; i < nodes->n; i++) {
			ensure(!unit.blank[i] || nodes->list[i].state == NODE_BLANK);
			ensure(!unit.chosen[i] || !leaf_is(&nodes->list[i]));
			for (size_t k = 0; unit.chosen[i] && k < nodes->list[i].n_on; k++)
				ensure(unit.chosen[nodes->list[i].on[k]] || unit.blank[nodes->list[i].on[k]]);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct nodes nodes;
	char *text = fuzz_text(data, size);
	const char *problem;
	unsigned line;

	if (nodes_parse(text, &nodes, &line, &problem) == 0) {
		nodes_group(&nodes);
		for (size_t i = 0; i < nodes.n; i++)
			check_node(&nodes, i);
		check_decisions(&nodes, size);
	} else {
		ensure(problem && line);
	}
	free(text);
	return 0;
}

/* How large a partition must be for what stands on it, where nobody says. */
#include "disk/stacked.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "contract/stack.h"
#include "disk/format.h"

/* What LVM keeps for itself: labels, metadata and a rounding to extents; a pool's metadata, twice. An array's superblock
 * and the room before its data. */
static const uint64_t LVM_OWN = 8ULL << 20, POOL_OWN = 16ULL << 20, ARRAY_OWN = 16ULL << 20;

/* How often the data of a kind of volume or level of array is there, or how many members hold none: for `n` members. */
static uint64_t stacked_need_member(const char *level, uint64_t bytes, size_t n)
{
	static const struct { const char *name; size_t spare; bool copies; } levels[] = {
		{"1", 0, true}, {"raid1", 0, true}, {"4", 1, false}, {"5", 1, false}, {"6", 2, false},
	};

	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		if (strcmp(level, levels[i].name) == 0)
			return levels[i].copies ? bytes : bytes / (n > levels[i].spare ? n - levels[i].spare : 1);
	return strcmp(level, "10") == 0 ? bytes * 2 / (n ? n : 1) : bytes / (n ? n : 1);
}

static uint64_t stacked_need_volume(const struct stack *stack, const struct stack_node *node)
{
	const char *size = stack_word(node, "size"), *type = stack_word(node, "type");
	uint64_t given = size ? strtoull(size, NULL, 10) : 0, inner = stacked_need(stack, node->id);

	if (!type || strcmp(type, "thin") == 0) /* it takes what is written, of its pool */
		return 0;
	if (given < inner)
		given = inner;
	if (text_has_prefix(type, "raid") && strcmp(type, "raid0") != 0)
		given *= 2;
	return given + (strcmp(type, "thin-pool") == 0 ? POOL_OWN : 0) + LVM_OWN;
}

uint64_t stacked_need(const struct stack *stack, const char *id)
{
	uint64_t need = 0, inner = 0;

	for (size_t i = 0; stack && id && i < stack->n_nodes; i++) {
		const struct stack_node *node = &stack->nodes[i];
		const char *format = stack_word(node, "format"), *level = stack_word(node, "level");

		if (!strv_has(&node->on, id))
			continue;
		if (strcmp(node->kind, STACK_VG) == 0 || strcmp(node->kind, STACK_MD) == 0)
			inner = stacked_need(stack, node->id);
		if (strcmp(node->kind, STACK_FS) == 0 && format)
			need += format_minimum(format_named(format));
		else if (strcmp(node->kind, STACK_SWAP) == 0)
			need += format_minimum(DISK_SWAP);
		else if (strcmp(node->kind, STACK_LV) == 0)
			need += stacked_need_volume(stack, node);
		else if (strcmp(node->kind, STACK_VG) == 0)
			need += inner / node->on.count + LVM_OWN;
		else if (strcmp(node->kind, STACK_MD) == 0)
			need += stacked_need_member(level ? level : "1", inner, node->on.count) + ARRAY_OWN;
	}
	return need;
}

#include "machine/disks/ways.h"

const struct ways ways[NODE_KINDS] = {
	[NODE_GPT] = {gpt_make, gpt_open, NULL, gpt_grow, {NULL}},
	[NODE_PART] = {NULL, part_open, NULL, NULL, {NULL}},
	[NODE_LUKS] = {luks_make, luks_open, luks_close, luks_grow,
		       {"dm_crypt", "aesni_intel", "aes_generic", "xts", "algif_skcipher", NULL}},
	[NODE_VG] = {vg_make, vg_open, vg_close, vg_grow, {"dm_mod", NULL}},
	[NODE_LV] = {lv_make, lv_open, NULL, lv_grow, {NULL}},
	[NODE_MD] = {md_make, md_open, md_close, md_grow, {"md_mod", NULL}},
	[NODE_FS] = {fs_make, fs_open, NULL, NULL, {NULL}},
	[NODE_SUBVOLUME] = {subvolume_make, subvolume_open, NULL, NULL, {NULL}},
	[NODE_SWAP] = {swap_make, swap_open, NULL, NULL, {NULL}},
};

void ways_load(enum node_kind kind)
{
	for (const char *const *module = ways[kind].modules; *module; module++)
		stage_module(*module);
}

int ways_open(struct stage *stage, struct node *node)
{
	int r = 0;

	ways_load(node->kind);
	if (ways[node->kind].open)
		r = ways[node->kind].open(stage, node);
	node->state = r < 0 ? NODE_FAILED : NODE_OPEN;
	return r;
}

int ways_make(struct stage *stage, const bool chosen[NODES_MAX])
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < stage->nodes.n; i++) {
		struct node *node = &stage->nodes.list[i];

		if (!chosen[i])
			continue;
		ways_load(node->kind);
		if (ways[node->kind].make)
			r = ways[node->kind].make(stage, node);
		if (r == 0)
			r = ways_open(stage, node);
	}
	return r;
}

void ways_close(struct stage *stage, const bool chosen[NODES_MAX])
{
	for (size_t i = stage->nodes.n; i-- > 0;) {
		struct node *node = &stage->nodes.list[i];

		if (!chosen[i] || node->kind == NODE_DISK || node->kind == NODE_PLACE)
			continue;
		if (ways[node->kind].close && (node->state == NODE_OPEN || node->state == NODE_FAILED))
			ways[node->kind].close(stage, node);
		node->state = NODE_UNKNOWN;
		*node->device = 0;
	}
}

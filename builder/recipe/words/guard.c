/* When a machine that stays bad is acted upon, and how far. */
#include "recipe/words/words.h"

#define MINUTE_MS UINT64_C(60000)

enum { TRIES_MAX = 10 };

static int words_guard_decode_time(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	uint64_t ms;

	if (node->type != NODE_SCALAR || !decode_matches(&word_rule_duration, node->text) ||
	    duration_parse(node->text, &ms) < 0 || ms == 0)
		return problem_expected(decoder, node, path, "a duration like 90s or 5m, more than 0");
	*(uint64_t *)out = ms;
	return 0;
}

static const struct schema schema_time = {VALUE_TEXT, .rule = &word_rule_duration, .decode = words_guard_decode_time};
static const struct schema schema_tries = {VALUE_INT, .min = 1, .max = TRIES_MAX};

static const struct field guard_fields[] = {
	{"after", &schema_time, 0, WORD_OF(recipe_guard, after_ms), 0, "how long it must have been bad (5m)"},
	{"tries", &schema_tries, 0, WORD_OF(recipe_guard, tries), 0, "how often each remedy is tried before the next (2)"},
	{"coolDown", &schema_time, 0, WORD_OF(recipe_guard, cool_down_ms), 0, "pause after a remedy (15m)"},
	WORD_END,
};

static int words_guard_decode(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	static const struct schema schema_fields = {VALUE_RECORD, .fields = guard_fields};
	struct recipe_guard *guard = out;

	*guard = (struct recipe_guard){
		.said = true, .after_ms = 5 * MINUTE_MS, .tries = 2, .cool_down_ms = 15 * MINUTE_MS, .pos = node->pos};
	return decode(decoder, &schema_fields, node, path, guard);
}

static void words_guard_check(struct decoder *decoder, const struct node *root)
{
	const struct node *node = node_get(root, "guard");

	if (!node || problem_known(decoder, "guard") || node_get(root, "proxmox"))
		return;
	err_at(decoder->err, -EINVAL, &node->pos, "guard", "nothing can be done for a machine without 'proxmox'");
	err_hint(decoder->err, "say where it runs: 'proxmox: { node: …, vmid: …, images: …, storage: … }'");
}

const struct schema word_guard = {VALUE_RECORD, .fields = guard_fields, .decode = words_guard_decode,
				  .check = words_guard_check};

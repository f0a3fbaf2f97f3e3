/* Volume groups and logical volumes: how they are written. */
#include <stdlib.h>
#include <string.h>

#include "recipe/words/disks.h"

static const char SIZE_EXPECTED[] = "a size like 512M or 10G, or a part of what is free: '50%FREE', '100%'";
static const struct rule size_rule = {SIZE_EXPECTED, "[0-9]+(\\.[0-9]+)?(B|[KMGT](iB)?)?|([1-9][0-9]?|100)%(FREE)?"};
static const struct schema schema_name = {VALUE_TEXT, .rule = &disks_name_rule};

/* `100%` is what disko's examples say for `100%FREE`. */
static int disks_lvm_decode_size(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct recipe_lv *lv = out;
	const char *percent = node->type == NODE_SCALAR ? strchr(node->text, '%') : NULL;

	if (percent && (strcmp(percent, "%VG") == 0 || strcmp(percent, "%PVS") == 0 || strcmp(percent, "%ORIGIN") == 0)) {
		err_at(decoder->err, -ENOTSUP, &node->pos, path, "a part of the whole group, '%s', is not supported",
		       problem_shown(decoder->arena, node->text));
		return err_hint(decoder->err, "write a size, or a part of what the volumes before it leave free: '50%%FREE'");
	}
	if (node->type != NODE_SCALAR || !decode_matches(&size_rule, node->text))
		return problem_expected(decoder, node, path, SIZE_EXPECTED);
	if (percent)
		lv->percent = strtol(node->text, NULL, 10);
	else if (size_parse(node->text, &lv->size) < 0 || lv->size == 0)
		return problem_expected(decoder, node, path, SIZE_EXPECTED);
	return 0;
}

static const char *const lv_type_choices[] = {
	"linear", "striped", "thin-pool", "thin", "thinlv", "raid0", "raid1", "raid5", "raid6", "raid10", NULL};
static const struct schema schema_lv_type_word = {VALUE_TEXT, .choices = lv_type_choices};

static int disks_lvm_decode_type(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	static const char *const others[][2] = {{"mirror", "raid1"}, {"raid4", "raid5"}, {"cache", "linear"},
						{"vdo", "linear"}, {"snapshot", "thin"}};
	const char **type = out;
	int r;

	for (size_t i = 0; node->type == NODE_SCALAR && i < sizeof others / sizeof *others; i++)
		if (strcmp(node->text, others[i][0]) == 0) {
			err_at(decoder->err, -ENOTSUP, &node->pos, path, "volumes of the type '%s' are not supported",
			       node->text);
			return err_hint(decoder->err, "write '%s'", others[i][1]);
		}
	r = decode(decoder, &schema_lv_type_word, node, path, out);
	if (r == 0 && strcmp(*type, "thinlv") == 0)
		*type = "thin";
	return r;
}

static const struct schema schema_lv_size = {VALUE_TEXT, .rule = &size_rule, .decode = disks_lvm_decode_size};
static const struct schema schema_lv_type = {VALUE_TEXT, .choices = lv_type_choices, .decode = disks_lvm_decode_type};
static const struct schema schema_lv_priority = {VALUE_INT, .min = 0, .max = 10000};
static const struct schema_refusal lv_refused[] = {{"name", "the key is its name"}, DISKS_HOOKS, {0}};
static const struct field lv_fields[] = {
	{"size", &schema_lv_size, FIELD_REQUIRED, 0, 0, "size, or a part of what is free: `50%FREE`, `100%`"},
	{"lvm_type", &schema_lv_type, 0, WORD_OF(recipe_lv, type), 0, "how it lies on the devices (linear)"},
	{"pool", &schema_name, 0, WORD_OF(recipe_lv, pool), 0, "of `thin`: the pool that it takes space from"},
	{"priority", &schema_lv_priority, 0, WORD_OF(recipe_lv, priority), 0, "order of making, lowest first (`100%`: last)"},
	{"extraArgs", &word_plain_list, 0, WORD_OF(recipe_lv, extra_args), 0, "further arguments of lvcreate"},
	{"content", &disks_volume_holds, 0, WORD_OF(recipe_lv, content), 0, "what it holds, depending on its type"},
	WORD_END,
};
static const struct schema schema_lv = {VALUE_RECORD, .fields = lv_fields, .refused = lv_refused};

static void disks_lvm_prepare_lv(void *element)
{
	*(struct recipe_lv *)element = (struct recipe_lv){.type = "linear", .priority = -1};
}

static const struct schema schema_lvs = {
	VALUE_TABLE, .element = &schema_lv, .size = sizeof(struct recipe_lv), .key_rule = &disks_name_rule,
	.key_offset = WORD_OF(recipe_lv, name), .pos_offset = WORD_OF(recipe_lv, pos), .prepare = disks_lvm_prepare_lv,
};

static const char *const vg_choices[] = {"lvm_vg", NULL};
static const struct schema schema_vg_type = {VALUE_TEXT, .choices = vg_choices};
static const struct schema_refusal vg_refused[] = {{"name", "the key is its name"}, DISKS_HOOKS, {0}};
static const struct field vg_fields[] = {
	{"type", &schema_vg_type, FIELD_IGNORED, 0, 0, "what it is: `lvm_vg`"},
	{"lvs", &schema_lvs, FIELD_REQUIRED, WORD_OF(recipe_vg, lvs), WORD_OF(recipe_vg, n_lvs), "logical volumes by name"},
	WORD_END,
};
static const struct schema schema_vg_record = {VALUE_RECORD, .fields = vg_fields, .refused = vg_refused};

/* A pool before what takes from it, then by priority, then as written; what takes all that is free comes last. */
static bool disks_lvm_comes_before(const struct recipe_lv *one, const struct recipe_lv *other)
{
	bool one_thin = strcmp(one->type, "thin") == 0, other_thin = strcmp(other->type, "thin") == 0;

	return one_thin != other_thin ? !one_thin : one->priority < other->priority;
}

static int disks_lvm_decode_vg(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct recipe_vg *vg = out;

	decode(decoder, &schema_vg_record, node, path, vg);
	for (size_t i = 0; i < vg->n_lvs; i++) {
		struct recipe_lv moving = vg->lvs[i];
		size_t at = i;

		if (moving.priority < 0)
			moving.priority = moving.percent == 100 ? DISKS_LAST : 0;
		for (; at > 0 && disks_lvm_comes_before(&moving, &vg->lvs[at - 1]); at--)
			vg->lvs[at] = vg->lvs[at - 1];
		vg->lvs[at] = moving;
	}
	return err_result(decoder->err);
}

static const struct schema schema_vg = {
	VALUE_RECORD, .fields = vg_fields, .refused = vg_refused, .decode = disks_lvm_decode_vg};
const struct schema disks_vgs = {
	VALUE_TABLE, .element = &schema_vg, .size = sizeof(struct recipe_vg), .key_rule = &disks_name_rule,
	.key_offset = WORD_OF(recipe_vg, name), .pos_offset = WORD_OF(recipe_vg, pos),
};

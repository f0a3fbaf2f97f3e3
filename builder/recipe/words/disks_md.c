/* Arrays of several disks or partitions: how they are written. */
#include <string.h>

#include "recipe/words/disks.h"

/* mdadm(8): the name is in the superblock, which has room for 32 bytes with the host's before it. */
static const struct rule array_rule = {"the name of an array: a letter, then letters, digits, '_', '.' and '-', at most 31",
				       "[A-Za-z][A-Za-z0-9_.-]{0,30}"};
static const struct rule metadata_rule = {"a version of mdadm's superblock: 1.2, 1.1 or 1.0", "default|1(\\.[0-2])?"};
static const struct schema schema_level = {VALUE_INT, .min = 0, .max = 10};

static int disks_md_decode_metadata(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	static const struct schema schema_word = {VALUE_TEXT, .rule = &metadata_rule};
	const char **metadata = out;
	int r = decode(decoder, &schema_word, node, path, out);

	if (r == 0 && (strcmp(*metadata, "default") == 0 || strcmp(*metadata, "1") == 0))
		*metadata = "1.2";
	return r;
}

static const struct schema schema_metadata = {VALUE_TEXT, .rule = &metadata_rule, .decode = disks_md_decode_metadata};
static const char *const type_choices[] = {"mdadm", NULL};
static const struct schema schema_type = {VALUE_TEXT, .choices = type_choices};
static const struct schema_refusal array_refused[] = {{"name", "the key is its name"}, DISKS_HOOKS, {0}};
static const struct field array_fields[] = {
	{"type", &schema_type, FIELD_IGNORED, 0, 0, "what it is: `mdadm`"},
	{"level", &schema_level, 0, WORD_OF(recipe_array, level), 0, "level of RAID: 0, 1, 4, 5, 6 or 10 (1)"},
	{"metadata", &schema_metadata, 0, WORD_OF(recipe_array, metadata), 0,
	 "version of the superblock: 1.2, 1.1 or 1.0 (1.2)"},
	{"extraArgs", &word_plain_list, 0, WORD_OF(recipe_array, extra_args), 0, "further arguments of `mdadm --create`"},
	{"content", &disks_array_holds, FIELD_REQUIRED, WORD_OF(recipe_array, content), 0,
	 "what it holds, depending on its type"},
	WORD_END,
};
static const struct schema schema_array = {VALUE_RECORD, .fields = array_fields, .refused = array_refused};

static void disks_md_prepare(void *element)
{
	*(struct recipe_array *)element = (struct recipe_array){.level = 1, .metadata = "1.2"};
}

const struct schema disks_arrays = {
	VALUE_TABLE, .element = &schema_array, .size = sizeof(struct recipe_array), .key_rule = &array_rule,
	.key_offset = WORD_OF(recipe_array, name), .pos_offset = WORD_OF(recipe_array, pos), .prepare = disks_md_prepare,
};

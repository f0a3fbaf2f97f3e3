/* Mounts without a device of their own: memory, and folders that are seen at a second place. How they are written. */
#include <string.h>

#include "recipe/words/disks.h"

static const char *const type_choices[] = {"nodev", NULL}, *const fs_choices[] = {"tmpfs", "bind", "none", NULL};
static const struct schema schema_type = {VALUE_TEXT, .choices = type_choices};
static const struct schema schema_fs = {VALUE_TEXT, .choices = fs_choices};
static const struct schema_refusal refused[] = {{"mountpoint", "the key is where it is mounted"}, DISKS_HOOKS, {0}};
static const struct field fields[] = {
	{"type", &schema_type, FIELD_IGNORED, 0, 0, "what it is: `nodev`"},
	{"fsType", &schema_fs, FIELD_REQUIRED, WORD_OF(recipe_nodev, type), 0, "`tmpfs`: memory; `bind`: a folder"},
	{"device", &word_line, 0, WORD_OF(recipe_nodev, device), 0, "of `bind`: the folder that is seen here, too"},
	{"mountOptions", &word_list, 0, WORD_OF(recipe_nodev, mount_options), 0, "options of mount(8)"},
	WORD_END,
};
static const struct schema schema_record = {VALUE_RECORD, .fields = fields, .refused = refused};

/* mount(8) knows a bind by its option: `none` with `bind` is `bind`. What is left of the options is what else was said. */
static void disks_nodev_settle_bind(struct decoder *decoder, struct recipe_nodev *nodev)
{
	struct strv others = {0};

	for (size_t i = 0; i < nodev->mount_options.count; i++) {
		char *rest = arena_strdup(decoder->arena, nodev->mount_options.items[i]), *option;

		while ((option = strsep(&rest, ","))) {
			if (strcmp(option, "bind") == 0 || strcmp(option, "rbind") == 0)
				nodev->type = "bind";
			if (strcmp(option, "bind") != 0)
				strv_push(decoder->arena, &others, option);
		}
	}
	nodev->mount_options = others;
}

static int disks_nodev_decode(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct recipe_nodev *nodev = out;

	decode(decoder, &schema_record, node, path, nodev);
	if (!nodev->type)
		return err_result(decoder->err);
	if (strcmp(nodev->type, "tmpfs") != 0)
		disks_nodev_settle_bind(decoder, nodev);
	if (strcmp(nodev->type, "none") == 0) {
		err_at(decoder->err, -EINVAL, &node_get(node, "fsType")->pos, path,
		       "nothing is mounted here: 'none' needs the option 'bind'");
		return err_hint(decoder->err, "write 'fsType: bind', with the folder as its 'device'; or 'fsType: tmpfs'");
	}
	return err_result(decoder->err);
}

static const struct schema schema_nodev = {VALUE_RECORD, .fields = fields, .refused = refused, .decode = disks_nodev_decode};
static const struct schema schema_table = {
	VALUE_TABLE, .element = &schema_nodev, .size = sizeof(struct recipe_nodev), .key_rule = &word_rule_path,
	.key_offset = WORD_OF(recipe_nodev, mountpoint), .pos_offset = WORD_OF(recipe_nodev, pos),
};

static int disks_nodev_decode_table(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	for (size_t i = 0; node->type == NODE_MAP && i < node->count; i++)
		if (strcmp(node->keys[i], "/") == 0)
			return disks_refuse_root(decoder, &node->key_pos[i], problem_path(decoder->arena, path, "/"));
	return decode(decoder, &schema_table, node, path, out);
}

const struct schema disks_nodevs = {
	VALUE_TABLE, .element = &schema_nodev, .size = sizeof(struct recipe_nodev), .key_rule = &word_rule_path,
	.key_offset = WORD_OF(recipe_nodev, mountpoint), .pos_offset = WORD_OF(recipe_nodev, pos),
	.decode = disks_nodev_decode_table,
};

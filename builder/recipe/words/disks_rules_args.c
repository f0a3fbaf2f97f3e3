/* Disks: arguments of the recipe's own for the programs that make things. Each of them is given its device, which is blank, by
 * aether-disks or the builder; one that names another device would write to a disk that nobody has looked at. */
#include <string.h>

#include "recipe/words/disks.h"

static bool disks_args_is_device(const char *word)
{
	return *word == '/' || strstr(word, "=/") || strstr(word, " /") || strstr(word, "/dev/");
}

static void disks_args_check(struct decoder *decoder, const struct strv *args, const struct pos *pos, const char *path)
{
	for (size_t i = 0; i < args->count; i++) {
		if (!disks_args_is_device(args->items[i]))
			continue;
		err_at(decoder->err, -EINVAL, pos, path, "'extraArgs' has '%s', which is a file or another device",
		       args->items[i]);
		err_hint(decoder->err, "what is on several devices is said by 'mdadm' or 'lvm_vg', whose members are checked");
	}
}

void disks_check_args(struct decoder *decoder, const struct disks_tree *tree)
{
	for (int i = 0; i < tree->n; i++) {
		const struct disks_device *device = &tree->devices[i];
		const struct recipe_content *content = device->content;

		disks_args_check(decoder, &content->extra_args, &content->pos, device->path);
		for (size_t s = 0; s < content->n_subvolumes; s++)
			disks_args_check(decoder, &content->subvolumes[s].extra_args, &content->subvolumes[s].pos,
					 device->path);
		if (device->lv)
			disks_args_check(decoder, &device->lv->extra_args, &device->lv->pos, device->path);
		if (device->array && !device->partition)
			disks_args_check(decoder, &device->array->extra_args, &device->array->pos, device->path);
	}
}

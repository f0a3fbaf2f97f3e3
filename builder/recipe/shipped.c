#include "recipe/shipped.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "host/install.h"
#include "recipe/problem.h"

/* Where a name is looked for. */
static const struct shipped_kind {
	const char *folder, *suffix;
} shipped_kinds[] = {{"images", ".recipe"}, {"recipes/modules", ".recipe"}, {"partitions", ".yaml"}};
enum { SHIPPED_KINDS = sizeof shipped_kinds / sizeof *shipped_kinds };

const char *shipped_folder(struct arena *arena)
{
	return install_find(arena, "../images/..", "share/aether-build", AETHER_DATADIR);
}

/* All names there are. */
static struct strv shipped_names(struct arena *arena, const char *root)
{
	struct strv names = {0};

	for (size_t i = 0; i < SHIPPED_KINDS; i++) {
		DIR *folder = opendir(arena_printf(arena, "%s/%s", root, shipped_kinds[i].folder));
		struct dirent *entry;

		while (folder && (entry = readdir(folder)))
			if (text_has_suffix(entry->d_name, shipped_kinds[i].suffix))
				strv_push(arena, &names,
					  arena_strndup(arena, entry->d_name,
							strlen(entry->d_name) - strlen(shipped_kinds[i].suffix)));
		if (folder)
			closedir(folder);
	}
	strv_sort(&names);
	return names;
}

const char *shipped_find(struct decoder *decoder, const struct node *node, const char *key)
{
	struct arena *arena = decoder->arena;
	const char *root = decoder->shipped, *name = node->text + strlen(SHIPPED), *near;
	struct strv known;

	if (strchr(name, '/'))
		return arena_printf(arena, "%s/%s", root, name);
	for (size_t i = 0; i < SHIPPED_KINDS; i++) {
		const char *path =
			arena_printf(arena, "%s/%s/%s%s", root, shipped_kinds[i].folder, name, shipped_kinds[i].suffix);

		if (*name && path_exists(path))
			return path;
	}
	known = shipped_names(arena, root);
	near = text_nearest(name, known.items, known.count);
	err_at(decoder->err, -ENOENT, &node->pos, key, "aether-build comes with nothing called '%s'",
	       problem_shown(arena, name));
	if (near)
		err_hint(decoder->err, "did you mean '" SHIPPED "%s'?", near);
	else
		err_hint(decoder->err, "look for names in '%s'", root);
	return NULL;
}

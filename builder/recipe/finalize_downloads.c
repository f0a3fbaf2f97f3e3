/* Downloads: which of their words go together, and that no two things want the same place. */
#include <errno.h>
#include <string.h>

#include "recipe/problem.h"
#include "recipe/stages.h"

/* The words of which a download has one at the most, and those that only mean something beside one of them. */
static void check_words(struct decoder *decoder, const struct recipe_download *download, const struct node *node,
			const char *path)
{
	if (!!download->member + download->unpack + download->decompress > 1) {
		err_at(decoder->err, -EINVAL, &download->pos, path, "more than one of 'member', 'unpack' and 'decompress'");
		err_hint(decoder->err, "'member' takes one file out of an archive, 'unpack' all of them; 'decompress' is for a "
				       "compressed file that is no archive");
	}
	if (node_get(node, "strip") && !download->unpack)
		err_at(decoder->err, -EINVAL, &node_get(node, "strip")->pos, problem_path(decoder->arena, path, "strip"),
		       "nothing is unpacked whose paths could be stripped");
	if (node_get(node, "mode") && download->unpack) {
		err_at(decoder->err, -EINVAL, &node_get(node, "mode")->pos, problem_path(decoder->arena, path, "mode"),
		       "what is unpacked has the modes of its archive");
		err_hint(decoder->err, "a command in 'hooks.configure' can change them");
	}
}

/* Within the folder of an archive others may have their places: they come later, and win. */
static void check_place(struct decoder *decoder, const struct recipe_download *download, const char *path)
{
	const struct recipe *recipe = decoder->recipe;

	for (size_t i = 0; i < recipe->n_files; i++) {
		const char *other = recipe->files[i].path;

		if (path_is_below(download->path, other) || (!download->unpack && path_is_below(other, download->path)))
			err_at(decoder->err, -EINVAL, &download->pos, path, "'%s' cannot be here: 'files' has '%s'",
			       download->path, other);
	}
	for (const struct recipe_download *other = recipe->downloads; other < download; other++)
		if (other->path && ((!other->unpack && path_is_below(download->path, other->path)) ||
				    (!download->unpack && path_is_below(other->path, download->path))))
			err_at(decoder->err, -EINVAL, &download->pos, path, "'%s' cannot be here: the download '%s' has '%s'",
			       download->path, other->name, other->path);
}

void finalize_downloads(struct decoder *decoder, const struct node *root)
{
	const struct node *map = node_get(root, "downloads");
	const struct recipe *recipe = decoder->recipe;

	if (recipe->n_downloads && recipe->kinds == KIND_TOOLS && !problem_known(decoder, "kinds"))
		err_at(decoder->err, -EINVAL, &map->pos, "downloads", "a tree of tools consists of packages");
	for (size_t i = 0; i < recipe->n_downloads; i++) {
		const struct recipe_download *download = &recipe->downloads[i];
		const char *path = problem_path(decoder->arena, "downloads", download->name);

		if (problem_known(decoder, path))
			continue;
		check_words(decoder, download, node_get(map, download->name), path);
		check_place(decoder, download, path);
	}
}

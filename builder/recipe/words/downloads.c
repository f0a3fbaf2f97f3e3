/* Downloads: which of their words go together, and that no two things want the same path. */
#include <string.h>

#include "recipe/source_file.h"
#include "recipe/words/words.h"

static const struct rule member_rule = {"the path of a file in the archive, without '..' or '//'",
					"(\\./)?" WORD_PATH_PART "(/" WORD_PATH_PART ")*"};
static const struct rule sha256_rule = {"a SHA-256 digest of 64 lower-case digits", "[0-9a-f]{64}"};
static const struct schema schema_sha256 = {VALUE_TEXT, .rule = &sha256_rule};
static const struct schema schema_member = {VALUE_TEXT, .rule = &member_rule};
static const struct schema schema_strip = {VALUE_INT, .min = 0, .max = 100};

static const struct field download_fields[] = {
	{"url", &word_url, FIELD_REQUIRED, WORD_OF(recipe_download, url), 0,
	 "URL of the file (http://…, https://… or file:///…)"},
	{"sha256", &schema_sha256, 0, WORD_OF(recipe_download, sha256), 0,
	 "digest that it must have (the one it has when it is locked)"},
	{"path", &word_image_path, FIELD_REQUIRED, WORD_OF(recipe_download, path), 0,
	 "file in the image; with `unpack`, the folder"},
	{"member", &schema_member, 0, WORD_OF(recipe_download, member), 0,
	 "file to take out of the archive (all of the download)"},
	{"unpack", &word_bool, 0, WORD_OF(recipe_download, unpack), 0, "unpack all files of the archive below `path`"},
	{"strip", &schema_strip, 0, WORD_OF(recipe_download, strip), 0,
	 "number of leading parts of each path that `unpack` drops (0)"},
	{"decompress", &word_bool, 0, WORD_OF(recipe_download, decompress), 0,
	 "decompress a single file (.gz, .xz, .zst, …)"},
	{"mode", &word_mode, 0, WORD_OF(recipe_download, mode), 0, "permissions, quoted octal (\"0644\")"},
	{"owner", &word_account, 0, WORD_OF(recipe_download, owner), 0, "user (root)"},
	{"group", &word_account, 0, WORD_OF(recipe_download, group), 0, "group (root)"},
	{"auth", &word_auth, 0, WORD_OF(recipe_download, auth), 0, "how this machine is known to the server of `url`"},
	WORD_END,
};

static void words_downloads_prepare_download(void *element)
{
	struct recipe_download *new = element;

	new->mode = 0644;
	new->owner = new->group = "root";
}

static const struct schema schema_download = {VALUE_RECORD, .fields = download_fields};

/* The words of which a download has one at the most, and those that only mean something beside one of them. */
static void words_downloads_check_words(struct decoder *decoder, const struct recipe_download *download,
					const struct node *node, const char *path)
{
	if (node_get(node, "url"))
		source_file_check_url(decoder, node_get(node, "url"), problem_path(decoder->arena, path, "url"));
	if (!!download->member + download->unpack + download->decompress > 1) {
		err_at(decoder->err, -EINVAL, &download->pos, path,
		       "use only one of 'member', 'unpack' and 'decompress'");
		err_hint(decoder->err,
			 "'member' takes one file out of an archive, 'unpack' all of them; 'decompress' is for a "
			 "compressed file that is not an archive");
	}
	if (node_get(node, "strip") && !download->unpack)
		err_at(decoder->err, -EINVAL, &node_get(node, "strip")->pos,
		       problem_path(decoder->arena, path, "strip"), "'strip' can only be used with 'unpack'");
	if (node_get(node, "mode") && download->unpack) {
		err_at(decoder->err, -EINVAL, &node_get(node, "mode")->pos, problem_path(decoder->arena, path, "mode"),
		       "'mode' cannot be used with 'unpack': files have the modes of the archive");
		err_hint(decoder->err, "a command in 'hooks.configure' can change them");
	}
}

/* Within the folder of an archive others may have their places: they come later, and win. */
static void words_downloads_check_place(struct decoder *decoder, const struct recipe_download *download,
					const char *path)
{
	const struct recipe *recipe = decoder->recipe;

	for (size_t i = 0; i < recipe->n_files; i++) {
		const char *other = recipe->files[i].path;

		if (path_is_below(download->path, other) || (!download->unpack && path_is_below(other, download->path)))
			err_at(decoder->err, -EINVAL, &download->pos, path, "'%s' conflicts with '%s' in 'files'",
			       download->path, other);
	}
	for (const struct recipe_download *other = recipe->downloads; other < download; other++)
		if (other->path && ((!other->unpack && path_is_below(download->path, other->path)) ||
				    (!download->unpack && path_is_below(other->path, download->path))))
			err_at(decoder->err, -EINVAL, &download->pos, path,
			       "'%s' conflicts with the download '%s' at '%s'", download->path, other->name,
			       other->path);
}

static void words_downloads_check(struct decoder *decoder, const struct node *root)
{
	const struct node *map = node_get(root, "downloads");
	const struct recipe *recipe = decoder->recipe;

	if (recipe->n_downloads && recipe->kinds == KIND_TOOLS && !problem_known(decoder, "kinds"))
		err_at(decoder->err, -EINVAL, &map->pos, "downloads",
		       "a recipe of the kind 'tools' cannot have downloads");
	for (size_t i = 0; i < recipe->n_downloads; i++) {
		struct recipe_download *download = &recipe->downloads[i];
		const char *path = problem_path(decoder->arena, "downloads", download->name);
		const struct node *node = node_get(map, download->name);

		if (problem_known(decoder, path))
			continue;
		word_check_url(decoder, node_get(node, "url"), problem_path(decoder->arena, path, "url"));
		word_check_auth(decoder, &download->auth, node, path);
		words_downloads_check_words(decoder, download, node_get(map, download->name), path);
		words_downloads_check_place(decoder, download, path);
		if (download->path)
			word_check_place(decoder, &download->pos, path, download->path);
	}
}

const struct schema word_downloads = {
	VALUE_TABLE,
	.element = &schema_download,
	.size = sizeof(struct recipe_download),
	.key_rule = &word_rule_name,
	.key_offset = WORD_OF(recipe_download, name),
	.pos_offset = WORD_OF(recipe_download, pos),
	.prepare = words_downloads_prepare_download,
	.check = words_downloads_check,
};

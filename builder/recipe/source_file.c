#include "recipe/source_file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "edge/digest.h"
#include "recipe/problem.h"
#include "recipe/shipped.h"

const struct document *source_file_document(const struct decoder *decoder, const struct pos *pos)
{
	for (size_t i = 0; i < decoder->n_documents; i++)
		if (decoder->documents[i].name == pos->file)
			return &decoder->documents[i];
	return &decoder->documents[0];
}

/* --- the recipe's own files ------------------------------------------------------------------------------------------ */

static bool source_file_lies_in(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return strncmp(path, folder, length) == 0 && (path[length] == '/' || folder[length - 1] == '/');
}

const char *source_file_name(struct decoder *decoder, const char *path)
{
	const char *root = decoder->recipe->root;

	if (source_file_lies_in(path, root))
		return path + strlen(root) + 1;
	if (source_file_lies_in(path, decoder->shipped))
		return arena_printf(decoder->arena, SHIPPED "%s", path + strlen(decoder->shipped) + 1);
	return path;
}

/* `text` as seen from the file called `base`: `recipes/x.recipe` and `../images/y.recipe` give `images/y.recipe`. */
static const char *source_file_beside(struct arena *arena, const char *base, const char *text)
{
	const char *slash = *text == '/' ? NULL : strrchr(base, '/'), *rest;
	char *name = arena_strndup(arena, base, slash ? (size_t)(slash - base + 1) : 0);

	for (rest = text; text_has_prefix(rest, "../") || text_has_prefix(rest, "./"); rest += rest[1] == '.' ? 3 : 2) {
		size_t length = strlen(name), start;

		if (rest[1] != '.')
			continue;
		for (start = length ? length - 1 : 0; start > 0 && name[start - 1] != '/'; start--)
			;
		if (length > 1 && strcmp(name + start, "../") != 0 && strcmp(name + start, "./") != 0)
			name[start] = 0;
		else
			name = arena_printf(arena, "%s../", name);
	}
	return arena_printf(arena, "%s%s", name, rest);
}

const char *source_file_shown(struct decoder *decoder, const char *by, const char *text, const char *path)
{
	return text_has_prefix(text, SHIPPED) ? source_file_name(decoder, path) : source_file_beside(decoder->arena, by, text);
}

void source_file_add(struct decoder *decoder, const char *path, const char *sha256, bool language)
{
	struct recipe *recipe = decoder->recipe;
	struct recipe_input *input;

	for (size_t i = 0; i < recipe->n_inputs; i++)
		if (strcmp(recipe->inputs[i].path, path) == 0) {
			recipe->inputs[i].language |= language;
			return;
		}
	input = arena_push(decoder->arena, recipe->inputs, recipe->n_inputs);
	input->language = language;
	input->path = path;
	input->name = source_file_name(decoder, path);
	memcpy(input->sha256, sha256, sizeof input->sha256);
}

/* Whether a file of `node`'s document may name the file `real`: what is shipped may be named as such, and by what is
 * shipped. */
static bool source_file_is_allowed(const struct decoder *decoder, const struct node *node, const char *real)
{
	if (decoder->allow_outside || source_file_lies_in(real, decoder->recipe->root))
		return true;
	return source_file_lies_in(real, decoder->shipped) &&
	       (text_has_prefix(node->text, SHIPPED) ||
		source_file_lies_in(source_file_document(decoder, &node->pos)->path, decoder->shipped));
}

/* The real path, when it is a file that the recipe may use. */
static const char *source_file_real(struct decoder *decoder, const struct node *node, const char *key, const char *path)
{
	char real[PATH_MAX];
	struct stat st;

	if (!realpath(path, real) || stat(real, &st) < 0) {
		err_at(decoder->err, -errno, &node->pos, key, "cannot find the file '%s'", node->text);
		err_hint(decoder->err, "expected it at '%s'", path);
		return NULL;
	}
	if (!S_ISREG(st.st_mode)) {
		err_at(decoder->err, -EINVAL, &node->pos, key, "'%s' is not a regular file", node->text);
		return NULL;
	}
	if (!source_file_is_allowed(decoder, node, real)) {
		err_at(decoder->err, -EPERM, &node->pos, key, "'%s' is outside of the repository '%s'", node->text,
		       decoder->recipe->root);
		err_hint(decoder->err, "move it into the repository, or allow it: --allow-outside");
		return NULL;
	}
	return arena_strdup(decoder->arena, real);
}

/* The path that a file URL means, without its %XX. */
static const char *source_file_of_url(struct decoder *decoder, const char *url)
{
	char *path = arena_strdup(decoder->arena, url + strlen("file://")), *to = path;

	for (const char *at = path; *at; to++) {
		char digits[3] = {at[0] == '%' ? at[1] : 0, at[0] == '%' && at[1] ? at[2] : 0};

		if (hex_decode(digits, to, 1) == 0) {
			at += 3;
			continue;
		}
		*to = *at++;
	}
	*to = 0;
	return path;
}

/* Where a path leads: by the links that are there, and below what is not there as it says. */
static bool source_file_leads_in(struct decoder *decoder, const char *path, const char *folder)
{
	char real[PATH_MAX], *cut = arena_strdup(decoder->arena, path), *slash;

	while (!realpath(*cut ? cut : "/", real)) {
		slash = strrchr(cut, '/');
		if (!slash || strcmp(slash, "/..") == 0)
			return false;
		*slash = 0;
	}
	return source_file_lies_in(real, folder) || strcmp(real, folder) == 0;
}

void source_file_check_url(struct decoder *decoder, const struct node *node, const char *key)
{
	const char *root = decoder->recipe->root, *path;

	if (!text_has_prefix(node->text, "file:///") || decoder->allow_outside)
		return;
	path = source_file_of_url(decoder, node->text);
	if (source_file_leads_in(decoder, path, root))
		return;
	err_at(decoder->err, -EPERM, &node->pos, key, "'%s' is outside of the repository '%s'", path, root);
	err_hint(decoder->err, "move it into the repository, or allow it: --allow-outside");
}

/* The path that `node` means, whether it is there or not; NULL with an error. */
static const char *source_file_path(struct decoder *decoder, const struct node *node, const char *key)
{
	const char *base = source_file_document(decoder, &node->pos)->path;

	if (node->type != NODE_SCALAR || !*node->text) {
		problem_expected(decoder, node, key, "the path of a file");
		return NULL;
	}
	if (text_has_prefix(node->text, SHIPPED))
		return shipped_find(decoder, node, key);
	if (*node->text != '/')
		return arena_printf(decoder->arena, "%.*s/%s", (int)(strrchr(base, '/') - base), base, node->text);
	return node->text;
}

const char *source_file_find(struct decoder *decoder, const struct node *node, const char *key)
{
	const char *path = source_file_path(decoder, node, key);

	return path ? source_file_real(decoder, node, key, path) : NULL;
}

const char *source_file_maybe(struct decoder *decoder, const struct node *node, const char *key, bool *ret_there)
{
	const char *path = source_file_path(decoder, node, key);

	*ret_there = path && path_exists(path);
	if (!path || *ret_there)
		return path ? source_file_real(decoder, node, key, path) : NULL;
	if (decoder->allow_outside || source_file_leads_in(decoder, path, decoder->recipe->root))
		return path;
	err_at(decoder->err, -EPERM, &node->pos, key, "'%s' is outside of the repository '%s'", node->text,
	       decoder->recipe->root);
	err_hint(decoder->err, "move it into the repository, or allow it: --allow-outside");
	return NULL;
}

const char *source_file_own(struct decoder *decoder, const struct node *node, const char *key)
{
	char sha256[SHA256_HEX];
	const char *path = source_file_find(decoder, node, key);

	if (!path || sha256_file(path, sha256, NULL, decoder->err) < 0)
		return NULL;
	source_file_add(decoder, path, sha256, false);
	return path;
}

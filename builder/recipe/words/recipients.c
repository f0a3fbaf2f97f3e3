/* The machine's public keys: `recipients`, or what the repository has for a machine of that name. */
#include <string.h>

#include "base/file.h"
#include "recipe/words/words.h"
#include "sealed/age/age.h"

enum { RECIPIENTS_BYTES_MAX = 1 << 16 };

#define HOST_KEYS "keys/hosts/%s.age"

static int recipients_add(struct decoder *decoder, const char *text, const struct pos *pos)
{
	struct recipe *recipe = decoder->recipe;
	struct age_recipient parsed;
	struct fault fault = {0};

	if (age_recipient_read(text, &parsed, &fault) < 0) {
		err_at(decoder->err, -EINVAL, pos, "recipients", "%s", fault.text);
		return err_hint(decoder->err, "%s",
				*fault.hint ? fault.hint : "write a public key: age1…, or ssh-ed25519 AAAA…");
	}
	*arena_push(decoder->arena, recipe->recipients, recipe->n_recipients) = (struct recipe_recipient){text, *pos};
	return 0;
}

/* One recipient a line, and comments. */
static int recipients_read(struct decoder *decoder, const char *path, const char *shown, const struct pos *by)
{
	_cleanup_buf_ struct buf text = {0};
	struct err problem = {0};
	struct pos pos = {shown, 0, 1};
	char *rest, *line;
	int r = file_read(path, RECIPIENTS_BYTES_MAX, &text, &problem);

	if (r < 0)
		err_at(decoder->err, r, by, "recipients", "%s", problem.first->text);
	err_free(&problem);
	rest = arena_strndup(decoder->arena, text.size ? text.data : "", text.size);
	while (r == 0 && (line = strsep(&rest, "\n"))) {
		pos.line++;
		line += strspn(line, " \t\r");
		for (size_t n = strlen(line); n && strchr(" \t\r", line[n - 1]); n--)
			line[n - 1] = 0;
		if (*line && *line != '#')
			recipients_add(decoder, line, &pos);
	}
	return r;
}

static void recipients_take(struct decoder *decoder, const struct node *item)
{
	const char *by = source_file_document(decoder, &item->pos)->name, *path;

	if (item->state == STATE_REPORTED)
		return;
	if (item->type == NODE_SCALAR && (text_has_prefix(item->text, "age1") || text_has_prefix(item->text, "ssh-"))) {
		recipients_add(decoder, item->text, &item->pos);
		return;
	}
	path = source_file_find(decoder, item, "recipients");
	if (path)
		recipients_read(decoder, path, source_file_shown(decoder, by, item->text, path), &item->pos);
}

static int recipients_decode(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	(void)out;
	if (node->type == NODE_MAP)
		return problem_expected(decoder, node, path, "public keys, or the paths of files with them");
	if (node->type == NODE_SCALAR)
		recipients_take(decoder, node);
	for (size_t i = 0; node->type == NODE_LIST && i < node->count; i++)
		recipients_take(decoder, node->items[i]);
	return err_result(decoder->err);
}

static void recipients_check(struct decoder *decoder, const struct node *root)
{
	const struct recipe *recipe = decoder->recipe;
	const char *name = arena_printf(decoder->arena, HOST_KEYS, recipe->name ? recipe->name : "");
	const char *path = arena_printf(decoder->arena, "%s/%s", recipe->root, name);
	const struct pos pos = recipe_place(recipe, (const char *const[]){"name", NULL}, NULL);

	if (!node_get(root, "recipients") && recipe->name && !strchr(recipe->name, '/') && path_exists(path))
		recipients_read(decoder, path, name, &pos);
}

const struct schema word_recipients = {VALUE_WORDS, .rule = &word_rule_line, .decode = recipients_decode,
				       .check = recipients_check};

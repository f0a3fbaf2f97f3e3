#include "recipe/problem.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { SHOWN_MAX = 80 };

const char *problem_shown(struct arena *arena, const char *text)
{
	size_t length = strlen(text), cut = length;
	char *shown;

	if (length > SHOWN_MAX)
		for (cut = SHOWN_MAX; (text[cut] & 0xc0) == 0x80; cut--) /* not within a character of UTF-8 */
			;
	shown = arena_printf(arena, "%.*s%s", (int)cut, text, cut < length ? "…" : "");
	for (char *c = shown; *c; c++)
		if (iscntrl((unsigned char)*c))
			*c = '?';
	return shown;
}

const char *problem_path(struct arena *arena, const char *path, const char *key)
{
	key = problem_shown(arena, key);
	return *path ? arena_printf(arena, "%s.%s", path, key) : key;
}

static const char *problem_what_is(struct arena *arena, const struct node *node)
{
	if (node->type != NODE_SCALAR)
		return node->type == NODE_LIST ? "a list" : "a map";
	return node_is_null(node) ? "nothing" : arena_printf(arena, "'%s'", problem_shown(arena, node->text));
}

int problem_expected(struct decoder *decoder, const struct node *node, const char *path, const char *what)
{
	return err_at(decoder->err, -EINVAL, &node->pos, path, "expected %s, found %s", what,
		      problem_what_is(decoder->arena, node));
}

int problem_unknown(struct decoder *decoder, const struct pos *pos, const char *path, const char *what, const char *word,
		   const char *const *known, size_t n)
{
	const char *near = text_nearest(word, known, n);

	err_at(decoder->err, -EINVAL, pos, path, "unknown %s '%s'", what, problem_shown(decoder->arena, word));
	if (near)
		err_hint(decoder->err, "did you mean '%s'?", near);
	return -EINVAL;
}

bool problem_known(const struct decoder *decoder, const char *path)
{
	size_t length = strlen(path);

	for (const struct err_item *item = decoder->err->first; item; item = item->next)
		if (item->path && strncmp(item->path, path, length) == 0 &&
		    (!item->path[length] || item->path[length] == '.'))
			return true;
	return false;
}

const struct pos *problem_item(const struct node *list, size_t i)
{
	return list->type == NODE_LIST && i < list->count ? &list->items[i]->pos : &list->pos;
}

/* --- their order ---------------------------------------------------------------------------------------------------- */

struct entry {
	struct err_item *item;
	size_t number;               /* in the order they were found */
};

static int problem_compare(const void *a, const void *b)
{
	const struct entry *one = a, *other = b;
	const struct err_item *left = one->item, *right = other->item;
	int files = strcmp(left->file ? left->file : "", right->file ? right->file : "");

	if (files)
		return files;
	if (left->line != right->line)
		return left->line < right->line ? -1 : 1;
	if (left->column != right->column)
		return left->column < right->column ? -1 : 1;
	return one->number < other->number ? -1 : 1;
}

static void problem_sort_list(struct err_item **first, struct err_item **last)
{
	struct entry *entries;
	size_t count = 0, n = 0;

	for (const struct err_item *item = *first; item; item = item->next)
		count++;
	entries = count ? calloc(count, sizeof *entries) : NULL;
	if (!entries)
		return;
	for (struct err_item *item = *first; item; item = item->next, n++)
		entries[n] = (struct entry){item, n};
	qsort(entries, n, sizeof *entries, problem_compare);
	for (size_t i = 0; i < n; i++) {
		*first = entries[i].item;
		first = &entries[i].item->next;
	}
	*first = NULL;
	*last = entries[n - 1].item;
	free(entries);
}

void problem_sort(struct err *err)
{
	problem_sort_list(&err->first, &err->last);
	problem_sort_list(&err->warnings, &err->last_warning);
}

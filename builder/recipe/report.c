#include <stdlib.h>
#include <string.h>

#include "recipe/stages.h"

struct entry {
	struct err_item *item;
	size_t number;               /* in the order they were found */
};

static int compare(const void *a, const void *b)
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

void report_sort(struct err *err)
{
	struct entry *entries = err->count ? calloc(err->count, sizeof *entries) : NULL;
	struct err_item **link = &err->first;
	size_t n = 0;

	if (!entries)
		return;
	for (struct err_item *item = err->first; item && n < err->count; item = item->next, n++)
		entries[n] = (struct entry){item, n};
	qsort(entries, n, sizeof *entries, compare);
	for (size_t i = 0; i < n; i++) {
		*link = entries[i].item;
		link = &entries[i].item->next;
	}
	*link = NULL;
	err->last = entries[n - 1].item;
	free(entries);
}

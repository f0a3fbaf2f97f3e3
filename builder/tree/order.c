#include "tree/order.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "debian/control.h"
#include "debian/relations.h"
#include "edge/debfile.h"
#include "tree/debs.h"

struct edge {
	size_t to;
	bool pre;       /* Pre-Depends */
};

struct graph {
	struct arena *arena;
	const struct debian_package *packages;
	size_t n;
	struct { struct edge *items; size_t count; } *needs; /* of each package */
	char *seen, *done;
	struct order sorted; /* one run of all, after what they need */
};

struct word {
	const char *text;
	size_t length;
};

static int order_compare_name(const void *wanted, const void *package)
{
	const struct word *word = wanted;
	const char *name = ((const struct debian_package *)package)->name;
	int order = strncmp(word->text, name, word->length);

	return order ? order : -(name[word->length] != 0);
}

/* Finds a package by name in the set, which is sorted by name within a layer. */
static const struct debian_package *order_find(const struct graph *graph, const char *name, size_t length)
{
	const struct word wanted = {name, length};

	return bsearch(&wanted, graph->packages, graph->n, sizeof *graph->packages, order_compare_name);
}

/* Notes the names of one relationship field. Alternatives all count: it is only an order. */
static void order_note_needs(struct graph *graph, size_t of, const struct control_field *field, bool pre)
{
	const char *name;
	size_t length;

	for (const char *at = field->value; (name = relations_next(&at, field->value + field->length, &length));) {
		const struct debian_package *found = order_find(graph, name, length);

		if (found && found != &graph->packages[of])
			*arena_push(graph->arena, graph->needs[of].items, graph->needs[of].count) =
				(struct edge){(size_t)(found - graph->packages), pre};
	}
}

static int order_read_control(struct graph *graph, size_t of, const struct buf *text, struct err *err)
{
	struct control control = {text->data, text->data + text->size};
	struct control_field field;
	int r;

	while ((r = control_next(&control, &field)) > 0)
		if (r == CONTROL_FIELD && (control_is(&field, "Depends") || control_is(&field, "Pre-Depends")))
			order_note_needs(graph, of, &field, control_is(&field, "Pre-Depends"));
	return r == 0 ? 0 : err_set(err, r, "the control file of package '%s' is malformed", graph->packages[of].name);
}

/* Depth first: what a package needs comes before it. */
static void order_sort(struct graph *graph, size_t i)
{
	if (graph->seen[i])
		return;
	graph->seen[i] = 1;
	for (size_t e = 0; e < graph->needs[i].count; e++)
		order_sort(graph, graph->needs[i].items[e].to);
	graph->sorted.items[graph->sorted.n_items++] = i;
}

/* Marks a package that is not installed yet, and all that it needs, in `set`. */
static void order_mark(const struct graph *graph, size_t i, char *set)
{
	if (set[i] || graph->done[i])
		return;
	set[i] = 1;
	for (size_t e = 0; e < graph->needs[i].count; e++)
		order_mark(graph, graph->needs[i].items[e].to, set);
}

/* Appends the packages of `set` as a run; before it, whatever they pre-depend on, as runs of its own. */
static void order_put_runs(struct graph *graph, const char *set, struct order *order)
{
	for (size_t s = 0; s < graph->n; s++) {
		size_t i = graph->sorted.items[s];

		for (size_t e = 0; set[i] && e < graph->needs[i].count; e++) {
			const struct edge *edge = &graph->needs[i].items[e];
			char *before = edge->pre ? arena_alloc(graph->arena, graph->n) : NULL;

			if (!before)
				continue;
			order_mark(graph, edge->to, before);
			if (before[edge->to] && !before[i])
				order_put_runs(graph, before, order);
		}
	}
	for (size_t s = 0; s < graph->n; s++) {
		size_t i = graph->sorted.items[s];

		if (!set[i] || graph->done[i])
			continue;
		graph->done[i] = 1;
		order->items[order->n_items++] = i;
	}
	if (order->n_items > (order->n_runs ? order->run_ends[order->n_runs - 1] : 0))
		*arena_push(graph->arena, order->run_ends, order->n_runs) = order->n_items;
}

int order_make(struct arena *arena, struct cache *cache, const struct debian_package *packages, size_t n,
	       struct order *ret_order, struct err *err)
{
	struct graph graph = {.arena = arena, .packages = packages, .n = n};
	struct order order = {.items = arena_array(arena, size_t, n + 1)};
	char *all = arena_alloc(arena, n + 1);
	int r;

	graph.needs = arena_alloc(arena, n * sizeof *graph.needs + 1);
	graph.seen = arena_alloc(arena, n + 1);
	graph.done = arena_alloc(arena, n + 1);
	graph.sorted.items = arena_array(arena, size_t, n + 1);
	for (size_t i = 0; i < n; i++) {
		_cleanup_buf_ struct buf control = {0};

		r = debfile_control(deb_path(cache, arena, &packages[i]), &control, err);
		if (r == 0)
			r = order_read_control(&graph, i, &control, err);
		if (r < 0)
			return r;
		all[i] = 1;
	}
	for (size_t i = 0; i < n; i++)
		order_sort(&graph, i);
	order_put_runs(&graph, all, &order);
	*ret_order = order;
	return 0;
}

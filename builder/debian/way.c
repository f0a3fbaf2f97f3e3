#include "debian/way.h"

#include <stdint.h>
#include <string.h>

/* A package that was met on the way, and the one before it. */
struct step {
	const char *name;
	size_t before;
};

struct walk {
	struct arena *arena;
	const struct index *index;
	struct step *steps;
	size_t n;
	struct strv met;
};

static void way_step(struct walk *walk, const char *name, size_t before)
{
	if (strv_has(&walk->met, name))
		return;
	strv_push(walk->arena, &walk->met, name);
	*arena_push(walk->arena, walk->steps, walk->n) = (struct step){walk->met.items[walk->met.count - 1], before};
}

static void way_step_on(struct walk *walk, size_t from)
{
	const struct index_entry *entry = index_find(walk->index, walk->steps[from].name);
	struct strv needs = {0};

	for (; entry; entry = index_next(walk->index, entry))
		index_needs(walk->arena, entry, &needs);
	for (size_t i = 0; i < needs.count; i++) {
		struct strv providers = {0};

		if (index_find(walk->index, needs.items[i]))
			strv_push(walk->arena, &providers, needs.items[i]);
		else
			index_providers(walk->arena, walk->index, needs.items[i], &providers);
		for (size_t p = 0; p < providers.count; p++)
			way_step(walk, providers.items[p], from);
	}
}

bool way_find(struct arena *arena, const struct index *index, const struct strv *from, const char *to, struct strv *ret_way)
{
	struct walk walk = {.arena = arena, .index = index};
	struct strv back = {0};
	size_t at;

	for (size_t i = 0; i < from->count; i++)
		way_step(&walk, from->items[i], SIZE_MAX);
	for (at = 0; at < walk.n && strcmp(walk.steps[at].name, to) != 0; at++)
		way_step_on(&walk, at);
	if (at == walk.n)
		return false;
	for (; at != SIZE_MAX; at = walk.steps[at].before)
		strv_push(arena, &back, walk.steps[at].name);
	*ret_way = (struct strv){0};
	for (size_t i = back.count; i > 0; i--)
		strv_push(arena, ret_way, back.items[i - 1]);
	return true;
}

#include "recipe/kinds.h"

#include <errno.h>
#include <string.h>

#include "recipe/problem.h"

static const struct {
	const char *name;
	unsigned kind;
} kinds[] = {{"vm", KIND_VM}, {"lxc", KIND_LXC}, {"tools", KIND_TOOLS}};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

unsigned recipe_kind(const char *name)
{
	for (size_t i = 0; i < N_KINDS; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return kinds[i].kind;
	return 0;
}

const char *recipe_kind_name(unsigned kind)
{
	for (size_t i = 0; i < N_KINDS; i++)
		if (kinds[i].kind == kind)
			return kinds[i].name;
	return "none";
}

const char *recipe_suffix(struct arena *arena, const struct recipe *recipe)
{
	return recipe->kind == recipe->default_kind ? "" : arena_printf(arena, ".%s", recipe_kind_name(recipe->kind));
}

/* --- which kind ------------------------------------------------------------------------------------------------------ */

static unsigned kinds_first_kind(const struct node *root)
{
	const struct node *named = node_get(root, "kinds"), *from = node_get(root, "from");

	if (named && named->tag == TAG_REMOVE)
		return 0;
	if (named && named->type == NODE_LIST && named->count)
		named = named->items[0];
	if (named)
		return named->type == NODE_SCALAR ? recipe_kind(named->text) : 0;
	return from && from->type == NODE_MAP && from->count ? recipe_kind(from->keys[0]) : 0;
}

/* The keys of a map, as a list of words at its place. */
static struct node *kinds_keys_of(struct arena *arena, const struct node *map)
{
	struct node *list = arena_new_of(arena, struct node);

	*list = (struct node){.type = NODE_LIST, .pos = map->pos};
	for (size_t i = 0; i < map->count; i++) {
		struct node *word = arena_new_of(arena, struct node);

		*word = (struct node){.type = NODE_SCALAR, .pos = map->key_pos[i], .text = map->keys[i], .plain = true};
		node_add(arena, list, word);
	}
	return list;
}

void kinds_note(struct decoder *decoder, struct node *root)
{
	const struct node *from = node_get(root, "from");
	struct recipe *recipe = decoder->recipe;

	if (!recipe->default_kind)
		recipe->default_kind = kinds_first_kind(root);
	if (!recipe->kind)
		recipe->kind = recipe->default_kind;
	if (from && from->type == NODE_MAP && from->count && !node_get(root, "kinds"))
		node_set(decoder->arena, root, "kinds", &from->pos, kinds_keys_of(decoder->arena, from));
}

/* --- what belongs to it ---------------------------------------------------------------------------------------------- */

int kinds_parent(struct decoder *decoder, const struct node *root, const struct node **ret_parent)
{
	const struct node *from = node_get(root, "from"), *parent;
	const char *names[N_KINDS], *name = recipe_kind_name(decoder->recipe->kind);
	bool known = true;

	*ret_parent = from;
	if (!from || from->type != NODE_MAP)
		return 0;
	for (size_t i = 0; i < N_KINDS; i++)
		names[i] = kinds[i].name;
	for (size_t i = 0; i < from->count; i++)
		if (!recipe_kind(from->keys[i])) {
			problem_unknown(decoder, &from->key_pos[i], "from", "kind", from->keys[i], names, N_KINDS);
			known = false;
		}
	parent = node_get(from, name);
	if (known && !parent) {
		err_at(decoder->err, -EINVAL, &from->pos, "from", "no parent is given for the kind '%s'", name);
		err_hint(decoder->err, "add it: '%s: ../images/%s-base.recipe'", name, name);
	}
	*ret_parent = parent;
	return known && parent ? 0 : -EINVAL;
}

static void kinds_check_words(struct decoder *decoder, const struct node *part, const char *name)
{
	static const char *const elsewhere[] = {"from", "use", "facts", "kinds", "name", "vm", "lxc"};
	const char *known[64];
	size_t n = 0;

	if (part->type != NODE_MAP) {
		problem_expected(decoder, part, name, "a map with keys of a recipe");
		return;
	}
	for (const struct field *field = schema_recipe.fields; field->name && n < 64; field++)
		known[n++] = field->name;
	for (size_t i = 0; i < part->count; i++) {
		const char *path = problem_path(decoder->arena, name, part->keys[i]);

		if (!schema_field(&schema_recipe, part->keys[i]))
			problem_unknown(decoder, &part->key_pos[i], path, "key", part->keys[i], known, n);
		for (size_t e = 0; e < sizeof elsewhere / sizeof *elsewhere; e++)
			if (strcmp(elsewhere[e], part->keys[i]) == 0)
				err_at(decoder->err, -EINVAL, &part->key_pos[i], path, "'%s' is not allowed below '%s'",
				       part->keys[i], name);
	}
}

int kinds_words(struct decoder *decoder, const struct node *root, struct node **ret_words)
{
	static const char *const parts[] = {"vm", "lxc"};
	unsigned before = decoder->err->count;

	*ret_words = NULL;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		struct node *part = node_get(root, parts[i]);

		if (!part)
			continue;
		kinds_check_words(decoder, part, parts[i]);
		if (recipe_kind(parts[i]) == decoder->recipe->kind)
			*ret_words = part;
	}
	return decoder->err->count > before ? -EINVAL : 0;
}

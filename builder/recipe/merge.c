#include "recipe/merge.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "recipe/problem.h"
#include "recipe/source_file.h"

static struct node *merge_copy_of(struct merger *merger, const struct node *node)
{
	struct node *copy = arena_new_of(merger->decoder->arena, struct node);

	*copy = *node;
	return copy;
}

/* A map or list that grows: `from` itself, and its items, stay as they are. */
static struct node *merge_fresh(struct merger *merger, enum node_type type, const struct pos *pos,
				const struct node *from)
{
	struct node *node = arena_new_of(merger->decoder->arena, struct node);

	node->type = type;
	node->pos = *pos;
	for (size_t i = 0; from && i < from->count; i++) {
		if (type == NODE_MAP)
			node_set(merger->decoder->arena, node, from->keys[i], &from->key_pos[i], from->items[i]);
		else
			node_add(merger->decoder->arena, node, from->items[i]);
	}
	return node;
}

static const char *merge_kind_of(const struct node *node)
{
	return node->type == NODE_MAP ? "a map" : node->type == NODE_LIST ? "a list" : "a single value";
}

static const char *merge_place_of(struct merger *merger, const struct pos *pos)
{
	return arena_printf(merger->decoder->arena, "%s:%u:%u", pos->file, pos->line, pos->column);
}

static struct node *merge_clash(struct merger *merger, const struct schema *schema, const struct node *older,
				const struct node *newer, const char *path)
{
	err_at(merger->decoder->err, -EINVAL, &newer->pos, path, "%s here, but %s at %s", merge_kind_of(newer),
	       merge_kind_of(older), merge_place_of(merger, &older->pos));
	if (schema->type == VALUE_ANY || schema->type == VALUE_TREE)
		err_hint(merger->decoder->err, "write '!replace' before the value to replace the older one");
	return merge_copy_of(merger, older);
}

/* --- modules that disagree ------------------------------------------------------------------------------------------- */

static bool merge_knows(const struct document *module, const struct decoder *decoder, const struct document *other)
{
	for (size_t i = 0; i < module->n_uses; i++)
		if (&decoder->documents[module->uses[i]] == other)
			return true;
	return false;
}

/* A module may overrule what it uses, and files may overrule modules; modules of the same level may not. */
static void merge_note_conflict(struct merger *merger, const struct schema *schema, const struct node *older,
				const struct node *newer)
{
	bool same = schema->type == VALUE_TREE ? node_same(older, newer) : node_equal(older, newer);
	const struct document *was = source_file_document(merger->decoder, &older->pos);
	const struct document *is = source_file_document(merger->decoder, &newer->pos);
	size_t n = merger->n_conflicts;

	if (!was->module || !is->module || was->level != is->level || was == is)
		return;
	for (size_t i = 0; i < n; i++)
		if (merger->conflicts[i].newer == older)
			merge_note_conflict(merger, schema, merger->conflicts[i].older, newer);
	if (!merge_knows(is, merger->decoder, was) && !same)
		*arena_push(merger->decoder->arena, merger->conflicts, merger->n_conflicts) = (struct conflict){older, newer};
}

static void merge_report_conflict(struct merger *merger, const struct conflict *conflict, const char *path)
{
	const struct decoder *decoder = merger->decoder;
	const struct document *module = source_file_document(decoder, &conflict->newer->pos);
	struct arena *arena = decoder->arena;

	err_at(decoder->err, -EINVAL, &conflict->newer->pos, path, "two modules disagree: %s here, %s at %s",
	       conflict->newer->text ? arena_printf(arena, "'%s'", conflict->newer->text)
				     : merge_kind_of(conflict->newer),
	       conflict->older->text ? arena_printf(arena, "'%s'", conflict->older->text) : "another",
	       merge_place_of(merger, &conflict->older->pos));
	err_hint(decoder->err, "set it in '%s': there '%s' overrides both modules",
		 decoder->documents[module->level].name, path);
}

/* A tag that no merging has met: below `vars`, or within an item of a list, where a value is taken as a whole. */
static void merge_check_tags(struct merger *merger, const struct node *node, bool item, const char *path)
{
	if (node->tag == TAG_REMOVE || (item && node->tag != TAG_NONE))
		err_at(merger->decoder->err, -EINVAL, &node->pos, path,
		       "a tag has no meaning here: this value is taken as a whole");
	for (size_t i = 0; node->type != NODE_SCALAR && i < node->count; i++)
		merge_check_tags(merger, node->items[i], node->type == NODE_LIST,
				 node->type == NODE_MAP ? problem_path(merger->decoder->arena, path, node->keys[i]) : path);
}

static void merge_check_conflicts(struct merger *merger, const struct node *node, const char *path)
{
	for (size_t i = 0; i < merger->n_conflicts; i++)
		if (merger->conflicts[i].newer == node)
			merge_report_conflict(merger, &merger->conflicts[i], path);
	for (size_t i = 0; merger->n_conflicts && node->type == NODE_MAP && i < node->count; i++)
		merge_check_conflicts(merger, node->items[i], problem_path(merger->decoder->arena, path, node->keys[i]));
}

void merge_check(struct merger *merger, const struct node *node, const char *path)
{
	merge_check_conflicts(merger, node, path);
	merge_check_tags(merger, node, false, path);
}

/* --- single values, lists, maps -------------------------------------------------------------------------------------- */

/* One value for another. Of `vars`, what a module says is a default, whoever was first. */
static struct node *merge_single(struct merger *merger, const struct schema *schema, const struct node *older,
				 const struct node *newer)
{
	const struct document *is = source_file_document(merger->decoder, &newer->pos);
	const struct document *was = source_file_document(merger->decoder, &older->pos);

	if (merger->in_vars && is->module && !was->module)
		return (struct node *)older;
	merge_note_conflict(merger, schema, older, newer);
	return (struct node *)newer;
}

/* The list that a word alone, or a section alone, stands for. */
static const struct node *merge_as_list(struct merger *merger, const struct schema *schema, const struct node *node)
{
	struct node *list;

	if (node->type != (schema->type == VALUE_SETTINGS ? NODE_MAP : NODE_SCALAR))
		return node;
	list = merge_fresh(merger, NODE_LIST, &node->pos, NULL);
	node_add(merger->decoder->arena, list, merge_copy_of(merger, node));
	list->items[0]->tag = TAG_NONE;
	list->items[0]->alone = true;
	return list;
}

static void merge_remove_item(struct merger *merger, const struct node *older, struct node *list, const struct node *word,
			      const char *path);

/* An empty setting makes systemd forget the ones before it, and so do we: what follows is a new list. What is to be removed
 * is looked for in what other files said: a file does not take away what it adds. */
static struct node *merge_lists(struct merger *merger, const struct schema *schema, const struct node *older,
				const struct node *newer, const char *path)
{
	struct node *list = merge_fresh(merger, NODE_LIST, &newer->pos, older);

	for (size_t i = 0; i < newer->count; i++) {
		struct node *item = newer->items[i];

		if (item->tag == TAG_REMOVE) {
			merge_remove_item(merger, older, list, item, path);
			continue;
		}
		if (item->tag != TAG_NONE) {
			err_at(merger->decoder->err, -EINVAL, &item->pos, path,
			       "the only tag for an item of a list is '!remove'");
			err_hint(merger->decoder->err, "'!replace' before the list replaces all that other files said");
			continue;
		}
		if (schema->type == VALUE_SETTING && item->type == NODE_SCALAR && !*item->text)
			list = merge_fresh(merger, NODE_LIST, &newer->pos, NULL);
		else if (older && (schema->type == VALUE_TREE ? node_has_same(older, item) : node_has(older, item)))
			continue;
		node_add(merger->decoder->arena, list, item);
	}
	return list;
}

static void merge_drop(struct node *node, size_t i)
{
	node->count--;
	memmove(&node->items[i], &node->items[i + 1], (node->count - i) * sizeof *node->items);
	if (node->type != NODE_MAP)
		return;
	memmove(&node->keys[i], &node->keys[i + 1], (node->count - i) * sizeof *node->keys);
	memmove(&node->key_pos[i], &node->key_pos[i + 1], (node->count - i) * sizeof *node->key_pos);
}

static size_t merge_find_key(const struct node *map, const char *key)
{
	size_t i = 0;

	while (i < map->count && strcmp(map->keys[i], key) != 0)
		i++;
	return i;
}

static struct node *merge_maps(struct merger *merger, const struct schema *schema, const struct node *older,
			       const struct node *newer, const char *path)
{
	struct node *map = merge_fresh(merger, NODE_MAP, &newer->pos, older);
	const struct node *typed = older && !node_get(newer, "type") ? older : newer;

	for (size_t i = 0; i < newer->count; i++) {
		const char *key = newer->keys[i];
		const struct field *field = schema->type == VALUE_RECORD ? schema_field(schema, key) : NULL;
		struct node *value = newer->items[i];
		size_t at = merge_find_key(map, key);

		if (!*path)
			merger->in_vars = strcmp(key, "vars") == 0;
		if (field && (field->flags & FIELD_WHOLE) && value->tag == TAG_NONE) {
			value = merge_copy_of(merger, value);
			value->tag = TAG_REPLACE;
		}
		value = merge(merger, schema_below(schema, typed, key), at < map->count ? map->items[at] : NULL, value,
			      problem_path(merger->decoder->arena, path, key));
		if (!value && at < map->count) {
			merge_drop(map, at);
		} else if (value && at < map->count) {
			map->items[at] = value;
			map->key_pos[at] = newer->key_pos[i];
		} else if (value) {
			node_set(merger->decoder->arena, map, key, &newer->key_pos[i], value);
		}
	}
	if (!*path)
		merger->in_vars = false;
	return map;
}

/* --- !remove --------------------------------------------------------------------------------------------------------- */

static size_t merge_find_item(const struct node *node, const struct node *word)
{
	size_t i = 0;

	if (node->type == NODE_MAP)
		return merge_find_key(node, word->text ? word->text : "");
	while (i < node->count && !node_equal(node->items[i], word))
		i++;
	return i;
}

/* A word that is not there is most likely misspelt, or has gone from the parent: both are worth knowing. */
static void merge_not_there(struct merger *merger, const struct node *node, const struct node *word, const char *path)
{
	const char *near, **known = arena_array(merger->decoder->arena, const char *, node->count + 1);
	size_t n = 0;

	for (size_t i = 0; i < node->count; i++) {
		known[n] = node->type == NODE_MAP ? node->keys[i] : node->items[i]->text;
		n += known[n] != NULL;
	}
	near = word->text ? text_nearest(word->text, known, n) : NULL;
	err_at(merger->decoder->err, -EINVAL, &word->pos, path, "cannot remove '%s', which does not exist",
	       word->text ? word->text : "this item");
	if (near)
		err_hint(merger->decoder->err, "did you mean '%s'?", near);
}

/* A package that a file takes away may be needed by another one: who resolves has to know. */
static void merge_note_removed(struct merger *merger, const struct node *word, const char *path)
{
	struct recipe *recipe = merger->decoder->recipe;

	if (strcmp(path, "packages") == 0 && word->text)
		*arena_push(merger->decoder->arena, recipe->removed, recipe->n_removed) =
			(struct recipe_package){.name = word->text, .pos = word->pos};
}

static void merge_remove_item(struct merger *merger, const struct node *older, struct node *list, const struct node *word,
			      const char *path)
{
	static const struct node nothing = {.type = NODE_LIST};
	size_t at = older ? merge_find_item(older, word) : 0, now = merge_find_item(list, word);

	if (!older || at == older->count)
		merge_not_there(merger, older ? older : &nothing, word, path);
	else if (now < list->count)
		merge_drop(list, now);
	merge_note_removed(merger, word, path);
}

static struct node *merge_take_away(struct merger *merger, const struct schema *schema, const struct node *older,
				    const struct node *newer, const char *path)
{
	struct node *rest;

	if (!older) {
		err_at(merger->decoder->err, -EINVAL, &newer->pos, path, "cannot remove it: it is not set");
		return NULL;
	}
	if (node_is_null(newer))
		return NULL;
	if (schema->type == VALUE_WORDS || schema->type == VALUE_SETTING)
		older = merge_as_list(merger, schema, older);
	if (schema->type == VALUE_SETTINGS && older->type == NODE_LIST)
		newer = merge_as_list(merger, schema, newer);
	if (newer->type == NODE_MAP || older->type == NODE_SCALAR) {
		err_at(merger->decoder->err, -EINVAL, &newer->pos, path, "expected the names of the items to remove");
		err_hint(merger->decoder->err, "'!remove' without a value removes the whole key");
		return merge_copy_of(merger, older);
	}
	newer = merge_as_list(merger, schema, newer);
	rest = merge_fresh(merger, older->type, &older->pos, older);
	for (size_t i = 0; i < newer->count; i++) {
		size_t at = merge_find_item(rest, newer->items[i]);

		if (at < rest->count)
			merge_drop(rest, at);
		else
			merge_not_there(merger, older, newer->items[i], path);
		merge_note_removed(merger, newer->items[i], path);
	}
	return rest;
}

struct node *merge(struct merger *merger, const struct schema *schema, const struct node *older,
		   const struct node *newer, const char *path)
{
	bool listed = newer->type == NODE_LIST || (older && older->type == NODE_LIST);
	bool appends = schema->type == VALUE_WORDS ||
		       ((schema->type == VALUE_SETTING || schema->type == VALUE_SETTINGS) && listed);

	if (newer->tag == TAG_REMOVE)
		return merge_take_away(merger, schema, older, newer, path);
	if (newer->tag == TAG_REPLACE)
		older = NULL;
	if (appends) {
		newer = merge_as_list(merger, schema, newer);
		older = older ? merge_as_list(merger, schema, older) : NULL;
	}
	if (older && older->type != newer->type)
		return merge_clash(merger, schema, older, newer, path);
	if (newer->type == NODE_MAP)
		return merge_maps(merger, schema, older, newer, path);
	if (newer->type == NODE_LIST && schema->type != VALUE_ANY)
		return merge_lists(merger, schema, older, newer, path);
	return older ? merge_single(merger, schema, older, newer) : (struct node *)newer;
}

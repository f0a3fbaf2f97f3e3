/* `${facts.…}`, `${vars.…}`, `${name}` and `${env.…}`. */
#include "recipe/interpolate_names.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "recipe/joined.h"
#include "recipe/problem.h"

/* What names may make of a recipe, all together: far more than a machine needs, but small enough to stop an expansion
 * bomb. */
enum { BYTES_MAX = 8 << 20, NODES_MAX = 1 << 17, DEPTH_MAX = 200 };

static void interpolate_expand(struct names *names, struct node *node, const char *path, const struct chain *up);

int interpolate_refuse(const struct names *names, const struct reference *from, const char *what)
{
	return err_at(names->err, -EINVAL, &from->node->pos, from->path, "'${%s}': %s", from->name, what);
}

/* --- looking up ------------------------------------------------------------------------------------------------------ */

int interpolate_unknown(const struct names *names, const struct reference *from, const char *before,
			       const char *word, const char *const *known, size_t n)
{
	const char *near = text_nearest(word, known, n);

	interpolate_refuse(names, from, arena_printf(names->arena, "'%s%s' does not exist", before, word));
	if (!*before)
		return err_hint(names->err,
				"names begin with facts, vars, name or env; write $${%s} for this text itself",
				from->name);
	return near ? err_hint(names->err, "did you mean ${%s%s}?", before, near) : -EINVAL;
}

/* Says of a value that needs itself by what way. */
static int interpolate_report_cycle(const struct names *names, const struct reference *from, const struct chain *up,
				    const struct node *target)
{
	const char *way = from->name;

	for (const struct chain *at = up; at; at = at->up) {
		if (at->node->type == NODE_SCALAR || at->node == target)
			way = arena_printf(names->arena, "%s → %s", at->path, way);
		if (at->node == target)
			break;
	}
	return interpolate_refuse(names, from, arena_printf(names->arena, "these values refer to each other: %s", way));
}

static int interpolate_work_out(struct names *names, const struct reference *from, struct node *target,
				const char *path, const struct chain *up)
{
	for (const struct chain *at = up; at; at = at->up)
		if (at->node == target)
			return interpolate_report_cycle(names, from, up, target);
	if (up->depth > DEPTH_MAX)
		return interpolate_refuse(names, from, "too many values that refer to each other");
	interpolate_expand(names, target, path, up);
	return target->state == STATE_REPORTED ? -EINVAL : 0;
}

static int interpolate_not_a_map(const struct names *names, const struct reference *from, const char *before)
{
	return interpolate_refuse(names, from, arena_printf(names->arena, "'%.*s' is neither a map nor a list",
							    (int)strlen(before) - 1, before));
}

/* The item of a list that is called by its index, from 0 on. */
static int interpolate_index(const struct names *names, const struct reference *from, const char *before, const char *word,
			     const struct node *list, struct node **ret)
{
	int length = (int)strlen(before) - 1;
	unsigned long index = strtoul(word, NULL, 10);
	const char *what;

	if (*word && word[strspn(word, "0123456789")] == 0 && (*word != '0' || !word[1]) && strlen(word) < 10) {
		if (index < list->count) {
			*ret = list->items[index];
			return 0;
		}
		what = arena_printf(names->arena, "'%.*s' has %zu items, so there is no item %s", length, before, list->count,
				    word);
	} else {
		what = arena_printf(names->arena, "'%.*s' is a list: expected the number of an item, found '%s'", length,
				    before, word);
	}
	interpolate_refuse(names, from, what);
	if (list->count == 0)
		return -EINVAL;
	return err_hint(names->err, "its first item is ${%s0}, its last ${%s%zu}", before, before, list->count - 1);
}

/* Follows the dots of `name` from `at`; a value on the way may be a `${…}` itself. */
static int interpolate_walk(struct names *names, const struct reference *from, struct node *at, const struct chain *up,
			    struct node **ret)
{
	char *rest = arena_strdup(names->arena, strchr(from->name, '.') + 1), *word;
	const char *before = arena_strndup(names->arena, from->name, strcspn(from->name, ".") + 1), *so_far;
	struct node *next;

	while ((word = strsep(&rest, "."))) {
		if (at->type == NODE_SCALAR)
			return interpolate_not_a_map(names, from, before);
		next = node_get(at, word);
		if (at->type == NODE_LIST && interpolate_index(names, from, before, word, at, &next) < 0)
			return -EINVAL;
		if (!next)
			return interpolate_unknown(names, from, before, word, at->keys, at->count);
		so_far = arena_printf(names->arena, "%s%s", before, word);
		before = arena_printf(names->arena, "%s.", so_far);
		if (next->type == NODE_SCALAR || !rest)
			if (interpolate_work_out(names, from, next, so_far, up) < 0)
				return -EINVAL;
		at = next;
	}
	*ret = at;
	return 0;
}

static int interpolate_find_env(struct names *names, const struct reference *from, struct node **ret)
{
	const struct node *listed = node_get(names->root, "env");
	const char *wanted = from->name + strlen("env.");
	struct node *node = arena_new_of(names->arena, struct node);

	*node = (struct node){.type = NODE_SCALAR, .state = STATE_FINAL, .pos = from->node->pos, .text = getenv(wanted)};
	for (size_t i = 0; listed && i < listed->count; i++) {
		if (listed->items[i]->type != NODE_SCALAR || strcmp(listed->items[i]->text, wanted) != 0)
			continue;
		if (!node->text)
			return interpolate_refuse(
				names, from,
				arena_printf(names->arena, "environment variable '%s' is not set", wanted));
		node->text = arena_strdup(names->arena, node->text);
		*ret = node;
		return 0;
	}
	interpolate_refuse(names, from, arena_printf(names->arena, "'%s' is not listed under 'env'", wanted));
	return err_hint(names->err, "add it, 'env: [%s]': its value becomes part of the lock", wanted);
}

bool interpolate_is_secret(const char *name)
{
	return text_has_prefix(name, "secrets.");
}

/* A secret has no value here. */
static int interpolate_refuse_secret(const struct names *names, const struct reference *from)
{
	interpolate_refuse(names, from, "no secret is known where an image is made");
	return err_hint(names->err, names->placeholders ? "it can stand in the text itself, not in a value that is put into it"
							: "write the text as 'templates: { NAME: { text: … } }': the machine "
							  "puts the secret in");
}

/* What `from` names, worked out. */
static int interpolate_find(struct names *names, const struct reference *from, const struct chain *up,
			    struct node **ret)
{
	static const char *const known[] = {"facts", "vars", "name", "env"};
	const char *dot = strchr(from->name, '.');
	const char *first = arena_strndup(names->arena, from->name, strcspn(from->name, "."));
	struct node *vars = node_get(names->root, "vars"), *name = node_get(names->root, "name");

	if (dot && strcmp(first, "facts") == 0)
		return names->facts ? interpolate_walk(names, from, (struct node *)names->facts, up, ret)
				    : interpolate_refuse(names, from, "the recipe has no 'facts'");
	if (dot && strcmp(first, "vars") == 0)
		return vars ? interpolate_walk(names, from, vars, up, ret)
			    : interpolate_refuse(names, from, "the recipe has no 'vars'");
	if (dot && strcmp(first, "env") == 0)
		return interpolate_find_env(names, from, ret);
	if (interpolate_is_secret(from->name))
		return interpolate_refuse_secret(names, from);
	if (!dot && (strcmp(first, "facts") == 0 || strcmp(first, "vars") == 0 || strcmp(first, "env") == 0))
		return interpolate_refuse(names, from, arena_printf(names->arena, "write ${%s.NAME}", first));
	if (dot || strcmp(first, "name") != 0)
		return interpolate_unknown(names, from, "", first, known, sizeof known / sizeof *known);
	if (!name)
		return interpolate_refuse(names, from, "the recipe has no 'name'");
	*ret = name;
	return interpolate_work_out(names, from, name, "name", up);
}

/* --- putting in ------------------------------------------------------------------------------------------------------ */

static int interpolate_charge(struct names *names, const struct reference *from, size_t bytes)
{
	bool spent = names->bytes > BYTES_MAX || names->nodes > NODES_MAX;

	names->bytes += bytes;
	names->nodes++;
	if (names->bytes <= BYTES_MAX && names->nodes <= NODES_MAX)
		return 0;
	return spent ? -EINVAL : interpolate_refuse(names, from, "the recipe becomes larger than 8 MiB");
}

/* What the i-th part of `node` is called by a reference, when the node is called `name`; NULL: it cannot be called. */
static const char *interpolate_part(const struct names *names, const char *name, const struct node *node, size_t i)
{
	if (!name || (node->type == NODE_MAP && strpbrk(node->keys[i], ".}")))
		return NULL;
	return node->type == NODE_MAP ? arena_printf(names->arena, "%s.%s", name, node->keys[i])
				      : arena_printf(names->arena, "%s.%zu", name, i);
}

/* A value that is only one reference becomes what it names, type, place and all: a path in it means what it meant there. `fact`
 * is the name of a source that is one; NULL. */
static int interpolate_copy(struct names *names, const struct reference *from, const char *fact, const struct node *source,
			    struct node *target)
{
	int r = interpolate_charge(names, from, source->text ? strlen(source->text) : 0);
	bool alone = target->alone;

	*target = *source;
	target->alone = alone;
	target->tag = TAG_NONE;
	target->state = STATE_FINAL;
	target->written = joined_written(names->arena, fact, source);
	if (source->type == NODE_SCALAR || r < 0)
		return r;
	target->items = arena_array(names->arena, struct node *, source->count + 1);
	for (size_t i = 0; r == 0 && i < source->count; i++) {
		target->items[i] = arena_new_of(names->arena, struct node);
		r = interpolate_copy(names, from, interpolate_part(names, fact, source, i), source->items[i], target->items[i]);
	}
	return r;
}

/* Reads the reference that begins at `text`; returns what follows it, or NULL. */
const char *interpolate_read_reference(struct names *names, const char *text, struct reference *from)
{
	const char *end = text + strlen("${"), *others = interpolate_is_secret(end) ? "._-/" : "._-";

	while (isalnum((unsigned char)*end) || (*end && strchr(others, *end)))
		end++;
	from->name = arena_strndup(names->arena, text + 2, (size_t)(end - text - 2));
	if (*end == '}')
		return end + 1;
	err_at(names->err, -EINVAL, &from->node->pos, from->path, "'${%s' has no closing '}'", from->name);
	err_hint(names->err, "names consist of letters, digits, '-', '_' and dots; write $${ for the text '${' itself");
	return NULL;
}

int interpolate_put(struct names *names, const struct reference *from, const struct chain *up, struct joined *joined)
{
	struct node *value;
	int r = interpolate_find(names, from, up, &value);

	if (r < 0)
		return r;
	if (value->type != NODE_SCALAR) {
		interpolate_refuse(names, from,
				   value->type == NODE_MAP ? "a map cannot be put into a text"
							   : "a list cannot be put into a text");
		return names->template
			       ? err_hint(names->err, "name one value of it, like ${%s.%s}", from->name,
					  value->type == NODE_MAP && value->count ? value->keys[0] : "0")
			       : err_hint(names->err, "use ${%s} alone as the value, without other text", from->name);
	}
	if (node_is_null(value)) {
		interpolate_refuse(names, from, "it has no value, which cannot be put into a text");
		return err_hint(names->err, "write \"\" at %s:%u for an empty text", value->pos.file, value->pos.line);
	}
	r = interpolate_charge(names, from, strlen(value->text));
	if (r < 0)
		return r;
	joined_put(joined, names->arena, from->name, value);
	return 0;
}

/* A value that is nothing but the reference `from`. */
static int interpolate_become(struct names *names, const struct reference *from, struct node *node, const struct chain *up)
{
	struct node *value;
	int r = interpolate_find(names, from, up, &value);

	return r == 0 ? interpolate_copy(names, from, joined_fact(from->name), value, node) : r;
}

static int interpolate_expand_text(struct names *names, struct node *node, const char *path, const struct chain *up)
{
	struct reference from = {.name = "", .node = node, .path = path};
	_cleanup_joined_ struct joined joined = {0};
	const char *text = node->text, *next;
	int r = 0;

	if (text_has_prefix(text, "${")) {
		next = interpolate_read_reference(names, text, &from);
		if (!next)
			return -EINVAL;
		if (!*next)
			return interpolate_become(names, &from, node, up);
	}
	while (r == 0 && *text) {
		if (!text_has_prefix(text, "${")) {
			text = joined_put_plain(&joined, text);
			continue;
		}
		text = interpolate_read_reference(names, text, &from);
		r = text ? interpolate_put(names, &from, up, &joined) : -EINVAL;
	}
	if (r < 0)
		return r;
	node->text = joined_text(&joined, names->arena);
	node->written = joined.facts ? arena_strdup(names->arena, joined.written.data) : NULL;
	node->joined = true;
	return interpolate_charge(names, &from, joined.text.size);
}

static void interpolate_check_key(struct names *names, const struct node *map, size_t i, const char *path)
{
	if (!strstr(map->keys[i], "${"))
		return;
	err_at(names->err, -EINVAL, &map->key_pos[i], path, "'${' is not allowed in a key");
	err_hint(names->err, "write the whole key: only values can contain ${…}");
}

/* `packages: ${vars.more}` was made a list of that one word before anybody knew that it names a list: its items take its place,
 * but for those that are there already. */
static void interpolate_unfold(struct names *names, struct node *list)
{
	struct node whole = {.type = NODE_LIST};

	for (size_t i = 0; i < list->count; i++) {
		struct node *item = list->items[i];

		if (!item->alone || item->type != NODE_LIST)
			node_add(names->arena, &whole, item);
		for (size_t n = 0; item->alone && item->type == NODE_LIST && n < item->count; n++)
			if (!node_has(&whole, item->items[n]))
				node_add(names->arena, &whole, item->items[n]);
	}
	list->items = whole.items;
	list->count = whole.count;
}

/* `templates.NAME.text` */
static bool interpolate_is_template(const struct node *node, const char *path, const struct chain *here)
{
	enum { TEXT_DEPTH = 3 };

	return node->type == NODE_SCALAR && here->depth == TEXT_DEPTH && text_has_prefix(path, "templates.") &&
	       text_has_suffix(path, ".text");
}

static void interpolate_expand(struct names *names, struct node *node, const char *path, const struct chain *up)
{
	const struct chain here = {up, node, path, up ? up->depth + 1 : 0};
	int r = 0;

	if (node->state != STATE_RAW)
		return;
	if (interpolate_is_template(node, path, &here)) {
		node->state = STATE_TEMPLATE;
		return;
	}
	if (node->type == NODE_SCALAR && strstr(node->text, "${"))
		r = interpolate_expand_text(names, node, path, &here);
	for (size_t i = 0; node->state == STATE_RAW && node->type != NODE_SCALAR && i < node->count; i++) {
		const char *key = node->type == NODE_MAP ? problem_path(names->arena, path, node->keys[i]) : path;

		if (node->type == NODE_MAP)
			interpolate_check_key(names, node, i, key);
		interpolate_expand(names, node->items[i], key, &here);
	}
	if (node->state == STATE_RAW && node->type == NODE_LIST)
		interpolate_unfold(names, node);
	node->state = r < 0 ? STATE_REPORTED : STATE_FINAL;
}

/* Facts are not a recipe file: a `${` in them is plain text. */
static void interpolate_keep(struct node *node)
{
	node->state = STATE_FINAL;
	for (size_t i = 0; i < node->count; i++)
		interpolate_keep(node->items[i]);
}

int interpolate(struct arena *arena, struct node *root, const struct node *facts, struct err *err)
{
	struct names names = {.arena = arena, .root = root, .facts = facts, .err = err};
	const struct rule *rule = schema_field(&schema_recipe, "vars")->schema->key_rule;
	const struct node *vars = node_get(root, "vars");

	if (vars && vars->type != NODE_MAP)
		return err_at(err, -EINVAL, &vars->pos, "vars", "expected a map of names and values");
	for (size_t i = 0; vars && i < vars->count; i++)
		if (!decode_matches(rule, vars->keys[i]))
			err_at(err, -EINVAL, &vars->key_pos[i], "vars", "expected %s, found '%s'", rule->expected,
			       vars->keys[i]);
	if (facts)
		interpolate_keep((struct node *)facts);
	interpolate_expand(&names, root, "", NULL);
	return err_result(err);
}

/* The recipe and the files of the language that it names: its parent, its modules, facts and partitions. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "edge/digest.h"
#include "recipe/interpolate.h"
#include "recipe/kinds.h"
#include "recipe/merge.h"
#include "recipe/problem.h"
#include "recipe/shipped.h"
#include "recipe/source_file.h"

enum { FILE_MAX = 4 << 20, DEPTH_MAX = 32 };

struct loader {
	struct decoder decoder;
	struct merger merger;
	struct node *root, *facts;   /* what was merged so far; NULL at first */
	bool incomplete;             /* a file could not be read: what it would have said would be missed everywhere */
};

/* A file to be read, and the file that names it. */
struct source {
	const struct source *up;
	const char *path, *name;     /* of the host, absolute; as messages show it */
	enum recipe_origin origin;
	bool module;
	size_t level, document;      /* indices, as in struct document */
};

/* --- names ----------------------------------------------------------------------------------------------------------- */

const char *recipe_root_of(struct arena *arena, const char *path)
{
	char *folder = arena_strdup(arena, path), *own;

	*strrchr(folder, '/') = 0;
	own = arena_strdup(arena, *folder ? folder : "/");
	for (;;) {
		if (path_exists(arena_printf(arena, "%s/.git", folder)))
			return *folder ? folder : "/";
		if (!*folder)
			return own;
		*strrchr(folder, '/') = 0;
	}
}

int recipe_root_here(struct arena *arena, const char **ret_root, struct err *err)
{
	char folder[PATH_MAX];

	if (!getcwd(folder, sizeof folder))
		return err_sys(err, -errno, "cannot find the current folder");
	*ret_root = recipe_root_of(arena, arena_printf(arena, "%s/.", strcmp(folder, "/") == 0 ? "" : folder));
	return 0;
}

/* --- reading one file ------------------------------------------------------------------------------------------------ */

static int load_read_text(struct loader *loader, struct source *source, struct node **ret_node)
{
	struct decoder *decoder = &loader->decoder;
	_cleanup_buf_ struct buf text = {0};
	char sha256[SHA256_HEX];
	struct document *document;
	struct stat st;
	int r;

	if (stat(source->path, &st) == 0 && st.st_size > FILE_MAX)
		return err_at(decoder->err, -EFBIG, &(struct pos){source->name, 1, 1}, NULL,
			      "the file is larger than 4 MiB: it cannot be a recipe file");
	r = file_read(source->path, FILE_MAX, &text, decoder->err);
	if (r < 0)
		return r;
	sha256_hex_of(text.data ? text.data : "", text.size, sha256);
	source_file_add(decoder, source->path, sha256, true);
	source->document = decoder->n_documents;
	document = arena_push(decoder->arena, decoder->documents, decoder->n_documents);
	*document = (struct document){
		.name = source->name, .path = source->path, .origin = source->origin,
		.module = source->module, .level = source->level,
	};
	r = yaml_read(decoder->arena, source->name, text.data, text.size, ret_node, decoder->err);
	if (r == 0 && (*ret_node)->type != NODE_MAP)
		r = err_at(decoder->err, -EINVAL, &(*ret_node)->pos, NULL,
			   "expected a map: lines of the form 'key: value'");
	if (r == 0 && (*ret_node)->tag != TAG_NONE)
		r = err_at(decoder->err, -EINVAL, &(*ret_node)->pos, NULL, "a tag is not allowed for a whole file");
	return r;
}

static int load_read_source(struct loader *loader, struct source *source, struct node **ret_node)
{
	int r = load_read_text(loader, source, ret_node);

	loader->incomplete |= r < 0;
	return r;
}

static int load_report_cycle(struct loader *loader, const struct source *by, const struct node *node, const char *key,
			     const char *path)
{
	struct arena *arena = loader->decoder.arena;
	const char *names = by->name;

	for (const struct source *at = by; strcmp(at->path, path) != 0; at = at->up)
		names = arena_printf(arena, "%s → %s", at->up->name, names);
	return err_at(loader->decoder.err, -ELOOP, &node->pos, key, "these files include each other: %s → %s", names,
		      source_file_shown(&loader->decoder, by->name, node->text, path));
}

/* What `node` in the file `by` names, as a source of the same kind; -ELOOP when `by` is needed by that file. */
static int load_find_source(struct loader *loader, const struct source *by, const struct node *node, const char *key,
			    struct source *ret_source)
{
	struct err *err = loader->decoder.err;
	bool was_incomplete = loader->incomplete;
	unsigned depth = 0;
	const char *path;

	loader->incomplete = true; /* until it is found */
	if (node->type != NODE_SCALAR || !*node->text)
		return err_at(err, -EINVAL, &node->pos, key, "expected the path of a file");
	if (strstr(node->text, "${")) {
		err_at(err, -EINVAL, &node->pos, key, "'${' is not allowed in the path of a recipe file");
		return err_hint(err, "write the whole path: recipe files are read before ${…} is replaced");
	}
	path = source_file_find(&loader->decoder, node, key);
	if (!path)
		return err_result(err);
	for (const struct source *at = by; at; at = at->up, depth++)
		if (strcmp(at->path, path) == 0)
			return load_report_cycle(loader, by, node, key, path);
	if (depth > DEPTH_MAX)
		return err_at(err, -ELOOP, &node->pos, key, "more than %d files that include each other", DEPTH_MAX);
	*ret_source = *by;
	ret_source->up = by;
	ret_source->path = path;
	ret_source->name = source_file_shown(&loader->decoder, by->name, node->text, path);
	loader->incomplete = was_incomplete;
	return 0;
}

/* --- partitions and facts -------------------------------------------------------------------------------------------- */

static struct node *load_without(struct arena *arena, const struct node *map, const char *const *keys)
{
	struct node *rest = arena_new_of(arena, struct node);

	*rest = (struct node){.type = NODE_MAP, .tag = map->tag, .pos = map->pos};
	for (size_t i = 0; i < map->count; i++) {
		size_t k = 0;

		while (keys[k] && strcmp(keys[k], map->keys[i]) != 0)
			k++;
		if (!keys[k])
			node_set(arena, rest, map->keys[i], &map->key_pos[i], map->items[i]);
	}
	return rest;
}

/* A layout that names a file is that file's, with what stands beside `from` merged over it, and starts anew: what a parent said
 * about partitions does not hold for another layout. */
static struct node *load_layout(struct loader *loader, const struct source *by, struct node *node)
{
	static const char *const from[] = {"from", NULL};
	const struct schema *schema = schema_field(&schema_recipe, "partitions")->schema;
	const struct node *named = node->type == NODE_MAP ? node_get(node, "from") : node;
	struct node *layout, *own = node;
	struct source source;

	if (node->tag == TAG_REMOVE || node->type == NODE_LIST || !named)
		return node;
	if (load_find_source(loader, by, named, named == node ? "partitions" : "partitions.from", &source) < 0 ||
	    load_read_source(loader, &source, &layout) < 0)
		return node;
	layout = load_layout(loader, &source, layout);
	if (node->type == NODE_MAP) {
		own = load_without(loader->decoder.arena, node, from);
		own->tag = TAG_NONE;
		layout = merge(&loader->merger, schema, merge(&loader->merger, schema, NULL, layout, "partitions"), own,
			       "partitions");
	}
	layout->tag = TAG_REPLACE;
	return layout;
}

static void load_facts_of(struct loader *loader, const struct source *by, const struct node *node)
{
	static const struct schema any = {.type = VALUE_ANY};
	struct source source;
	struct node *facts;

	if (load_find_source(loader, by, node, "facts", &source) == 0 && load_read_source(loader, &source, &facts) == 0)
		loader->facts = merge(&loader->merger, &any, loader->facts, facts, "facts");
}

static void load_facts(struct loader *loader, const struct source *by, const struct node *node)
{
	if (node && node->type == NODE_MAP)
		err_at(loader->decoder.err, -EINVAL, &node->pos, "facts", "expected the path of a file, or a list of paths");
	else if (node && node->type == NODE_SCALAR)
		load_facts_of(loader, by, node);
	for (size_t i = 0; node && node->type == NODE_LIST && i < node->count; i++)
		load_facts_of(loader, by, node->items[i]);
}

/* --- recipes and modules --------------------------------------------------------------------------------------------- */

static void load_recipe(struct loader *loader, struct source *source);

static void load_add_use(struct loader *loader, struct document *user, size_t module)
{
	for (size_t i = 0; i < user->n_uses; i++)
		if (user->uses[i] == module)
			return;
	*arena_push(loader->decoder.arena, user->uses, user->n_uses) = module;
}

/* The recipe, parent or module read from `path`; n_documents when there is none yet. */
static size_t load_find_read(const struct loader *loader, const char *path)
{
	size_t i = 0;

	while (i < loader->decoder.n_documents && strcmp(loader->decoder.documents[i].path, path) != 0)
		i++;
	return i;
}

static void load_parent(struct loader *loader, const struct source *by, const struct node *node)
{
	struct err *err = loader->decoder.err;
	struct source source;

	if (!node)
		return;
	if (by->module) {
		err_at(err, -EINVAL, &node->pos, "from", "a module cannot have a parent");
		err_hint(err, "a module can 'use' other modules");
	} else if (node->type != NODE_SCALAR) {
		loader->incomplete = true;
		err_at(err, -EINVAL, &node->pos, "from", "expected the path of one recipe, or of one for each kind");
		err_hint(err, "to include several files, list modules in 'use'");
	} else if (load_find_source(loader, by, node, "from", &source) == 0) {
		source.origin = ORIGIN_PARENT;
		source.level = loader->decoder.n_documents;
		load_recipe(loader, &source);
	}
}

static void load_module(struct loader *loader, const struct source *by, const struct node *node)
{
	struct source source;
	struct document *user, *module;
	size_t at;

	if (load_find_source(loader, by, node, "use", &source) < 0)
		return;
	at = load_find_read(loader, source.path);
	if (at == loader->decoder.n_documents) {
		source.module = true;
		if (source.origin == ORIGIN_SELF)
			source.origin = ORIGIN_MODULE;
		load_recipe(loader, &source);
	}
	if (at == loader->decoder.n_documents || !by->module)
		return;
	user = &loader->decoder.documents[by->document];
	module = &loader->decoder.documents[at];
	load_add_use(loader, user, at);
	for (size_t i = 0; i < module->n_uses; i++)
		load_add_use(loader, user, module->uses[i]);
}

static void load_modules(struct loader *loader, const struct source *by, const struct node *node)
{
	if (!node)
		return;
	if (node->type == NODE_MAP)
		err_at(loader->decoder.err, -EINVAL, &node->pos, "use", "expected a list of modules, found a map");
	else if (node->type == NODE_SCALAR)
		load_module(loader, by, node);
	for (size_t i = 0; node->type == NODE_LIST && i < node->count; i++)
		load_module(loader, by, node->items[i]);
}

static void load_merge_words(struct loader *loader, const struct source *source, struct node *words)
{
	for (size_t i = 0; i < words->count; i++)
		if (strcmp(words->keys[i], "partitions") == 0)
			words->items[i] = load_layout(loader, source, words->items[i]);
	loader->root = merge(&loader->merger, &schema_recipe, loader->root, words, "");
}

/* Merges what the file needs, then the file itself, into loader->root; last what it says for the kind that is read alone. */
static void load_recipe(struct loader *loader, struct source *source)
{
	static const char *const early[] = {"from", "use", "facts", "vm", "lxc", NULL};
	const struct node *parent;
	struct node *root, *words;

	if (load_read_source(loader, source, &root) < 0)
		return;
	if (!source->module)
		kinds_note(&loader->decoder, root);
	if (kinds_parent(&loader->decoder, root, &parent) == 0)
		load_parent(loader, source, parent);
	else
		loader->incomplete = true;
	load_modules(loader, source, node_get(root, "use"));
	load_facts(loader, source, node_get(root, "facts"));
	load_merge_words(loader, source, load_without(loader->decoder.arena, root, early));
	if (kinds_words(&loader->decoder, root, &words) < 0)
		loader->incomplete = true;
	else if (words)
		load_merge_words(loader, source, words);
}

static int load_compare_inputs(const void *a, const void *b)
{
	return strcmp(((const struct recipe_input *)a)->name, ((const struct recipe_input *)b)->name);
}

/* The stages after reading; each goes on where it can, so that one run tells all there is to mend. */
static int load_make_recipe(struct loader *loader)
{
	struct decoder *decoder = &loader->decoder;
	struct recipe *recipe = decoder->recipe;

	merge_check(&loader->merger, loader->root, "");
	interpolate(decoder->arena, loader->root, loader->facts, decoder->err);
	recipe->words = loader->root;
	decoder->root = loader->root;
	decoder->facts = loader->facts;
	decode(decoder, &schema_recipe, loader->root, "", recipe);
	schema_check(decoder, loader->root);
	if (recipe->n_inputs)
		qsort(recipe->inputs, recipe->n_inputs, sizeof *recipe->inputs, load_compare_inputs);
	return err_result(decoder->err);
}

/* A machine's name, or a generation's, is a natural mistake. */
static int load_not_there(struct arena *arena, const char *path, struct err *err)
{
	const char *stem = arena_strndup(arena, path, strcspn(path, "/")), *near;
	int r = err_sys(err, -errno, "cannot read the recipe '%s'", path);

	if (text_has_suffix(path, ".recipe"))
		return r;
	near = arena_printf(arena, "%s.recipe", path);
	if (path_exists(near))
		return err_hint(err, "did you mean '%s'?", near);
	near = arena_printf(arena, "recipes/%s.recipe", stem);
	return path_exists(near) ? err_hint(err, "expected the path of a recipe: did you mean '%s'?", near)
				 : err_hint(err, "expected the path of a recipe, like recipes/gateway.recipe");
}

int recipe_load(struct arena *arena, const char *path, const struct recipe_options *options, struct recipe **ret_recipe,
		struct err *err)
{
	struct err problems = {0};
	struct recipe *recipe = arena_new_of(arena, struct recipe);
	struct loader loader = {.decoder = {arena, recipe, .shipped = shipped_folder(arena),
					    .allow_outside = options->allow_outside, .err = &problems}};
	struct source source = {.name = arena_strdup(arena, path), .origin = ORIGIN_SELF};
	char real[PATH_MAX];
	struct stat st;
	int r;

	if (!realpath(path, real) || stat(real, &st) < 0)
		return load_not_there(arena, path, err);
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "the recipe '%s' is not a regular file", path);
	loader.merger.decoder = &loader.decoder;
	source.path = arena_strdup(arena, real);
	recipe->path = source.name;
	recipe->kind = options->kind;
	recipe->root = recipe_root_of(arena, real);
	load_recipe(&loader, &source);
	r = loader.incomplete ? problems.code : load_make_recipe(&loader);
	problem_sort(&problems);
	err_take(err, &problems);
	if (r == 0)
		*ret_recipe = recipe;
	return r;
}

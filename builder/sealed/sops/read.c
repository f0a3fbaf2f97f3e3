/* From a text to the values that its rule and its MAC speak of. */
#include <errno.h>
#include <string.h>

#include "sealed/sops/details.h"
#include "sealed/sops/enc.h"

static const struct {
	const char *name;
	int (*read)(struct pool *pool, struct bytes text, struct sops_tree *tree, struct fault *fault);
	const char *endings[2];
} formats[] = {
	[SOPS_YAML] = {"yaml", sops_yaml_read, {".yaml", ".yml"}},
	[SOPS_JSON] = {"json", sops_json_read, {".json", ".json"}},
	[SOPS_DOTENV] = {"dotenv", sops_dotenv_read, {".env", ".env"}},
	[SOPS_INI] = {"ini", sops_ini_read, {".ini", ".ini"}},
	[SOPS_BINARY] = {"binary", sops_json_read, {NULL, NULL}},
};

const char *sops_format_name(enum sops_format format)
{
	return formats[format].name;
}

bool sops_format_named(const char *name, enum sops_format *ret_format)
{
	for (int i = 0; i < SOPS_FORMATS; i++) {
		if (strcmp(formats[i].name, name) == 0) {
			*ret_format = (enum sops_format)i;
			return true;
		}
	}
	return false;
}

static bool read_ends_with(const char *path, const char *ending)
{
	size_t size = strlen(path), end = ending ? strlen(ending) : 0;

	return ending && size >= end && strcmp(path + size - end, ending) == 0;
}

enum sops_format sops_format_of(const char *path)
{
	for (int i = 0; i < SOPS_FORMATS; i++) {
		if (read_ends_with(path, formats[i].endings[0]) || read_ends_with(path, formats[i].endings[1]))
			return (enum sops_format)i;
	}
	return SOPS_BINARY;
}

const char *sops_type_name(enum sops_type type)
{
	static const char *const names[] = {"str", "int", "float", "bytes", "bool", "time", "null", "comment"};

	return names[type];
}

char *sops_path_text(struct pool *pool, const struct sops_step *path, size_t n_path)
{
	struct growing text = {.pool = pool};

	for (size_t i = 0; i < n_path; i++) {
		growing_puts(&text, i ? "/" : "");
		growing_puts(&text, path[i].key ? path[i].key : pool_printf(pool, "%zu", path[i].index));
	}
	return pool_text(pool, (const char *)growing_bytes(&text).data);
}

struct read_walk {
	struct pool *pool;
	struct sops_file *file;
	struct fault *fault;
	size_t document;
	struct sops_step path[SOPS_DEPTH_MAX];
	size_t n_path;
	size_t expanded;             /* bytes that were made of the tree so far */
};

/* A value where the rule wants it encrypted. An empty text stays one, says sops. */
static int read_encrypted(struct read_walk *walk, const struct sops_node *node, struct sops_leaf *leaf)
{
	const char *what = pool_printf(walk->pool, "'%s'", sops_path_text(walk->pool, walk->path, walk->n_path));
	struct sops_enc enc;
	int r;

	if (node->type == SOPS_STR && node->value.size == 0)
		return 0;
	if (node->type != SOPS_STR || strncmp((const char *)node->value.data, "ENC[", strlen("ENC[")) != 0)
		return fault_set(walk->fault, FAULT_PARSE, node->line,
				 "%s is not encrypted, and by the file's rule it has to be", what);
	r = sops_enc_read(walk->pool, node->value, what, node->line, &enc, walk->fault);
	if (r < 0)
		return r;
	leaf->type = enc.type;
	leaf->cipher = (const char *)node->value.data;
	leaf->value = (struct bytes){.data = (const uint8_t *)"", .size = 0};
	return 0;
}

static int read_leaf(struct read_walk *walk, const struct sops_node *node, bool matched)
{
	size_t size = walk->n_path * sizeof *walk->path;
	struct sops_leaf *leaf = pool_push(walk->pool, walk->file->leaves, walk->file->n_leaves);

	walk->expanded += size + node->value.size;
	leaf->document = walk->document;
	leaf->path = memcpy(pool_alloc(walk->pool, size), walk->path, size);
	leaf->n_path = walk->n_path;
	leaf->line = node->line;
	leaf->type = node->type;
	leaf->value = node->value;
	leaf->encrypted = matched == walk->file->details->rule.encrypted && node->type != SOPS_NULL;
	return leaf->encrypted ? read_encrypted(walk, node, leaf) : 0;
}

/* `matched`: a key of the path up to here matches the rule. No deeper than SOPS_DEPTH_MAX, whatever aliases make of it. */
static int read_node(struct read_walk *walk, struct sops_node *node, bool matched)
{
	size_t index = 0;

	node = sops_node_real(node);
	walk->expanded += sizeof *node;
	if (walk->expanded > SOPS_EXPANDED_MAX || walk->n_path == SOPS_DEPTH_MAX)
		return fault_set(walk->fault, FAULT_PARSE, node->line, "its aliases make too much of it");
	if (node->shape == SOPS_SCALAR)
		return read_leaf(walk, node, matched);
	for (struct sops_node *child = node->first; child; child = child->next, index++) {
		struct sops_step *step = &walk->path[walk->n_path++];
		int r;

		*step = (struct sops_step){.key = child->key, .index = index};
		r = read_node(walk, child,
			      matched || (child->key && sops_rule_matches(&walk->file->details->rule, child->key)));
		if (r < 0)
			return r;
		walk->n_path--;
	}
	return 0;
}

static int read_leaves(struct pool *pool, struct sops_file *file, struct fault *fault)
{
	const struct sops_tree *tree = &file->details->tree;
	struct read_walk *walk = pool_alloc(pool, sizeof *walk);

	*walk = (struct read_walk){.pool = pool, .file = file, .fault = fault};
	for (size_t i = 0; i < tree->n_documents; i++) {
		int r;

		walk->document = i;
		r = read_node(walk, tree->documents[i], false);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A binary file is a JSON file with one value. */
static int read_binary(const struct sops_file *file, struct fault *fault)
{
	const struct sops_node *data = sops_node_at(file->details->tree.documents[0], "data");

	if (file->format == SOPS_BINARY && (!data || data->shape != SOPS_SCALAR || data->type != SOPS_STR))
		return fault_set(fault, FAULT_PARSE, data ? data->line : 0,
				 "it has no text \"data\": it is no binary file of SOPS");
	return 0;
}

static int read_file(struct pool *pool, struct bytes text, struct sops_file *file, struct fault *fault)
{
	struct sops_tree *tree = &file->details->tree;
	const struct sops_node *meta;
	int r;

	if (text.size > SOPS_TEXT_MAX)
		return fault_set(fault, FAULT_PARSE, 0, "it has more than %d MiB", SOPS_TEXT_MAX >> 20);
	file->details->text_size = text.size;
	r = formats[file->format].read(pool, text, tree, fault);
	if (r < 0)
		return r;
	meta = tree->n_documents ? tree->metas[0] : NULL;
	if (!meta || (meta->shape == SOPS_SCALAR && meta->type == SOPS_NULL)) {
		fault_set(fault, FAULT_NOMETA, 0, "it is no file of SOPS: nothing in it says who can open it");
		return fault_hint(fault, "encrypt it: sops encrypt --in-place FILE");
	}
	if (meta->shape != SOPS_MAP)
		return fault_set(fault, FAULT_PARSE, meta->line, "'sops' in it is no map");
	r = sops_meta_read(pool, file, meta, fault);
	if (r < 0)
		return r;
	r = read_binary(file, fault);
	return r < 0 ? r : read_leaves(pool, file, fault);
}

int sops_read(struct pool *pool, enum sops_format format, struct bytes text, struct sops_file **ret_file, struct fault *fault)
{
	struct sops_file *file = pool_alloc(pool, sizeof *file);
	int r;

	file->format = format;
	file->details = pool_alloc(pool, sizeof *file->details);
	r = read_file(pool, text, file, fault);
	sops_rule_free(&file->details->rule);
	if (r < 0)
		return -EBADMSG;
	*ret_file = file;
	return 0;
}

/* The INI store, as gopkg.in/ini.v1 reads with nothing asked of it: keys before the first section are of DEFAULT, which is
 * the first one in any case; a value may go on in more lines, in quotes, and ends at # or ;. */
#include <string.h>

#include "sealed/sops/node.h"

#define INI_DEFAULT "DEFAULT"
#define INI_META "sops"

struct store_ini {
	struct pool *pool;
	const uint8_t *data;
	size_t size, at;
	unsigned line;               /* that `at` is in, from 1 */
	struct sops_tree *tree;
	struct fault *fault;
	struct sops_node *root, *section;
	unsigned autos;              /* keys "-" of the section, which are counted */
};

/* A part of the text. */
struct store_ini_span {
	size_t from, to;
};

static int store_ini_wrong(const struct store_ini *ini, unsigned line, const char *problem)
{
	return fault_set(ini->fault, FAULT_PARSE, line, "it is no INI: %s", problem);
}

/* The size of white space as Unicode has it (of Latin 1, and U+2028, U+2029, U+3000) at the beginning, or 0. */
static size_t store_ini_space(const uint8_t *text, size_t left)
{
	if (left && (*text == ' ' || (*text >= '\t' && *text <= '\r')))
		return 1;
	if (left > 1 && *text == 0xc2 && (text[1] == 0x85 || text[1] == 0xa0))
		return 2;
	if (left > 2 && (memcmp(text, "\xe2\x80\xa8", 3) == 0 || memcmp(text, "\xe2\x80\xa9", 3) == 0 ||
			 memcmp(text, "\xe3\x80\x80", 3) == 0))
		return 3;
	return 0;
}

static struct store_ini_span store_ini_trim(const struct store_ini *ini, struct store_ini_span span)
{
	size_t n;

	while ((n = store_ini_space(ini->data + span.from, span.to - span.from)))
		span.from += n;
	for (n = 1; n <= 3 && span.to - span.from >= n; n++) {
		if (store_ini_space(ini->data + span.to - n, n) == n) {
			span.to -= n;
			n = 0;
		}
	}
	return span;
}

/* The next line, with its end. */
static bool store_ini_line(struct store_ini *ini, struct store_ini_span *ret_span)
{
	const uint8_t *end = ini->at < ini->size ? memchr(ini->data + ini->at, '\n', ini->size - ini->at) : NULL;

	if (ini->at >= ini->size)
		return false;
	ret_span->from = ini->at;
	ret_span->to = end ? (size_t)(end - ini->data) + 1 : ini->size;
	ini->at = ret_span->to;
	ini->line++;
	return true;
}

/* Where `text` stands in a span for the last time, or its end. */
static size_t store_ini_last(const struct store_ini *ini, struct store_ini_span span, const char *text)
{
	size_t size = strlen(text);

	for (size_t at = span.to; at >= span.from + size; at--) {
		if (memcmp(ini->data + at - size, text, size) == 0)
			return at - size;
	}
	return span.to;
}

static size_t store_ini_any(const struct store_ini *ini, struct store_ini_span span, const char *any)
{
	while (span.from < span.to && (!ini->data[span.from] || !strchr(any, ini->data[span.from])))
		span.from++;
	return span.from;
}

static bool store_ini_is(const struct store_ini *ini, struct store_ini_span span, const char *begin)
{
	return span.to - span.from >= strlen(begin) && memcmp(ini->data + span.from, begin, strlen(begin)) == 0;
}

static char *store_ini_text(const struct store_ini *ini, struct store_ini_span span)
{
	return memcpy(pool_alloc(ini->pool, span.to - span.from), ini->data + span.from, span.to - span.from);
}

static int store_ini_section(struct store_ini *ini, struct store_ini_span line)
{
	size_t end = store_ini_last(ini, line, "]");
	const char *name;

	if (end == line.to)
		return store_ini_wrong(ini, ini->line, "a section has no ']'");
	name = store_ini_text(ini, (struct store_ini_span){.from = line.from + 1, .to = end});
	if (!*name || strlen(name) != end - line.from - 1)
		return store_ini_wrong(ini, ini->line, "a section has no name");
	ini->autos = 0;
	if (strcmp(name, INI_DEFAULT) == 0) {
		ini->section = ini->root->first;
		return 0;
	}
	ini->section = sops_node_new(ini->pool, ini->tree, SOPS_MAP, ini->line, ini->fault);
	if (!ini->section)
		return -1;
	sops_node_put(ini->root, name, ini->section);
	return 0;
}

/* The name of a key, perhaps in quotes; `line` is cut to what stands behind its = or :. */
static const char *store_ini_key(struct store_ini *ini, struct store_ini_span *line)
{
	const char *quote = store_ini_is(ini, *line, "\"\"\"") && line->to - line->from > 6 ? "\"\"\"" :
			    store_ini_is(ini, *line, "\"") ? "\"" : store_ini_is(ini, *line, "`") ? "`" : "";
	struct store_ini_span name = {.from = line->from + strlen(quote), .to = line->to};
	size_t delimiter;

	if (*quote) {
		while (name.from < line->to && !store_ini_is(ini, name, quote))
			name.from++;
		name = (struct store_ini_span){.from = line->from + strlen(quote), .to = name.from};
		if (name.to == line->to)
			return NULL;
		delimiter = store_ini_any(ini, (struct store_ini_span){.from = name.to + strlen(quote), .to = line->to}, "=:");
	} else {
		delimiter = store_ini_any(ini, *line, "=:");
		name.to = delimiter;
	}
	if (delimiter == line->to)
		return NULL;
	line->from = delimiter + 1;
	name = store_ini_trim(ini, name);
	return store_ini_text(ini, name);
}

/* What stands in """ or `, which may go on in the lines that follow. */
static int store_ini_quoted(struct store_ini *ini, struct store_ini_span span, const char *quote, struct growing *value)
{
	struct store_ini_span inside = {.from = span.from + strlen(quote), .to = span.to};
	unsigned line = ini->line;
	size_t end = store_ini_last(ini, inside, quote);

	while (end == inside.to) {
		growing_add(value, ini->data + inside.from, inside.to - inside.from);
		if (!store_ini_line(ini, &inside))
			return store_ini_wrong(ini, line, "a value in quotes has no end");
		end = store_ini_last(ini, inside, quote);
	}
	growing_add(value, ini->data + inside.from, end - inside.from);
	return 0;
}

/* A value that goes on behind a backslash at the end of its line. */
static void store_ini_continued(struct store_ini *ini, struct store_ini_span span, struct growing *value)
{
	growing_add(value, ini->data + span.from, span.to - span.from - 1);
	while (store_ini_line(ini, &span)) {
		span = store_ini_trim(ini, span);
		if (span.from == span.to)
			return;
		growing_add(value, ini->data + span.from, span.to - span.from);
		if (value->data[value->size - 1] != '\\')
			return;
		value->size--;
	}
}

/* Up to a comment, and without quotes around it when there are no others in it. */
static void store_ini_plain(struct store_ini *ini, struct store_ini_span span, struct growing *value)
{
	span.to = store_ini_any(ini, span, "#;");
	span = store_ini_trim(ini, span);
	if (span.to - span.from >= 2 && (store_ini_is(ini, span, "'") || store_ini_is(ini, span, "\""))) {
		const char quote[] = {(char)ini->data[span.from], '\0'};

		if (store_ini_any(ini, (struct store_ini_span){.from = span.from + 1, .to = span.to}, quote) == span.to - 1) {
			span.from++;
			span.to--;
		}
	}
	growing_add(value, ini->data + span.from, span.to - span.from);
}

static int store_ini_value(struct store_ini *ini, struct store_ini_span span, struct growing *value)
{
	struct store_ini_span begin = span, trimmed = store_ini_trim(ini, span);

	begin.from = trimmed.from;
	if (trimmed.from == trimmed.to)
		return 0;
	if (store_ini_is(ini, begin, "\"\"\"") && begin.to - begin.from > 3)
		return store_ini_quoted(ini, begin, "\"\"\"", value);
	if (store_ini_is(ini, begin, "`"))
		return store_ini_quoted(ini, begin, "`", value);
	if (ini->data[trimmed.to - 1] == '\\')
		store_ini_continued(ini, trimmed, value);
	else
		store_ini_plain(ini, trimmed, value);
	return 0;
}

static int store_ini_pair(struct store_ini *ini, struct store_ini_span line)
{
	struct sops_node *node = sops_node_new(ini->pool, ini->tree, SOPS_SCALAR, ini->line, ini->fault);
	const char *key = store_ini_key(ini, &line);
	struct growing value = {.pool = ini->pool};
	int r;

	if (!node)
		return -1;
	if (!key || !*key)
		return store_ini_wrong(ini, node->line, "a line is neither a section nor KEY = VALUE");
	if (strcmp(key, "-") == 0)
		key = pool_printf(ini->pool, "#%u", ++ini->autos);
	node->from = line.from;
	r = store_ini_value(ini, line, &value);
	if (r < 0)
		return r;
	node->to = ini->at;
	node->value = growing_bytes(&value);
	sops_node_put(ini->section, key, node);
	return 0;
}

static int store_ini_lines(struct store_ini *ini)
{
	struct store_ini_span line;
	size_t n;
	int r = 0;

	while (r == 0 && store_ini_line(ini, &line)) {
		while ((n = store_ini_space(ini->data + line.from, line.to - line.from)))
			line.from += n;
		if (line.from == line.to || store_ini_is(ini, line, "#") || store_ini_is(ini, line, ";"))
			continue;
		r = store_ini_is(ini, line, "[") ? store_ini_section(ini, line) : store_ini_pair(ini, line);
	}
	return r;
}

/* No section twice, no key twice; what SOPS added is unfolded in its place. */
static int store_ini_finish(struct store_ini *ini)
{
	int r = sops_node_unique(ini->pool, ini->root, ini->fault);
	struct sops_node *added = sops_node_at(ini->root, INI_META), *meta = NULL;

	for (struct sops_node *section = ini->root->first; r == 0 && section; section = section->next)
		r = sops_node_unique(ini->pool, section, ini->fault);
	for (struct sops_node *node = added ? added->first : NULL; r == 0 && node; node = node->next)
		node->value = sops_newlines_read(ini->pool, node->value.data, node->value.size);
	if (r == 0 && added)
		r = sops_flat_unfold(ini->pool, ini->tree, added, &meta, ini->fault);
	if (r < 0)
		return r;
	sops_tree_put(ini->pool, ini->tree, ini->root, NULL);
	ini->tree->metas[0] = meta;
	return 0;
}

int sops_ini_read(struct pool *pool, struct bytes text, struct sops_tree *tree, struct fault *fault)
{
	struct store_ini ini = {.pool = pool, .data = text.data, .size = text.size, .tree = tree, .fault = fault};
	int r;

	if (text.size >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
		ini.at = 3;
	ini.root = sops_node_new(pool, tree, SOPS_MAP, 1, fault);
	ini.section = sops_node_new(pool, tree, SOPS_MAP, 1, fault);
	if (!ini.root || !ini.section)
		return -1;
	sops_node_put(ini.root, INI_DEFAULT, ini.section);
	r = store_ini_lines(&ini);
	return r < 0 ? -1 : store_ini_finish(&ini);
}

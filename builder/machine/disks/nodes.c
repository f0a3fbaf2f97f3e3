#include "machine/disks/nodes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "contract/stack.h"
#include "machine/lines.h"

enum { FIELDS_MAX = 2 + NODE_ON_MAX + NODE_WORDS_MAX + 1, ID_MAX = 64, VALUE_MAX = 255 };

#define KIND(kind) (1U << (kind))
#define DEVICES (KIND(NODE_DISK) | KIND(NODE_PLACE) | KIND(NODE_PART) | KIND(NODE_LUKS) | KIND(NODE_LV) | KIND(NODE_MD))

/* Of each kind: what it may stand on, on how many, and the words that it must have (others are known to those who ask). */
static const struct node_rule {
	const char *name;
	unsigned on;                   /* KIND() of them */
	size_t on_min, on_max;
	const char *needs[5];
} rules[NODE_KINDS] = {
	[NODE_DISK] = {STACK_DISK, 0, 0, 0, {"serial", "role"}},
	[NODE_PLACE] = {STACK_PLACE, 0, 0, 0, {"label"}},
	[NODE_GPT] = {STACK_GPT, KIND(NODE_DISK) | KIND(NODE_MD), 1, 1, {NULL}},
	[NODE_PART] = {STACK_PART, KIND(NODE_GPT), 1, 1, {"number", "label", "type"}},
	[NODE_LUKS] = {STACK_LUKS, DEVICES, 1, 1, {"name", "key"}},
	[NODE_VG] = {STACK_VG, DEVICES, 1, NODE_ON_MAX, {"name"}},
	[NODE_LV] = {STACK_LV, KIND(NODE_VG), 1, 1, {"name", "type"}},
	[NODE_MD] = {STACK_MD, DEVICES, 1, NODE_ON_MAX, {"name", "level", "metadata"}},
	[NODE_FS] = {STACK_FS, DEVICES, 1, 1, {"format", "label"}},
	[NODE_SUBVOLUME] = {STACK_SUBVOLUME, KIND(NODE_FS), 1, 1, {"path"}},
	[NODE_SWAP] = {STACK_SWAP, DEVICES, 1, 1, {NULL}},
	[NODE_VAR] = {STACK_VAR, KIND(NODE_FS), 1, 1, {NULL}},
};

/* Words that are numbers. */
static const struct { const char *key; int base; } numbers[] = {
	{"number", 10}, {"start", 10}, {"size", 10}, {"percent", 10}, {"level", 10}, {"attributes", 16},
	{"before-end", 10},
};

const char *node_kind_name(enum node_kind kind)
{
	return rules[kind].name;
}

const char *node_word(const struct node *node, const char *key)
{
	size_t length = strlen(key);

	for (size_t i = 0; i < node->n_words; i++) {
		const char *word = node->words[i];

		if (strncmp(word, key, length) == 0 && (word[length] == '=' || !word[length]))
			return word + length + (word[length] == '=');
	}
	return NULL;
}

uint64_t node_word_number(const struct node *node, const char *key)
{
	const char *text = node_word(node, key);

	return text ? strtoull(text, NULL, strcmp(key, "attributes") == 0 ? 16 : 10) : 0;
}

size_t nodes_find(const struct nodes *nodes, const char *id)
{
	for (size_t i = 0; i < nodes->n; i++)
		if (strcmp(nodes->list[i].id, id) == 0)
			return i;
	return NODE_NONE;
}

struct node *nodes_base(struct nodes *nodes, const struct node *node)
{
	return &nodes->list[node->on[0]];
}

void nodes_below(const struct nodes *nodes, size_t at, bool ret_below[NODES_MAX])
{
	memset(ret_below, 0, NODES_MAX * sizeof *ret_below);
	ret_below[at] = true;
	for (size_t i = at + 1; i-- > 0;)
		for (size_t k = 0; ret_below[i] && k < nodes->list[i].n_on; k++)
			ret_below[nodes->list[i].on[k]] = true;
}

/* All of `a`'s group become `b`'s. */
static void nodes_join(struct nodes *nodes, size_t a, size_t b)
{
	size_t lower = a < b ? a : b, higher = a < b ? b : a;

	for (size_t i = 0; i < nodes->n; i++)
		if (nodes->list[i].group == higher)
			nodes->list[i].group = lower;
}

void nodes_group(struct nodes *nodes)
{
	for (size_t i = 0; i < nodes->n; i++)
		nodes->list[i].group = i;
	for (size_t i = 0; i < nodes->n; i++)
		for (size_t k = 0; k < nodes->list[i].n_on; k++)
			nodes_join(nodes, nodes->list[i].group, nodes->list[nodes->list[i].on[k]].group);
}

bool node_is_usable(const struct node *node)
{
	return node->state == NODE_OPEN || ((node->kind == NODE_DISK || node->kind == NODE_PLACE) && node->state == NODE_THERE);
}

/* --- a line ---------------------------------------------------------------------------------------------------------- */

/* It becomes the name of a file. */
static bool nodes_is_id(const char *text)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_@";
	size_t length = strlen(text);

	return length > 0 && length <= ID_MAX && strspn(text, allowed) == length && *text != '.' && *text != '-';
}

/* What is handed to a program as a name must not be an option of it, or lead elsewhere. */
static const char *nodes_check_name(const struct node *node)
{
	static const char *const keys[] = {"name", "pool", "secret"};
	const char *name;

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		name = node_word(node, keys[i]);
		if (name && !nodes_is_id(name))
			return "a name has letters, digits and .-_@ only";
	}
	name = node_word(node, "path");
	if (name && (!*name || strstr(name, "..") || *name == '-'))
		return "this path leads elsewhere";
	return NULL;
}

static const char *nodes_check_numbers(const struct node *node)
{
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		const char *text = node_word(node, numbers[i].key);
		char *end;

		if (!text)
			continue;
		errno = 0;
		strtoull(text, &end, numbers[i].base);
		if (!*text || strchr("+- \t", *text) || *end || errno)
			return "a number was expected";
	}
	return NULL;
}

static const char *nodes_check_luks(const struct nodes *nodes, const struct node *node)
{
	static const struct { const char *key, *needs; } ways[] = {
		{STACK_KEY_TPM2, NULL}, {STACK_KEY_FILE, "path"}, {STACK_KEY_DISK, "disk"}, {STACK_KEY_SECRET, "secret"},
		{STACK_KEY_CONSOLE, NULL},
	};
	const char *key = node_word(node, "key"), *disk = node_word(node, "disk");
	size_t at;

	for (size_t i = 0; key && i < sizeof ways / sizeof *ways; i++) {
		if (strcmp(ways[i].key, key) != 0)
			continue;
		if (ways[i].needs && !node_word(node, ways[i].needs))
			return "where the key is, is missing";
		at = disk ? nodes_find(nodes, disk) : NODE_NONE;
		return disk && (at == NODE_NONE || nodes->list[at].kind != NODE_DISK) ? "the key's disk is not known" : NULL;
	}
	return "this kind of key is not known";
}

static const char *nodes_check(const struct nodes *nodes, const struct node *node)
{
	const struct node_rule *rule = &rules[node->kind];
	const char *problem;

	if (node->n_on < rule->on_min || node->n_on > rule->on_max)
		return "it stands on too few or too many others";
	for (size_t i = 0; i < node->n_on; i++)
		if (!(rule->on & KIND(nodes->list[node->on[i]].kind)))
			return "it cannot stand on that";
	for (size_t i = 0; i < sizeof rule->needs / sizeof *rule->needs && rule->needs[i]; i++)
		if (!node_word(node, rule->needs[i]))
			return "a word is missing";
	problem = nodes_check_numbers(node);
	if (!problem)
		problem = nodes_check_name(node);
	return problem || node->kind != NODE_LUKS ? problem : nodes_check_luks(nodes, node);
}

static const char *nodes_take_word(const struct nodes *nodes, struct node *node, char *word)
{
	static const char on[] = STACK_ON "=";
	size_t base;

	if (strcmp(word, STACK_EARLY) == 0 || strcmp(word, STACK_LATE) == 0) {
		node->early |= strcmp(word, STACK_EARLY) == 0;
		node->late |= strcmp(word, STACK_LATE) == 0;
		return NULL;
	}
	if (strncmp(word, on, sizeof on - 1) == 0) {
		base = nodes_find(nodes, word + sizeof on - 1);
		if (base == NODE_NONE || node->n_on == NODE_ON_MAX)
			return "it stands on what is not before it";
		node->on[node->n_on++] = base;
		return NULL;
	}
	if (!*word || *word == '=' || strlen(word) > VALUE_MAX || node->n_words == NODE_WORDS_MAX)
		return "a word is empty or too long, or there are too many";
	node->words[node->n_words++] = word;
	return NULL;
}

static const char *nodes_take_line(struct nodes *nodes, char **fields, int n)
{
	struct node *node = &nodes->list[nodes->n];
	const char *problem = NULL;
	size_t kind = 0;

	if (n < 2 || nodes->n == NODES_MAX)
		return "a line needs a kind and an id, and there can be 256 at most";
	while (kind < NODE_KINDS && strcmp(rules[kind].name, fields[0]) != 0)
		kind++;
	if (kind == NODE_KINDS)
		return "this kind is not known";
	if (!nodes_is_id(fields[1]) || nodes_find(nodes, fields[1]) != NODE_NONE)
		return "an id is unique, and has letters, digits and .-_@ only";
	*node = (struct node){.kind = (enum node_kind)kind, .id = fields[1]};
	for (int i = 2; !problem && i < n; i++)
		problem = nodes_take_word(nodes, node, fields[i]);
	if (!problem)
		problem = nodes_check(nodes, node);
	nodes->n += !problem;
	return problem;
}

int nodes_parse(char *text, struct nodes *ret_nodes, unsigned *ret_line, const char **ret_problem)
{
	char *fields[FIELDS_MAX];
	int n;

	ret_nodes->n = 0;
	*ret_line = 0;
	*ret_problem = NULL;
	while (!*ret_problem) {
		++*ret_line;
		n = lines_fields(&text, fields, FIELDS_MAX);
		if (n == 0)
			return 0;
		*ret_problem = n < 0 ? "a line has too many fields, or a backslash that means nothing"
				     : nodes_take_line(ret_nodes, fields, n);
	}
	return -EINVAL;
}

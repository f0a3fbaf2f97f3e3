#include "recipe/decode.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "recipe/problem.h"
#include "recipe/source_file.h"

enum { ERRORS_MAX = 100, TEXT_MAX = 4096 };

bool decode_matches(const struct rule *rule, const char *text)
{
	char *whole = NULL;
	regex_t regex;
	bool yes;

	if (strlen(text) > TEXT_MAX || asprintf(&whole, "^(%s)$", rule->pattern) < 0)
		return false;
	yes = regcomp(&regex, whole, REG_EXTENDED | REG_NOSUB) == 0;
	free(whole);
	if (!yes)
		return false;
	yes = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return yes;
}

static int decode_check_text(struct decoder *decoder, const struct schema *schema, const struct node *node,
			     const char *path)
{
	size_t n = 0;

	if (node->state == STATE_REPORTED)
		return -EINVAL;
	if (node->type != NODE_SCALAR || node_is_null(node))
		return problem_expected(decoder, node, path, schema->rule ? schema->rule->expected : "text");
	while (schema->choices && schema->choices[n]) {
		if (strcmp(schema->choices[n], node->text) == 0)
			return 0;
		n++;
	}
	if (n)
		return problem_unknown(decoder, &node->pos, path, "value", node->text, schema->choices, n);
	if (schema->rule && !decode_matches(schema->rule, node->text))
		return problem_expected(decoder, node, path, schema->rule->expected);
	return 0;
}

static int decode_text(struct decoder *decoder, const struct schema *schema, const struct node *node, const char *path,
		       void *out)
{
	if (decode_check_text(decoder, schema, node, path) < 0)
		return -EINVAL;
	*(const char **)out = node->text;
	return 0;
}

static int decode_words(struct decoder *decoder, const struct schema *schema, const struct node *node, const char *path,
			void *out)
{
	struct strv words = {0};
	int r = 0;

	if (node->type == NODE_MAP)
		return problem_expected(decoder, node, path, "a list");
	if (node->type == NODE_SCALAR) {
		r = decode_check_text(decoder, schema, node, path);
		if (r == 0)
			strv_push(decoder->arena, &words, node->text);
	} else {
		for (size_t i = 0; i < node->count; i++) {
			if (decode_check_text(decoder, schema, node->items[i], path) < 0)
				r = -EINVAL;
			else
				strv_push(decoder->arena, &words, node->items[i]->text);
		}
	}
	*(struct strv *)out = words;
	return r;
}

static int decode_read_bool(const struct node *node)
{
	if (node->type != NODE_SCALAR || !node->plain)
		return -1;
	return strcmp(node->text, "true") == 0 ? 1 : strcmp(node->text, "false") == 0 ? 0 : -1;
}

static int decode_bool(struct decoder *decoder, const struct schema *schema, const struct node *node, const char *path,
		       void *out)
{
	int value = decode_read_bool(node);

	if (value < 0)
		return problem_expected(decoder, node, path, "true or false");
	if (schema->type == VALUE_TRISTATE)
		*(enum recipe_tristate *)out = value ? YES : NO;
	else
		*(bool *)out = value;
	return 0;
}

static int decode_int(struct decoder *decoder, const struct schema *schema, const struct node *node, const char *path,
		      void *out)
{
	char *end = NULL;
	int64_t value;

	errno = 0;
	value = node->type == NODE_SCALAR && node->plain ? strtoll(node->text, &end, 10) : 0;
	if (!end || *end || end == node->text || errno || value < schema->min || value > schema->max)
		return problem_expected(
			decoder, node, path,
			arena_printf(decoder->arena, "a number from %" PRId64 " to %" PRId64, schema->min, schema->max));
	*(int64_t *)out = value;
	return 0;
}

static int decode_size(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	uint64_t bytes;

	if (node->type != NODE_SCALAR || size_parse(node->text, &bytes) < 0 || bytes == 0)
		return problem_expected(decoder, node, path, "a size like 512M or 10G");
	*(uint64_t *)out = bytes;
	return 0;
}

/* Without quotes YAML would take 0644 for a number, and 644 is another one. */
static int decode_mode(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	char *end = NULL;
	unsigned long value;

	if (node->type == NODE_SCALAR && node->plain && isdigit((unsigned char)*node->text)) {
		problem_expected(decoder, node, path, "a mode in double quotes");
		return err_hint(decoder->err, "write \"%s\"", node->text);
	}
	value = node->type == NODE_SCALAR ? strtoul(node->text, &end, 8) : 0;
	if (!end || *end || end - node->text < 3 || end - node->text > 5 || value > 07777)
		return problem_expected(decoder, node, path, "a quoted octal mode like \"0644\"");
	*(mode_t *)out = (mode_t)value;
	return 0;
}

/* --- settings: sections and keys of systemd-style files -------------------------------------------------------------- */

static int decode_add_setting(struct decoder *decoder, struct recipe_settings *settings,
			      const struct recipe_setting *of, const struct node *value, const char *path)
{
	struct recipe_setting *setting;
	int truth = decode_read_bool(value);

	if (value->state == STATE_REPORTED)
		return -EINVAL;
	if (value->type != NODE_SCALAR)
		return problem_expected(decoder, value, path, "text, or a list of texts");
	for (const char *c = value->text; *c; c++)
		if (iscntrl((unsigned char)*c) || (*c == '\\' && !c[1]))
			return problem_expected(decoder, value, path,
						"one line of text without a backslash at its end");
	setting = arena_push(decoder->arena, settings->items, settings->count);
	*setting = *of;
	setting->value = truth < 0 ? node_is_null(value) ? "" : value->text : truth ? "yes" : "no";
	return 0;
}

static bool decode_check_key(struct decoder *decoder, const struct rule *rule, const struct node *node, size_t i,
			     const char *path)
{
	if (decode_matches(rule, node->keys[i]))
		return true;
	err_at(decoder->err, -EINVAL, &node->key_pos[i], path, "expected %s, found '%s'", rule->expected,
	       problem_shown(decoder->arena, node->keys[i]));
	if (rule == &schema_setting_rule && islower((unsigned char)*node->keys[i]))
		err_hint(decoder->err, "write '%c%s'", toupper((unsigned char)*node->keys[i]),
			 problem_shown(decoder->arena, node->keys[i] + 1));
	return false;
}

/* Adds the keys of one section; `of` has what they share. */
static int decode_section_keys(struct decoder *decoder, struct recipe_setting of, const struct node *node, const char *path,
			       struct recipe_settings *settings)
{
	if (node->state == STATE_REPORTED)
		return -EINVAL;
	if (node->type != NODE_MAP) {
		problem_expected(decoder, node, path, "a map of keys and values");
		err_hint(decoder->err, "what begins with a capital here is a section, with its keys in it: "
				       "Service: { ExecStart: … }");
		return err_result(decoder->err);
	}
	for (size_t i = 0; i < node->count; i++) {
		const struct node *value = node->items[i];
		const char *key_path = problem_path(decoder->arena, path, node->keys[i]);

		if (!decode_check_key(decoder, &schema_setting_rule, node, i, key_path))
			continue;
		of.key = node->keys[i];
		of.pos = node->key_pos[i];
		if (value->type != NODE_LIST)
			decode_add_setting(decoder, settings, &of, value, key_path);
		for (size_t n = 0; value->type == NODE_LIST && n < value->count; n++) {
			of.pos = value->items[n]->pos;
			decode_add_setting(decoder, settings, &of, value->items[n], key_path);
		}
	}
	return err_result(decoder->err);
}

/* A section, or several of the same name. */
static int decode_section(struct decoder *decoder, const char *section, const struct pos *pos, const struct node *node,
			  const char *path, struct recipe_settings *settings)
{
	struct recipe_setting of = {.section = section, .section_pos = *pos};

	if (node->type != NODE_LIST)
		return decode_section_keys(decoder, of, node, path, settings);
	for (of.nth = 0; of.nth < node->count; of.nth++) {
		of.section_pos = node->items[of.nth]->pos;
		decode_section_keys(decoder, of, node->items[of.nth], path, settings);
	}
	return err_result(decoder->err);
}

/* --- records and tables ---------------------------------------------------------------------------------------------- */

static int decode_unknown_key(struct decoder *decoder, const struct schema *schema, const struct node *node, size_t i,
			      const char *path)
{
	const char *known[96];
	size_t n = 0;

	for (const struct schema_refusal *other = schema->refused; other && other->name; other++)
		if (strcmp(other->name, node->keys[i]) == 0) {
			err_at(decoder->err, -ENOTSUP, &node->key_pos[i], path, "'%s' is not supported", other->name);
			return err_hint(decoder->err, "%s", other->hint);
		}
	for (const struct field *field = schema->fields; field->name && n < 96; field++)
		known[n++] = field->name;
	for (const char *const *section = schema->sections; section && *section && n < 96; section++)
		known[n++] = *section;
	return problem_unknown(decoder, &node->key_pos[i], path, "key", node->keys[i], known, n);
}

static int decode_field(struct decoder *decoder, const struct field *field, const struct node *node, size_t i,
			const char *path, void *out)
{
	char *base = out;
	void *unused[8];             /* room for what any value of one word is read into */

	if (field->flags & FIELD_EARLY)
		return 0;
	if (field->flags & FIELD_IGNORED)
		return decode(decoder, field->schema, node->items[i], path, unused);
	if (field->count_offset) {
		struct { void *items; size_t count; } table = {0};
		int r = decode(decoder, field->schema, node->items[i], path, &table);

		*(void **)(base + field->offset) = table.items;
		*(size_t *)(base + field->count_offset) = table.count;
		return r;
	}
	return decode(decoder, field->schema, node->items[i], path, base + field->offset);
}

static int decode_record(struct decoder *decoder, const struct schema *schema, const struct node *node,
			 const char *path, void *out)
{
	if (node->type != NODE_MAP)
		return problem_expected(decoder, node, path, "a map");
	for (size_t i = 0; i < node->count; i++) {
		const struct field *field = schema_field(schema, node->keys[i]);
		const char *key_path = problem_path(decoder->arena, path, node->keys[i]);

		if (field)
			decode_field(decoder, field, node, i, key_path, out);
		else if (!schema_is_section(schema, node->keys[i]))
			decode_unknown_key(decoder, schema, node, i, key_path);
		else if (decode_check_key(decoder, &schema_setting_rule, node, i, key_path))
			decode_section(decoder, node->keys[i], &node->key_pos[i], node->items[i], key_path,
				       (void *)((char *)out + schema->sections_offset));
	}
	for (const struct field *field = schema->fields; field->name; field++)
		if ((field->flags & FIELD_REQUIRED) && !node_get(node, field->name))
			err_at(decoder->err, -EINVAL, &node->pos, path, "'%s' is missing: %s", field->name,
			       field->help);
	return err_result(decoder->err);
}

static int decode_table(struct decoder *decoder, const struct schema *schema, const struct node *node, const char *path,
			void *out)
{
	struct { char *items; size_t count; } *table = out;

	if (node->type != NODE_MAP)
		return problem_expected(decoder, node, path, "a map of names");
	table->items = arena_alloc(decoder->arena, schema->size * (node->count + 1));
	for (size_t i = 0; i < node->count; i++) {
		char *element = table->items + schema->size * table->count++;
		const char *key_path = problem_path(decoder->arena, path, node->keys[i]);

		decode_check_key(decoder, schema->key_rule, node, i, key_path);
		if (schema->prepare)
			schema->prepare(element);
		*(const char **)(element + schema->key_offset) = node->keys[i];
		*(struct pos *)(element + schema->pos_offset) = node->key_pos[i];
		decode(decoder, schema->element, node->items[i], key_path, element);
	}
	return err_result(decoder->err);
}

int decode(struct decoder *decoder, const struct schema *schema, const struct node *node, const char *path, void *out)
{
	if (node->state == STATE_REPORTED)
		return -EINVAL;
	if (decoder->err->count > ERRORS_MAX)
		return err_result(decoder->err);
	if (schema->decode)
		return schema->decode(decoder, node, path, out);
	switch (schema->type) {
	case VALUE_TEXT:
		return decode_text(decoder, schema, node, path, out);
	case VALUE_BOOL:
	case VALUE_TRISTATE:
		return decode_bool(decoder, schema, node, path, out);
	case VALUE_INT:
		return decode_int(decoder, schema, node, path, out);
	case VALUE_SIZE:
		return decode_size(decoder, node, path, out);
	case VALUE_MODE:
		return decode_mode(decoder, node, path, out);
	case VALUE_WORDS:
		return decode_words(decoder, schema, node, path, out);
	case VALUE_FILE:
		*(const char **)out = source_file_own(decoder, node, path);
		return *(const char **)out ? 0 : -EINVAL;
	case VALUE_SETTINGS:
		return decode_section(decoder, schema->section, &node->pos, node, path, out);
	case VALUE_RECORD:
		return decode_record(decoder, schema, node, path, out);
	case VALUE_TABLE:
		return decode_table(decoder, schema, node, path, out);
	case VALUE_SETTING:
	case VALUE_MAP:
	case VALUE_LIST:
	case VALUE_CONTENT:
	case VALUE_RECIPE:
	case VALUE_TREE:
	case VALUE_ANY:
		break;
	}
	return 0;
}

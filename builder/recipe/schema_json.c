/* The JSON Schema of the language, for editors: the table in other words. It describes one file as it is written, before
 * parents and modules are merged, so what is required may stand in another file and is only described as such. */
#include <string.h>

#include "base/buf.h"
#include "edge/jval.h"
#include "recipe/decode.h"

static struct jval *schema_json_value(struct arena *arena, const struct schema *schema);

/* `${…}`, alone or within a text. */
static const char NAME[] = "\\$\\{";

static const char SIZE_PATTERN[] = "^[0-9]+(\\.[0-9]+)?(B|[KMGT](iB)?)?$";

static struct jval *schema_json_object_with(const char *key, struct jval *what)
{
	struct jval *object = jval_new_object();

	jval_set(object, key, what);
	return object;
}

static struct jval *schema_json_reference(const char *name)
{
	return schema_json_object_with("$ref", jval_text(name));
}

static struct jval *schema_json_any_of(struct jval *one, struct jval *other)
{
	struct jval *list = jval_new_array();

	jval_add(list, one);
	jval_add(list, other);
	return schema_json_object_with("anyOf", list);
}

/* Something that is not text, or the `${…}` that stands for it. */
static struct jval *schema_json_or_name(struct jval *what)
{
	return schema_json_any_of(what, schema_json_reference("#/$defs/name"));
}

/* A pattern of POSIX in the words of ECMA-262, for the whole text. */
static const char *schema_json_pattern_of(struct arena *arena, const struct rule *rule)
{
	static const char *const classes[][2] = {{"[:cntrl:]", "\\u0000-\\u001f\\u007f"}, {"[:space:]", "\\s"}};
	_cleanup_buf_ struct buf out = {0};

	buf_puts(&out, "^(");
	for (const char *c = rule->pattern; *c;) {
		size_t i = 0;

		while (i < 2 && !text_has_prefix(c, classes[i][0]))
			i++;
		if (i < 2)
			buf_puts(&out, classes[i][1]);
		else
			buf_add(&out, c, 1);
		c += i < 2 ? strlen(classes[i][0]) : 1;
	}
	buf_puts(&out, ")$");
	return arena_strdup(arena, out.data);
}

static struct jval *schema_json_text_like(struct arena *arena, const char *pattern, const char *expected, bool numbers)
{
	struct jval *object = jval_new_object(), *types = jval_new_array();

	jval_add(types, jval_text("string"));
	if (numbers)
		jval_add(types, jval_text("number"));
	if (!pattern)
		jval_add(types, jval_text("boolean"));
	jval_set(object, "type", types);
	if (pattern)
		jval_set(object, "pattern", jval_text(arena_printf(arena, "%s|%s", pattern, NAME)));
	if (expected)
		jval_set(object, "description", jval_text(expected));
	return object;
}

/* What is written without quotes may look like a number: a text all the same, where its rule allows it. */
static struct jval *schema_json_word(struct arena *arena, const struct schema *schema)
{
	struct jval *choices;

	if (schema->rule)
		return schema_json_text_like(arena, schema_json_pattern_of(arena, schema->rule), schema->rule->expected,
					     decode_matches(schema->rule, "8300") || decode_matches(schema->rule, "1"));
	if (!schema->choices)
		return schema_json_text_like(arena, NULL, NULL, true);
	choices = jval_new_array();
	for (size_t i = 0; schema->choices[i]; i++)
		jval_add(choices, jval_text(schema->choices[i]));
	return schema_json_or_name(schema_json_object_with("enum", choices));
}

static struct jval *schema_json_number(const struct schema *schema)
{
	struct jval *object = schema_json_object_with("type", jval_text("integer"));

	jval_set(object, "minimum", jval_number(schema->min));
	jval_set(object, "maximum", jval_number(schema->max));
	return schema_json_or_name(object);
}

static struct jval *schema_json_list_of(struct jval *item)
{
	struct jval *list = schema_json_object_with("type", jval_text("array"));

	jval_set(list, "items", item);
	return list;
}

/* A map: `properties` and `patterns` (either may be NULL), and no other keys. */
static struct jval *schema_json_map_of(struct jval *properties, struct jval *patterns)
{
	struct jval *map = schema_json_object_with("type", jval_text("object"));

	if (properties)
		jval_set(map, "properties", properties);
	if (patterns)
		jval_set(map, "patternProperties", patterns);
	jval_set(map, "additionalProperties", jval_bool(false));
	return map;
}

static struct jval *schema_json_field(struct arena *arena, const struct field *from)
{
	const char *required =
		from->flags & FIELD_REQUIRED ? ". Required, here or in a file that this one is merged with" : "";
	const char *expected, *text;
	struct jval *what;

	what = schema_json_value(arena, from->schema);
	expected = jval_get_text(what, "description");
	text = arena_printf(arena, expected ? "%s: %s%s" : "%s%.0s%s", from->help, expected ? expected : "", required);
	jval_set(what, "description", jval_text(text));
	return what;
}

static struct jval *schema_json_record(struct arena *arena, const struct schema *schema)
{
	struct jval *properties = jval_new_object(), *sections = NULL;

	for (const struct field *from = schema->fields; from->name; from++)
		jval_set(properties, from->name, schema_json_field(arena, from));
	if (schema->has_sections)
		sections = schema_json_object_with(schema_json_pattern_of(arena, &schema_setting_rule),
						   schema_json_any_of(
							   schema_json_reference("#/$defs/settings"),
							   schema_json_list_of(schema_json_reference("#/$defs/settings"))));
	return schema_json_map_of(properties, sections);
}

/* What a device may hold: for each type its record. */
static struct jval *schema_json_content(struct arena *arena, const struct schema *schema)
{
	struct jval *choices = jval_new_array();

	for (const struct schema_variant *variant = schema->variants; variant->type; variant++)
		jval_add(choices, schema_json_reference(arena_printf(arena, "#/$defs/%s", variant->type)));
	jval_add(choices, schema_json_reference("#/$defs/name"));
	return schema_json_object_with("anyOf", choices);
}

static struct jval *schema_json_table(struct arena *arena, const struct schema *schema)
{
	return schema_json_map_of(NULL, schema_json_object_with(schema_json_pattern_of(arena, schema->key_rule),
								schema_json_value(arena, schema->element)));
}

static struct jval *schema_json_value(struct arena *arena, const struct schema *schema)
{
	struct schema one = *schema;

	one.type = VALUE_TEXT;
	switch (schema->type) {
	case VALUE_TEXT:
		return schema_json_word(arena, schema);
	case VALUE_FILE:
		return schema_json_object_with("type", jval_text("string"));
	case VALUE_BOOL:
	case VALUE_TRISTATE:
		return schema_json_or_name(schema_json_object_with("type", jval_text("boolean")));
	case VALUE_INT:
		return schema_json_number(schema);
	case VALUE_SIZE:
		return schema_json_text_like(arena, SIZE_PATTERN, "a size like 512M or 10G", true);
	case VALUE_MODE:
		return schema_json_text_like(arena, "^0?[0-7]{3,4}$", "a quoted octal mode like \"0644\"", false);
	case VALUE_WORDS:
		return schema_json_any_of(schema_json_word(arena, &one), schema_json_list_of(schema_json_word(arena, &one)));
	case VALUE_SETTINGS:
		return schema_json_reference("#/$defs/settings");
	case VALUE_RECORD:
		if (schema->or_bool)
			return schema_json_any_of(schema_json_record(arena, schema),
						  schema_json_or_name(schema_json_object_with("type", jval_text("boolean"))));
		return schema_json_any_of(schema_json_record(arena, schema),
					  schema->or_file ? schema_json_object_with("type", jval_text("string"))
							  : schema_json_reference("#/$defs/name"));
	case VALUE_TABLE:
	case VALUE_MAP:
		return schema_json_or_name(schema_json_table(arena, schema));
	case VALUE_LIST:
		return schema_json_or_name(schema_json_list_of(schema_json_value(arena, schema->element)));
	case VALUE_CONTENT:
		return schema_json_content(arena, schema);
	case VALUE_RECIPE:
		return schema_json_reference("#");
	case VALUE_SETTING:
	case VALUE_TREE:
	case VALUE_ANY:
		break;
	}
	return jval_new_object();
}

/* What the references of the schema refer to. */
static struct jval *schema_json_definitions(struct arena *arena)
{
	struct jval *defs = jval_new_object(), *name = schema_json_object_with("type", jval_text("string")), *setting,
		    *settings;

	jval_set(name, "pattern", jval_text("^\\$\\{[A-Za-z0-9._-]+\\}$"));
	jval_set(name, "description", jval_text("a reference to a value: ${vars.…}, ${facts.…}, ${name}, ${env.…}"));
	jval_set(defs, "name", name);
	setting = schema_json_any_of(schema_json_text_like(arena, NULL, NULL, true),
				     schema_json_list_of(schema_json_text_like(arena, NULL, NULL, true)));
	settings = schema_json_map_of(
		NULL, schema_json_object_with(schema_json_pattern_of(arena, &schema_setting_rule), setting));
	jval_set(settings, "description",
		 jval_text("a section of a systemd file: keys, each with a text or a list of texts"));
	jval_set(defs, "settings", settings);
	for (const struct schema_variant *content = schema_contents; content->type; content++)
		jval_set(defs, content->type, schema_json_record(arena, content->schema));
	return defs;
}

const char *recipe_schema(struct arena *arena)
{
	_cleanup_jval_ struct jval *schema = jval_new_object();
	const struct field *fields = schema_recipe.fields;
	struct jval *properties = jval_new_object();

	for (const struct field *from = fields; from->name; from++)
		jval_set(properties, from->name, schema_json_field(arena, from));
	jval_set(schema, "$schema", jval_text("https://json-schema.org/draft/2020-12/schema"));
	jval_set(schema, "title", jval_text("A recipe of aether-build"));
	jval_set(schema, "type", jval_text("object"));
	jval_set(schema, "properties", properties);
	jval_set(schema, "additionalProperties", jval_bool(false));
	jval_set(schema, "$defs", schema_json_definitions(arena));
	return jval_print(arena, schema, true);
}

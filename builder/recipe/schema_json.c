/* The JSON Schema of the language, for editors: the table in other words. It describes one file as it is written, before
 * parents and modules are merged, so what is required may stand in another file and is only described as such. */
#include <string.h>

#include "base/buf.h"
#include "edge/json.h"
#include "recipe/decode.h"

static struct json *schema_json_value(struct arena *arena, const struct schema *schema);

/* `${…}`, alone or within a text. */
static const char NAME[] = "\\$\\{";

static struct json *schema_json_object_with(const char *key, struct json *what)
{
	struct json *object = json_new_object();

	json_set(object, key, what);
	return object;
}

static struct json *schema_json_reference(const char *name)
{
	return schema_json_object_with("$ref", json_text(name));
}

static struct json *schema_json_any_of(struct json *one, struct json *other)
{
	struct json *list = json_new_array();

	json_add(list, one);
	json_add(list, other);
	return schema_json_object_with("anyOf", list);
}

/* Something that is not text, or the `${…}` that stands for it. */
static struct json *schema_json_or_name(struct json *what)
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

static struct json *schema_json_text_like(struct arena *arena, const char *pattern, const char *expected, bool numbers)
{
	struct json *object = json_new_object(), *types = json_new_array();

	json_add(types, json_text("string"));
	if (numbers)
		json_add(types, json_text("number"));
	if (!pattern)
		json_add(types, json_text("boolean"));
	json_set(object, "type", types);
	if (pattern)
		json_set(object, "pattern", json_text(arena_printf(arena, "%s|%s", pattern, NAME)));
	if (expected)
		json_set(object, "description", json_text(expected));
	return object;
}

/* What is written without quotes may look like a number: a text all the same, where its rule allows it. */
static struct json *schema_json_word(struct arena *arena, const struct schema *schema)
{
	struct json *choices;

	if (schema->rule)
		return schema_json_text_like(arena, schema_json_pattern_of(arena, schema->rule), schema->rule->expected,
					     decode_matches(schema->rule, "8300"));
	if (!schema->choices)
		return schema_json_text_like(arena, NULL, NULL, true);
	choices = json_new_array();
	for (size_t i = 0; schema->choices[i]; i++)
		json_add(choices, json_text(schema->choices[i]));
	return schema_json_or_name(schema_json_object_with("enum", choices));
}

static struct json *schema_json_number(const struct schema *schema)
{
	struct json *object = schema_json_object_with("type", json_text("integer"));

	json_set(object, "minimum", json_number(schema->min));
	json_set(object, "maximum", json_number(schema->max));
	return schema_json_or_name(object);
}

static struct json *schema_json_list_of(struct json *item)
{
	struct json *list = schema_json_object_with("type", json_text("array"));

	json_set(list, "items", item);
	return list;
}

/* A map: `properties` and `patterns` (either may be NULL), and no other keys. */
static struct json *schema_json_map_of(struct json *properties, struct json *patterns)
{
	struct json *map = schema_json_object_with("type", json_text("object"));

	if (properties)
		json_set(map, "properties", properties);
	if (patterns)
		json_set(map, "patternProperties", patterns);
	json_set(map, "additionalProperties", json_bool(false));
	return map;
}

/* Nothing fits; says why. */
static struct json *schema_json_never(const char *why)
{
	struct json *object = schema_json_object_with("not", json_new_object());

	json_set(object, "description", json_text(why));
	return object;
}

static struct json *schema_json_field(struct arena *arena, const struct field *from)
{
	const char *required =
		from->flags & FIELD_REQUIRED ? ". Required, here or in a file that this one is merged with" : "";
	const char *expected, *text;
	struct json *what;

	if (from->flags & FIELD_LATER)
		return schema_json_never(arena_printf(arena, "Not yet supported: %s", from->help));
	what = schema_json_value(arena, from->schema);
	expected = json_get_text(what, "description");
	text = arena_printf(arena, expected ? "%s: %s%s" : "%s%.0s%s", from->help, expected ? expected : "", required);
	json_set(what, "description", json_text(text));
	return what;
}

static struct json *schema_json_record(struct arena *arena, const struct schema *schema)
{
	struct json *properties = json_new_object(), *sections = NULL;

	for (const struct field *from = schema->fields; from->name; from++)
		json_set(properties, from->name, schema_json_field(arena, from));
	if (schema->has_sections)
		sections = schema_json_object_with(schema_json_pattern_of(arena, &schema_setting_rule),
						   schema_json_reference("#/$defs/settings"));
	return schema_json_map_of(properties, sections);
}

/* What a partition may hold: for each type its record, and a word on those that nobody makes yet. */
static struct json *schema_json_content(struct arena *arena)
{
	struct json *choices = json_new_array();
	const char *later = "Not yet supported:";

	for (size_t i = 0; schema_content_types[i]; i++) {
		bool is_later;
		const struct schema *schema = schema_content(schema_content_types[i], &is_later);

		if (schema)
			json_add(choices, schema_json_record(arena, schema));
		else
			later = arena_printf(arena, "%s %s", later, schema_content_types[i]);
	}
	json_add(choices, schema_json_never(later));
	json_add(choices, schema_json_reference("#/$defs/name"));
	return schema_json_object_with("anyOf", choices);
}

static struct json *schema_json_table(struct arena *arena, const struct schema *schema)
{
	return schema_json_map_of(NULL, schema_json_object_with(schema_json_pattern_of(arena, schema->key_rule),
								schema_json_value(arena, schema->element)));
}

static struct json *schema_json_value(struct arena *arena, const struct schema *schema)
{
	struct schema one = *schema;

	one.type = VALUE_TEXT;
	switch (schema->type) {
	case VALUE_TEXT:
		return schema_json_word(arena, schema);
	case VALUE_FILE:
		return schema_json_object_with("type", json_text("string"));
	case VALUE_BOOL:
	case VALUE_TRISTATE:
		return schema_json_or_name(schema_json_object_with("type", json_text("boolean")));
	case VALUE_INT:
		return schema_json_number(schema);
	case VALUE_SIZE:
		return schema_json_text_like(arena, "^[0-9]+(\\.[0-9]+)?(B|[KMGT](iB)?)?$", "a size like 512M or 10G",
					     true);
	case VALUE_MODE:
		return schema_json_text_like(arena, "^0?[0-7]{3,4}$", "a quoted octal mode like \"0644\"", false);
	case VALUE_WORDS:
		return schema_json_any_of(schema_json_word(arena, &one),
					  schema_json_list_of(schema_json_word(arena, &one)));
	case VALUE_SETTINGS:
		return schema_json_reference("#/$defs/settings");
	case VALUE_RECORD:
		return schema_json_any_of(schema_json_record(arena, schema),
					  schema->or_file ? schema_json_object_with("type", json_text("string"))
							  : schema_json_reference("#/$defs/name"));
	case VALUE_TABLE:
	case VALUE_MAP:
		return schema_json_or_name(schema_json_table(arena, schema));
	case VALUE_LIST:
		return schema_json_or_name(schema_json_list_of(schema_json_value(arena, schema->element)));
	case VALUE_CONTENT:
		return schema_json_content(arena);
	case VALUE_RECIPE:
		return schema_json_reference("#");
	case VALUE_SETTING:
	case VALUE_ANY:
		break;
	}
	return json_new_object();
}

/* What the references of the schema refer to. */
static struct json *schema_json_definitions(struct arena *arena)
{
	struct json *defs = json_new_object(), *name = schema_json_object_with("type", json_text("string")), *setting,
		    *settings;

	json_set(name, "pattern", json_text("^\\$\\{[A-Za-z0-9._-]+\\}$"));
	json_set(name, "description",
		 json_text("a name that stands for a value: ${vars.…}, ${facts.…}, ${name}, ${env.…}"));
	json_set(defs, "name", name);
	setting = schema_json_any_of(schema_json_text_like(arena, NULL, NULL, true),
				     schema_json_list_of(schema_json_text_like(arena, NULL, NULL, true)));
	settings = schema_json_map_of(
		NULL, schema_json_object_with(schema_json_pattern_of(arena, &schema_setting_rule), setting));
	json_set(settings, "description",
		 json_text("a section of systemd's: its own keys, each with a text or a list of texts"));
	json_set(defs, "settings", settings);
	return defs;
}

const char *recipe_schema(struct arena *arena)
{
	_cleanup_json_ struct json *schema = json_new_object();
	const struct field *fields = schema_recipe.fields;
	struct json *properties = json_new_object();

	for (const struct field *from = fields; from->name; from++)
		json_set(properties, from->name, schema_json_field(arena, from));
	json_set(schema, "$schema", json_text("https://json-schema.org/draft/2020-12/schema"));
	json_set(schema, "title", json_text("A recipe of aether-build"));
	json_set(schema, "type", json_text("object"));
	json_set(schema, "properties", properties);
	json_set(schema, "additionalProperties", json_bool(false));
	json_set(schema, "$defs", schema_json_definitions(arena));
	return json_print(arena, schema, true);
}

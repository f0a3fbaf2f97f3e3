/* Finding one's way in the table of the language. */
#include <ctype.h>
#include <string.h>

#include "edge/yaml.h"
#include "recipe/schema.h"

const struct rule schema_setting_rule = {
	"a name like those of systemd: a capital letter, then letters, digits and dashes", "[A-Z][A-Za-z0-9-]*"};

static const struct schema any = {.type = VALUE_ANY};
static const struct schema setting = {.type = VALUE_SETTING};
static const struct schema settings = {.type = VALUE_SETTINGS};

const struct field *schema_field(const struct schema *schema, const char *name)
{
	for (const struct field *field = schema->fields; field && field->name; field++)
		if (strcmp(field->name, name) == 0)
			return field;
	return NULL;
}

const struct schema_variant *schema_variant(const struct schema *schema, const char *type)
{
	for (const struct schema_variant *variant = schema->variants; variant && variant->type; variant++)
		if (strcmp(variant->type, type) == 0)
			return variant;
	return NULL;
}

bool schema_is_section(const struct schema *schema, const char *key)
{
	return schema->has_sections && isupper((unsigned char)*key);
}

static const struct schema *schema_walk_below_record(const struct schema *schema, const char *key)
{
	const struct field *field = schema_field(schema, key);

	if (field)
		return field->schema;
	return schema_is_section(schema, key) ? &settings : &any;
}

const struct schema *schema_below(const struct schema *schema, const struct node *node, const char *key)
{
	const struct schema_variant *variant;
	const struct node *type;

	switch (schema->type) {
	case VALUE_RECORD:
		return key ? schema_walk_below_record(schema, key) : &any;
	case VALUE_TABLE:
	case VALUE_MAP:
	case VALUE_LIST:
		return schema->element;
	case VALUE_SETTINGS:
		return key ? &setting : &settings;
	case VALUE_TREE:
		return schema;
	case VALUE_CONTENT:
		type = node_get(node, "type");
		variant = type && type->text ? schema_variant(schema, type->text) : NULL;
		return variant && key ? schema_walk_below_record(variant->schema, key) : &any;
	default:
		return &any;
	}
}

/* The words of `quadlets`. */
#include "recipe/recipe.h"
#include "recipe/schema.h"

#define OF(member) offsetof(struct recipe_quadlet, member)

static const struct rule quadlet_rule = {"the name of a Quadlet file, like foo.container",
					 "[A-Za-z0-9][A-Za-z0-9:_.@-]*\\.(container|volume|network|pod|image|kube|build)"};
static const struct rule account_rule = {"the name of a user", "[a-z_][a-z0-9_-]{0,30}"};
static const struct schema boolean = {.type = VALUE_BOOL};
static const struct schema tristate = {.type = VALUE_TRISTATE};
static const struct schema account = {VALUE_TEXT, .rule = &account_rule};

static const struct field quadlet_fields[] = {
	{"enable", &tristate, 0, OF(enable), 0,
     "started at boot (true of containers, pods and kubes without an Install section)"},
	{"embed", &boolean, 0, OF(embed), 0, "the image travels inside the artifact, pinned by digest in the lock"},
	{"user", &account, 0, OF(user), 0, "run rootless by this user, who has linger (root runs it)"},
	{0},
};
static void prepare_quadlet(void *element)
{
	((struct recipe_quadlet *)element)->enable = UNSET;
}

static const struct schema quadlet = {
	VALUE_RECORD, .fields = quadlet_fields, .sections_offset = OF(settings), .has_sections = true,
};
const struct schema schema_quadlets = {
	VALUE_TABLE, .element = &quadlet, .size = sizeof(struct recipe_quadlet), .key_rule = &quadlet_rule,
	.key_offset = OF(name), .pos_offset = OF(pos), .prepare = prepare_quadlet,
};

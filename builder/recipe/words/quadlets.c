/* Quadlets: checks that podman's generator cannot make. It checks their sections itself, when the image is built. */
#include <string.h>

#include "oci/reference.h"
#include "recipe/words/words.h"

static const struct rule quadlet_rule = {"the name of a Quadlet file, like foo.container",
					 "[A-Za-z0-9][A-Za-z0-9:_.@-]*\\.(container|volume|network|pod|image|kube|build)"};

static const struct rule account_rule = {"the name of a user", "[a-z_][a-z0-9_-]{0,30}"};
static const struct schema schema_account = {VALUE_TEXT, .rule = &account_rule};

static const struct field quadlet_fields[] = {
	{"enable", &word_tristate, 0, WORD_OF(recipe_quadlet, enable), 0,
	 "start at boot (true for containers, pods and kubes without an Install section)"},
	{"embed", &word_bool, 0, WORD_OF(recipe_quadlet, embed), 0,
	 "put the container image into the built image; the lock has its digest"},
	{"user", &schema_account, 0, WORD_OF(recipe_quadlet, user), 0,
	 "run rootless as this user, who needs `linger` (root)"},
	WORD_END,
};
static void words_quadlets_prepare_quadlet(void *element)
{
	((struct recipe_quadlet *)element)->enable = UNSET;
}

static const struct schema schema_quadlet = {
	VALUE_RECORD, .fields = quadlet_fields, .sections_offset = WORD_OF(recipe_quadlet, settings), .has_sections = true,
	.sections = word_quadlet_sections,
};

/* What the generator makes of a file, by its kind, and a key that such a file is nothing without. */
static const struct quadlet_kind {
	const char *suffix, *service; /* what follows the name, of the file and of the service */
	const char *section, *key;    /* `key` NULL: none is needed */
	bool starts;                  /* something that runs, not something that others use */
} quadlet_kinds[] = {
	{".container", ".service", "Container", "Image", true},
	{".kube", ".service", "Kube", "Yaml", true},
	{".pod", "-pod.service", "Pod", NULL, true},
	{".image", "-image.service", "Image", "Image", false},
	{".build", "-build.service", "Build", "ImageTag", false},
	{".volume", "-volume.service", "Volume", NULL, false},
	{".network", "-network.service", "Network", NULL, false},
};

static const struct quadlet_kind *words_quadlets_kind_of(const struct recipe_quadlet *quadlet)
{
	const struct quadlet_kind *kind = quadlet_kinds;

	while (!text_has_suffix(quadlet->name, kind->suffix)) /* the schema knows no others */
		kind++;
	return kind;
}

/* The last value of a key, which is the one that counts; NULL for none. */
static const char *words_quadlets_setting(const struct recipe_quadlet *quadlet, const char *section, const char *key)
{
	const char *value = NULL;

	for (size_t i = 0; i < quadlet->settings.count; i++)
		if (strcmp(quadlet->settings.items[i].section, section) == 0 &&
		    (!key || strcmp(quadlet->settings.items[i].key, key) == 0))
			value = quadlet->settings.items[i].value;
	return value;
}

/* The place of a key, or of the whole file where there is none. */
static const struct pos *words_quadlets_place_of(const struct recipe_quadlet *quadlet, const struct node *node,
						 const char *section, const char *key)
{
	const struct node *value = node_get(node_get(node, section), key);

	return value ? &value->pos : &quadlet->pos;
}

/* A container whose image stands in another file (foo.image, foo.build), or that has a folder for its root, has none to
 * embed. */
static void words_quadlets_check_embed(struct decoder *decoder, struct recipe_quadlet *quadlet, const struct node *node,
				       const char *path)
{
	const char *image = words_quadlets_setting(quadlet, "Container", "Image"),
		   *pull = words_quadlets_setting(quadlet, "Container", "Pull");
	const struct pos *pos = words_quadlets_place_of(quadlet, node, "Container", "Image");
	struct reference reference;
	int r;

	if (!text_has_suffix(quadlet->name, ".container") || !image || text_has_suffix(image, ".image") ||
	    text_has_suffix(image, ".build")) {
		err_at(decoder->err, -EINVAL, &quadlet->pos, path,
		       "'embed' needs a container with an 'Image' from a registry");
		return;
	}
	r = reference_parse(decoder->arena, image, &reference);
	if (r == -EDESTADDRREQ) {
		err_at(decoder->err, -EINVAL, pos, path, "'%s' has no name of a registry",
		       problem_shown(decoder->arena, image));
		err_hint(decoder->err, "write the full name, like docker.io/library/caddy:2");
	} else if (r < 0) {
		err_at(decoder->err, -EINVAL, pos, path,
		       "expected the name of an image, like docker.io/library/caddy:2, found '%s'",
		       problem_shown(decoder->arena, image));
	} else {
		quadlet->image = reference.text;
	}
	if (pull && strcmp(pull, "never") != 0 && strcmp(pull, "missing") != 0)
		err_at(decoder->err, -EINVAL, words_quadlets_place_of(quadlet, node, "Container", "Pull"), path,
		       "the image is embedded, but 'Pull: %s' would download it", problem_shown(decoder->arena, pull));
}

static const struct recipe_user *words_quadlets_find_user(const struct recipe *recipe, const char *name)
{
	for (size_t i = 0; i < recipe->n_users; i++)
		if (strcmp(recipe->users[i].name, name) == 0)
			return &recipe->users[i];
	return NULL;
}

static void words_quadlets_check_user(struct decoder *decoder, const struct recipe_quadlet *quadlet,
				      const struct node *node, const char *path, unsigned kind)
{
	const struct recipe *recipe = decoder->recipe;
	const struct recipe_user *user = words_quadlets_find_user(recipe, quadlet->user);
	const struct pos *pos = &node_get(node, "user")->pos;

	if (kind == KIND_LXC) {
		err_at(decoder->err, -ENOTSUP, pos, path,
		       "a rootless container needs more user ids than an LXC container provides");
		err_hint(decoder->err, "leave 'user' out, or build a 'vm'");
	} else if (!user) {
		err_at(decoder->err, -EINVAL, pos, path, "the user '%s' does not exist", quadlet->user);
		err_hint(decoder->err, strcmp(quadlet->user, "root") == 0 ? "leave 'user' out to run it as root"
									  : "add it to 'users'");
	} else if (user->uid < 0 && user->system) {
		err_at(decoder->err, -EINVAL, pos, path,
		       "the user '%s' needs a 'uid': podman finds its files by that number", user->name);
	} else if (!user->linger) {
		err_at(decoder->err, -EINVAL, pos, path, "the services of '%s' do not run before that user logs in",
		       user->name);
		err_hint(decoder->err, "add 'users: { %s: { linger: true } }'", user->name);
	}
}

static bool words_quadlets_same_user(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : !a && !b;
}

/* A unit of the same name would hide what the generator makes. */
static void words_quadlets_check_service(struct decoder *decoder, const struct recipe_quadlet *quadlet)
{
	const struct quadlet_kind *kind = words_quadlets_kind_of(quadlet);
	int length = (int)(strlen(quadlet->name) - strlen(kind->suffix));
	const char *service = arena_printf(decoder->arena, "%.*s%s", length, quadlet->name, kind->service);

	for (size_t i = 0; i < decoder->recipe->n_units; i++)
		if (words_quadlets_same_user(decoder->recipe->units[i].user, quadlet->user) &&
		    strcmp(decoder->recipe->units[i].name, service) == 0) {
			err_at(decoder->err, -EINVAL, &decoder->recipe->units[i].pos,
			       problem_path(decoder->arena, "units", service),
			       "podman generates the unit '%s' from the quadlet '%s'", service, quadlet->name);
			err_hint(decoder->err, "put these sections into 'quadlets.%s'", quadlet->name);
		}
}

/* What somebody else starts, or what has no name before it is started, is left to them. */
static bool words_quadlets_starts_by_itself(const struct recipe_quadlet *quadlet)
{
	return words_quadlets_kind_of(quadlet)->starts && !strstr(quadlet->name, "@.") &&
	       !words_quadlets_setting(quadlet, "Container", "Pod");
}

static void words_quadlets_check_quadlet(struct decoder *decoder, struct recipe_quadlet *quadlet,
					 const struct node *node, unsigned kind)
{
	const struct quadlet_kind *type = words_quadlets_kind_of(quadlet);
	const char *path = problem_path(decoder->arena, "quadlets", quadlet->name);

	if (problem_known(decoder, path))
		return;
	word_check_sections(decoder, WORD_QUADLET, quadlet->name, &quadlet->settings, path);
	if (type->key && !words_quadlets_setting(quadlet, type->section, type->key) &&
	    !words_quadlets_setting(quadlet, "Container", "Rootfs"))
		err_at(decoder->err, -EINVAL, &quadlet->pos, path, "'%s.%s' is missing", type->section, type->key);
	if (quadlet->enable != UNSET && words_quadlets_setting(quadlet, "Install", NULL)) {
		err_at(decoder->err, -EINVAL, &node_get(node, "enable")->pos, path,
		       "'enable' cannot be used with an 'Install' section");
		err_hint(decoder->err, "leave one of them out");
	}
	if (quadlet->enable == YES && strstr(quadlet->name, "@.")) {
		err_at(decoder->err, -EINVAL, &node_get(node, "enable")->pos, path,
		       "'%s' is a template: there is nothing to start before it has an instance", quadlet->name);
		err_hint(decoder->err, "write 'Install: { WantedBy: %s, DefaultInstance: NAME }' instead of 'enable'",
			 quadlet->user ? "default.target" : "multi-user.target");
	}
	if (quadlet->embed)
		words_quadlets_check_embed(decoder, quadlet, node, path);
	if (quadlet->user)
		words_quadlets_check_user(decoder, quadlet, node, path, kind);
	words_quadlets_check_service(decoder, quadlet);
	if (quadlet->enable == UNSET)
		quadlet->enable =
			words_quadlets_starts_by_itself(quadlet) && !words_quadlets_setting(quadlet, "Install", NULL)
				? YES
				: NO;
}

static void words_quadlets_check(struct decoder *decoder, const struct node *root)
{
	const struct node *map = node_get(root, "quadlets");
	const struct recipe *recipe = decoder->recipe;

	if (recipe->n_quadlets && recipe->kinds == KIND_TOOLS && !problem_known(decoder, "kinds"))
		err_at(decoder->err, -EINVAL, &map->pos, "quadlets",
		       "a recipe of the kind 'tools' cannot have containers");
	for (size_t i = 0; i < recipe->n_quadlets; i++)
		if (decode_matches(word_quadlets.key_rule, recipe->quadlets[i].name))
			words_quadlets_check_quadlet(decoder, &recipe->quadlets[i],
						     node_get(map, recipe->quadlets[i].name), recipe->kind);
}

const struct schema word_quadlets = {
	VALUE_TABLE,
	.element = &schema_quadlet,
	.size = sizeof(struct recipe_quadlet),
	.key_rule = &quadlet_rule,
	.key_offset = WORD_OF(recipe_quadlet, name),
	.pos_offset = WORD_OF(recipe_quadlet, pos),
	.prepare = words_quadlets_prepare_quadlet,
	.check = words_quadlets_check,
};

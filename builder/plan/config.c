#include "plan/config.h"

#include <errno.h>
#include <string.h>

#include "edge/digest.h"

static bool plan_config_has_package(const struct plan_tree *tree, const char *name)
{
	for (unsigned l = 0; l < LAYER_COUNT; l++)
		for (size_t i = 0; i < tree->layers[l].n_packages; i++)
			if (strcmp(tree->layers[l].packages[i].name, name) == 0)
				return true;
	return false;
}

int config_needs(const struct plan *plan, const char *package, const struct pos *pos, const char *what, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *needed;

	if (plan_config_has_package(&plan->image, package))
		return 0;
	/* Told once, for the first that needs it. */
	needed = arena_printf(arena, "needs the package '%s'", package);
	for (const struct err_item *item = err->first; item; item = item->next)
		if (text_has_suffix(item->text, needed))
			return -EINVAL;
	err_at(err, -EINVAL, pos, NULL, "%s needs the package '%s'", what, package);
	return err_hint(err, "add '%s' to 'packages' and lock again: aether-build lock %s", package, plan->recipe->path);
}

static struct plan_file *plan_config_add_file(struct arena *arena, struct plan *plan, const char *path,
					 const struct pos *pos)
{
	struct plan_file *file = arena_push(arena, plan->files, plan->n_files);

	*file = (struct plan_file){.path = arena_strdup(arena, path), .owner = "root", .group = "root"};
	if (pos)
		file->pos = *pos;
	return file;
}

void config_put(struct arena *arena, struct plan *plan, const char *path, mode_t mode, const struct pos *pos, const char *text)
{
	struct plan_file *file = plan_config_add_file(arena, plan, path, pos);

	file->mode = mode;
	file->text = arena_strdup(arena, text);
	sha256_hex_of(text, strlen(text), file->sha256);
}

void config_take(struct arena *arena, struct plan *plan, const char *path, mode_t mode, const char *source, const char *sha256)
{
	struct plan_file *file = plan_config_add_file(arena, plan, path, NULL);

	file->mode = mode;
	file->source = source;
	memcpy(file->sha256, sha256, sizeof file->sha256);
}

void config_link(struct arena *arena, struct plan *plan, const char *path, const char *target)
{
	struct plan_file *file = plan_config_add_file(arena, plan, path, NULL);

	file->link = arena_strdup(arena, target);
	file->mode = 0777;
}

bool config_has_file(const struct plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->recipe->n_files; i++)
		if (strcmp(plan->recipe->files[i].path, path) == 0)
			return true;
	return false;
}

static bool plan_config_same_section(const struct recipe_settings *settings, size_t i, size_t j)
{
	return settings->items[i].nth == settings->items[j].nth &&
	       strcmp(settings->items[i].section, settings->items[j].section) == 0;
}

/* Whether the section of setting `i` has come before. */
static bool plan_config_section_seen(const struct recipe_settings *settings, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (plan_config_same_section(settings, i, j))
			return true;
	return false;
}

void config_settings(struct buf *text, const struct recipe_settings *settings)
{
	for (size_t i = 0; i < settings->count; i++) {
		const char *section = settings->items[i].section;

		if (plan_config_section_seen(settings, i))
			continue;
		buf_printf(text, "%s[%s]\n", text->size ? "\n" : "", section);
		for (size_t j = i; j < settings->count; j++)
			if (plan_config_same_section(settings, i, j))
				buf_printf(text, "%s=%s\n", settings->items[j].key, settings->items[j].value);
	}
}

const struct recipe_setting *config_setting_at(const struct recipe_settings *settings, unsigned line)
{
	unsigned at = 0;

	for (size_t i = 0; i < settings->count; i++) {
		if (plan_config_section_seen(settings, i))
			continue;
		at += at ? 2 : 1;
		for (size_t j = i; j < settings->count; j++)
			if (plan_config_same_section(settings, i, j) && ++at == line)
				return &settings->items[j];
	}
	return NULL;
}

/* The digest of a file that recipe_load() has read. */
static const char *plan_config_input_digest(const struct recipe *recipe, const char *path)
{
	for (size_t i = 0; i < recipe->n_inputs; i++)
		if (strcmp(recipe->inputs[i].path, path) == 0)
			return recipe->inputs[i].sha256;
	return NULL;
}

int config_put_words(struct arena *arena, struct plan *plan, const char *path, const struct pos *pos, const char *text,
		     const char *source, struct err *err)
{
	const char *digest = source ? plan_config_input_digest(plan->recipe, source) : NULL;
	struct plan_file *file = plan_config_add_file(arena, plan, path, pos);

	file->mode = 0644;
	file->text = text;
	file->source = source;
	if (text)
		sha256_hex_of(text, strlen(text), file->sha256);
	else if (digest)
		memcpy(file->sha256, digest, sizeof file->sha256);
	else
		return err_at(err, -EINVAL, pos, NULL, "'%s' was not read with the recipe", source);
	return 0;
}

/* Whose words a file is made from, by the beginning of its path, and the way that works. What `yields` gives way to a file of
 * the recipe's own: recipe/words/places.c has said when that is not meant. */
static const struct maker {
	const char *prefix;
	bool yields;
	const char *words, *way;
} makers[] = {
	{"/etc/hosts", true, "", ""},
	{"/etc/nftables.conf", true, "", ""},
	{"/usr/lib/sysusers.d/", false, "'users'", "add the account to 'users', or use a file of another name"},
	{"/usr/lib/tmpfiles.d/", false, "'users'", "use a file of another name"},
	{"/etc/sudoers.d/", false, "'sudo' of the user", "use a file of another name that comes after it"},
	{"/etc/ssh/sshd_config.d/", false, "'ssh'", "use a file whose name comes before it: sshd takes what it reads first"},
	{"/etc/ssh/", false, "'ssh'", "use 'ca' and 'principals' there"},
	{"/etc/systemd/network/", false, "'networks'",
	 "any section of systemd.network(5) can stand there; or use a file whose name comes before it"},
	{"/usr/lib/systemd/system-preset/", false, "'units'", "use 'enable' there"},
	{"/etc/modules-load.d/", false, "'modulesLoad'", "add the modules there, or use a file of another name"},
	{"/etc/containers/systemd/", false, "'quadlets'", "put the sections there"},
	{"/etc/containers/", false, "'quadlets' with 'embed'",
	 "settings can stand in a file below /etc/containers/containers.conf.d"},
	{"/etc/sub", false, "'quadlets' with 'user'", "their users get what they need"},
	{"/etc/nftables.d/", false, "'firewall.rules'", "put the rules there"},
	{"/usr/lib/sysctl.d/", false, "'firewall'", "use a file of another name, below /etc/sysctl.d"},
	{"/usr/lib/systemd/user-generators/", false, "'units' with 'user'", "use a file of another name"},
	{"/usr/lib/repart.d/", false, "'partitions'", "use a file of another name"},
	{"/usr/lib/aether/stack", false, "'partitions'", "say there what the machine's disks hold"},
	{"/usr/lib/aether/secrets", false, "'secrets' and 'templates'", "declare it there"},
	{"/usr/lib/aether/health", false, "'health'", "write the checks there"},
	{"", false, "other words of the recipe", "use a file of another name"},
};

static const struct maker *plan_config_maker(const char *path)
{
	const struct maker *maker = makers;

	while (!text_has_prefix(path, maker->prefix))
		maker++;
	return maker;
}

/* Removes what was made at the path of something of the recipe's own, or says that there would be two. */
static void plan_config_give_way(struct plan *plan, const char *path, const struct pos *pos, const char *key, struct err *err)
{
	for (size_t i = 0; i < plan->n_files; i++) {
		const struct maker *maker = plan_config_maker(path);

		if (strcmp(plan->files[i].path, path) != 0)
			continue;
		if (!maker->yields) {
			err_at(err, -EEXIST, pos, key, "'%s' is made from %s", path, maker->words);
			err_hint(err, "%s", maker->way);
		}
		memmove(&plan->files[i], &plan->files[i + 1], (--plan->n_files - i) * sizeof *plan->files);
		return;
	}
}

static int plan_config_add_own_files(struct arena *arena, struct plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->recipe->n_downloads; i++)
		if (!plan->recipe->downloads[i].unpack)
			plan_config_give_way(plan, plan->recipe->downloads[i].path, &plan->recipe->downloads[i].pos,
					arena_printf(arena, "downloads.%s", plan->recipe->downloads[i].name), err);
	for (size_t i = 0; i < plan->recipe->n_files; i++)
		plan_config_give_way(plan, plan->recipe->files[i].path, &plan->recipe->files[i].pos,
				arena_printf(arena, "files.%s", plan->recipe->files[i].path), err);
	for (size_t i = 0; i < plan->recipe->n_files; i++) {
		const struct recipe_file *own = &plan->recipe->files[i];
		int r = config_put_words(arena, plan, own->path, &own->pos, own->text, own->source, err);
		struct plan_file *file = &plan->files[plan->n_files - 1];

		if (r < 0)
			return r;
		file->mode = own->mode;
		file->owner = own->owner;
		file->group = own->group;
	}
	return 0;
}

/* Files that every image has: the identity it gets is the machine's own, on its first boot. */
static int plan_config_common_make(struct arena *arena, struct plan *plan, struct err *err)
{
	const struct pos pos = recipe_place(plan->recipe, (const char *const[]){"timezone", NULL}, NULL);
	const char *zone = plan->recipe->timezone;
	struct plan_file *link;
	int r;

	config_put(arena, plan, "/etc/machine-id", 0444, NULL, "uninitialized\n");
	if (strcmp(zone, "UTC") == 0)
		return 0;
	r = config_needs(plan, "tzdata", &pos, "'timezone'", err);
	if (r < 0)
		return r;
	link = plan_config_add_file(arena, plan, "/etc/localtime", &pos);
	link->link = arena_printf(arena, "../usr/share/zoneinfo/%s", zone);
	link->mode = 0777;
	return 0;
}

int config_make(struct arena *arena, struct plan *plan, struct err *err)
{
	static int (*const all[])(struct arena *, struct plan *, struct err *) = {
		plan_config_common_make, numbers_make, access_make, trust_make, network_make, firewall_make, quadlets_make,
		own_make, units_make, secrets_make, stack_make, layout_make, mounts_make, needs_make, agent_make,
		plan_config_add_own_files,
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		all[i](arena, plan, err);
	return err_result(err);
}

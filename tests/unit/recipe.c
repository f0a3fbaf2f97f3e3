#include "suite.h"

#include <stdlib.h>
#include <string.h>

#include "recipe/recipe.h"
#include "recipes.h"
#include "scratch.h"

#define FROM "from: base.recipe\n"

/* --- merging --------------------------------------------------------------------------------------------------------- */

START_TEST(parent_then_modules_then_the_file_itself)
{
	recipes_write("m/one.recipe", "packages: [bb, aa]\ntimezone: Europe/Berlin\nkernelArgs: one\n");
	recipes_write("m/two.recipe", "packages: cc\nkernelArgs: [two, one]\n");

	const struct recipe *recipe =
		recipes_load(FROM "use: [m/one.recipe, m/two.recipe]\nname: own\npackages: [dd, aa, curl]\n");

	ck_assert_str_eq(recipes_packages(recipe), "curl/P less/P bb/M aa/M cc/M dd/S");
	ck_assert_str_eq(recipe->name, "own");
	ck_assert_str_eq(recipe->timezone, "Europe/Berlin");
	ck_assert_str_eq(recipes_words(&recipe->kernel_args), "one two");
}
END_TEST

START_TEST(maps_merge_by_key_to_any_depth)
{
	const struct recipe *recipe =
		recipes_load(FROM "users: { aether: { sudo: nopasswd, groups: adm }, bob: {} }\n"
			      "partitions: { disk: { main: { content: { partitions: { state: { size: 1G } } } } } }\n");

	ck_assert_uint_eq(recipe->n_users, 2);
	ck_assert_str_eq(recipe->users[0].name, "aether");
	ck_assert_str_eq(recipe->users[0].sudo, "nopasswd");
	ck_assert(recipe->users[0].linger);
	ck_assert_str_eq(recipes_words(&recipe->users[0].groups), "sudo adm");
	ck_assert_uint_eq(recipe->disks[0].content.partitions[3].size, 1 << 30);
	ck_assert_str_eq(recipe->disks[0].content.partitions[3].content.format, "ext4");
}
END_TEST

START_TEST(replace_starts_anew)
{
	const struct recipe *recipe = recipes_load(FROM "packages: !replace [vim]\nusers: !replace { bob: {} }\n");

	ck_assert_str_eq(recipes_packages(recipe), "vim/S");
	ck_assert_uint_eq(recipe->n_users, 1);
	ck_assert_str_eq(recipe->users[0].name, "bob");
}
END_TEST

START_TEST(remove_takes_items_keys_and_whole_values_away)
{
	recipes_write("m.recipe", "timezone: Europe/Berlin\nusers: { bob: {}, eve: {} }\n");

	const struct recipe *recipe =
		recipes_load(FROM "use: m.recipe\npackages: !remove curl\nusers: !remove [aether, eve]\n"
			      "timezone: !remove\n");

	ck_assert_str_eq(recipes_packages(recipe), "less/P");
	ck_assert_uint_eq(recipe->n_users, 1);
	ck_assert_str_eq(recipe->users[0].name, "bob");
	ck_assert_str_eq(recipe->timezone, "UTC");
}
END_TEST

/* In every list that appends, of whatever items, at the top and below a kind. */
START_TEST(one_list_adds_some_items_and_removes_others)
{
	static const struct {
		const char *words, *packages;
	} rows[] = {
		{FROM "packages: [vim, !remove curl]\n", "less/P vim/S"},
		{FROM "packages: [!remove curl, vim]\n", "less/P vim/S"},
		{FROM "packages:\n  - !remove curl\n  - !remove less\n  - vim\n", "vim/S"},
		{FROM "packages: [!remove curl]\n", "less/P"},
		{FROM "packages: [curl, !remove less]\n", "curl/P"},
		{FROM "packages: [htop, vim]\nvm: { packages: [!remove htop, nano] }\n", "curl/P less/P vim/S nano/S"},
		{FROM "use: m.recipe\npackages: [!remove jq, vim]\n", "curl/P less/P vim/S"},
	};
	const struct recipe *recipe;

	recipes_write("m.recipe", "packages: jq\nkernelArgs: [quiet, a=1]\nhealth: [{ tcp: 1 }, { tcp: 2 }]\n"
				  "units: { a.service: { Service: { ExecStart: [/bin/a, /bin/b] } } }\n");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_str_eq(recipes_packages(recipes_load(rows[i].words)), rows[i].packages);
	recipe = recipes_load(FROM "use: m.recipe\nkernelArgs: [!remove quiet, b=2]\n"
				   "health: [!remove { tcp: 1 }, { tcp: 3 }]\n"
				   "units: { a.service: { Service: { ExecStart: [!remove /bin/a, /bin/c] } } }\n");
	ck_assert_uint_eq(recipe->kernel_args.count, 2);
	ck_assert_str_eq(recipe->kernel_args.items[0], "a=1");
	ck_assert_uint_eq(recipe->n_health, 2);
	ck_assert_int_eq(recipe->health[0].port, 2);
	ck_assert_str_eq(recipes_unit(recipe, "a.service"), "Service.ExecStart=/bin/b Service.ExecStart=/bin/c");
}
END_TEST

START_TEST(settings_of_units_merge_as_systemd_would_read_them)
{
	recipes_write(
		"m.recipe",
		"units: { a.service: { Service: { Restart: no, After: x, ExecStart: ['', /bin/a], Keep: 1 } } }\n");

	const struct recipe *recipe = recipes_load(FROM "use: m.recipe\n"
							"units: { a.service: { Service: { Restart: always, After: [y, "
							"x], ExecStart: ['', /bin/b] }, Unit: { Wants: z } } }\n");

	ck_assert_str_eq(
		recipes_unit(recipe, "a.service"),
		"Service.Restart=always Service.After=x Service.After=y Service.ExecStart= Service.ExecStart=/bin/b "
		"Service.Keep=1 Unit.Wants=z");
	ck_assert_int_eq(recipe->units[0].enable, UNSET);
}
END_TEST

/* The `Route` sections of a module and of the recipe that uses it, and what comes out: `Gateway` by section. */
static const struct {
	const char *module, *own, *expected;
} repeated[] = {
	{"[{ Gateway: a }]", "[{ Gateway: b }, { Gateway: a }]", "0a 1b "},
	{"{ Gateway: a }", "[{ Gateway: b }]", "0a 1b "},
	{"[{ Gateway: a }, { Gateway: b }]", "{ Gateway: c }", "0a 1b 2c "},
	{"{ Gateway: a, Metric: 1 }", "{ Gateway: b }", "0b "},
	{"[{ Gateway: a }]", "!replace [{ Gateway: b }]", "0b "},
	{"[{ Gateway: a }, { Gateway: b }]", "!remove [{ Gateway: a }]", "0b "},
	{"[{ Gateway: a }, { Gateway: b }]", "!remove { Gateway: b }", "0a "},
};

START_TEST(sections_that_repeat_are_a_list)
{
	char seen[64] = "";

	recipes_write("m.recipe", arena_printf(scratch_arena(), "networks: { lan: { match: { Name: e }, Route: %s } }\n",
					       repeated[_i].module));

	const struct recipe *recipe = recipes_load(arena_printf(
		scratch_arena(), FROM "use: m.recipe\nnetworks: { lan: { Route: %s } }\n", repeated[_i].own));
	const struct recipe_settings *settings = &recipe->networks[0].settings;

	for (size_t i = 0; i < settings->count; i++)
		if (strcmp(settings->items[i].key, "Gateway") == 0)
			sprintf(seen + strlen(seen), "%zu%s ", settings->items[i].nth, settings->items[i].value);
	ck_assert_str_eq(seen, repeated[_i].expected);
}
END_TEST

START_TEST(kinds_of_a_parent_are_only_a_default)
{
	ck_assert_uint_eq(recipes_load(FROM "kinds: [tools]\n")->kinds, KIND_TOOLS);
	ck_assert_uint_eq(recipes_load(FROM)->kinds, KIND_VM);
}
END_TEST

START_TEST(two_modules_may_not_disagree)
{
	recipes_write("a.recipe", "timezone: Europe/Berlin\n");
	recipes_write("b.recipe", "timezone: Europe/Paris\n");
	recipes_refused(FROM "use: [a.recipe, b.recipe]\n", 0,
			"b.recipe:1:11: timezone: two modules disagree: 'Europe/Paris' here, 'Europe/Berlin' at ");
}
END_TEST

START_TEST(modules_may_agree)
{
	recipes_write("a.recipe", "timezone: Europe/Berlin\n");
	recipes_write("b.recipe", "timezone: 'Europe/Berlin'\n");
	ck_assert_str_eq(recipes_load(FROM "use: [a.recipe, b.recipe]\n")->timezone, "Europe/Berlin");
}
END_TEST

START_TEST(the_file_itself_decides_between_modules)
{
	recipes_write("a.recipe", "timezone: Europe/Berlin\n");
	recipes_write("b.recipe", "timezone: Europe/Paris\n");
	ck_assert_str_eq(recipes_load(FROM "use: [a.recipe, b.recipe]\ntimezone: Europe/Rome\n")->timezone,
			 "Europe/Rome");
}
END_TEST

START_TEST(a_module_decides_over_what_it_uses)
{
	recipes_write("a.recipe", "timezone: Europe/Berlin\npackages: aa\n");
	recipes_write("b.recipe", "use: a.recipe\ntimezone: Europe/Paris\n");

	const struct recipe *recipe = recipes_load(FROM "use: [a.recipe, b.recipe, a.recipe]\n");

	ck_assert_str_eq(recipe->timezone, "Europe/Paris");
	ck_assert_str_eq(recipes_packages(recipe), "curl/P less/P aa/M");
}
END_TEST

START_TEST(a_module_of_the_parent_is_used_once_and_is_the_parents)
{
	recipes_write("m.recipe", "packages: mm\n");
	recipes_write("p.recipe", FROM "use: m.recipe\n");
	ck_assert_str_eq(recipes_packages(recipes_load("from: p.recipe\nuse: m.recipe\npackages: own\n")),
			 "curl/P less/P mm/P own/S");
}
END_TEST

START_TEST(a_layout_that_names_a_file_starts_anew)
{
	recipes_write("small.yaml",
		      "from: ab.yaml\ndisk: { main: { content: { partitions: { state: { size: 64M } } } } }\n");
	recipes_write("p.recipe", FROM "partitions: { disk: { main: { imageSize: 8G } } }\n");

	ck_assert_uint_eq(recipes_load("from: p.recipe\n")->disks[0].image_size, 8ULL << 30);
	ck_assert_uint_eq(recipes_load("from: p.recipe\npartitions: small.yaml\n")->disks[0].image_size, SIZE_AUTO);
	ck_assert_uint_eq(
		recipes_load("from: p.recipe\npartitions: { from: small.yaml, disk: { main: { imageSize: 4G } } }\n")
		->disks[0]
		.image_size,
		4ULL << 30);
}
END_TEST

/* --- paths and places ------------------------------------------------------------------------------------------------ */

START_TEST(paths_are_relative_to_the_file_that_names_them)
{
	recipes_write("m/motd", "hello\n");
	recipes_write("m/m.recipe", "vars: { motd: motd }\nfiles: { /etc/motd: { source: '${vars.motd}' } }\n");

	const struct recipe *recipe = recipes_load(FROM "use: m/m.recipe\n");

	ck_assert_str_eq(recipe->files[0].source, scratch_path("m/motd"));
	ck_assert_str_eq(recipe->distribution.key, scratch_path("key.asc"));
	ck_assert_str_eq(recipe->root, scratch());
}
END_TEST

START_TEST(inputs_are_sorted_and_know_what_the_parser_read)
{
	const struct recipe *recipe = recipes_load(FROM);
	static const char *const names[] = {"ab.yaml", "base.recipe", "key.asc", "x.recipe"};

	ck_assert_uint_eq(recipe->n_inputs, 4);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_str_eq(recipe->inputs[i].name, names[i]);
		ck_assert_int_eq(recipe->inputs[i].language, i != 2);
		ck_assert_uint_eq(strlen(recipe->inputs[i].sha256), 64);
	}
}
END_TEST

/* --- defaults and rules ---------------------------------------------------------------------------------------------- */

START_TEST(what_is_not_said_has_a_default)
{
	const struct recipe *recipe =
		recipes_load(FROM "files: { /etc/a: { text: x } }\nusers: { svc: { system: true } }\n"
			      "units: { a.service: { mask: true }, b.service: { enable: false } }\n");
	const struct recipe_user *user = &recipe->users[0], *service = &recipe->users[1];

	ck_assert_uint_eq(recipe->files[0].mode, 0644);
	ck_assert_str_eq(recipe->files[0].owner, "root");
	ck_assert_str_eq(recipe->files[0].group, "root");
	ck_assert_int_eq(user->uid, -1);
	ck_assert_str_eq(user->home, "/home/aether");
	ck_assert_str_eq(user->shell, "/bin/bash");
	ck_assert_str_eq(user->comment, "");
	ck_assert_str_eq(service->home, "/nonexistent");
	ck_assert_str_eq(service->shell, "/usr/sbin/nologin");
	ck_assert_int_eq(recipe->units[0].enable, UNSET);
	ck_assert_int_eq(recipe->units[1].enable, NO);
	ck_assert_str_eq(recipe->distribution.name, "debian");
}
END_TEST

START_TEST(partitions_come_by_priority_and_are_labelled_by_their_key)
{
	const struct recipe *recipe = recipes_load(FROM);
	const struct recipe_disk *disk = &recipe->disks[0];
	static const char *const names[] = {"bios", "esp", "root", "state"};

	ck_assert_uint_eq(disk->content.n_partitions, 4);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_str_eq(disk->content.partitions[i].name, names[i]);
		ck_assert_str_eq(disk->content.partitions[i].label, names[i]);
	}
	ck_assert_str_eq(disk->content.partitions[3].type, "8300");
	ck_assert(disk->content.partitions[2].content.verity);
	ck_assert_int_eq(disk->content.partitions[2].content.slots, 1);
}
END_TEST

START_TEST(the_kind_asked_for_must_be_among_the_kinds)
{
	recipes_refused(FROM "kinds: [tools]\n", KIND_VM,
			"x.recipe:2:8: kinds: 'vm' is not one of the kinds of this recipe");
}
END_TEST

START_TEST(state_may_lie_on_a_partition_of_its_own)
{
	static const char text[] =
		FROM "state: [/srv/data]\npartitions: { disk: { main: { content: { partitions: {\n"
		 "  srv: { size: 1G, content: { type: filesystem, format: ext4, mountpoint: /srv } } } } } } }\n";

	ck_assert_str_eq(recipes_words(&recipes_load(text)->state), "/srv/data");
	recipes_refused(FROM "state: [/srv/data]\n", 0, "is not on persistent storage");
}
END_TEST

START_TEST(the_digest_is_that_of_what_archives_are_asked)
{
	struct arena *arena = arena_new();
	const char *before = recipe_digest(arena, recipes_load(FROM)), *after;

	after =
		recipe_digest(arena, recipes_load(FROM "files: { /etc/a: { text: x } }\nname: other\nstate: [/var/x]\n"));
	ck_assert_str_eq(before, after);
	ck_assert_str_ne(before, recipe_digest(arena, recipes_load(FROM "packages: [vim]\n")));
	ck_assert_str_ne(before,
			 recipe_digest(arena, recipes_load(FROM "distribution: { suites: [trixie-updates] }\n")));
	ck_assert_str_ne(before, recipe_digest(arena, recipes_load(FROM "distribution: { prefer: vim }\n")));
	ck_assert_str_ne(before, recipe_digest(arena, recipes_load(FROM "distribution: { priority: 600 }\n")));
	ck_assert_str_ne(recipe_digest(arena, recipes_load(FROM "versions: { vim: '1' }\n")),
			 recipe_digest(arena, recipes_load(FROM "versions: { vim: '2' }\n")));
	before = recipe_digest(arena, recipes_load(FROM "downloads: { a: { url: 'http://h', path: /a } }\n"));
	ck_assert_str_ne(before, after);
	ck_assert_str_eq(before, recipe_digest(arena, recipes_load(FROM "downloads: { a: { url: 'http://h', path: /b, "
									"unpack: true } }\n")));
	ck_assert_str_ne(before, recipe_digest(arena, recipes_load(FROM "downloads: { a: { url: 'http://i', path: /a } }\n")));
	ck_assert_str_ne(before, recipe_digest(arena, recipes_load(FROM "downloads: { b: { url: 'http://h', path: /a } }\n")));
	setenv("AETHER_TEST", "1", 1);
	before = recipe_digest(arena, recipes_load(FROM "env: AETHER_TEST\n"));
	ck_assert_str_ne(before, after);
	setenv("AETHER_TEST", "2", 1);
	ck_assert_str_ne(before, recipe_digest(arena, recipes_load(FROM "env: AETHER_TEST\n")));
	arena_free(arena);
}
END_TEST

START_TEST(what_is_included_for_a_package_is_merged_by_its_name)
{
	const struct recipe *recipe;

	recipes_write("m.recipe",
		      "includeOf: { locales: /usr/share/i18n/*, '*-doc': [/a/*] }\nincludeWith: { man-db: /man/* }\n");
	recipe = recipes_load(FROM "use: m.recipe\nincludeOf: { locales: [/usr/share/locale/*] }\n"
				   "includeWith: !remove [man-db]\n");
	ck_assert_uint_eq(recipe->n_include_of, 2);
	ck_assert_str_eq(recipe->include_of[0].package, "locales");
	ck_assert_str_eq(recipes_words(&recipe->include_of[0].paths), "/usr/share/i18n/* /usr/share/locale/*");
	ck_assert_str_eq(recipe->include_of[1].package, "*-doc");
	ck_assert_uint_eq(recipe->n_include_with, 0);
}
END_TEST

static const struct {
	const char *keys[4], *word;
	const char *file;
	unsigned line, column;
} places[] = {
	{{"timezone"}, NULL, "x.recipe", 2, 11},
	{{"packages"}, "dd", "x.recipe", 3, 16},
	{{"packages"}, "curl", "base.recipe", 0, 0},
	{{"users", "bob", "shell"}, NULL, "x.recipe", 4, 24},
	{{"users", "bob", "comment"}, NULL, "x.recipe", 4, 10}, /* nobody wrote it: that of its user */
	{{"kernelArgs"}, "quiet", "x.recipe", 5, 13},           /* a word alone is a list of one */
	{{"firewall", "tcp"}, "80", "x.recipe", 0, 0},
};

START_TEST(a_place_is_found_after_all_is_read)
{
	const struct recipe *recipe = recipes_load(FROM "timezone: Europe/Berlin\npackages: [cc, dd]\n"
							"users: { bob: { shell: /bin/sh } }\nkernelArgs: quiet\n");
	struct pos pos = recipe_place(recipe, places[_i].keys, places[_i].word);

	ck_assert_str_eq(strrchr(pos.file, '/') + 1, places[_i].file);
	if (places[_i].line || strcmp(places[_i].file, "x.recipe") == 0) {
		ck_assert_uint_eq(pos.line, places[_i].line);
		ck_assert_uint_eq(pos.column, places[_i].column);
	}
}
END_TEST
LOOP_SUITE(recipe_places, a_place_is_found_after_all_is_read, sizeof places / sizeof *places)

SUITE(recipe, parent_then_modules_then_the_file_itself, maps_merge_by_key_to_any_depth, replace_starts_anew,
      remove_takes_items_keys_and_whole_values_away, one_list_adds_some_items_and_removes_others,
      settings_of_units_merge_as_systemd_would_read_them,
      kinds_of_a_parent_are_only_a_default, two_modules_may_not_disagree, modules_may_agree,
      the_file_itself_decides_between_modules, a_module_decides_over_what_it_uses,
      a_module_of_the_parent_is_used_once_and_is_the_parents, a_layout_that_names_a_file_starts_anew,
      paths_are_relative_to_the_file_that_names_them, inputs_are_sorted_and_know_what_the_parser_read,
      what_is_not_said_has_a_default, partitions_come_by_priority_and_are_labelled_by_their_key,
      the_kind_asked_for_must_be_among_the_kinds, state_may_lie_on_a_partition_of_its_own,
      the_digest_is_that_of_what_archives_are_asked, what_is_included_for_a_package_is_merged_by_its_name)
LOOP_SUITE(recipe_repeated, sections_that_repeat_are_a_list, sizeof repeated / sizeof *repeated)

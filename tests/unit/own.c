/* What is each machine's own: what is known of Debian's packages, and what a plan makes of it. */
#include "suite.h"

#include <string.h>

#include "plan/own.h"
#include "plan/plan.h"
#include "scratch.h"

#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct debian_package packages[] = {
	{"base-files", "13", "amd64", "a0", "pool/a", 1, LAYER_BASE, 0},
	{"postgresql-17", "1", "amd64", "b1", "pool/d", 1, LAYER_PARENT, 0},
	{"postgresql-client-17", "1", "amd64", "b2", "pool/d", 1, LAYER_PARENT, 0},
	{"ssl-cert", "1", "amd64", "b3", "pool/e", 1, LAYER_RECIPE, 0},
	{"postfix", "1", "amd64", "b4", "pool/p", 1, LAYER_RECIPE, 0},
};
static struct recipe recipe;
static struct recipe_file own_file = {
	.path = "/etc/ssl/private/ssl-cert-snakeoil.key", .text = "k", .mode = 0600, .owner = "root", .group = "root"};
static const struct plan_programs PROGRAMS = {
	.init = "/lib/init", .init_sha256 = DIGEST, .agent = "/lib/agent", .agent_sha256 = DIGEST,
};

static void start(void)
{
	recipe = (struct recipe){
		.path = "a.recipe", .root = "/", .name = "box", .kinds = KIND_LXC, .kind = KIND_LXC, .timezone = "UTC"};
}

static const struct plan *plan_of(void)
{
	static const struct lock lock = {.epoch = 1700000000, .image = {packages, sizeof packages / sizeof *packages},
					 .numbered = true};
	struct plan *plan = NULL;
	struct err err = {0};

	if (plan_make(scratch_arena(), &recipe, NULL, &lock, &PROGRAMS, &plan, &err) < 0)
		err_print(&err, stderr);
	ck_assert_ptr_nonnull(plan);
	return plan;
}

static const struct plan_own *own_called(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->n_own; i++)
		if (strcmp(plan->own[i].name, name) == 0)
			return &plan->own[i];
	return NULL;
}

static const char *text_of(const struct plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->n_files; i++)
		if (strcmp(plan->files[i].path, path) == 0)
			return plan->files[i].text ? plan->files[i].text : plan->files[i].link;
	return NULL;
}

START_TEST(each_row_of_what_is_known_can_be_made)
{
	for (const struct own_known *row = own_known; row->package; row++) {
		ck_assert_msg(row->name && row->paths[0] && (row->make[0] || row->setting[1]), "%s is whole", row->package);
		ck_assert_msg(!row->paths[OWN_PATHS - 1] && !row->make[OWN_WORDS - 1], "%s: its lists have an end", row->name);
		ck_assert_msg(!row->make[0] || row->make[0][0] == '/', "%s: its program is a path", row->name);
		for (const char *const *path = row->paths; *path; path++)
			ck_assert_msg(path_is_below(*path, "/etc") || path_is_below(*path, "/var/lib"), "%s: %s", row->name,
				      *path);
		for (const struct own_known *other = own_known; other < row; other++)
			ck_assert_msg(strcmp(other->name, row->name) != 0, "%s is there once", row->name);
	}
}
END_TEST

START_TEST(what_lies_in_etc_is_kept_elsewhere_and_made_before_the_services)
{
	const struct plan *plan;
	const struct plan_own *own;
	const char *script, *unit;

	start();
	plan = plan_of();
	own = own_called(plan, "ssl-cert-snakeoil");
	ck_assert_ptr_nonnull(own);
	ck_assert_uint_eq(own->links.count, 2);
	ck_assert_str_eq(own->folder, "/var/lib/aether/own/ssl-cert-snakeoil");
	script = text_of(plan, "/usr/lib/aether/own/ssl-cert-snakeoil");
	ck_assert_ptr_nonnull(strstr(script, "set -- '/etc/ssl/private/ssl-cert-snakeoil.key' '/etc/ssl/certs/"));
	unit = text_of(plan, "/usr/lib/systemd/system/aether-own-ssl-cert-snakeoil.service");
	ck_assert_ptr_nonnull(strstr(unit, "\nBefore=sysinit.target shutdown.target\n"));
	ck_assert_ptr_nonnull(strstr(unit, "\nConditionPathExists=|!/etc/ssl/private/ssl-cert-snakeoil.key\n"));
	ck_assert_str_eq(text_of(plan, "/usr/lib/systemd/system/sysinit.target.wants/aether-own-ssl-cert-snakeoil.service"),
			 "../aether-own-ssl-cert-snakeoil.service");
	ck_assert_str_eq(text_of(plan, "/usr/lib/systemd/system/postfix.service.d/40-own-ssl-cert-snakeoil.conf"),
			 "[Unit]\nRequires=aether-own-ssl-cert-snakeoil.service\nAfter=aether-own-ssl-cert-snakeoil.service\n");
}
END_TEST

START_TEST(a_number_in_a_package_s_name_is_that_of_its_paths)
{
	const struct plan_own *own;

	start();
	own = own_called(plan_of(), "postgresql-17-main");
	ck_assert_ptr_nonnull(own);
	ck_assert_str_eq(own->paths.items[0], "/var/lib/postgresql/17/main");
	ck_assert_uint_eq(own->links.count, 0); /* /var is kept as it is */
	ck_assert_ptr_nonnull(strstr(own->make.items[2], "/usr/lib/postgresql/17/bin/initdb"));
}
END_TEST

START_TEST(what_the_recipe_says_itself_takes_the_place_of_what_is_known)
{
	struct recipe_own own = {.name = "pair", .owner = "root", .mode = 0640};
	const struct plan *plan;

	start();
	strv_push(scratch_arena(), &own.paths, "/etc/ssl/private/ssl-cert-snakeoil.key");
	strv_push(scratch_arena(), &own.make, "/usr/bin/make-it");
	strv_push(scratch_arena(), &own.make, "isn't it");
	recipe.own = &own;
	recipe.n_own = 1;
	plan = plan_of();
	ck_assert_ptr_null(own_called(plan, "ssl-cert-snakeoil"));
	ck_assert_ptr_nonnull(own_called(plan, "pair"));
	ck_assert_ptr_nonnull(strstr(text_of(plan, "/usr/lib/aether/own/pair"),
				     "'/usr/bin/make-it' 'isn'\\''t it'\n}\n"
				     "settle() {\n\tchown -R 'root' \"$1\"\n\tchmod 0640 \"$1\"\n"));
	recipe.n_own = 0;
	recipe.files = &own_file;
	recipe.n_files = 1;
	ck_assert_ptr_null(own_called(plan_of(), "ssl-cert-snakeoil"));
}
END_TEST

START_TEST(what_a_service_makes_at_each_start_needs_no_maker)
{
	const struct plan *plan;
	const struct plan_own *own;

	start();
	plan = plan_of();
	own = own_called(plan, "postfix-aliases");
	ck_assert_ptr_nonnull(own);
	ck_assert_str_eq(own->paths.items[0], "/etc/aliases.db");
	ck_assert_uint_eq(own->links.count, 0);
	ck_assert_ptr_null(text_of(plan, "/usr/lib/aether/own/postfix-aliases"));
	ck_assert_ptr_null(text_of(plan, "/usr/lib/systemd/system/aether-own-postfix-aliases.service"));
	ck_assert_ptr_nonnull(strstr(text_of(plan, "/usr/lib/systemd/system/postfix.service.d/40-aliases.conf"),
				     "\nExecStartPre=+-/usr/bin/newaliases\n"));
}
END_TEST

START_TEST(a_tools_tree_is_no_machine)
{
	start();
	recipe.kind = recipe.kinds = KIND_TOOLS;
	ck_assert_uint_eq(plan_of()->n_own, 0);
}
END_TEST

SUITE(own, each_row_of_what_is_known_can_be_made, what_lies_in_etc_is_kept_elsewhere_and_made_before_the_services,
      a_number_in_a_package_s_name_is_that_of_its_paths, what_the_recipe_says_itself_takes_the_place_of_what_is_known,
      what_a_service_makes_at_each_start_needs_no_maker, a_tools_tree_is_no_machine)

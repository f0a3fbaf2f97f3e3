/* What podman's generator says of quadlets: told at the setting that it is about, with the nearest name. */
#include "suite.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "scratch.h"
#include "tree/inside.h"
#include "tree/quadlet_said.h"
#include "tree/unit_names.h"

static struct recipe_setting items[] = {
	{.section = "Container", .key = "Image", .value = "docker.io/library/caddy:2", .pos = {"a", 2, 1}},
	{.section = "Container", .key = "PublshPort", .value = "80:80", .pos = {"a", 3, 1}},
	{.section = "Container", .key = "Volume", .value = "/a:/b", .pos = {"a", 4, 1}},
	{.section = "Container", .key = "Volume", .value = "dta.volume:/data:ro", .pos = {"a", 5, 1}},
	{.section = "Unit", .key = "After", .value = "a.service late.pod", .pos = {"a", 6, 1}},
	{.section = "Service", .key = "KillMode", .value = "none", .pos = {"a", 7, 1}},
	{.section = "Service", .key = "Image", .value = "x", .pos = {"a", 8, 1}},
	{.section = "Container", .key = "Rootfs", .value = "/x", .pos = {"a", 9, 1}},
};
static struct recipe_quadlet quadlets[] = {
	{.name = "web.container", .settings = {items, sizeof items / sizeof *items}}, {.name = "data.volume"},
	{.name = "lat.pod", .user = "anna"}, {.name = "web.container", .user = "anna"},
};
static struct plan_quadlet planned[] = {
	{.name = "web.container", .path = "/etc/containers/systemd/web.container", .pos = {"a", 1, 1}},
	{.name = "data.volume", .path = "/etc/containers/systemd/data.volume", .pos = {"a", 20, 1}},
	{.name = "lat.pod", .path = "/etc/containers/systemd/users/1234/lat.pod", .uid = 1234, .pos = {"a", 30, 1}},
	{.name = "web.container", .path = "/etc/containers/systemd/users/1234/web.container", .uid = 1234, .pos = {"a", 40, 1}},
};
static struct recipe recipe = {.quadlets = quadlets, .n_quadlets = 4};
static struct plan plan = {.recipe = &recipe, .quadlets = planned, .n_quadlets = 4};

/* A tree with a podman that has these texts. */
static int make_tree(const char *texts)
{
	struct err err = {0};
	int root_fd;

	folder_make(scratch_path("tree"), 0755, &err);
	root_fd = inside_open(scratch_path("tree"), &err);
	inside_write(root_fd, QUADLET_GENERATOR, texts, strlen(texts), &INSIDE_PLAIN, &err);
	ck_assert_uint_eq(err.count, 0);
	return root_fd;
}

static const struct {
	const char *said;
	int64_t uid;
	unsigned line;               /* 0: no place of the recipe */
	const char *near;
} cases[] = {
	{"quadlet-generator[1]: converting \"web.container\": unsupported key 'PublshPort' in group 'Container' in "
	 "/etc/containers/systemd/web.container", 0, 3, "PublishPort"},
	{"converting \"web.container\": requested Quadlet source dta.volume was not found", 0, 5, "data.volume"},
	{"converting \"web.container\": unable to translate dependency for late.pod", 0, 6, NULL},
	{"converting \"web.container\": invalid KillMode 'none'", 0, 7, NULL},
	{"converting \"web.container\": the Image And Rootfs keys conflict can not be specified together", 0, 8, NULL},
	{"converting \"web.container\": key Rootfs can't be used", 0, 9, NULL},
	{"converting \"web.container\": something else", 0, 1, NULL},
	{"error loading \"/etc/containers/systemd/data.volume\", odd", 0, 20, NULL},
	{"converting \"web.container\": invalid KillMode 'none'", 1234, 40, NULL},
	{"converting \"other.container\": odd", 0, 0, NULL},
};

START_TEST(what_podman_says_is_told_at_the_setting)
{
	_cleanup_fd_ int root_fd = make_tree("PublishPort Pull");
	const struct step step = {.plan = &plan, .root_fd = root_fd};
	struct err err = {0};

	ck_assert_int_lt(quadlet_said_tell(&step, cases[_i].uid, cases[_i].said, &err), 0);
	ck_assert_uint_eq(err.count, 1);
	ck_assert_ptr_nonnull(strstr(err.first->text, "podman says: "));
	ck_assert_msg(err.first->line == cases[_i].line, "%s: %u", cases[_i].said, err.first->line);
	if (cases[_i].near)
		ck_assert_str_eq(err.first->hint, arena_printf(scratch_arena(), "did you mean '%s'?", cases[_i].near));
	else
		ck_assert_ptr_null(err.first->hint);
	err_free(&err);
}
END_TEST

START_TEST(all_lines_are_told_but_those_of_progress)
{
	_cleanup_fd_ int root_fd = make_tree("");
	const struct step step = {.plan = &plan, .root_fd = root_fd};
	struct err err = {0};

	quadlet_said_tell(&step, 0, "quadlet-generator[1]: Loading source unit file /a\n\nconverting \"data.volume\": b\n"
				    "quadlet-generator[1]: converting \"web.container\": invalid KillMode 'none'\n", &err);
	ck_assert_uint_eq(err.count, 2);
	ck_assert_uint_eq(err.first->line, 7);
	err_free(&err);
	quadlet_said_tell(&step, 0, "", &err);
	ck_assert_str_eq(err.first->text, "podman refuses the quadlets without a message");
	err_free(&err);
}
END_TEST

START_TEST(only_a_newer_podman_knows_quadlets_in_the_section_unit)
{
	struct recipe_setting setting = {.section = "Unit", .key = "After", .value = "data.volume"};

	for (int newer = 0; newer < 2; newer++) {
		_cleanup_fd_ int root_fd = make_tree(newer ? "unable to translate dependency for %s" : "podman");
		const struct step step = {.plan = &plan, .root_fd = root_fd};
		struct err err = {0};

		ck_assert_int_eq(quadlet_said_translates(&step), newer);
		setting.key = "After";
		unit_names_check_setting(&step, scratch_arena(), &unit_scope_system, &setting, "quadlets.x", true, &err);
		ck_assert_int_eq(err.first == NULL, newer);
		err_free(&err);
		setting.key = "OnFailure";
		unit_names_check_setting(&step, scratch_arena(), &unit_scope_system, &setting, "quadlets.x", true, &err);
		ck_assert_ptr_nonnull(err.first);
		ck_assert_ptr_nonnull(strstr(err.first->hint, "'data-volume.service'"));
		err_free(&err);
		setting.key = "After";
		unit_names_check_setting(&step, scratch_arena(), &unit_scope_system, &setting, "units.x", false, &err);
		ck_assert_ptr_nonnull(err.first);
		err_free(&err);
	}
}
END_TEST

SUITE(quadlets, all_lines_are_told_but_those_of_progress, only_a_newer_podman_knows_quadlets_in_the_section_unit)
LOOP_SUITE(quadlets_said, what_podman_says_is_told_at_the_setting, sizeof cases / sizeof *cases)

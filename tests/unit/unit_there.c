/* Which units an image can have: a small tree made by hand, and names that are there, masked, made at run time, or misspelt. */
#include "suite.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "scratch.h"
#include "tree/inside.h"
#include "tree/unit_there.h"

#define LIB "/usr/lib/systemd/system/"
#define ETC "/etc/systemd/system/"
#define GENERATORS "/usr/lib/systemd/system-generators/"

static struct recipe_mount mounts[] = {{.mountpoint = "/srv/my data", .keeps = true}};
static struct recipe_setting service_name = {.section = "Container", .key = "ServiceName", .value = "renamed"};
static struct recipe_quadlet quadlets[] = {
	{.name = "web.container"}, {.name = "logs.volume"}, {.name = "many@.container"},
	{.name = "mine.container", .user = "anna"},
	{.name = "other.container", .settings = {&service_name, 1}},
};
static struct plan_unit units[] = {
	{.name = "own.service", .text = "[Service]\n"}, {.name = "never.service", .mask = true},
	{.name = "nowhere.service", .enable = YES}, /* a preset alone makes no unit */
	{.name = "hers.service", .text = "[Service]\n", .user = "anna", .uid = 1234},
	{.name = "his.service", .text = "[Service]\n", .user = "carl", .uid = 1235},
	{.name = "app.service", .mask = true, .user = "anna", .uid = 1234},
};
static struct recipe recipe = {.path = "a.recipe", .kind = KIND_VM, .mounts = mounts, .n_mounts = 1, .quadlets = quadlets,
			       .n_quadlets = sizeof quadlets / sizeof *quadlets};
static struct plan plan = {.recipe = &recipe, .units = units, .n_units = sizeof units / sizeof *units};

static int make_tree(void)
{
	static const char *const files[] = {
		LIB "nginx.service", LIB "getty@.service", LIB "postgresql@.service", LIB "empty.service", LIB "dbus.socket",
		"/usr/local/lib/systemd/system/local.service", "/etc/init.d/old", "/etc/containers/systemd/file.container",
		"/usr/lib/systemd/user/app.service", "/usr/lib/systemd/user/ssh-agent.socket", "/etc/systemd/user/all.service",
		"/etc/systemd/users/1234/file.socket", "/etc/containers/systemd/users/1234/hers-too.pod",
		"/usr/share/containers/systemd/users/everybodys.volume",
		GENERATORS "systemd-sysv-generator", GENERATORS "systemd-ssh-generator",
	};
	static const char *const links[][2] = {
		{ETC "alias.service", LIB "nginx.service"}, {ETC "masked.service", "/dev/null"},
		{ETC "dbus.socket", "/dev/null"},
	};
	static const char fstab[] = "# comment\nUUID=1 /media/disk ext4 defaults 0 2\nb:/v /media/my\\040disk nfs _netdev\n"
				    "/dev/vdb none swap sw\n";
	struct err err = {0};
	int root_fd;

	folder_make(scratch_path("tree"), 0755, &err);
	root_fd = inside_open(scratch_path("tree"), &err);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		inside_write(root_fd, files[i], "x", strstr(files[i], "empty") ? 0 : 1, &INSIDE_PLAIN, &err);
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		inside_link(root_fd, links[i][0], links[i][1], &err);
	inside_write(root_fd, "/etc/fstab", fstab, strlen(fstab), &INSIDE_PLAIN, &err);
	inside_folder(root_fd, LIB "dropin.service.d", &err);
	ck_assert_uint_eq(err.count, 0);
	return root_fd;
}

static const struct {
	const char *name;
	enum unit_there there;
} cases[] = {
	/* files */
	{"nginx.service", UNIT_THERE}, {"ngnix.service", UNIT_MISSING}, {"local.service", UNIT_THERE},
	{"nginx.timer", UNIT_MISSING}, {"dropin.service", UNIT_MISSING}, {"alias.service", UNIT_THERE},
	{"masked.service", UNIT_MASKED}, {"empty.service", UNIT_MASKED}, {"dbus.socket", UNIT_MASKED},
	/* instances */
	{"getty@.service", UNIT_THERE}, {"getty@tty1.service", UNIT_THERE}, {"gety@tty1.service", UNIT_MISSING},
	{"postgresql@17-main.service", UNIT_THERE}, {"getty.service", UNIT_MISSING},
	/* the recipe's own */
	{"own.service", UNIT_THERE}, {"never.service", UNIT_MASKED}, {"nowhere.service", UNIT_MISSING},
	/* made by the machine */
	{"dev-vda.device", UNIT_THERE}, {"session-1.scope", UNIT_THERE}, {"machine.slice", UNIT_THERE},
	{"-.mount", UNIT_THERE}, {"dev-shm.mount", UNIT_THERE}, {"srv-my\\x20data.mount", UNIT_THERE},
	{"srv.mount", UNIT_MISSING},
	{"media-disk.mount", UNIT_THERE}, {"media-my\\x20disk.mount", UNIT_THERE},
	{"media-disk.automount", UNIT_THERE}, {"dev-vdb.swap", UNIT_THERE},
	{"media-disc.mount", UNIT_MISSING}, {"old.service", UNIT_THERE}, {"odl.service", UNIT_MISSING},
	{"old.timer", UNIT_MISSING}, {"sshd-vsock.socket", UNIT_THERE}, {"system-update.target", UNIT_MISSING},
	{"kernel-command-line.service", UNIT_MISSING},
	/* quadlets */
	{"web.service", UNIT_THERE}, {"logs-volume.service", UNIT_THERE}, {"logs.service", UNIT_MISSING},
	{"many@1.service", UNIT_THERE}, {"mine.service", UNIT_MISSING}, {"file.service", UNIT_THERE},
	{"renamed.service", UNIT_THERE}, {"other.service", UNIT_MISSING},
	/* those of users */
	{"hers.service", UNIT_MISSING}, {"ssh-agent.socket", UNIT_MISSING}, {"all.service", UNIT_MISSING},
	{"app.service", UNIT_MISSING}, {"hers-too-pod.service", UNIT_MISSING},
};

START_TEST(a_unit_is_there_by_whatever_makes_it)
{
	_cleanup_fd_ int root_fd = make_tree();

	ck_assert_msg(unit_there(&plan, root_fd, cases[_i].name) == cases[_i].there, "%s", cases[_i].name);
}
END_TEST
LOOP_SUITE(unit_there_names, a_unit_is_there_by_whatever_makes_it, sizeof cases / sizeof *cases)

/* What anna's systemd has. */
static const struct {
	const char *name;
	enum unit_there there;
} cases_of_user[] = {
	{"hers.service", UNIT_THERE}, {"his.service", UNIT_MISSING}, {"app.service", UNIT_MASKED},
	{"ssh-agent.socket", UNIT_THERE}, {"all.service", UNIT_THERE}, {"file.socket", UNIT_THERE},
	{"nginx.service", UNIT_MISSING}, {"own.service", UNIT_MISSING}, {"old.service", UNIT_MISSING},
	{"sshd-vsock.socket", UNIT_MISSING}, {"mine.service", UNIT_THERE}, {"web.service", UNIT_MISSING},
	{"hers-too-pod.service", UNIT_THERE}, {"everybodys-volume.service", UNIT_THERE}, {"file.service", UNIT_MISSING},
	{"app-x@autostart.service", UNIT_THERE}, {"app.slice", UNIT_THERE},
};

START_TEST(a_user_has_units_of_its_own)
{
	_cleanup_fd_ int root_fd = make_tree();
	const struct unit_scope anna = unit_scope_of_user(scratch_arena(), "anna", 1234);
	struct err err = {0};

	ck_assert_msg(unit_there_of(&plan, root_fd, &anna, cases_of_user[_i].name) == cases_of_user[_i].there, "%s",
		      cases_of_user[_i].name);
	ck_assert_str_eq(unit_nearest_of(scratch_arena(), &plan, root_fd, &anna, "mien.service"), "mine.service");
	ck_assert_int_eq(inside_write(root_fd, "/usr/lib/systemd/user-generators/odd", "x", 1, &INSIDE_PLAIN, &err), 0);
	if (cases_of_user[_i].there == UNIT_MISSING)
		ck_assert_int_eq(unit_there_of(&plan, root_fd, &anna, cases_of_user[_i].name), UNIT_UNSURE);
	if (strcmp(cases_of_user[_i].name, "his.service") == 0)
		ck_assert_int_eq(unit_there(&plan, root_fd, "his.service"), UNIT_MISSING);
}
END_TEST
LOOP_SUITE(unit_there_users, a_user_has_units_of_its_own, sizeof cases_of_user / sizeof *cases_of_user)

START_TEST(a_container_mounts_its_state)
{
	_cleanup_fd_ int root_fd = make_tree();
	const char *state = "/var/lib/web";
	struct recipe lxc = recipe;
	struct plan of_lxc = {.recipe = &lxc};

	lxc.state = (struct strv){&state, 1};
	ck_assert_int_eq(unit_there(&of_lxc, root_fd, "var-lib-web.mount"), UNIT_MISSING);
	lxc.kind = KIND_LXC;
	ck_assert_int_eq(unit_there(&of_lxc, root_fd, "var-lib-web.mount"), UNIT_THERE);
}
END_TEST

START_TEST(with_a_generator_that_nobody_knows_a_unit_may_be_there)
{
	_cleanup_fd_ int root_fd = make_tree();
	struct err err = {0};

	ck_assert_int_eq(inside_write(root_fd, GENERATORS "netplan", "x", 1, &INSIDE_PLAIN, &err), 0);
	ck_assert_int_eq(unit_there(&plan, root_fd, "netplan-wait.service"), UNIT_UNSURE);
	ck_assert_int_eq(unit_there(&plan, root_fd, "nginx.service"), UNIT_THERE);
}
END_TEST

static const struct {
	const char *name, *near;
} misspelt[] = {
	{"ngnix.service", "nginx.service"}, {"gety@tty1.service", "getty@tty1.service"}, {"onw.service", "own.service"},
	{"wbe.service", "web.service"}, {"log-volume.service", "logs-volume.service"}, {"something-else.service", NULL},
};

START_TEST(the_nearest_unit_is_named)
{
	_cleanup_fd_ int root_fd = make_tree();
	const char *near = unit_nearest(scratch_arena(), &plan, root_fd, misspelt[_i].name);

	ck_assert_msg(misspelt[_i].near ? near && strcmp(near, misspelt[_i].near) == 0 : !near, "%s: %s",
		      misspelt[_i].name, near);
}
END_TEST
LOOP_SUITE(unit_there_nearest, the_nearest_unit_is_named, sizeof misspelt / sizeof *misspelt)

START_TEST(names_of_paths_are_those_of_systemd_escape)
{
	static const char *const paths[][2] = {
		{"/", "-.mount"}, {"/srv/a-b", "srv-a\\x2db.mount"}, {"/.hidden/a.b", "\\x2ehidden-a.b.mount"},
		{"/mnt/ä", "mnt-\\xc3\\xa4.mount"},
	};

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		ck_assert_str_eq(unit_of_path(scratch_arena(), paths[i][0], ".mount"), paths[i][1]);
}
END_TEST

SUITE(unit_there, a_container_mounts_its_state, with_a_generator_that_nobody_knows_a_unit_may_be_there,
      names_of_paths_are_those_of_systemd_escape)

/* systemd units: their names, who wants them where nobody says, and whether a tree can enable them. */
#include "suite.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "plan/plan.h"
#include "recipes.h"
#include "scratch.h"
#include "tree/enabling.h"
#include "tree/inside.h"
#include "tree/known_keys.h"
#include "tree/unit_names.h"
#include "tree/unit_verify.h"

#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

#define FROM "from: base.recipe\n"

/* --- names ----------------------------------------------------------------------------------------------------------- */

static const char *const names[] = {
	"srv-my\\x2ddata.mount", "a\\x20b.service", "srv-.x-\\xc3\\xa4.automount", "-.mount", "-.slice", "foo-.slice",
	"a@.service", "a@b.service", "a@b-c\\x2dd.service", "systemd-fsck@dev-disk-by\\x2dlabel-x.service", "dev-sda1.device",
	"dev-disk-by\\x2dlabel-x.swap", "org.a.b:1.socket", "a_b.timer", "x.path", "y.target",
};

START_TEST(what_systemd_escape_makes_is_a_name)
{
	const struct recipe *recipe =
		recipes_load(arena_printf(scratch_arena(), FROM "units: { '%s': { mask: true } }\n", names[_i]));

	ck_assert_str_eq(recipe->units[0].name, names[_i]);
}
END_TEST

/* --- who wants them -------------------------------------------------------------------------------------------------- */

static const struct {
	const char *units, *wanted_by; /* of the first one; NULL: nobody */
} wanted[] = {
	{"a.service: { enable: true, Service: { ExecStart: /bin/true } }", "multi-user.target"},
	{"a.socket: { enable: true, Socket: { ListenStream: 80 } }", "sockets.target"},
	{"a.timer: { enable: true, Timer: { OnCalendar: hourly } }", "timers.target"},
	{"a.path: { enable: true, Path: { PathChanged: /a } }", "paths.target"},
	{"a.path: { enable: true, Path: { DirectoryNotEmpty: /a } }", "paths.target"},
	{"a.target: { enable: true, Unit: { Wants: b.service } }", "multi-user.target"},
	{"a.slice: { enable: true, Slice: { MemoryMax: 1G } }", "slices.target"},
	{"a.mount: { enable: true, Mount: { What: tmpfs, Where: /a, Type: tmpfs } }", "local-fs.target"},
	{"a.mount: { enable: true, Mount: { What: 'h:/a', Where: /a, Type: nfs4 } }", "remote-fs.target"},
	{"a.mount: { enable: true, Mount: { What: /dev/a, Where: /a, Options: 'ro,_netdev' } }", "remote-fs.target"},
	{"a.automount: { enable: true, Automount: { Where: /a } }", "local-fs.target"},
	{"a.automount: { enable: true, Automount: { Where: /a } }, a.mount: { Mount: { What: 'h:/a', Type: cifs } }",
	 "remote-fs.target"},
	{"a.swap: { enable: true, Swap: { What: /a } }", "swap.target"},
	{"'a@.service': { Service: { ExecStart: /bin/true } }, 'a@b.service': { enable: true }", "multi-user.target"},
	{"'a@.service': { Service: { ExecStart: /bin/true } }, 'ab@b.service': { enable: true }", NULL},
	{"'a@.service': { enable: true, Service: { ExecStart: /bin/true } }", NULL},
	{"a.service: { Service: { ExecStart: /bin/true } }", NULL},
	{"a.service: { enable: false, Service: { ExecStart: /bin/true } }", NULL},
	{"a.service: { enable: true, Service: { ExecStart: /bin/true }, Install: { RequiredBy: b.service } }", NULL},
	{"a.service: { enable: true, Service: { Restart: always } }", NULL},
	{"a.service: { enable: true, Service: { ExecStart: ['', /bin/true] } }", NULL},
	{"a.service: { enable: true }", NULL},
	{"a.service: { user: carl, enable: true, Service: { ExecStart: /bin/true } }", "default.target"},
	{"a.timer: { user: carl, enable: true, Timer: { OnCalendar: hourly } }", "timers.target"},
	{"a.socket: { user: carl, enable: true, Socket: { ListenStream: 80 } }", "sockets.target"},
	{"a.path: { user: carl, enable: true, Path: { PathChanged: /a } }", "paths.target"},
	{"a.mount: { user: carl, enable: true, Mount: { What: 'h:/a', Where: /a, Type: nfs4 } }", "default.target"},
	{"a.target: { user: carl, enable: true, Unit: { Wants: b.service } }", "default.target"},
};

static struct plan *plan_of_units(const char *units, bool with_users, struct err *err)
{
	static const struct plan_programs programs = {
		.init = "/i", .init_sha256 = DIGEST, .agent = "/a", .agent_sha256 = DIGEST,
	};
	static struct debian_package packages[] = {
		{"openssh-server", "1", "amd64", "00", "pool/a", 1, LAYER_PARENT, 0},
		{"sudo", "1", "amd64", "00", "pool/s", 1, LAYER_PARENT, 0},
		{"linux-image-cloud-amd64", "1", "amd64", "00", "pool/l", 1, LAYER_PARENT, 0},
		{"libpam-systemd", "1", "amd64", "00", "pool/p", 1, LAYER_PARENT, 0},
	};
	static struct lock_account redis = {.name = "redis", .id = 688};
	static struct lock lock;
	const struct recipe *recipe = recipes_load_as(
		arena_printf(scratch_arena(), FROM "users: { carl: { uid: 1234, linger: true } }\nunits: { %s }\n", units),
		KIND_VM);
	struct plan *plan = NULL;

	lock = (struct lock){.epoch = 1, .image = {packages, with_users ? 4 : 3}, .numbered = true, .accounts = &redis,
			     .n_accounts = 1};
	return plan_make(scratch_arena(), recipe, NULL, &lock, &programs, &plan, err) < 0 ? NULL : plan;
}

/* Where the files of the unit are, and what is wrong with it. */
static const struct {
	const char *user;
	bool with_packages;
	int64_t uid;
	const char *expected;        /* NULL: nothing is wrong */
} of_users[] = {
	{"carl", true, 1234, NULL}, {"redis", true, 688, NULL}, {"karl", true, -1, "the user 'karl' does not exist"},
	{"carl", false, 1234, "'a.service', which is a user's, needs the package 'libpam-systemd'"},
};

static bool warned_of(const struct err *err, const char *text)
{
	for (const struct err_item *item = err->warnings; item; item = item->next)
		if (strstr(item->text, text))
			return true;
	return false;
}

START_TEST(a_unit_of_a_user_is_found_by_the_users_number)
{
	struct err err = {0};
	struct plan *plan = plan_of_units(
		arena_printf(scratch_arena(), "a.service: { user: %s, enable: true, Service: { ExecStart: /bin/true } }",
			     of_users[_i].user),
		of_users[_i].with_packages, &err);

	ck_assert_int_eq(plan != NULL, !of_users[_i].expected);
	if (plan) {
		ck_assert_int_eq(plan->units[0].uid, of_users[_i].uid);
		ck_assert_str_eq(plan->units[0].user, of_users[_i].user);
		ck_assert_ptr_nonnull(strstr(plan->text, USER_UNITS_GENERATOR));
		ck_assert_ptr_null(strstr(plan->text, "00-recipe.preset"));
		ck_assert_int_eq(warned_of(&err, "does not start before 'redis' logs in"), of_users[_i].uid == 688);
	} else {
		ck_assert_msg(strstr(err.first->text, of_users[_i].expected), "%s", err.first->text);
		ck_assert_uint_eq(err.first->line, 3);
	}
	err_free(&err);
}
END_TEST

START_TEST(a_unit_without_install_is_wanted_by_the_target_of_its_kind)
{
	struct err err = {0};
	struct plan *plan = plan_of_units(wanted[_i].units, true, &err);

	if (!plan)
		err_print(&err, stderr);
	ck_assert_ptr_nonnull(plan);
	err_free(&err); /* a user that the lock does not have yet */
	ck_assert_pstr_eq(plan->units[0].wanted_by, wanted[_i].wanted_by);
	ck_assert_int_eq(strstr(plan->text, "wanted_by") != NULL, wanted[_i].wanted_by != NULL);
}
END_TEST

/* --- in a tree ------------------------------------------------------------------------------------------------------- */

#define LIB "usr/lib/systemd/system/"
#define ETC "etc/systemd/system/"

static void tree_folder(const char *path)
{
	for (char *copy = arena_strdup(scratch_arena(), scratch_path(path)), *slash = copy + strlen(scratch()) + 1;
	     (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = '\0';
		mkdir(copy, 0755);
	}
}

static void tree_unit(const char *path, const char *text)
{
	struct err err = {0};

	tree_folder(path);
	ck_assert_int_eq(file_write(scratch_path(path), text, strlen(text), 0644, &err), 0);
}

static void tree_link(const char *path, const char *target)
{
	tree_folder(path);
	ck_assert_int_eq(symlink(target, scratch_path(path)), 0);
}

/* What a package has of everything, and what `systemctl preset` has made of it. */
static void tree_make(void)
{
	tree_unit(LIB "on.service", "[Service]\nExecStart=/a\n[Install]\nWantedBy=multi-user.target\nAlias=other.service\n");
	tree_link(ETC "multi-user.target.wants/on.service", "/" LIB "on.service");
	tree_link(ETC "other.service", "/" LIB "on.service");
	tree_unit(LIB "static.service", "[Service]\nExecStart=/a\n");
	tree_unit(LIB "wanted.timer", "[Timer]\nOnCalendar=daily\n");
	tree_link(LIB "timers.target.wants/wanted.timer", "../wanted.timer");
	tree_unit(LIB "needed.service", "[Service]\nExecStart=/a\n");
	tree_link(ETC "on.service.requires/needed.service", "/" LIB "needed.service");
	tree_link(LIB "masked.service", "/dev/null");
	tree_unit(LIB "many@.service", "[Service]\nExecStart=/a\n[Install]\nWantedBy=multi-user.target\n");
	tree_unit(LIB "tty@.service", "[Service]\nExecStart=/a\n[Install]\nWantedBy=getty.target\nDefaultInstance=tty1\n");
	tree_link(ETC "getty.target.wants/tty@tty1.service", "/" LIB "tty@.service");
	tree_unit(LIB "stands.service", "[Service]\nExecStart=/a\n[Install]\nAlso=on.service\n");
	tree_unit(LIB "empty.service", "[Service]\nExecStart=/a\n[Install]\n");
	tree_link(LIB "default.target", "graphical.target");
	tree_unit(LIB "graphical.target", "[Unit]\n");
	tree_unit(LIB "named.service", "[Service]\nExecStart=/a\n");
	tree_link(LIB "dbus-org.named.service", "named.service");
}

static const struct {
	const char *name;
	enum recipe_tristate enable;
	const char *expected; /* of the problem; NULL for none */
} enabled[] = {
	{"on.service", YES, NULL}, {"on.service", NO, NULL},
	{"other.service", YES, "is another name of 'on.service'"}, {"other.service", NO, "is another name of 'on.service'"},
	{"default.target", YES, "is another name of 'graphical.target'"},
	{"static.service", YES, "has no section 'Install'"}, {"static.service", NO, NULL}, {"static.service", UNSET, NULL},
	{"wanted.timer", YES, NULL}, {"wanted.timer", NO, "timers.target.wants/wanted.timer' has it started"},
	{"needed.service", YES, NULL}, {"needed.service", NO, NULL},
	{"masked.service", YES, "is masked in '/usr/lib/systemd/system/masked.service'"}, {"masked.service", NO, NULL},
	{"many@.service", YES, "is a template"}, {"many@.service", NO, NULL}, {"many@x.service", NO, NULL},
	{"many@x.service", YES, "names nothing that wants it"},
	{"tty@.service", YES, NULL}, {"tty@tty1.service", YES, NULL}, {"tty@tty1.service", NO, NULL},
	{"named.service", YES, "has no section 'Install'"},
	{"stands.service", YES, NULL}, {"empty.service", YES, "names nothing that wants it"},
};

START_TEST(what_cannot_be_enabled_or_disabled_is_told)
{
	struct plan_unit unit = {.name = enabled[_i].name, .enable = enabled[_i].enable, .enable_pos = {"a.recipe", 3, 5}};
	struct plan plan = {.units = &unit, .n_units = 1};
	struct step step = {.plan = &plan};
	struct unit_index index;
	struct err err = {0};

	tree_make();
	step.root_fd = inside_open(scratch(), &err);
	ck_assert_int_eq(unit_index_read(scratch_arena(), step.root_fd, &unit_scope_system, &index, &err), 0);
	if (enabling_check_names(&step, &index, &err) == 0)
		enabling_check_links(&step, &index, &err);
	if (!enabled[_i].expected) {
		ck_assert_uint_eq(err.count, 0);
		ck_assert(strcmp(unit.name, "needed.service") != 0 || unit.enable == YES ||
			  !inside_exists(step.root_fd, "/" ETC "on.service.requires/needed.service"));
	} else {
		ck_assert_uint_eq(err.count, 1);
		ck_assert_msg(strstr(err.first->text, enabled[_i].expected), "%s", err.first->text);
		ck_assert_uint_eq(err.first->line, 3);
	}
	err_free(&err);
	close(step.root_fd);
}
END_TEST

/* --- what the image's systemd says ----------------------------------------------------------------------------------- */

static const char LIST[] = "[Unit]\nAfter=UNIT [...]\n\n[Service]\nExecStart=PATH\nRestart=A\n";
static const char PROGRAM[] = "ELF\0Route.Gateway\0Network.Address\0ute.Gatewa\0Route.Metric\0see Route.Nothing, or\0";

static const struct {
	const char *section, *key;
	bool program, known;
} keys[] = {
	{"Service", "ExecStart", false, true}, {"Service", "ExecStrat", false, false}, {"Service", "After", false, false},
	{"Service", "X-Own", false, true}, {"X-Own", "Any", false, true}, {"Strange", "Any", false, true},
	{"Route", "Gateway", true, true}, {"Route", "Gatewa", true, false}, {"Route", "Nothing", true, false},
	{"Route", "Address", true, false}, {"Network", "Address", true, true}, {"Strange", "Any", true, true},
};

START_TEST(a_key_that_the_image_does_not_know_is_told_at_its_place)
{
	struct recipe_setting setting = {.section = keys[_i].section, .key = keys[_i].key, .value = "", .pos = {"a", 3, 5}};
	const struct recipe_settings settings = {&setting, 1};
	struct err err = {0};

	if (keys[_i].program)
		known_keys_of_program(&(struct buf){(char *)PROGRAM, sizeof PROGRAM, sizeof PROGRAM}, &settings, "units.a",
				      &err);
	else
		known_keys_of_list(LIST, &settings, "units.a", &err);
	ck_assert_int_eq(err.count == 0, keys[_i].known);
	ck_assert(keys[_i].known || (err.first->line == 3 && err.first->column == 5));
	err_free(&err);
}
END_TEST

/* A line of `systemd-analyze verify`, and what becomes of it: the place, and part of the text. */
static const struct {
	const char *line;
	unsigned place;
	const char *expected; /* NULL: nothing */
} verified[] = {
	{"/etc/systemd/system/a.service:2: Bad after", 2, "systemd says: Bad after"},
	{"/etc/systemd/system/a.service:5: Bad type", 3, "systemd says: Bad type"},
	{"/etc/systemd/system/a.service.d/50-recipe.conf:6: Bad start", 4, "systemd says: Bad start"},
	{"/etc/systemd/system/a.service:99: Bad", 1, "systemd says: Bad"},
	{"/usr/lib/systemd/system/b.service:2: Bad", 0, "systemd says: /usr/lib/systemd/system/b.service:2: Bad"},
	{"a.service: Odd. Refusing.", 1, "systemd says: Odd. Refusing."},
	{"Unit a.service has a bad unit file setting.", 1, "systemd says: Unit a.service has a bad"},
	{"a.service: Command /usr/bin/aa is not executable: No such file or directory", 4, "no program '/usr/bin/aa'"},
	{"a.service: Command /usr/bin/ab is not executable: No such file or directory", 1, "no program '/usr/bin/ab'"},
	{"a.service: Command /usr/bin/aa is not executable: Permission denied", 4, "'/usr/bin/aa' cannot be executed"},
	{"t@aether.service: Command /usr/bin/aether is not executable: No such file or directory", 0, NULL},
};

START_TEST(what_systemd_finds_is_told_at_the_recipes_line)
{
	struct recipe_setting items[] = {
		{.section = "Unit", .key = "After", .value = "x", .pos = {"a", 2, 1}},
		{.section = "Service", .key = "Type", .value = "x", .pos = {"a", 3, 1}},
		{.section = "Service", .key = "ExecStart", .value = "-/usr/bin/aa b", .pos = {"a", 4, 1}},
	};
	const struct recipe_settings settings = {items, 3};
	struct plan_unit units[] = {{.name = "a.service", .text = "x", .words = &settings, .pos = {"a", 1, 1}},
				    {.name = "t@.service", .text = "x", .words = &settings, .pos = {"a", 1, 1}}};
	struct plan plan = {.units = units, .n_units = 2};
	struct step step = {.plan = &plan};
	struct err err = {0};

	mkdir(scratch_path("usr"), 0755);
	step.root_fd = inside_open(scratch(), &err);
	unit_verify_tell(&step, &unit_scope_system, verified[_i].line, &err);
	ck_assert_uint_eq(err.count, verified[_i].expected ? 1 : 0);
	if (verified[_i].expected) {
		ck_assert_msg(strstr(err.first->text, verified[_i].expected), "%s", err.first->text);
		ck_assert_uint_eq(err.first->line, verified[_i].place);
	}
	err_free(&err);
	close(step.root_fd);
}
END_TEST

/* --- names of others ------------------------------------------------------------------------------------------------- */

/* What a unit says of others, in the tree above with a quadlet `q.container`; what is told of it: an error, a warning. */
static const struct {
	const char *section, *key, *value, *error, *warning;
} mentioned[] = {
	{"Unit", "Requires", "on.service graphical.target", NULL, NULL}, {"Unit", "Requires", "", NULL, NULL},
	{"Unit", "Requires", "onn.service", "no unit 'onn.service'", NULL}, {"Unit", "BindsTo", "onn.service", "no unit", NULL},
	{"Unit", "BindsTo", "dev-sda.device srv-x.mount a.slice", NULL, NULL},
	{"Unit", "Requires", "many@x.service x@%i.service", NULL, NULL},
	{"Unit", "Requires", "few@x.service", "no unit 'few@x.service'", NULL},
	{"Unit", "Requires", "q.service", NULL, NULL}, {"Unit", "After", "onn.service", NULL, "no unit 'onn.service'"},
	{"Unit", "After", "entirely-different-thing.service", NULL, NULL}, {"Unit", "Wants", "onn.service", NULL, "no unit"},
	{"Unit", "OnFailure", "on.service onn.service", NULL, "no unit 'onn.service'"},
	{"Install", "WantedBy", "graphcal.target", "no unit 'graphcal.target'", NULL},
	{"Install", "WantedBy", "graphical.target", NULL, NULL}, {"Timer", "Unit", "onn.service", "no unit", NULL},
	{"Timer", "Unit", "on.service", NULL, NULL}, {"Socket", "Service", "onn.service", "no unit", NULL},
	{"Timer", "OnCalendar", "daily", "starts 'u.service', which the image does not have", NULL},
};

START_TEST(units_that_nobody_has_are_told)
{
	struct recipe_setting setting = {.section = mentioned[_i].section, .key = mentioned[_i].key,
					 .value = mentioned[_i].value};
	const struct recipe_settings settings = {&setting, 1};
	struct recipe_quadlet quadlet = {.name = "q.container"};
	struct recipe own = {.quadlets = &quadlet, .n_quadlets = 1};
	struct plan_unit unit = {.name = strcmp(setting.section, "Timer") ? "u.service" : "u.timer", .text = "x",
				 .words = &settings};
	struct plan plan = {.recipe = &own, .units = &unit, .n_units = 1};
	struct step step = {.plan = &plan};
	struct unit_index index;
	struct err err = {0};

	tree_make();
	step.root_fd = inside_open(scratch(), &err);
	ck_assert_int_eq(unit_index_read(scratch_arena(), step.root_fd, &unit_scope_system, &index, &err), 0);
	unit_names_check(&step, &index, &err);
	ck_assert_int_eq(err.first != NULL, mentioned[_i].error != NULL);
	ck_assert_int_eq(err.warnings != NULL, mentioned[_i].warning != NULL);
	if (err.first)
		ck_assert_msg(strstr(err.first->text, mentioned[_i].error), "%s", err.first->text);
	if (err.warnings)
		ck_assert_msg(strstr(err.warnings->text, mentioned[_i].warning), "%s", err.warnings->text);
	err_free(&err);
	close(step.root_fd);
}
END_TEST

/* The same of a user's unit, and of what only one of the managers has. */
static const struct {
	const char *key, *value, *error, *warning;
} mentioned_by_users[] = {
	{"Requires", "agent.socket", NULL, NULL}, {"Requires", "agnt.socket", "no unit 'agnt.socket'", NULL},
	{"Requires", "on.service", "'on.service' is a unit of the system, not of the user 'anna'", NULL},
	{"After", "on.service", NULL, "'on.service' is a unit of the system"},
	{"Wants", "on.service", NULL, "'on.service' is a unit of the system"},
	{"After", "entirely-different-thing.service", NULL, NULL}, {"Requires", "p.service", NULL, NULL},
	{"Requires", "q.service", "'q.service' is a unit of the system", NULL},
	{"Requires", "p.container", "'p.container' is not the name of a unit", NULL},
	{"Requires", "masked.socket", "is masked", NULL}, {"After", "masked.socket", NULL, NULL},
};

START_TEST(a_users_units_name_those_of_the_user)
{
	struct recipe_setting setting = {.section = "Unit", .key = mentioned_by_users[_i].key,
					 .value = mentioned_by_users[_i].value};
	struct recipe_quadlet quadlets[] = {{.name = "q.container"}, {.name = "p.container", .user = "anna"}};
	struct recipe own = {.quadlets = quadlets, .n_quadlets = 2};
	struct plan plan = {.recipe = &own};
	struct step step = {.plan = &plan};
	const struct unit_scope anna = unit_scope_of_user(scratch_arena(), "anna", 1234);
	struct err err = {0};

	tree_make();
	tree_unit("usr/lib/systemd/user/agent.socket", "[Socket]\n");
	tree_link("etc/systemd/user/masked.socket", "/dev/null");
	step.root_fd = inside_open(scratch(), &err);
	unit_names_check_setting(&step, scratch_arena(), &anna, &setting, "units.u.service", false, &err);
	ck_assert_int_eq(err.first != NULL, mentioned_by_users[_i].error != NULL);
	ck_assert_int_eq(err.warnings != NULL, mentioned_by_users[_i].warning != NULL);
	if (err.first)
		ck_assert_msg(strstr(err.first->text, mentioned_by_users[_i].error), "%s", err.first->text);
	if (err.warnings)
		ck_assert_msg(strstr(err.warnings->text, mentioned_by_users[_i].warning), "%s", err.warnings->text);
	err_free(&err);
	close(step.root_fd);
}
END_TEST

START_TEST(mount_points_are_made_where_the_machine_cannot)
{
	static const struct {
		const char *section, *where;
		bool made;
	} places[] = {{"Mount", "/mnt/share", true}, {"Automount", "/srv/a b", true}, {"Mount", "/var/lib/x", false},
		      {"Mount", "/usr", true}, {"Automount", "/run/x", false}, {"Mount", "/mnt/%i", false}};
	struct err err = {0};

	tree_make();
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		struct recipe_setting setting = {.section = places[i].section, .key = "Where", .value = places[i].where};
		const struct recipe_settings settings = {&setting, 1};
		struct plan_unit unit = {.name = "x.mount", .text = "x", .words = &settings};
		struct plan plan = {.units = &unit, .n_units = 1};
		struct step step = {.plan = &plan};

		step.root_fd = inside_open(scratch(), &err);
		ck_assert_int_eq(unit_names_make_mount_points(&step, &err), 0);
		ck_assert_int_eq(inside_exists(step.root_fd, places[i].where), places[i].made);
		close(step.root_fd);
	}
}
END_TEST

SUITE(unit_mounts, mount_points_are_made_where_the_machine_cannot)
LOOP_SUITE(unit_mentioned, units_that_nobody_has_are_told, sizeof mentioned / sizeof *mentioned)
LOOP_SUITE(unit_mentioned_by_users, a_users_units_name_those_of_the_user,
	   sizeof mentioned_by_users / sizeof *mentioned_by_users)
LOOP_SUITE(unit_keys, a_key_that_the_image_does_not_know_is_told_at_its_place, sizeof keys / sizeof *keys)
LOOP_SUITE(unit_verified, what_systemd_finds_is_told_at_the_recipes_line, sizeof verified / sizeof *verified)
LOOP_SUITE(unit_names, what_systemd_escape_makes_is_a_name, sizeof names / sizeof *names)
LOOP_SUITE(unit_users, a_unit_of_a_user_is_found_by_the_users_number, sizeof of_users / sizeof *of_users)
LOOP_SUITE(unit_targets, a_unit_without_install_is_wanted_by_the_target_of_its_kind, sizeof wanted / sizeof *wanted)
LOOP_SUITE(unit_enabling, what_cannot_be_enabled_or_disabled_is_told, sizeof enabled / sizeof *enabled)

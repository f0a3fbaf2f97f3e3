/* Names that the image is asked about: a small tree made by hand, and each kind of name, present and misspelt. */
#include "suite.h"

#include <string.h>

#include "base/file.h"
#include "recipes.h"
#include "scratch.h"
#include "tree/inside.h"
#include "tree/name.h"

#define KERNEL "/usr/lib/modules/6.12.1-cloud-amd64/"

static const struct { const char *path, *text; mode_t mode; } files[] = {
	{"/usr/bin/curl", "\x7f" "ELF", 0755},
	{"/usr/bin/env", "\x7f" "ELF", 0755},
	{"/usr/bin/sh", "\x7f" "ELF", 0755},
	{"/usr/sbin/nginx", "\x7f" "ELF", 0755},
	{"/usr/bin/plain", "text", 0644},
	{"/usr/local/bin/good", "#! /usr/bin/sh -e\ntrue\n", 0755},
	{"/usr/local/bin/lost", "#!/usr/bin/python3\n", 0755},
	{"/usr/local/bin/lost-env", "#!/usr/bin/env -S python3 -u\n", 0755},
	{"/usr/local/bin/env", "#!/usr/bin/env A=1 sh\n", 0755},
	{"/usr/share/zoneinfo/UTC", "TZif2", 0644},
	{"/usr/share/zoneinfo/Europe/Berlin", "TZif2", 0644},
	{"/usr/share/zoneinfo/America/New_York", "TZif2", 0644},
	{"/usr/share/zoneinfo/right/Europe/Berlin", "TZif2", 0644},
	{"/usr/share/zoneinfo/leapseconds", "# text\n", 0644},
	{KERNEL "modules.dep", "kernel/net/wireguard.ko.xz: kernel/net/udp_tunnel.ko.xz\nkernel/fs/xfs/xfs.ko.xz:\n", 0644},
	{KERNEL "modules.builtin", "kernel/drivers/net/tun.ko\nkernel/fs/fuse/virtio-fs.ko\n", 0644},
	{KERNEL "modules.alias", "# comment\nalias fs-xfs xfs\nalias net-pf-*-proto-51 esp4\n", 0644},
	{"/etc/modprobe.d/own.conf", "alias vpn wireguard\nblacklist pcspkr\n", 0644},
	{"/usr/lib/systemd/system/nginx.service", "[Service]\n", 0644},
	{"/usr/lib/systemd/system/getty@.service", "[Service]\n", 0644},
	{"/etc/app/app.env", "A=1\n", 0644},
	{"/etc/passwd", "root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/:/bin/sh\n", 0644},
	{"/etc/group", "root:x:0:\naudio:x:29:\n", 0644},
	{"/usr/lib/sysusers.d/later.conf", "# comment\nu later -\ng shared -\nm later audio\n", 0644},
	{"/etc/containers/systemd/pod.yaml", "a: 1\n", 0644},
};

static int make_tree(void)
{
	struct err err = {0};
	int root_fd;

	folder_make(scratch_path("tree"), 0755, &err);
	root_fd = inside_open(scratch_path("tree"), &err);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		inside_write(root_fd, files[i].path, files[i].text, strlen(files[i].text),
			     &(struct inside_access){files[i].mode, getuid(), getgid()}, &err);
	inside_link(root_fd, "/etc/systemd/system/off.service", "/dev/null", &err);
	inside_link(root_fd, "/bin", "usr/bin", &err);
	ck_assert_uint_eq(err.count, 0);
	return root_fd;
}

static struct recipe_setting where = {.section = "Mount", .key = "Where", .value = "/opt/share"};
static struct recipe_unit mount = {.name = "opt-share.mount", .settings = {&where, 1}};
static struct recipe recipe = {.path = "a.recipe", .kind = KIND_VM, .timezone = "UTC", .units = &mount, .n_units = 1};
static struct plan plan = {.recipe = &recipe};

static const struct {
	name_ask *ask;
	const char *text, *problem, *hint; /* `problem` NULL: the image has it */
} cases[] = {
	{name_ask_unit, "nginx.service", NULL, NULL},
	{name_ask_unit, "ngnix.service", "the image has no unit 'ngnix.service'", "did you mean 'nginx.service'?"},
	{name_ask_unit, "caddy.service", "the image has no unit 'caddy.service'",
	 "add the package that has it, or define it in 'units'"},
	{name_ask_unit, "getty@tty1.service", NULL, NULL},
	{name_ask_unit, "gety@tty1.service", "the image has no unit 'gety@tty1.service'", "did you mean 'getty@tty1.service'?"},
	{name_ask_unit, "getty@.service", "'getty@.service' is a template: only an instance of it can be active",
	 "name an instance, like getty@NAME.service"},
	{name_ask_unit, "off.service", "the unit 'off.service' is masked: it can never be active",
	 "name another unit, or do not mask it"},
	{name_ask_unit, "-.mount", NULL, NULL},

	{name_ask_program, "/usr/bin/curl", NULL, NULL},
	{name_ask_program, "/bin/curl", NULL, NULL},
	{name_ask_program, "/usr/bin/crul", "the image has no program '/usr/bin/crul'", "did you mean '/usr/bin/curl'?"},
	{name_ask_program, "/usr/bin/nginx", "the image has no program '/usr/bin/nginx'", "did you mean '/usr/sbin/nginx'?"},
	{name_ask_program, "/opt/bin/ngimx", "the image has no program '/opt/bin/ngimx'", "did you mean '/usr/sbin/nginx'?"},
	{name_ask_program, "/usr/bin/nosuch", "the image has no program '/usr/bin/nosuch'",
	 "add the package or file that brings it"},
	{name_ask_program, "/usr/bin", "'/usr/bin' is not a program", "write the path of an executable file"},
	{name_ask_program, "/usr/bin/plain", "'/usr/bin/plain' is not executable in the image",
	 "if it is one of 'files', add: mode: \"0755\""},
	{name_ask_program, "/usr/local/bin/good", NULL, NULL},
	{name_ask_program, "/usr/local/bin/env", NULL, NULL},
	{name_ask_program, "/usr/local/bin/lost",
	 "'/usr/local/bin/lost' is a script for '/usr/bin/python3', which is not in the image",
	 "add the package that has 'python3'"},
	{name_ask_program, "/usr/local/bin/lost-env",
	 "'/usr/local/bin/lost-env' is a script for 'python3', which is not in the image",
	 "add the package that has 'python3'"},
	{name_ask_program, "/var/lib/app/check", NULL, NULL}, /* the machine may make these */
	{name_ask_program, "/run/check", NULL, NULL},
	{name_ask_program, "/opt/share/check", NULL, NULL},

	{name_ask_file, "/etc/app/app.env", NULL, NULL},
	{name_ask_file, "/etc/app/ap.env", "the image has no file '/etc/app/ap.env'", "did you mean '/etc/app/app.env'?"},
	{name_ask_file, "/etc/other", "the image has no file '/etc/other'", "add it to 'files', or the package that brings it"},
	{name_ask_file, "/var/lib/app/env", NULL, NULL},

	{name_ask_zone, "Europe/Berlin", NULL, NULL},
	{name_ask_zone, "Europe/Berln", "the image has no time zone 'Europe/Berln'", "did you mean 'Europe/Berlin'?"},
	{name_ask_zone, "europe/berlin", "the image has no time zone 'europe/berlin'", "did you mean 'Europe/Berlin'?"},
	{name_ask_zone, "Berlin", "the image has no time zone 'Berlin'", "did you mean 'Europe/Berlin'?"},
	{name_ask_zone, "Germany/Berln", "the image has no time zone 'Germany/Berln'", "did you mean 'Europe/Berlin'?"},
	{name_ask_zone, "America/NewYork", "the image has no time zone 'America/NewYork'", "did you mean 'America/New_York'?"},
	{name_ask_zone, "Europe", "the image has no time zone 'Europe'",
	 "write a name like Europe/Berlin; old names, like US/Eastern, are in the package 'tzdata-legacy'"},
	{name_ask_zone, "leapseconds", "the image has no time zone 'leapseconds'",
	 "write a name like Europe/Berlin; old names, like US/Eastern, are in the package 'tzdata-legacy'"},

	{name_ask_module, "wireguard", NULL, NULL},
	{name_ask_module, "tun", NULL, NULL},
	{name_ask_module, "virtio_fs", NULL, NULL},
	{name_ask_module, "virtio-fs", NULL, NULL},
	{name_ask_module, "fs-xfs", NULL, NULL},
	{name_ask_module, "net-pf-2-proto-51", NULL, NULL},
	{name_ask_module, "vpn", NULL, NULL},
	{name_ask_module, "wiregaurd", "the kernel of the image has no module 'wiregaurd'", "did you mean 'wireguard'?"},
	{name_ask_module, "snd_hda_intel", "the kernel of the image has no module 'snd_hda_intel'",
	 "the kernel for clouds has few drivers: 'from: aether:vm-hardware' has Debian's general one"},
};

START_TEST(a_name_that_the_image_does_not_have_is_an_error_with_the_nearest)
{
	_cleanup_fd_ int root_fd = make_tree();
	const struct step step = {.plan = &plan, .root_fd = root_fd};
	const struct name name = {cases[_i].text, {"a.recipe", 3, 7}, "health"};
	struct err err = {0};

	cases[_i].ask(&step, scratch_arena(), &name, &err);
	ck_assert_msg(err.count == (cases[_i].problem != NULL), "%s: %s", cases[_i].text,
		      err.count ? err.first->text : "no problem");
	if (err.count) {
		ck_assert_str_eq(err.first->text, cases[_i].problem);
		ck_assert_str_eq(err.first->hint, cases[_i].hint);
		ck_assert_str_eq(err.first->path, "health");
		ck_assert_uint_eq(err.first->line, 3);
	}
	err_free(&err);
}
END_TEST
LOOP_SUITE(names_cases, a_name_that_the_image_does_not_have_is_an_error_with_the_nearest, sizeof cases / sizeof *cases)

/* What a quadlet's setting asks; 0: nothing is wrong. */
static const struct {
	const char *section, *key, *value;
	unsigned problems;
} settings[] = {
	{"Container", "EnvironmentFile", "/etc/app/app.env", 0}, {"Container", "EnvironmentFile", "/etc/app/missing.env", 1},
	{"Container", "EnvironmentFile", "-/etc/app/missing.env", 0}, {"Service", "EnvironmentFile", "/etc/app/missing.env", 1},
	{"Container", "EnvironmentFile", "%h/env", 0}, {"Container", "Volume", "/etc/app:/app:ro", 0},
	{"Container", "Volume", "/etc/ap:/app:ro", 1}, {"Container", "Volume", "data:/data", 0},
	{"Container", "Volume", "data.volume:/data", 0}, {"Container", "Volume", "/var/lib/app:/data", 0},
	{"Container", "Volume", "/data", 1}, {"Kube", "Yaml", "pod.yaml", 0}, {"Kube", "Yaml", "./pod.yaml", 0},
	{"Kube", "Yaml", "pot.yaml", 1},
	{"Service", "ExecStartPre", "/usr/bin/curl http://a", 0}, {"Service", "ExecStartPre", "/usr/bin/crul http://a", 1},
	{"Service", "ExecStartPre", "-/usr/bin/crul http://a", 0}, {"Service", "ExecStartPre", "@/usr/bin/curl c", 0},
	{"Unit", "Requires", "nginx.service web.service", 0}, {"Unit", "Requires", "ngnix.service", 1},
	{"Unit", "Requires", "web.container", 1}, {"Unit", "Requires", "off.service", 1},
	{"Unit", "BindsTo", "ngnix.service", 1},
	{"Unit", "Wants", "ngnix.service", 0}, {"Install", "WantedBy", "ngnix.service", 1},
	{"Unit", "After", "ngnix.service", 0}, {"Container", "Exec", "/no/such", 0},
};

/* What a setting of a unit asks, in a unit with that setting beside it; the problem, NULL: nothing is wrong. */
static const struct {
	const char *key, *value, *beside, *problem;
} needs[] = {
	{"User", "www-data", "", NULL}, {"User", "ww-data", "", "the image has no user 'ww-data'"}, {"User", "1000", "", NULL},
	{"User", "later", "", NULL}, {"User", "shared", "", "the image has no user 'shared'"}, {"User", "%i", "", NULL},
	{"User", "anything", "DynamicUser=yes", NULL},
	{"User", "anything", "DynamicUser=no", "the image has no user 'anything'"},
	{"Group", "later", "", NULL}, {"Group", "shared", "", NULL},
	{"Group", "nothing", "", "the image has no group 'nothing'"},
	{"SupplementaryGroups", "audio shared", "", NULL},
	{"SupplementaryGroups", "audio vidoe", "", "the image has no group 'vidoe'"},
	{"SocketUser", "rot", "", "the image has no user 'rot'"}, {"SocketGroup", "audio", "", NULL},
	{"WorkingDirectory", "/etc/app", "", NULL}, {"WorkingDirectory", "-/etc/ap", "", NULL},
	{"WorkingDirectory", "~", "", NULL}, {"WorkingDirectory", "/etc/ap", "", "the image has no file '/etc/ap'"},
	{"WorkingDirectory", "/var/lib/app", "", NULL}, {"WorkingDirectory", "/opt/share/app", "", NULL},
	{"EnvironmentFile", "/etc/app/app.env", "", NULL}, {"EnvironmentFile", "-/etc/app/ap.env", "", NULL},
	{"EnvironmentFile", "/etc/app/ap.env", "", "the image has no file '/etc/app/ap.env'"},
	{"ReadWritePaths", "/etc/app -/etc/x +/etc/app", "", NULL},
	{"ReadOnlyPaths", "/etc/app /etc/x", "", "the image has no file '/etc/x'"},
	{"BindPaths", "/etc/app:/a", "", NULL}, {"BindReadOnlyPaths", "/etc/x:/etc/app", "", "the image has no file '/etc/x'"},
	{"LoadCredential", "a:/etc/x", "", "the image has no file '/etc/x'"}, {"LoadCredential", "a", "", NULL},
	{"LoadCredential", "a:/run/x", "", NULL}, {"Description", "/etc/x", "", NULL},
};

START_TEST(what_services_need_is_asked)
{
	_cleanup_fd_ int root_fd = make_tree();
	bool dynamic = *needs[_i].beside;
	struct recipe_setting words[] = {
		{.section = "Service", .key = needs[_i].key, .value = needs[_i].value, .pos = {"a.recipe", 3, 7}},
		{.section = "Service", .key = "DynamicUser", .value = dynamic ? strchr(needs[_i].beside, '=') + 1 : NULL},
	};
	const struct recipe_settings settings_of = {words, dynamic ? 2 : 1};
	struct plan_unit units[] = {{.name = "a.service", .text = "", .words = &settings_of}};
	struct plan of = plan;
	struct err err = {0};

	of.units = units;
	of.n_units = 1;
	names_ask_units(&(struct step){.plan = &of, .root_fd = root_fd}, scratch_arena(), &err);
	if (!needs[_i].problem) {
		ck_assert_msg(err.count == 0, "%s=%s", needs[_i].key, needs[_i].value);
		return;
	}
	ck_assert_msg(err.count == 1, "%s=%s", needs[_i].key, needs[_i].value);
	ck_assert_str_eq(err.first->text, needs[_i].problem);
	ck_assert_str_eq(err.first->path, arena_printf(scratch_arena(), "units.a.service.Service.%s", needs[_i].key));
	ck_assert_uint_eq(err.first->line, 3);
	err_free(&err);
}
END_TEST
LOOP_SUITE(names_units, what_services_need_is_asked, sizeof needs / sizeof *needs)

START_TEST(what_quadlets_name_is_asked)
{
	_cleanup_fd_ int root_fd = make_tree();
	struct recipe_setting setting = {
		.section = settings[_i].section, .key = settings[_i].key, .value = settings[_i].value,
	};
	struct recipe_quadlet quadlets[] = {{.name = "web.container", .settings = {&setting, 1}}};
	struct plan_quadlet planned[] = {{.name = "web.container", .path = "/etc/containers/systemd/web.container"}};
	struct recipe with = recipe;
	struct plan of = {.recipe = &with, .quadlets = planned, .n_quadlets = 1};
	struct err err = {0};

	with.quadlets = quadlets;
	with.n_quadlets = 1;
	step_names(&(struct step){.plan = &of, .root_fd = root_fd}, &err);
	ck_assert_msg(err.count == settings[_i].problems, "%s=%s: %s", setting.key, setting.value,
		      err.count ? err.first->text : "");
	err_free(&err);
}
END_TEST
LOOP_SUITE(names_quadlets, what_quadlets_name_is_asked, sizeof settings / sizeof *settings)

START_TEST(all_words_are_asked_and_told_at_once)
{
	static const char *modules[] = {"wiregaurd", "tun"};
	static const char *arguments[] = {"quiet", "systemd.unit=nosuch.target", "modprobe.blacklist=xsf,xfs",
					  "systemd.wants=nginx.service"};
	static const char *good[] = {"/usr/bin/curl", "-sS"}, *bad[] = {"/usr/bin/crul"};
	struct recipe_health health[] = {
		{.type = HEALTH_UNIT, .unit = "ngnix.service"}, {.type = HEALTH_COMMAND, .command = {bad, 1}},
		{.type = HEALTH_COMMAND, .command = {good, 2}}, {.type = HEALTH_TCP, .port = 80},
	};
	struct recipe_test tests[] = {
		{.name = "a", .command = {bad, 1}}, {.name = "b", .command = {bad, 1}, .status = 127},
		{.name = "c", .shell = "/usr/bin/crul -x | cat"}, {.name = "d", .shell = "x=1; /usr/bin/crul"},
		{.name = "e", .shell = "/usr/bin/${x}"},
	};
	struct recipe with = recipe;
	struct plan of = {.recipe = &with};
	_cleanup_fd_ int root_fd = make_tree();
	struct err err = {0};

	with.timezone = "Europe/Berln";
	with.modules_load = (struct strv){modules, 2};
	with.kernel_args = (struct strv){arguments, 4};
	with.health = health;
	with.n_health = 4;
	with.tests = tests;
	with.n_tests = 5;
	ck_assert_int_lt(step_names(&(struct step){.plan = &of, .root_fd = root_fd}, &err), 0);
	ck_assert_uint_eq(err.count, 7);
	ck_assert_str_eq(err.warnings->text, "the kernel of the image has no module 'xsf' to keep out");
	ck_assert_ptr_null(err.warnings->next);
	err_free(&err);
}
END_TEST

START_TEST(without_a_kernel_nothing_is_said_of_modules)
{
	struct err err = {0};
	_cleanup_fd_ int root_fd = -1;

	folder_make(scratch_path("empty"), 0755, &err);
	root_fd = inside_open(scratch_path("empty"), &err);
	name_ask_module(&(struct step){.plan = &plan, .root_fd = root_fd}, scratch_arena(), &(struct name){.text = "any"},
			&err);
	ck_assert_uint_eq(err.count, 0);
}
END_TEST

/* A recipe's own file excludes; the tree has the lists of two packages. */
START_TEST(paths_of_no_package_and_packages_without_paths_are_warned_of)
{
	static const char docs[] = "/.\n/usr\n/usr/share\n/usr/share/doc\n/usr/share/doc/x\n/usr/share/doc/x/index.html\n"
				   "/usr/share/doc/x-doc/copyright\n/usr/share/doc/x-doc/changelog.gz\n";
	static const char meta[] = "/.\n/usr\n/usr/share/doc/meta\n/usr/share/doc/meta/changelog.gz\n";
	static const char good[] = "/.\n/usr\n/usr/bin\n/usr/bin/x\n/usr/share/doc/x\n/usr/share/doc/x/a.html\n";
	static const char *excluded[] = {"/usr/share/doc/*", "/usr/share/dcos/*"}, *included[] = {"/usr/share/doc/*/copyright"};
	struct recipe_package asked[] = {{.name = "x-doc", .origin = ORIGIN_SELF, .pos = {"a.recipe", 4, 2}},
					 {.name = "meta", .origin = ORIGIN_SELF}, {.name = "x", .origin = ORIGIN_SELF}};
	struct debian_package packages[] = {{.name = "x-doc"}, {.name = "meta"}, {.name = "x"}};
	struct recipe with = recipe;
	struct plan of = {.recipe = &with, .image.layers[LAYER_RECIPE] = {.packages = packages, .n_packages = 3}};
	_cleanup_fd_ int root_fd = make_tree();
	const struct step step = {.plan = &of, .root_fd = root_fd};
	struct err err = {0};

	inside_write(root_fd, "/var/lib/dpkg/info/x-doc.list", docs, sizeof docs - 1, &INSIDE_PLAIN, &err);
	inside_write(root_fd, "/var/lib/dpkg/info/meta.list", meta, sizeof meta - 1, &INSIDE_PLAIN, &err);
	inside_write(root_fd, "/var/lib/dpkg/info/x:amd64.list", good, sizeof good - 1, &INSIDE_PLAIN, &err);
	with.exclude = (struct strv){excluded, 2};
	with.include = (struct strv){included, 1};
	with.packages = asked;
	with.n_packages = 3;
	ck_assert_int_eq(names_ask_paths(&step, &err), 0);
	ck_assert_str_eq(err.warnings->text, "nothing of the package 'x-doc' is in the image: all of its files are excluded");
	ck_assert_str_eq(err.warnings->hint, "to have them, add what is wanted to 'include', like '/usr/share/doc/x/*'");
	ck_assert_uint_eq(err.warnings->line, 4);
	ck_assert_ptr_null(err.warnings->next); /* nobody knows where the globs stand */
	err_free(&err);
	of.image.layers[LAYER_RECIPE].exceptions = (struct strv){excluded, 1};
	ck_assert_int_eq(names_ask_paths(&step, &err), 0);
	ck_assert_ptr_null(err.warnings);

	with = *recipes_load("from: base.recipe\nexclude: [/usr/share/doc/*, /usr/share/dcos/*]\n"
			     "include: [/usr/share/doc/*/no]\n");
	ck_assert_int_eq(names_ask_paths(&step, &err), 0);
	ck_assert_str_eq(err.warnings->text, "no package of the image has a path like '/usr/share/dcos/*'");
	ck_assert_uint_eq(err.warnings->line, 2);
	ck_assert_str_eq(err.warnings->next->text, "no package of the image has a path like '/usr/share/doc/*/no'");
	ck_assert_ptr_null(err.warnings->next->next);
	err_free(&err);
}
END_TEST

SUITE(names, paths_of_no_package_and_packages_without_paths_are_warned_of, all_words_are_asked_and_told_at_once,
      without_a_kernel_nothing_is_said_of_modules)

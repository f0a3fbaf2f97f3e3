/* `sysctl:` and `tmpfiles:`: what is written for systemd, and what is refused before it sees it. */
#include "suite.h"

#include "plan/config.h"
#include "recipes.h"
#include "scratch.h"

#define FROM "from: base.recipe\n"

/* The text of a file that the plan makes of the recipe's units and settings. */
static const char *made(const struct recipe *recipe, const char *path)
{
	struct plan *plan = arena_new_of(scratch_arena(), struct plan);
	struct err err = {0};

	plan->recipe = recipe;
	ck_assert_int_eq(units_make(scratch_arena(), plan, &err), 0);
	for (size_t i = 0; i < plan->n_files; i++)
		if (strcmp(plan->files[i].path, path) == 0)
			return plan->files[i].text;
	return "";
}

START_TEST(settings_become_a_file_of_sysctl_d)
{
	recipes_write("p.recipe", FROM "sysctl: { vm.swappiness: 60, net.ipv4.ip_forward: 0 }\n");

	const struct recipe *recipe = recipes_load(
		"from: p.recipe\nvars: { n: 10 }\nsysctl:\n  net.ipv4.ip_forward: 1\n  vm.swappiness: ${vars.n}\n"
		"  net/ipv4/conf/eth0.100/forwarding: \"1\"\n  -net.ipv4.conf.*.rp_filter: 2\n  -net.ipv4.conf.all.rp_filter:\n"
		"  kernel.core_pattern: \"|/usr/bin/x %p\"\n  net.ipv4.tcp_rmem: 4096 131072 6291456\n"
		"  kernel.domainname: ''\n");

	ck_assert_str_eq(made(recipe, "/etc/sysctl.d/99-zz-recipe.conf"),
			 "vm.swappiness = 10\nnet.ipv4.ip_forward = 1\nnet/ipv4/conf/eth0.100/forwarding = 1\n"
			 "-net.ipv4.conf.*.rp_filter = 2\n-net.ipv4.conf.all.rp_filter\nkernel.core_pattern = |/usr/bin/x %p\n"
			 "net.ipv4.tcp_rmem = 4096 131072 6291456\nkernel.domainname = \n");
	ck_assert_str_eq(made(recipes_load(FROM), "/etc/sysctl.d/99-zz-recipe.conf"), "");
}
END_TEST

START_TEST(settings_that_are_none_are_refused)
{
	static const struct {
		const char *written, *words;
	} rows[] = {
		{"net.ipv4.ip_forward: true",
		 "x.recipe:2:32: sysctl.net.ipv4.ip_forward: expected a number, or text of one line, "
					      "found 'true'\n  hint: the kernel has numbers for yes and no: 1 and 0\n"},
		{"net.ipv4.ip_forward: ", "found nothing"},
		{"net.ipv4.tcp_rmem: [1, 2, 3]", "found a list\n  hint: write several numbers as one text"},
		{"net: { ipv4: { ip_forward: 1 } }", "expected a kernel setting, like net.ipv4.ip_forward, found 'net'"},
		{"kernel.core_pattern: \"a\\nb\"", "expected a number, or text of one line"},
		{"swappiness: 1", "expected a kernel setting"},
		{"net..ipv4: 1", "expected a kernel setting"},
		{"net.ipv4.: 1", "expected a kernel setting"},
		{"'net.ipv4 = x': 1", "expected a kernel setting"},
		{"../x.y: 1", "expected a kernel setting"},
		{"--vm.swappiness: 1", "expected a kernel setting"},
		{"vm.swappiness: 1, vm/swappiness: 2", "x.recipe:2:29: sysctl.vm/swappiness: this is the same setting as "
						       "'vm.swappiness' at "},
		{"vm.swappiness: 1, -vm.swappiness: 2", "this is the same setting"},
		{"net.ipv4.conf.eth0/1.forwarding: 1, net/ipv4/conf/eth0.1/forwarding: 1", "this is the same setting"},
	};
	static const char *const near[][2] = {
		{"net.ipv4.ip_foward", "net.ipv4.ip_forward"}, {"net.ipv4.ipforward", "net.ipv4.ip_forward"},
		{"net/ipv4/ip_forwad", "net.ipv4.ip_forward"}, {"vm.swapiness", "vm.swappiness"},
		{"-vm.swappines", "vm.swappiness"}, {"vm.max_map_counts", "vm.max_map_count"},
		{"kernal.panic", "kernel.panic"}, {"net.core.somaxcon", "net.core.somaxconn"},
		{"fs.inotify.max_user_watchs", "fs.inotify.max_user_watches"},
		{"nett.x.y", "net"}, {"kernl.foo", "kernel"}, {"foobar.x", "net, kernel, vm or fs"},
	};
	static const char *const fine[] = {
		"net.ipv4.tcp_mem", "net.ipv4.udp_mem", "net.ipv4.conf.eth0.forwarding", "net.ipv4.conf.*.forwarding",
		"net.core.wmem_max", "kernel.shmall", "net.netfilter.nf_conntrack_tcp_timeout_established", "fs.aio-nr",
		"net.ipv6.conf.all.forwarding", "dev.raid.speed_limit_max", "user.max_net_namespaces", "vm.laptop_mode",
		"net.ipv6.route.max_size", "kernel.yama.ptrace_scope", "net.mptcp.enabled", "kernel.watchdog",
		"net.ipv4.tcp_ecn",
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		recipes_refused(arena_printf(scratch_arena(), FROM "sysctl: { %s }\n", rows[i].written), 0, rows[i].words);
	err_set_strict(true);
	for (size_t i = 0; i < sizeof near / sizeof *near; i++)
		recipes_refused(arena_printf(scratch_arena(), FROM "sysctl: { %s: 1 }\n", near[i][0]), 0,
				arena_printf(scratch_arena(), "did you mean '%s'?", near[i][1]));
	for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
		recipes_load(arena_printf(scratch_arena(), FROM "sysctl: { %s: 1 }\n", fine[i]));
	recipes_refused(FROM "sysctl: { vm.swappiness: 1 }\n"
			     "files: { /etc/sysctl.d/a.conf: { text: \"# x\\n  vm/swappiness=2\\n\" } }\n", 0,
			"sysctl.vm.swappiness: '/etc/sysctl.d/a.conf' sets it, too");
	err_set_strict(false);
}
END_TEST

START_TEST(a_container_sets_what_is_its_own)
{
	static const char both[] = "from: { vm: base.recipe, lxc: ct.recipe }\n";

	recipes_write("ct.recipe", "distribution: { url: 'http://deb.debian.org/debian', suites: trixie, components: main,\n"
				   "  key: key.asc, fingerprints: 04B54C3CDCA79751B16BC6B5225629DF75B188BD }\n"
				   "name: c\nkinds: lxc\n");
	recipes_load_as(arena_printf(scratch_arena(), "%ssysctl: { net.ipv4.ip_forward: 1, kernel.shmmax: 1,\n"
						      "  -vm.swappiness: 1 }\nvm: { sysctl: { vm.swappiness: 2 } }\n", both),
			KIND_LXC);
	recipes_refused(arena_printf(scratch_arena(), "%ssysctl: { vm.swappiness: 1 }\n", both), KIND_LXC,
			"sysctl.vm.swappiness: a container cannot set it: it is the host's kernel\n  hint: move it below 'vm'");
	recipes_load_as(arena_printf(scratch_arena(), "%ssysctl: { vm.swappiness: 1 }\n", both), KIND_VM);
}
END_TEST

START_TEST(tmpfiles_become_lines_of_tmpfiles_d)
{
	recipes_write("p.recipe", FROM "tmpfiles: { /var/lib/a: { type: d, mode: '0700' } }\n");

	const struct recipe *recipe = recipes_load(
		"from: p.recipe\ntmpfiles:\n  /var/lib/a: { user: aether, group: adm }\n"
		"  /run/b: { type: 'f+', argument: a  b % c }\n"
		"  '/var/cache/c \"d\\': { type: d!, age: 10d }\n  /tmp/x-*: { type: x }\n  /usr/share/x: { type: X }\n"
		"  /home/l: { type: L, argument: /usr/share/doc }\n  /sys/kernel/x: { type: w, argument: 1 }\n"
		"  /var/a: { type: 'e', age: 'aB:1h30m' }\n");

	ck_assert_str_eq(made(recipe, RECIPE_TMPFILES),
			 "d /var/lib/a 0700 aether adm -\nf+ /run/b - - - - a  b % c\nd! \"/var/cache/c \\\"d\\\\\" - - - 10d\n"
			 "x /tmp/x-* - - - -\nX /usr/share/x - - - -\nL /home/l - - - - /usr/share/doc\n"
			 "w /sys/kernel/x - - - - 1\ne /var/a - - - aB:1h30m\n");
}
END_TEST

START_TEST(tmpfiles_that_cannot_be_are_refused)
{
	static const struct {
		const char *written, *words;
	} rows[] = {
		{"/usr/lib/a: { type: d }",
		 "x.recipe:2:13: tmpfiles./usr/lib/a: it is in the root image, which cannot be written to"},
		{"/opt/a: { type: f }", "it is in the root image"},
		{"/srv: { type: L, argument: /var/srv }", "it is in the root image"},
		{"/variable: { type: d }", "it is in the root image"},
		{"/usr/a: { type: r }", "it is in the root image"},
		{"/run/a: { mode: '0755' }", "'type' is missing"},
		{"/run/a: { type: k }", "expected a type of tmpfiles.d(5), like d, f, L or z, found 'k'"},
		{"/run/a: { type: dd }", "expected a type"},
		{"/run/a: { type: d, mode: 0755 }", "expected a mode in double quotes"},
		{"/run/a: { type: d, age: soon }", "expected an age of tmpfiles.d(5)"},
		{"/run/a: { type: d, owner: x }", "unknown key 'owner'"},
		{"/run/a: { type: d, user: 'a b' }", "expected the name of a user or group"},
		{"/run/a: { type: f, argument: \"a\\nb\" }", "expected text of one line"},
		{"run/a: { type: d }", "expected an absolute path"},
		{"/run/../usr/a: { type: d }", "expected an absolute path"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		recipes_refused(arena_printf(scratch_arena(), FROM "tmpfiles: { %s }\n", rows[i].written), 0, rows[i].words);
	recipes_refused(FROM "tmpfiles: [d /run/a]\n", 0, "tmpfiles: expected a map of names, found a list");
}
END_TEST

SUITE(settings, settings_become_a_file_of_sysctl_d, settings_that_are_none_are_refused, a_container_sets_what_is_its_own,
      tmpfiles_become_lines_of_tmpfiles_d, tmpfiles_that_cannot_be_are_refused)

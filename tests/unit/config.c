/* From a recipe's words to files, and from all that was decided to keys. Recipes and locks are made by hand here. */
#include "suite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "plan/plan.h"
#include "scratch.h"

#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct debian_package packages[] = {
	{"base-files", "13", "amd64", "a0", "pool/a", 1, LAYER_BASE, 0},
	{"libc6", "2", "amd64", "a1", "pool/b", 1, LAYER_BASE, 0},
	{"nftables", "1", "amd64", "b0", "pool/c", 1, LAYER_PARENT, 0},
	{"openssh-server", "1", "amd64", "b1", "pool/d", 1, LAYER_PARENT, 0},
	{"sudo", "1", "amd64", "b2", "pool/e", 1, LAYER_PARENT, 0},
	{"caddy", "2", "amd64", "c0", "pool/f", 1, LAYER_RECIPE, 0},
};
enum { BASE_FILES, LIBC, NFTABLES, SSH, SUDO, CADDY, N_PACKAGES };

static const struct plan_programs PROGRAMS = {
	.init = "/lib/init", .init_sha256 = DIGEST, .agent = "/lib/agent", .agent_sha256 = DIGEST,
};
static struct recipe recipe;
static struct lock lock;
static struct arena *arena;

/* A recipe that says nothing. */
static void start(void)
{
	arena = scratch_arena();
	recipe = (struct recipe){
		.path = "a.recipe", .root = "/", .name = "gateway", .kinds = KIND_VM, .kind = KIND_VM, .timezone = "UTC"};
	lock = (struct lock){.epoch = 1700000000, .image = {packages, N_PACKAGES}};
}

static struct plan *plan_of(void)
{
	struct plan *plan = NULL;
	struct err err = {0};

	if (plan_make(arena, &recipe, NULL, &lock, &PROGRAMS, &plan, &err) < 0) {
		err_print(&err, stderr);
		ck_abort_msg("the recipe can be planned");
	}
	err_free(&err);
	return plan;
}

static void check_refused(const char *expected)
{
	struct plan *plan;
	struct err err = {0};

	ck_assert_int_lt(plan_make(arena, &recipe, NULL, &lock, &PROGRAMS, &plan, &err), 0);
	ck_assert_str_eq(err.first->text, expected);
	err_free(&err);
}

/* The last file of the plan at `path`; NULL when there is none. */
static const struct plan_file *file_at(const struct plan *plan, const char *path)
{
	for (size_t i = plan->n_files; i-- > 0;)
		if (strcmp(plan->files[i].path, path) == 0)
			return &plan->files[i];
	return NULL;
}

static void check_text(const struct plan *plan, const char *path, const char *expected)
{
	const struct plan_file *file = file_at(plan, path);

	ck_assert_msg(file != NULL, "%s is made", path);
	ck_assert_str_eq(file->text, expected);
}

static struct strv words(const char *first, const char *second)
{
	struct strv list = {0};

	if (first)
		strv_push(arena, &list, first);
	if (second)
		strv_push(arena, &list, second);
	return list;
}

/* --- users and access ---------------------------------------------------------------------------------------------------- */

static struct recipe_user user(const char *name, int64_t uid)
{
	return (struct recipe_user){
		.name = name, .uid = uid, .shell = "/bin/bash", .home = arena_printf(arena, "/home/%s", name), .comment = "",
		.pos = {"a.recipe", 7, 3},
	};
}

START_TEST(people_get_ids_from_1000_in_their_order_around_those_that_are_taken)
{
	struct recipe_user users[4];

	start();
	users[0] = user("anna", -1);
	users[1] = user("berta", 1001);
	users[2] = user("carla", -1);
	users[3] = user("daemon2", -1);
	users[2].comment = "a \"quoted\\ name";
	users[2].groups = words("sudo", "adm");
	users[3].system = true;
	recipe.users = users;
	recipe.n_users = 4;
	check_text(plan_of(), "/usr/lib/sysusers.d/00-recipe.conf",
		   "u anna 1000 \"\" /home/anna /bin/bash\n"
		   "u berta 1001 \"\" /home/berta /bin/bash\n"
		   "u carla 1002 \"a \\\"quoted\\\\ name\" /home/carla /bin/bash\n"
		   "m carla sudo\nm carla adm\n"
		   "u daemon2 - \"\" /home/daemon2 /bin/bash\n");
}
END_TEST

static struct lock_account locked[] = {
	{.name = "anna", .id = 1003}, {.name = "daemon2", .id = 345}, {.name = "gone", .id = 1000},
	{.name = "redis", .id = 688, .packages = {(const char *[]){"redis-server"}, 1}},
};

static void start_with_numbers(void)
{
	start();
	lock.numbered = true;
	lock.accounts = locked;
	lock.n_accounts = 4;
}

START_TEST(the_lock_has_the_ids_and_they_are_nobody_elses)
{
	struct recipe_user users[4];
	struct recipe_group groups[] = {{.name = "media", .gid = -1}, {.name = "films", .gid = 1700}};
	const struct plan *plan;

	start_with_numbers();
	users[0] = user("berta", -1);
	users[1] = user("anna", -1);
	users[2] = user("daemon2", -1);
	users[3] = user("redis", 790);
	users[2].system = users[3].system = true;
	recipe.users = users;
	recipe.n_users = 4;
	recipe.groups = groups;
	recipe.n_groups = 2;
	plan = plan_of();
	check_text(plan, "/usr/lib/sysusers.d/00-recipe.conf",
		   "g media 513\ng films 1700\n"
		   "u berta 1001 \"\" /home/berta /bin/bash\n"
		   "u anna 1003 \"\" /home/anna /bin/bash\n"
		   "u daemon2 345 \"\" /home/daemon2 /bin/bash\n"
		   "u redis 790 \"\" /home/redis /bin/bash\n");
	ck_assert_int_eq(plan->numbering, 1);
	recipe.n_users = 0; /* nobody moves because another one goes */
	users[0] = users[1];
	recipe.n_users = 1;
	ck_assert_int_eq(plan_of()->users[0].uid, 1003);
}
END_TEST

START_TEST(what_the_lock_does_not_have_is_told)
{
	struct recipe_user one;
	struct plan *plan;
	struct err err = {0};

	start_with_numbers();
	one = user("berta", -1);
	recipe.users = &one;
	recipe.n_users = 1;
	ck_assert_int_eq(plan_make(arena, &recipe, NULL, &lock, &PROGRAMS, &plan, &err), 0);
	ck_assert_str_eq(err.warnings->text, "the user 'berta' gets the id 1001, which is not in the lock yet");
	ck_assert_str_eq(err.warnings->hint, "run 'aether-build lock a.recipe': then it stays, whoever else comes");
	err_free(&err);
	start();
	ck_assert_int_eq(plan_make(arena, &recipe, NULL, &lock, &PROGRAMS, &plan, &err), 0);
	ck_assert_str_eq(err.warnings->text,
			 "the lock has no ids of accounts: a package that is added can change those of others");
	ck_assert_int_eq(plan->numbering, -1);
	err_free(&err);
}
END_TEST

START_TEST(a_pin_cannot_take_the_id_of_another)
{
	struct recipe_user one;
	struct recipe_group group = {.name = "media", .gid = 345};

	start_with_numbers();
	one = user("postgres", 688);
	one.system = true;
	recipe.users = &one;
	recipe.n_users = 1;
	check_refused("the id 688 of 'postgres' is that of 'redis' in the lock");
	recipe.n_users = 0;
	recipe.groups = &group;
	recipe.n_groups = 1;
	check_refused("the id 345 of 'media' is that of 'daemon2' in the lock, which may have files still");
}
END_TEST

START_TEST(the_group_of_a_user_can_have_a_number_of_its_own)
{
	struct recipe_user one;
	struct recipe_group group = {.name = "redis", .gid = 901};

	start_with_numbers();
	one = user("redis", 790);
	one.system = true;
	recipe.users = &one;
	recipe.n_users = 1;
	recipe.groups = &group;
	recipe.n_groups = 1;
	check_text(plan_of(), "/usr/lib/sysusers.d/00-recipe.conf",
		   "g redis 901\nu redis 790:901 \"\" /home/redis /bin/bash\n");
	one.uid = -1; /* the lock's */
	check_text(plan_of(), "/usr/lib/sysusers.d/00-recipe.conf",
		   "g redis 901\nu redis 688:901 \"\" /home/redis /bin/bash\n");
}
END_TEST

/* What sysusers.d and tmpfiles.d would read as something else. */
START_TEST(quotes_backslashes_and_percents_are_only_characters)
{
	struct recipe_user one;
	struct recipe_file skeleton = {.path = "/etc/skel/a b/100%", .text = "", .mode = 0644, .owner = "root",
				       .group = "root"};

	start();
	one = user("anna", 1200);
	one.comment = "100% \"Anna\" o'\\n";
	one.home = "/home/50%";
	recipe.users = &one;
	recipe.n_users = 1;
	recipe.files = &skeleton;
	recipe.n_files = 1;
	check_text(plan_of(), "/usr/lib/sysusers.d/00-recipe.conf",
		   "u anna 1200 \"100%% \\\"Anna\\\" o'\\\\n\" /home/50%% /bin/bash\n");
	ck_assert_ptr_nonnull(strstr(file_at(plan_of(), "/usr/lib/tmpfiles.d/00-recipe-users.conf")->text,
				     "d /home/50%%/a\\x20b 0700 anna anna\n"
				     "C /home/50%%/a\\x20b/100%% 0644 anna anna - /etc/skel/a\\x20b/100%%\n"));
}
END_TEST

START_TEST(two_users_cannot_have_the_same_id)
{
	struct recipe_user users[3];

	start();
	users[0] = user("anna", 1000);
	users[1] = user("berta", -1);
	users[2] = user("carla", 1000);
	recipe.users = users;
	recipe.n_users = 3;
	check_refused("the users 'anna' and 'carla' have the same id 1000");
}
END_TEST

START_TEST(homes_are_made_on_the_first_boot_and_lingering_users_stay)
{
	struct recipe_user one;
	const char *text;

	start();
	one = user("anna", -1);
	one.linger = true;
	recipe.users = &one;
	recipe.n_users = 1;
	text = file_at(plan_of(), "/usr/lib/tmpfiles.d/00-recipe-users.conf")->text;
	ck_assert(text_has_prefix(text, "d /home/anna 0700 anna anna\n"));
	ck_assert(text_has_suffix(text, "d /var/lib/systemd/linger 0755 root root\n"
					"f /var/lib/systemd/linger/anna 0644 root root\n"));
	one.system = true; /* a service has no home to make */
	text = file_at(plan_of(), "/usr/lib/tmpfiles.d/00-recipe-users.conf")->text;
	ck_assert_ptr_null(strstr(text, "/home/anna"));
}
END_TEST

START_TEST(sudo_is_a_file_of_ones_own_and_needs_its_package)
{
	struct recipe_user one;
	const struct plan_file *file;

	start();
	one = user("anna", -1);
	one.sudo = "nopasswd";
	recipe.users = &one;
	recipe.n_users = 1;
	file = file_at(plan_of(), "/etc/sudoers.d/50-anna");
	ck_assert_str_eq(file->text, "anna ALL=(ALL:ALL) NOPASSWD: ALL\n");
	ck_assert_uint_eq(file->mode, 0440);
	one.sudo = "password";
	check_text(plan_of(), "/etc/sudoers.d/50-anna", "anna ALL=(ALL:ALL) ALL\n");
	lock.image.n_packages = SUDO;
	check_refused("'sudo' needs the package 'sudo'");
}
END_TEST

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDL76od0/ygyjNjUhBozJbZJAjaGK+7GXDM7I1PpOalo"

static const char *write_key(const char *text)
{
	struct err err = {0};

	ck_assert_int_eq(file_publish(scratch_path("key"), text, strlen(text), 0600, &err), 0);
	return scratch_path("key");
}

START_TEST(ssh_trusts_the_ca_for_the_named_principals_only)
{
	struct recipe_principals principals = {.user = "root"};
	struct plan *plan;

	start();
	recipe.ssh_ca = write_key("# ours\n" KEY " ca\n\n");
	principals.names = words("admin", "ops");
	recipe.principals = &principals;
	recipe.n_principals = 1;
	plan = plan_of();
	check_text(plan, "/etc/ssh/ca_user_key.pub", "# ours\n" KEY " ca\n\n");
	check_text(plan, "/etc/ssh/auth_principals/root", "admin\nops\n");
	ck_assert_ptr_nonnull(strstr(file_at(plan, "/etc/ssh/sshd_config.d/10-trust.conf")->text, "AuthorizedKeysFile none\n"));
	ck_assert_ptr_nonnull(
		strstr(file_at(plan, "/etc/ssh/sshd_config.d/10-trust.conf")->text, "PasswordAuthentication no\n"));
}
END_TEST

START_TEST(a_private_key_never_gets_into_an_image)
{
	start();
	recipe.ssh_ca = write_key("-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n");
	check_refused(arena_printf(arena, "%s:1: this is a private key, which must not be in an image", recipe.ssh_ca));
}
END_TEST

START_TEST(a_ca_that_sshd_would_not_trust_is_told_by_its_line)
{
	static const struct { const char *text, *problem; } rows[] = {
		{"", ": there is no key in it: sshd would refuse every certificate"},
		{"\n# nothing\n", ": there is no key in it: sshd would refuse every certificate"},
		{KEY "\nssh-ed25519 AAAA\n", ":2: its base64 text is not that of a key of the type 'ssh-ed25519'"},
		{"cert-authority " KEY "\n", ":1: it has options ('cert-authority') as in authorized_keys, which sshd does not "
					     "understand here"},
		{KEY "\r\n", ":1: its line ends as on Windows, with a carriage return"},
	};

	start();
	recipe.ssh_ca_pos = (struct pos){"a.recipe", 5, 3};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		recipe.ssh_ca = write_key(rows[i].text);
		check_refused(arena_printf(arena, "%s%s", recipe.ssh_ca, rows[i].problem));
	}
}
END_TEST

START_TEST(keys_of_users_are_roots_files)
{
	struct recipe_user users[2];
	struct recipe_file old = {.path = "/root/.ssh/authorized_keys", .text = "", .mode = 0600, .owner = "root",
				  .group = "root"};
	struct plan *plan;
	struct err err = {0};

	start();
	users[0] = user("anna", 1200);
	users[1] = user("berta", 1201);
	users[0].authorized_keys = words("restrict " KEY, KEY " b");
	recipe.users = users;
	recipe.n_users = 2;
	plan = plan_of();
	check_text(plan, "/etc/ssh/authorized_keys.d/anna", "restrict " KEY "\n" KEY " b\n");
	ck_assert_ptr_null(file_at(plan, "/etc/ssh/authorized_keys.d/berta"));
	check_text(plan, "/etc/ssh/sshd_config.d/10-trust.conf",
		   "AuthorizedKeysFile /etc/ssh/authorized_keys.d/%u\nPasswordAuthentication no\n"
		   "KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n");
	lock.numbered = true;
	recipe.files = &old;
	recipe.n_files = 1;
	ck_assert_int_eq(plan_make(arena, &recipe, NULL, &lock, &PROGRAMS, &plan, &err), 0);
	ck_assert_str_eq(err.warnings->text, "sshd does not read '/root/.ssh/authorized_keys' in this image");
	err_free(&err);
	lock.image.n_packages = SSH;
	check_refused("'authorizedKeys' needs the package 'openssh-server'");
}
END_TEST

START_TEST(words_that_mean_nothing_without_a_package_name_it)
{
	start();
	lock.image.n_packages = NFTABLES;
	recipe.firewall_tcp = words("80", NULL);
	check_refused("'firewall' needs the package 'nftables'");
	start();
	lock.image.n_packages = SSH;
	recipe.ssh_ca = "/etc/passwd";
	check_refused("'ssh.ca' needs the package 'openssh-server'");
	start();
	recipe.timezone = "Europe/Berlin";
	check_refused("'timezone' needs the package 'tzdata'");
}
END_TEST

/* --- network ------------------------------------------------------------------------------------------------------------- */

START_TEST(the_firewall_lets_in_ssh_and_what_is_named)
{
	const char *text;

	start();
	recipe.firewall_tcp = words("80", "8000-8100");
	recipe.firewall_udp = words("41641", NULL);
	text = file_at(plan_of(), "/etc/nftables.conf")->text;
	ck_assert_ptr_nonnull(strstr(text, "policy drop;"));
	ck_assert_ptr_nonnull(strstr(text, "\t\ttcp dport { 22, 80, 8000-8100 } accept\n\t\tudp dport { 41641 } accept\n"));
	recipe.firewall_tcp = recipe.firewall_udp = (struct strv){0};
	text = file_at(plan_of(), "/etc/nftables.conf")->text;
	ck_assert_ptr_nonnull(strstr(text, "\t\ttcp dport { 22 } accept\n\t}\n"));
	lock.image.n_packages = NFTABLES; /* nobody asked: no firewall */
	ck_assert_ptr_null(file_at(plan_of(), "/etc/nftables.conf"));
}
END_TEST

#define SETTING(section_, nth_, key_, value_) {.section = section_, .nth = nth_, .key = key_, .value = value_}

START_TEST(a_network_is_a_file_of_systemd)
{
	struct recipe_setting match = SETTING("Match", 0, "MACAddress", "52:54:00:00:00:01");
	struct recipe_setting more[] = {
		SETTING("DHCPv4", 0, "UseDNS", "no"), SETTING("Route", 0, "Gateway", "192.0.2.8"),
		SETTING("Route", 1, "Gateway", "192.0.2.9"), SETTING("Route", 0, "Metric", "7"),
	};
	struct recipe_network network = {.name = "lan", .match = {&match, 1}, .gateway = "192.0.2.1", .settings = {more, 4}};

	start();
	network.addresses = words("192.0.2.2/24", "2001:db8::2/64");
	network.dns = words("192.0.2.3", NULL);
	recipe.networks = &network;
	recipe.n_networks = 1;
	check_text(plan_of(), "/etc/systemd/network/05-lan.network",
		   "[Match]\nMACAddress=52:54:00:00:00:01\n\n"
		   "[Network]\nAddress=192.0.2.2/24\nAddress=2001:db8::2/64\nGateway=192.0.2.1\nDNS=192.0.2.3\n\n"
		   "[DHCPv4]\nUseDNS=no\n\n"
		   "[Route]\nGateway=192.0.2.8\nMetric=7\n\n[Route]\nGateway=192.0.2.9\n");
	check_text(plan_of(), "/etc/hostname", "gateway\n");
}
END_TEST

/* --- units and files ----------------------------------------------------------------------------------------------------- */

START_TEST(settings_are_written_once_a_section_in_the_order_of_appearance)
{
	struct recipe_setting settings[] = {
		SETTING("Unit", 0, "After", "a"), SETTING("Service", 0, "ExecStart", ""),
		SETTING("Service", 0, "ExecStart", "/b"), SETTING("Unit", 0, "After", "c"),
	};
	struct recipe_unit units[] = {
		{.name = "a.service", .enable = YES, .settings = {settings, 4}},
		{.name = "b.service", .enable = NO},
		{.name = "c.service", .enable = UNSET, .mask = true},
	};
	struct plan *plan;

	start();
	recipe.units = units;
	recipe.n_units = 3;
	plan = plan_of();
	ck_assert_str_eq(plan->units[0].text, "[Unit]\nAfter=a\nAfter=c\n\n[Service]\nExecStart=\nExecStart=/b\n");
	ck_assert_ptr_null(plan->units[1].text);
	check_text(plan, "/usr/lib/systemd/system-preset/00-recipe.preset", "enable a.service\ndisable b.service\n");
	ck_assert(plan->units[2].mask);
}
END_TEST

START_TEST(a_file_of_the_recipe_takes_the_place_of_what_may_give_way)
{
	struct recipe_file own = {.path = "/etc/hosts", .text = "other\n", .mode = 0600, .owner = "root", .group = "adm"};
	struct plan *plan;
	size_t n = 0;

	start();
	recipe.files = &own;
	recipe.n_files = 1;
	plan = plan_of();
	for (size_t i = 0; i < plan->n_files; i++)
		n += strcmp(plan->files[i].path, "/etc/hosts") == 0;
	ck_assert_uint_eq(n, 1);
	check_text(plan, "/etc/hosts", "other\n");
	ck_assert_str_eq(file_at(plan, "/etc/hosts")->group, "adm");
}
END_TEST

/* Whatever is made of words: a file, or a download, in its place is refused, and nothing is lost in silence. */
START_TEST(what_is_made_of_words_cannot_be_a_file_as_well)
{
	static const struct { const char *path, *words; } made[] = {
		{"/usr/lib/sysusers.d/00-recipe.conf", "'users'"},
		{"/usr/lib/tmpfiles.d/00-recipe-users.conf", "'users'"},
		{"/etc/sudoers.d/50-anna", "'sudo' of the user"},
		{"/etc/systemd/network/05-lan.network", "'networks'"},
		{"/usr/lib/systemd/system-preset/00-recipe.preset", "'units'"},
		{"/etc/modules-load.d/50-recipe.conf", "'modulesLoad'"},
		{"/usr/lib/aether/health", "'health'"},
		{"/usr/lib/aether/image", "other words of the recipe"},
		{"/usr/bin/aether-agent", "other words of the recipe"},
		{"/etc/hostname", "other words of the recipe"},
	};
	struct recipe_user one;
	struct recipe_network network = {.name = "lan", .dhcp = true};
	struct recipe_unit unit = {.name = "a.service", .enable = YES};
	struct recipe_download download = {.name = "a", .url = "http://a/a"};
	struct lock_download locked_download = {.name = "a", .url = "http://a/a", .sha256 = DIGEST};

	start();
	one = user("anna", -1);
	one.sudo = "nopasswd";
	recipe.users = &one;
	recipe.networks = &network;
	recipe.units = &unit;
	recipe.n_users = recipe.n_networks = recipe.n_units = 1;
	recipe.modules_load = words("tls", NULL);
	lock.downloads = &locked_download;
	lock.n_downloads = 1;
	for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
		struct recipe_file own = {.path = made[i].path, .text = "mine", .mode = 0644, .owner = "root", .group = "root"};

		recipe.files = &own;
		recipe.n_files = 1;
		check_refused(arena_printf(arena, "'%s' is made from %s", made[i].path, made[i].words));
		recipe.n_files = 0;
		download.path = made[i].path;
		recipe.downloads = &download;
		recipe.n_downloads = 1;
		check_refused(arena_printf(arena, "'%s' is made from %s", made[i].path, made[i].words));
		recipe.n_downloads = 0;
	}
}
END_TEST

START_TEST(a_container_has_no_line_for_its_name_in_hosts)
{
	start();
	check_text(plan_of(), "/etc/hosts",
		   "127.0.0.1 localhost\n127.0.1.1 gateway\n::1 localhost ip6-localhost ip6-loopback\n");
	recipe.kind = recipe.kinds = KIND_LXC;
	check_text(plan_of(), "/etc/hosts", "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n");
}
END_TEST

START_TEST(a_source_is_known_by_the_digest_it_was_read_with)
{
	struct recipe_file own = {.path = "/etc/a", .source = "/x/a", .mode = 0644, .owner = "root", .group = "root"};
	struct recipe_input input = {.path = "/x/a", .name = "x/a", .sha256 = DIGEST};

	start();
	recipe.files = &own;
	recipe.n_files = 1;
	check_refused("'/x/a' was not read with the recipe");
	recipe.inputs = &input;
	recipe.n_inputs = 1;
	ck_assert_str_eq(file_at(plan_of(), "/etc/a")->sha256, DIGEST);
}
END_TEST

/* --- keys ---------------------------------------------------------------------------------------------------------------- */

static const char *key_with_hook(struct strv argv)
{
	struct recipe_hook hook = {.argv = argv};
	const char *key;

	recipe.configure = &hook;
	recipe.n_configure = 1;
	key = plan_of()->key;
	recipe.n_configure = 0;
	return key;
}

START_TEST(no_two_commands_look_alike_in_a_plan)
{
	const struct { const char *a, *b;
	} commands[] = {
		{"/bin/a", "b c"},		{"/bin/a b", "c"},     {"/bin/a b c", NULL}, {"/bin/a", "\"b c\""},
		{"/bin/a", "b\nc"},		{"/bin/a", "b\\012c"}, {"/bin/a", ""},	     {"/bin/a", NULL},
		{"/bin/a", "\"\""},		{"/bin/a", "b\tc"},    {"/bin/a", "b\\c"},   {"/bin/a", "b\\\\c"},
		{"/bin/a\nconfigure", "b"},
	};
	enum { N = sizeof commands / sizeof *commands };
	const char *keys[N];

	start();
	for (size_t i = 0; i < N; i++) {
		keys[i] = key_with_hook(words(commands[i].a, commands[i].b));
		for (size_t j = 0; j < i; j++)
			ck_assert_msg(strcmp(keys[i], keys[j]) != 0, "commands %zu and %zu", j, i);
	}
}
END_TEST

START_TEST(equal_words_make_equal_plans)
{
	const char *text;

	start();
	text = plan_of()->text;
	ck_assert_str_eq(plan_of()->text, text);
	lock.path = "/elsewhere";
	recipe.root = "/other";
	ck_assert_str_eq(plan_of()->text, text);
	lock.epoch++;
	ck_assert_str_ne(plan_of()->text, text);
}
END_TEST

/* What a change of package `which` does to the keys of the layers: bits of those that changed. */
static unsigned changed_layers(unsigned which)
{
	struct debian_package copy[N_PACKAGES];
	struct plan *before, *after;
	unsigned changed = 0;

	start();
	before = plan_of();
	memcpy(copy, packages, sizeof copy);
	copy[which].sha256 = "ff";
	lock.image.packages = copy;
	after = plan_of();
	for (unsigned l = 0; l < LAYER_COUNT; l++)
		changed |= (unsigned)(strcmp(before->image.layers[l].key, after->image.layers[l].key) != 0) << l;
	ck_assert_str_ne(before->key, after->key);
	return changed;
}

START_TEST(a_package_changes_its_layer_and_those_above)
{
	ck_assert_uint_eq(changed_layers(CADDY), 4);
	ck_assert_uint_eq(changed_layers(SSH), 6);
	ck_assert_uint_eq(changed_layers(LIBC), 7);
}
END_TEST

START_TEST(a_file_changes_no_layer_of_packages_but_the_plan)
{
	struct recipe_file own = {.path = "/etc/a", .text = "1", .mode = 0644, .owner = "root", .group = "root"};
	struct plan *before, *after;

	start();
	recipe.files = &own;
	recipe.n_files = 1;
	before = plan_of();
	own.text = "2";
	after = plan_of();
	ck_assert_str_ne(before->key, after->key);
	own.mode = 0600;
	ck_assert_str_ne(plan_of()->key, after->key);
	for (unsigned l = 0; l < LAYER_COUNT; l++)
		ck_assert_str_eq(before->image.layers[l].key, after->image.layers[l].key);
}
END_TEST

START_TEST(what_packages_may_not_install_is_part_of_every_layer)
{
	struct plan *before, *after;

	start();
	before = plan_of();
	recipe.exclude = words("/usr/share/doc/*", NULL);
	after = plan_of();
	for (unsigned l = 0; l < LAYER_COUNT; l++)
		ck_assert_str_ne(before->image.layers[l].key, after->image.layers[l].key);
}
END_TEST

/* What a package that is asked for by name brings although it is excluded: `layers` of "bpr" for base, parent, recipe. */
static const struct {
	const char *asked, *pattern;
	bool with;
	const char *layers;
} exceptions[] = {
	{"caddy", "caddy", false, "r"}, {"caddy", "cad*", false, "r"}, {"caddy", "caddy", true, "bpr"},
	{"sudo", "sudo", false, "p"}, {"sudo", "s?do", true, "bpr"}, {"caddy", "sudo", true, ""},
	{"openssh-client", "openssh-server", false, ""}, /* there, but nobody asked for it */
	{"caddy", "nothing", true, ""}, {"other", "other", true, ""}, /* asked for, but not locked */
};

START_TEST(what_is_excluded_gives_way_to_a_package_that_is_asked_for_by_name)
{
	struct recipe_package asked = {.name = exceptions[_i].asked};
	struct recipe_inclusion inclusion = {.package = exceptions[_i].pattern};
	struct plan *before, *after;
	bool below = false;

	start();
	inclusion.paths = words("/usr/share/i18n/*", NULL);
	recipe.exclude = words("/usr/share/i18n/*", NULL);
	recipe.packages = &asked;
	recipe.n_packages = 1;
	before = plan_of();
	*(exceptions[_i].with ? &recipe.include_with : &recipe.include_of) = &inclusion;
	*(exceptions[_i].with ? &recipe.n_include_with : &recipe.n_include_of) = 1;
	after = plan_of();
	for (unsigned l = 0; l < LAYER_COUNT; l++) {
		const struct plan_layer *layer = &after->image.layers[l];
		bool here = strchr(exceptions[_i].layers, "bpr"[l]) != NULL;

		below |= here; /* a layer's key covers those below it; those below do not change */
		ck_assert_uint_eq(layer->exceptions.count, here);
		ck_assert_msg((strcmp(before->image.layers[l].key, layer->key) != 0) == below, "layer %u", l);
	}
	recipe.include = words("/usr/share/i18n/*", NULL); /* it is included already */
	ck_assert_uint_eq(plan_of()->image.layers[LAYER_RECIPE].exceptions.count, 0);
}
END_TEST
LOOP_SUITE(config_exceptions, what_is_excluded_gives_way_to_a_package_that_is_asked_for_by_name,
	   sizeof exceptions / sizeof *exceptions)

START_TEST(the_name_alone_decides_the_identity)
{
	struct plan *before;

	start();
	before = plan_of();
	lock.epoch += 5;
	recipe.exclude = words("/usr/share/doc/*", NULL);
	ck_assert_str_eq(plan_of()->seed, before->seed);
	recipe.name = "gateway2";
	ck_assert_str_ne(plan_of()->seed, before->seed);
}
END_TEST

SUITE(config, people_get_ids_from_1000_in_their_order_around_those_that_are_taken, two_users_cannot_have_the_same_id,
      the_lock_has_the_ids_and_they_are_nobody_elses, what_the_lock_does_not_have_is_told, a_pin_cannot_take_the_id_of_another,
      the_group_of_a_user_can_have_a_number_of_its_own, quotes_backslashes_and_percents_are_only_characters,
      homes_are_made_on_the_first_boot_and_lingering_users_stay, sudo_is_a_file_of_ones_own_and_needs_its_package,
      ssh_trusts_the_ca_for_the_named_principals_only, a_private_key_never_gets_into_an_image,
      a_ca_that_sshd_would_not_trust_is_told_by_its_line, keys_of_users_are_roots_files,
      words_that_mean_nothing_without_a_package_name_it, the_firewall_lets_in_ssh_and_what_is_named,
      a_network_is_a_file_of_systemd, settings_are_written_once_a_section_in_the_order_of_appearance,
      a_file_of_the_recipe_takes_the_place_of_what_may_give_way,
      what_is_made_of_words_cannot_be_a_file_as_well, a_container_has_no_line_for_its_name_in_hosts,
      a_source_is_known_by_the_digest_it_was_read_with,
      no_two_commands_look_alike_in_a_plan, equal_words_make_equal_plans, a_package_changes_its_layer_and_those_above,
      a_file_changes_no_layer_of_packages_but_the_plan, what_packages_may_not_install_is_part_of_every_layer,
      the_name_alone_decides_the_identity)

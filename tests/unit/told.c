/* What is changed in a recipe is told: by the plan's text (and so its key), by its JSON, and by what compares two of them.
 * One row for each field that is decided; a new field of the language is a new row. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#include "contract/secrets.h"
#include "plan/json.h"
#include "scratch.h"

#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct strv list(const char *word)
{
	struct strv words = {0};

	strv_push(scratch_arena(), &words, word);
	return words;
}

/* A recipe with one of everything, in parts that a row may change. */
struct world {
	struct debian_package packages[6];
	struct lock lock;
	struct recipe recipe;
	struct recipe_user users[1];
	struct recipe_group groups[1];
	struct lock_account accounts[1];
	struct recipe_file files[1];
	struct recipe_unit units[1];
	struct recipe_sysctl sysctl[1];
	struct recipe_tmpfile tmpfiles[1];
	struct recipe_hook hooks[1];
	struct recipe_own own[1];
	struct recipe_health health[4];
	struct recipe_sops sops[1];
	struct recipe_recipient recipients[1];
	struct recipe_secret secrets[2]; /* one travels, one is sent */
	struct recipe_template_part parts[2];
	struct recipe_template templates[1];
	struct plan_programs programs;
};

static void world_make(struct world *w)
{
	*w = (struct world){
		.packages = {{"curl", "1", "amd64", DIGEST, "pool/c", 1, LAYER_PARENT, 0},
			     {"nftables", "1", "amd64", DIGEST, "pool/n", 1, LAYER_PARENT, 0},
			     {"openssh-server", "1", "amd64", DIGEST, "pool/a", 1, LAYER_PARENT, 0},
			     {"sudo", "1", "amd64", DIGEST, "pool/s", 1, LAYER_PARENT, 0},
			     {"tzdata", "1", "amd64", DIGEST, "pool/t", 1, LAYER_PARENT, 0},
			     {"libpam-systemd", "1", "amd64", DIGEST, "pool/l", 1, LAYER_PARENT, 0}},
		.programs = {"/lib/init", DIGEST, "/lib/agent", DIGEST, .secrets = "/lib/secrets", .secrets_sha256 = DIGEST},
		.users = {{.name = "anna", .uid = 1234, .groups = list("adm"), .shell = "/bin/bash", .home = "/home/anna",
			   .comment = "Anna"}},
		.groups = {{.name = "media", .gid = 1700}},
		.accounts = {{.name = "redis", .id = 688}},
		.files = {{.path = "/etc/motd", .text = "hello", .mode = 0644, .owner = "root", .group = "root"}},
		.units = {{.name = "a.service", .enable = YES}},
		.sysctl = {{.key = "vm.swappiness", .value = "10"}},
		.tmpfiles = {{.path = "/run/a", .type = "d", .mode = TMPFILE_NO_MODE}},
		.hooks = {{.argv = list("/bin/true")}},
		.own = {{.name = "key", .paths = list("/etc/key"), .make = list("/bin/mk"), .before = list("a.service"),
			 .owner = "root", .group = "root", .mode = 0600}},
		.health = {{.type = HEALTH_UNIT, .unit = "a.service", .timeout_ms = 1000},
			   {.type = HEALTH_TCP, .port = 80, .timeout_ms = 1000},
			   {.type = HEALTH_HTTP, .url = "http://localhost/", .status = 200, .timeout_ms = 1000},
			   {.type = HEALTH_COMMAND, .command = list("/bin/true"), .timeout_ms = 1000}},
	};
	w->sops[0] = (struct recipe_sops){.file = "/s/a.yaml", .shown = "s/a.yaml", .format = "yaml", .sha256 = DIGEST,
					  .for_machine = true};
	w->recipients[0] = (struct recipe_recipient){.text = "age1a"};
	w->secrets[0] = (struct recipe_secret){.name = "db", .file = "/s/a.yaml", .format = "yaml", .sops = w->sops,
					       .key = list("db"), .mode = 0400, .owner = "root", .group = "root"};
	w->secrets[1] = (struct recipe_secret){.name = "token", .json = true, .way = RECIPE_WAY_SEND, .mode = 0400,
					       .owner = "root", .group = "root"};
	w->parts[0] = (struct recipe_template_part){.text = "password="};
	w->parts[1] = (struct recipe_template_part){.secret = "db"};
	w->templates[0] = (struct recipe_template){.name = "conf", .parts = w->parts, .n_parts = 2, .mode = 0400,
						   .owner = "root", .group = "root"};
	w->lock = (struct lock){.epoch = 1700000000, .image = {w->packages, 6}, .numbered = true,
				.accounts = w->accounts, .n_accounts = 1};
	w->recipe = (struct recipe){
		.path = "a.recipe", .root = "/", .name = "gateway", .kinds = KIND_VM, .kind = KIND_VM, .timezone = "UTC",
		.users = w->users, .n_users = 1, .groups = w->groups, .n_groups = 1,
		.files = w->files, .n_files = 1, .units = w->units, .n_units = 1,
		.sysctl = w->sysctl, .n_sysctl = 1, .tmpfiles = w->tmpfiles, .n_tmpfiles = 1,
		.configure = w->hooks, .n_configure = 1, .own = w->own, .n_own = 1, .health = w->health, .n_health = 4,
		.secrets = w->secrets, .n_secrets = 2, .templates = w->templates, .n_templates = 1,
		.recipients = w->recipients, .n_recipients = 1,
		.firewall_tcp = list("80"), .firewall_udp = list("53"), .state = list("/var/lib/a"),
		.exclude = list("/usr/share/a"), .include = list("/usr/share/a/b"),
	};
}

/* --- rows ------------------------------------------------------------------------------------------------------------ */

static void uid(struct world *w) { w->users[0].uid = 1300; }
static void no_uid(struct world *w) { w->users[0].uid = -1; }
static void groups(struct world *w) { w->users[0].groups = list("sudo"); }
static void shell(struct world *w) { w->users[0].shell = "/bin/sh"; }
static void home(struct world *w) { w->users[0].home = "/home/other"; }
static void comment(struct world *w) { w->users[0].comment = "Other"; }
static void sudo_(struct world *w) { w->users[0].sudo = "nopasswd"; }
static void keys(struct world *w) { w->users[0].authorized_keys = list("ssh-ed25519 AAAA"); }
static void linger(struct world *w) { w->users[0].linger = true; }
static void system_(struct world *w) { w->users[0].system = true; }
static void user_name(struct world *w) { w->users[0].name = "berta"; }
static void gid(struct world *w) { w->groups[0].gid = 1701; }
static void group_name(struct world *w) { w->groups[0].name = "films"; }
static void account_id(struct world *w) { w->accounts[0].id = 689; }
static void account_name(struct world *w) { w->accounts[0].name = "valkey"; }
static void old_lock(struct world *w) { w->lock.numbered = false; }
static void file_text(struct world *w) { w->files[0].text = "bye"; }
static void file_mode(struct world *w) { w->files[0].mode = 0600; }
static void file_owner(struct world *w) { w->files[0].owner = "anna"; }
static void file_group(struct world *w) { w->files[0].group = "adm"; }
static void file_path(struct world *w) { w->files[0].path = "/etc/issue"; }
static void unit_enable(struct world *w) { w->units[0].enable = NO; }
static void unit_mask(struct world *w) { w->units[0].mask = true; }
static void unit_user(struct world *w) { w->units[0].user = "anna"; }
static void unit_settings(struct world *w)
{
	static struct recipe_setting start = {.section = "Service", .key = "ExecStart", .value = "/bin/true"};

	w->units[0].settings = (struct recipe_settings){&start, 1};
}
static void sysctl_key(struct world *w) { w->sysctl[0].key = "-vm.swappiness"; }
static void sysctl_value(struct world *w) { w->sysctl[0].value = "11"; }
static void no_sysctl(struct world *w) { w->recipe.n_sysctl = 0; }
static void tmpfile_path(struct world *w) { w->tmpfiles[0].path = "/run/b"; }
static void tmpfile_type(struct world *w) { w->tmpfiles[0].type = "D"; }
static void tmpfile_mode(struct world *w) { w->tmpfiles[0].mode = 0700; }
static void tmpfile_user(struct world *w) { w->tmpfiles[0].user = "anna"; }
static void tmpfile_group(struct world *w) { w->tmpfiles[0].group = "adm"; }
static void tmpfile_age(struct world *w) { w->tmpfiles[0].age = "1d"; }
static void tmpfile_argument(struct world *w) { w->tmpfiles[0].argument = "x"; }
static void no_tmpfiles(struct world *w) { w->recipe.n_tmpfiles = 0; }
static void hook(struct world *w) { w->hooks[0].argv = list("/bin/false"); }
static void no_hook(struct world *w) { w->recipe.n_configure = 0; }
static void own_name(struct world *w) { w->own[0].name = "cookie"; }
static void own_paths(struct world *w) { w->own[0].paths = list("/etc/other"); }
static void own_make_(struct world *w) { w->own[0].make = list("/bin/other"); }
static void own_before(struct world *w) { w->own[0].before = list("b.service"); }
static void own_owner(struct world *w) { w->own[0].owner = "anna"; }
static void own_group(struct world *w) { w->own[0].group = "adm"; }
static void own_mode(struct world *w) { w->own[0].mode = 0640; }
static void health_unit(struct world *w) { w->health[0].unit = "b.service"; }
static void health_user(struct world *w) { w->health[0].user = "anna"; }
static void health_time(struct world *w) { w->health[0].timeout_ms = 2000; }
static void health_port(struct world *w) { w->health[1].port = 81; }
static void health_url(struct world *w) { w->health[2].url = "http://localhost/b"; }
static void health_status(struct world *w) { w->health[2].status = 204; }
static void health_command(struct world *w) { w->health[3].command = list("/bin/false"); }
static void tcp(struct world *w) { w->recipe.firewall_tcp = list("443"); }
static void udp(struct world *w) { w->recipe.firewall_udp = list("54"); }
static void opening(struct world *w)
{
	static struct recipe_opening words = {.interface = "lan0"};

	words.tcp = list("53");
	w->recipe.openings = &words;
	w->recipe.n_openings = 1;
}
static void forward(struct world *w)
{
	static struct recipe_forward words = {.from = "lan0", .to = "wan0"};

	w->recipe.forwards = &words;
	w->recipe.n_forwards = 1;
}
static void redirect(struct world *w)
{
	static struct recipe_redirect words = {.on = "wan0", .tcp = "80", .to = "10.0.2.2"};

	w->recipe.redirects = &words;
	w->recipe.n_redirects = 1;
}
static void masquerade(struct world *w) { w->recipe.masquerade = list("wan0"); }
static void rules(struct world *w)
{
	static struct recipe_rules words = {.name = "mine", .text = ""};

	w->recipe.rules = &words;
	w->recipe.n_rules = 1;
}
static void state(struct world *w) { w->recipe.state = list("/var/lib/b"); }
static void exclude(struct world *w) { w->recipe.exclude = list("/usr/share/b"); }
static void include(struct world *w) { w->recipe.include = list("/usr/share/a/c"); }
static void include_of(struct world *w)
{
	static struct recipe_package asked = {.name = "curl"};
	static struct recipe_inclusion of = {.package = "curl"};

	of.paths = list("/usr/share/a/c");
	w->recipe.packages = &asked;
	w->recipe.include_of = &of;
	w->recipe.n_packages = w->recipe.n_include_of = 1;
}
static void version(struct world *w) { w->packages[2].version = "2"; }
static void package(struct world *w) { w->packages[2].name = "other"; }
static void epoch(struct world *w) { w->lock.epoch = 1700000001; }
static void kernel_args(struct world *w) { w->recipe.kernel_args = list("quiet"); }
static void timezone_(struct world *w) { w->recipe.timezone = "Europe/Berlin"; }
static void hostname_(struct world *w) { w->recipe.name = "other"; }
static void init(struct world *w) { w->programs.init_sha256 = "11" DIGEST; }

static void password_secret(struct world *w) { w->users[0].password_secret = "db"; }
static void secret_name(struct world *w) { w->secrets[0].name = w->parts[1].secret = "database"; }
static void secret_way(struct world *w) { w->secrets[0].way = RECIPE_WAY_SEND; }
static void secret_file(struct world *w) { w->sops[0].shown = "s/b.yaml"; }
static void secret_digest(struct world *w) { w->sops[0].sha256[0] = 'f'; }
static void secret_format(struct world *w) { w->secrets[0].format = w->sops[0].format = "json"; }
static void secret_key(struct world *w) { w->secrets[0].key = list("other"); }
static void secret_path_(struct world *w) { w->secrets[0].path = "/etc/db"; }
static void secret_mode(struct world *w) { w->secrets[1].mode = 0440; }
static void secret_owner(struct world *w) { w->secrets[1].owner = "anna"; }
static void secret_group(struct world *w) { w->secrets[1].group = "adm"; }
static void secret_users(struct world *w) { w->secrets[1].for_users = true; }
static void secret_empty(struct world *w) { w->secrets[1].allow_empty = true; }
static void secret_restart(struct world *w) { w->secrets[1].restart = list("a.service"); }
static void secret_reload(struct world *w) { w->secrets[1].reload = list("a.service"); }
static void template_name(struct world *w) { w->templates[0].name = "other"; }
static void template_path(struct world *w) { w->templates[0].path = "/var/lib/conf"; }
static void template_text(struct world *w) { w->parts[0].text = "pw="; }
static void template_value(struct world *w) { w->parts[1].secret = "token"; }
static void template_mode(struct world *w) { w->templates[0].mode = 0440; }
static void template_owner(struct world *w) { w->templates[0].owner = "anna"; }
static void template_group(struct world *w) { w->templates[0].group = "adm"; }
static void template_restart(struct world *w) { w->templates[0].restart = list("a.service"); }
static void template_reload(struct world *w) { w->templates[0].reload = list("a.service"); }

/* What of: the kind of change, its name, and the field that is told with it ("" where it is there or gone, or is the whole). */
static const struct row {
	void (*change)(struct world *w);
	const char *what, *name, *field;
} rows[] = {
	{uid, "user", "anna", "uid"}, {no_uid, "user", "anna", "uid"}, {groups, "user", "anna", "groups"},
	{shell, "user", "anna", "shell"}, {home, "user", "anna", "home"}, {comment, "user", "anna", "comment"},
	{sudo_, "user", "anna", "sudo"}, {linger, "user", "anna", "linger"},
	{keys, "user", "anna", "authorized_keys"}, {system_, "user", "anna", "system"},
	{gid, "group", "media", "gid"}, {group_name, "group", "films", ""}, {account_id, "account", "redis", "uid"},
	{account_name, "account", "valkey", ""}, {old_lock, "setting", "numbering", ""},
	{user_name, "user", "berta", ""}, {file_text, "file", "/etc/motd", "sha256"}, {file_mode, "file", "/etc/motd", "mode"},
	{file_owner, "file", "/etc/motd", "owner"}, {file_group, "file", "/etc/motd", "group"},
	{file_path, "file", "/etc/issue", ""}, {unit_enable, "unit", "a.service", "enable"},
	{unit_user, "unit", "a.service", "user"},
	{unit_user, "file", "/usr/lib/systemd/user-generators/" USER_UNITS_GENERATOR, ""},
	{unit_mask, "unit", "a.service", "mask"}, {unit_settings, "unit", "a.service", "text"},
	{unit_settings, "unit", "a.service", "wanted_by"}, {hook, "hook", "/bin/false", ""}, {no_hook, "hook", "/bin/true", ""},
	{own_name, "per machine", "cookie", ""}, {own_paths, "per machine", "key", "paths"},
	{own_make_, "per machine", "key", "make"}, {own_before, "per machine", "key", "before"},
	{own_owner, "per machine", "key", "owner"}, {own_group, "per machine", "key", "group"},
	{own_mode, "per machine", "key", "mode"},
	{health_unit, "health check", "unit b.service", ""}, {health_time, "health check", "unit a.service", "timeout_ms"},
	{health_user, "health check", "unit a.service", "user"},
	{health_port, "health check", "tcp 81", ""}, {health_url, "health check", "http http://localhost/b", ""},
	{health_status, "health check", "http http://localhost/", "http"},
	{health_command, "health check", "command /bin/false", ""}, {tcp, "port", "443/tcp", ""}, {udp, "port", "54/udp", ""},
	{opening, "firewall rule", "lan0 53/tcp", ""}, {forward, "firewall rule", "forward lan0 to wan0", ""},
	{redirect, "firewall rule", "redirect wan0 80/tcp to 10.0.2.2", ""},
	{masquerade, "firewall rule", "masquerade wan0", ""}, {rules, "firewall rule", "rules mine", ""},
	{state, "state", "/var/lib/b", ""}, {exclude, "path of packages", "/usr/share/b", ""},
	{include, "path of packages", "/usr/share/a/c", ""}, {include_of, "path of packages", "/usr/share/a/c", ""},
	{version, "package", "openssh-server", ""},
	{package, "package", "other", ""}, {epoch, "setting", "epoch", ""}, {kernel_args, "setting", "cmdline", ""},
	{sysctl_key, "file", "/etc/sysctl.d/99-zz-recipe.conf", "sha256"},
	{sysctl_value, "file", "/etc/sysctl.d/99-zz-recipe.conf", "sha256"},
	{no_sysctl, "file", "/etc/sysctl.d/99-zz-recipe.conf", ""}, {tmpfile_path, "file", RECIPE_TMPFILES, "sha256"},
	{tmpfile_type, "file", RECIPE_TMPFILES, "sha256"}, {tmpfile_mode, "file", RECIPE_TMPFILES, "sha256"},
	{tmpfile_user, "file", RECIPE_TMPFILES, "sha256"}, {tmpfile_group, "file", RECIPE_TMPFILES, "sha256"},
	{tmpfile_age, "file", RECIPE_TMPFILES, "sha256"}, {tmpfile_argument, "file", RECIPE_TMPFILES, "sha256"},
	{no_tmpfiles, "file", RECIPE_TMPFILES, ""},
	{password_secret, "user", "anna", "password_secret"}, {password_secret, "file", SECRETS_FILE, "sha256"},
	{secret_name, "secret", "database", ""}, {secret_way, "secret", "db", "deliver"},
	{secret_way, "secret", "db", "sha256"},
	{secret_file, "secret", "db", "file"}, {secret_digest, "secret", "db", "sha256"},
	{secret_format, "secret", "db", "format"}, {secret_key, "secret", "db", "key"},
	{secret_path_, "secret", "db", "path"}, {secret_path_, "file", "/etc/db", ""},
	{secret_mode, "secret", "token", "mode"}, {secret_owner, "secret", "token", "owner"},
	{secret_group, "secret", "token", "group"}, {secret_users, "secret", "token", "for_users"},
	{secret_empty, "secret", "token", "allow_empty"}, {secret_restart, "secret", "token", "restart"},
	{secret_restart, "secret", "token", "need"}, {secret_reload, "secret", "token", "reload"},
	{template_name, "template", "other", ""}, {template_path, "template", "conf", "path"},
	{template_path, "file", SECRETS_FILE, "sha256"}, {template_text, "template", "conf", "text"},
	{template_value, "template", "conf", "text"}, {template_mode, "template", "conf", "mode"},
	{template_owner, "template", "conf", "owner"}, {template_group, "template", "conf", "group"},
	{template_restart, "template", "conf", "restart"}, {template_reload, "template", "conf", "reload"},
	{timezone_, "file", "/etc/localtime", ""}, {hostname_, "setting", "name", ""}, {init, "setting", "init", ""},
};

static const struct plan *plan_of(const struct world *w)
{
	struct plan *plan = NULL;
	struct err err = {0};

	if (plan_make(scratch_arena(), &w->recipe, NULL, &w->lock, &w->programs, &plan, &err) < 0) {
		err_print(&err, stderr);
		ck_abort_msg("the recipe can be planned");
	}
	err_free(&err);
	return plan;
}

static bool is_told(const struct row *row, const struct plan_change *changes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(changes[i].what, row->what) != 0 || strcmp(changes[i].name, row->name) != 0)
			continue;
		if (!*row->field)
			return true;
		for (size_t f = 0; f < changes[i].n_fields; f++)
			if (strcmp(changes[i].fields[f].name, row->field) == 0)
				return true;
	}
	return false;
}

START_TEST(each_field_that_decides_is_told_by_text_json_and_comparison)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct plan_change *changes = NULL;
		struct world before, after;
		const struct plan *old, *new;
		size_t n = 0;

		world_make(&before);
		world_make(&after);
		rows[i].change(&after);
		old = plan_of(&before);
		new = plan_of(&after);
		{
			_cleanup_jval_ struct jval *was = plan_json(old), *is = plan_json(new);

			plan_compare(scratch_arena(), was, is, &changes, &n);
		}
		ck_assert_msg(strcmp(old->text, new->text) != 0, "row %zu: the text tells of %s", i, rows[i].name);
		ck_assert_msg(is_told(&rows[i], changes, n), "row %zu: %s %s %s is told", i, rows[i].what, rows[i].name,
			      rows[i].field);
	}
}
END_TEST

START_TEST(what_is_the_same_is_told_by_none)
{
	struct plan_change *changes = NULL;
	struct world one, other;
	size_t n = 1;

	world_make(&one);
	world_make(&other);
	{
		_cleanup_jval_ struct jval *was = plan_json(plan_of(&one)), *is = plan_json(plan_of(&other));

		plan_compare(scratch_arena(), was, is, &changes, &n);
	}
	ck_assert_uint_eq(n, 0);
}
END_TEST

SUITE(told, each_field_that_decides_is_told_by_text_json_and_comparison, what_is_the_same_is_told_by_none)

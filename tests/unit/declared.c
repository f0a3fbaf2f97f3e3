/* What a plan makes of secrets: the declaration, what travels, units that stay off; and what it refuses. */
#include "suite.h"

#include <string.h>

#include "contract/secrets.h"
#include "plan/plan.h"
#include "recipes.h"
#include "scratch.h"
#include "sops_file.h"

#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define FROM "from: base.recipe\nrecipients: " SOPS_FILE_RECIPIENT "\n"
#define UNITS "/usr/lib/systemd/system/"

static struct debian_package packages[] = {
	{"libpam-systemd", "1", "amd64", DIGEST, "pool/l", 1, LAYER_PARENT, 0},
	{"linux-image-cloud-amd64", "1", "amd64", DIGEST, "pool/l", 1, LAYER_PARENT, 0},
	{"openssh-server", "1", "amd64", DIGEST, "pool/o", 1, LAYER_PARENT, 0},
	{"podman", "1", "amd64", DIGEST, "pool/p", 1, LAYER_PARENT, 0},
	{"sudo", "1", "amd64", DIGEST, "pool/s", 1, LAYER_PARENT, 0},
};
static struct lock_account accounts[] = {{.name = "redis", .id = 688}};

static const struct plan *plan_try(const struct recipe *recipe, struct err *err)
{
	static const struct plan_programs programs = {.init = "/lib/init", .init_sha256 = DIGEST, .agent = "/lib/agent",
						      .agent_sha256 = DIGEST, .secrets = "/lib/secrets",
						      .secrets_sha256 = DIGEST};
	static struct lock lock;
	struct plan *plan = NULL;

	lock = (struct lock){.epoch = 1, .image = {packages, sizeof packages / sizeof *packages}, .numbered = true,
			     .accounts = accounts, .n_accounts = 1};
	return plan_make(scratch_arena(), recipe, NULL, &lock, &programs, &plan, err) < 0 ? NULL : plan;
}

static const struct recipe *recipe_of(const char *words)
{
	recipes_write("secrets/box.yaml", SOPS_FILE);
	return recipes_load_as(arena_printf(scratch_arena(), "%s%s", FROM, words), KIND_VM);
}

static const struct plan *plan_of(const char *words)
{
	const struct plan *plan;
	struct err err = {0};

	plan = plan_try(recipe_of(words), &err);
	if (!plan)
		err_print(&err, stderr);
	ck_assert_ptr_nonnull(plan);
	err_free(&err);
	return plan;
}

static const struct plan_file *file_of(const struct plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->n_files; i++)
		if (strcmp(plan->files[i].path, path) == 0)
			return &plan->files[i];
	return NULL;
}

static const char *text_of(const struct plan *plan, const char *path)
{
	const struct plan_file *file = file_of(plan, path);

	return !file ? "" : file->text ? file->text : file->link ? file->link : file->source;
}

static const char *const everything =
	"secrets:\n"
	"  db/password: { sopsFile: secrets/box.yaml, path: /etc/app/password, owner: redis, group: adm, mode: '0440',\n"
	"    restartUnits: redis-server.service }\n"
	"  api-token: { sopsFile: secrets/box.yaml, key: [tokens, '2'], path: /run/app/token, reloadUnits: [app.service] }\n"
	"  hash: { sopsFile: secrets/box.yaml, key: db/user }\n"
	"  sent: { sopsFile: secrets/other.yaml, deliver: send, allowEmpty: true }\n"
	"  output: { jsonFile: outputs.json }\n"
	"templates:\n"
	"  app.conf: { text: \"a=\\t${secrets.db/password}\\nb=${vars.b}\\\\n$${secrets.x}\\n\", path: /opt/app/conf }\n"
	"vars: { b: two }\n"
	"users: { aether: { passwordSecret: hash } }\n";

START_TEST(the_declaration_says_all_that_the_machine_needs)
{
	const struct plan *plan = plan_of(everything);
	const char *list = text_of(plan, SECRETS_FILE), *file = strstr(list, "sops\t");
	const char *name = file ? arena_strndup(scratch_arena(), file + 5, strcspn(file + 5, "\t")) : "";

	ck_assert(text_has_prefix(name, "box-") && text_has_suffix(name, ".yaml"));
	ck_assert_str_eq(list, arena_printf(scratch_arena(),
		"aether-secrets\t1\n"
		"machine\tbase\n"
		"secret\tdb/password\t0440\tredis\tadm\n"
		"sops\t%s\tyaml\tdb\tpassword\n"
		"restart\tredis-server.service\n"
		"need\tredis-server.service\n"
		"secret\tapi-token\t0400\troot\troot\n"
		"sops\t%s\tyaml\ttokens\t2\n"
		"link\t/run/app/token\n"
		"reload\tapp.service\n"
		"need\tapp.service\n"
		"secret\thash\t0400\troot\troot\tusers\n"
		"sops\t%s\tyaml\tdb\tuser\n"
		"secret\tsent\t0400\troot\troot\tempty\n"
		"sent\n"
		"secret\toutput\t0400\troot\troot\n"
		"sent\n"
		"template\tapp.conf\t0400\troot\troot\n"
		"text\ta=\\t\n"
		"value\tdb/password\n"
		"text\t\\nb=two\\\\n${secrets.x}\\n\n"
		"password\taether\thash\n", name, name, name));
}
END_TEST

START_TEST(a_file_travels_once_and_is_roots_alone)
{
	const struct plan *plan = plan_of(everything);
	const struct plan_file *found = NULL;
	size_t n = 0;

	for (size_t i = 0; i < plan->n_files; i++)
		if (path_is_below(plan->files[i].path, SECRETS_SOPS)) {
			found = &plan->files[i];
			n++;
		}
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(found->mode, 0400);
	ck_assert_str_eq(found->owner, "root");
	ck_assert(text_has_suffix(found->source, "/secrets/box.yaml"));
	ck_assert_int_eq(file_of(plan, SECRETS_PROGRAM)->mode, 0755);
	ck_assert_str_eq(text_of(plan, SECRETS_PROGRAM), "/lib/secrets");
}
END_TEST

START_TEST(each_has_a_unit_and_a_link_where_an_image_can_have_one)
{
	const struct plan *plan = plan_of(everything);

	ck_assert_str_eq(text_of(plan, "/etc/app/password"), "/run/secrets/db/password");
	ck_assert_str_eq(text_of(plan, "/opt/app/conf"), "/run/secrets/rendered/app.conf");
	ck_assert_ptr_null(file_of(plan, "/run/app/token"));
	ck_assert_str_eq(text_of(plan, UNITS "multi-user.target.wants/aether-secret@db-password.service"),
			 "../aether-secret@.service");
	ck_assert_ptr_nonnull(file_of(plan, UNITS "multi-user.target.wants/aether-secret@api\\x2dtoken.service"));
	ck_assert_ptr_nonnull(file_of(plan, UNITS "multi-user.target.wants/aether-secret@rendered-app.conf.service"));
	ck_assert_str_eq(text_of(plan, UNITS "sysinit.target.wants/aether-secrets.service"), "../aether-secrets.service");
	ck_assert_ptr_nonnull(strstr(text_of(plan, UNITS "aether-secrets.service"),
				     "ExecStart=" SECRETS_PROGRAM " place --boot\n"));
	ck_assert_ptr_nonnull(strstr(text_of(plan, UNITS "aether-secret@.service"),
				     "ExecStart=" SECRETS_PROGRAM " verdict %I\n"));
}
END_TEST

/* A container that may mount nothing (LXC without nesting) cannot start a unit with these. */
START_TEST(units_of_secrets_take_no_mounts_of_their_own)
{
	static const char *const units[] = {UNITS "aether-secrets.service", UNITS "aether-secret@.service"};
	static const char *const words[] = {"Protect", "Private", "ReadOnlyPaths", "InaccessiblePaths", "TemporaryFileSystem"};
	const struct plan *plan = plan_of(everything);

	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		for (size_t j = 0; j < sizeof words / sizeof *words; j++)
			ck_assert_msg(!strstr(text_of(plan, units[i]), words[j]), "%s: %s", units[i], words[j]);
}
END_TEST

/* Whoever names a place of a secret cannot be without it. */
START_TEST(units_that_need_a_secret_stay_off_without_it)
{
	const struct plan *plan = plan_of(
		"secrets:\n"
		"  a: { sopsFile: secrets/box.yaml, key: db/user, restartUnits: [pack.service, a.service] }\n"
		"  d/b: { sopsFile: secrets/box.yaml, key: db/user, path: /etc/b }\n"
		"  d/c: { sopsFile: secrets/box.yaml, key: db/user, neededForUsers: true }\n"
		"templates: { t: { text: \"${secrets.a}\" } }\n"
		"users: { carl: { uid: 1234, linger: true } }\n"
		"units:\n"
		"  a.service: { Service: { ExecStart: [/bin/true /run/secrets/a] } }\n"
		"  b.service: { Service: { ExecStart: /bin/true, EnvironmentFile: -/etc/b } }\n"
		"  c@.service: { Service: { ExecStart: /bin/true, LoadCredential: 'c:/run/secrets-for-users/d/c' } }\n"
		"  d.service: { Service: { ExecStart: /bin/ls /run/secrets/d/ } }\n"
		"  t.service: { Service: { ExecStart: /bin/cat /run/secrets/rendered/t } }\n"
		"  none.service: { Service: { ExecStart: /bin/cat /etc/bb /etc/b.conf } }\n"
		"  own.service: { user: carl, Service: { ExecStart: /bin/cat /run/secrets/a } }\n"
		"quadlets: { q.container: { Container: { Image: docker.io/library/a, Volume: '/run/secrets/a:/a:ro' } } }\n");
#define NEEDS(name) "Requires=aether-secret@" name ".service\nAfter=aether-secret@" name ".service\n"

	ck_assert_str_eq(text_of(plan, UNITS "pack.service.d/40-secrets.conf"), "[Unit]\n" NEEDS("a"));
	ck_assert_str_eq(text_of(plan, UNITS "a.service.d/40-secrets.conf"), "[Unit]\n" NEEDS("a"));
	ck_assert_str_eq(text_of(plan, UNITS "b.service.d/40-secrets.conf"), "[Unit]\n" NEEDS("d-b"));
	ck_assert_str_eq(text_of(plan, UNITS "c@.service.d/40-secrets.conf"), "[Unit]\n" NEEDS("d-c"));
	ck_assert_str_eq(text_of(plan, UNITS "d.service.d/40-secrets.conf"), "[Unit]\n" NEEDS("d-b"));
	ck_assert_str_eq(text_of(plan, UNITS "t.service.d/40-secrets.conf"), "[Unit]\n" NEEDS("rendered-t"));
	ck_assert_str_eq(text_of(plan, UNITS "q.service.d/40-secrets.conf"), "[Unit]\n" NEEDS("a"));
	ck_assert_ptr_null(file_of(plan, UNITS "none.service.d/40-secrets.conf"));
	ck_assert_ptr_null(file_of(plan, UNITS "own.service.d/40-secrets.conf"));
	ck_assert_str_eq(text_of(plan, USER_UNITS "/1234/own.service.d/40-secrets.conf"),
			 "[Unit]\nAssertPathExists=/run/secrets/a\n");
	ck_assert_ptr_nonnull(strstr(text_of(plan, SECRETS_FILE), "need\tpack.service\ta.service\tq.service\n"));
}
END_TEST

START_TEST(a_rootless_quadlet_waits_for_the_file_itself)
{
	static struct debian_package more[] = {
		{"dbus-user-session", "1", "amd64", DIGEST, "pool/d", 1, LAYER_PARENT, 0},
		{"libpam-systemd", "1", "amd64", DIGEST, "pool/l", 1, LAYER_PARENT, 0},
		{"linux-image-cloud-amd64", "1", "amd64", DIGEST, "pool/l", 1, LAYER_PARENT, 0},
		{"passt", "1", "amd64", DIGEST, "pool/p", 1, LAYER_PARENT, 0},
		{"podman", "1", "amd64", DIGEST, "pool/p", 1, LAYER_PARENT, 0},
	};
	const struct plan *plan;

	memcpy(packages, more, sizeof more);
	packages[2].name = "uidmap";
	packages[1].name = "linux-image-cloud-amd64";
	plan = plan_of("secrets: { a: { sopsFile: secrets/box.yaml, key: db/user } }\n"
		       "users: { carl: { uid: 1234, linger: true } }\n"
		       "quadlets: { q.container: { user: carl, Container: { Image: docker.io/library/a,\n"
		       "  Volume: '/run/secrets/a:/a:ro' } } }\n");
	ck_assert_str_eq(text_of(plan, USER_UNITS "/1234/q.service.d/40-secrets.conf"),
			 "[Unit]\nAssertPathExists=/run/secrets/a\n");
	ck_assert_ptr_nonnull(file_of(plan, "/usr/lib/systemd/user-generators/" USER_UNITS_GENERATOR));
}
END_TEST

START_TEST(without_secrets_nothing_of_them_is_in_the_plan)
{
	const struct plan *plan = plan_of("");

	for (size_t i = 0; i < plan->n_files; i++)
		ck_assert_msg(!strstr(plan->files[i].path, "secret"), "%s", plan->files[i].path);
	ck_assert_ptr_null(strstr(plan->text, "secret"));
}
END_TEST

/* Where a value that is sent comes from is for whoever sends it. */
START_TEST(of_what_is_sent_the_source_is_not_in_the_plan)
{
	static const char *const sources[] = {"sopsFile: secrets/box.yaml, key: db/user, deliver: send",
					      "sopsFile: secrets/missing.yaml, key: x, deliver: send", "jsonFile: outputs.json",
					      "jsonFile: missing.json, key: [a, b]"};
	const char *key = NULL;

	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
		const struct plan *plan = plan_of(arena_printf(scratch_arena(), "secrets: { a: { %s } }\n", sources[i]));

		ck_assert_msg(!key || strcmp(key, plan->key) == 0, "row %zu", i);
		ck_assert_ptr_null(strstr(plan->text, "yaml"));
		key = plan->key;
	}
}
END_TEST

static const struct refusal {
	const char *recipients, *words, *text, *hint; /* texts in the first problem */
} refusals[] = {
	{"[]", "secrets: { db/user: { sopsFile: secrets/box.yaml } }", "the machine has no recipient yet",
	 "aether-build host add base"},
	{SOPS_FILE_OTHER, "secrets: { db/user: { sopsFile: secrets/box.yaml } }",
	 "secrets/box.yaml is not encrypted to this machine (" SOPS_FILE_OTHER "), but to " SOPS_FILE_RECIPIENT,
	 "aether-build secrets rekey"},
	{"[" SOPS_FILE_OTHER ", " SOPS_FILE_RECIPIENT "]", "secrets: { db/user: { sopsFile: secrets/box.yaml } }", NULL, NULL},
	{"[]", "secrets: { db/user: { sopsFile: secrets/box.yaml, deliver: send } }", NULL, NULL},
	{SOPS_FILE_RECIPIENT, "secrets: { db/user: { sopsFile: secrets/box.yaml, owner: rediss } }",
	 "neither the recipe nor a package of the lock has the user 'rediss'", "did you mean 'redis'?"},
	{SOPS_FILE_RECIPIENT, "secrets: { db/user: { sopsFile: secrets/box.yaml } }\n"
			      "templates: { t: { text: \"${secrets.db/user}\", group: nobodys } }",
	 "neither the recipe nor a package of the lock has the group 'nobodys'", "add it to 'groups'"},
	{SOPS_FILE_RECIPIENT, "secrets: { db/user: { sopsFile: secrets/box.yaml, owner: aether, group: shadow } }", NULL, NULL},
	{SOPS_FILE_RECIPIENT, "secrets: { db/user: { sopsFile: secrets/box.yaml, path: /etc/sudoers.d/50-anna } }\n"
			      "users: { anna: { sudo: nopasswd } }", "conflicts with '/etc/sudoers.d/50-anna'", "another path"},
};

START_TEST(what_cannot_work_on_the_machine_is_refused_when_it_is_planned)
{
	const struct refusal *row = &refusals[_i];
	const struct recipe *recipe;
	const struct plan *plan;
	struct err err = {0};

	recipes_write("secrets/box.yaml", SOPS_FILE);
	recipe = recipes_load_as(arena_printf(scratch_arena(), "from: base.recipe\nrecipients: %s\n%s\n", row->recipients,
					      row->words), KIND_VM);
	plan = plan_try(recipe, &err);
	ck_assert_msg(!plan == (row->text != NULL), "row %d", _i);
	if (row->text) {
		ck_assert_msg(strstr(err.first->text, row->text) != NULL, "row %d: %s", _i, err.first->text);
		ck_assert_msg(strstr(err.first->hint, row->hint) != NULL, "row %d: %s", _i, err.first->hint);
		ck_assert_msg(err.first->line > 0, "row %d: it has a place", _i);
	}
	err_free(&err);
}
END_TEST

SUITE(declared, the_declaration_says_all_that_the_machine_needs, a_file_travels_once_and_is_roots_alone,
      each_has_a_unit_and_a_link_where_an_image_can_have_one, units_that_need_a_secret_stay_off_without_it,
      a_rootless_quadlet_waits_for_the_file_itself, without_secrets_nothing_of_them_is_in_the_plan,
      of_what_is_sent_the_source_is_not_in_the_plan, units_of_secrets_take_no_mounts_of_their_own)
LOOP_SUITE(declared_refused, what_cannot_work_on_the_machine_is_refused_when_it_is_planned,
	   sizeof refusals / sizeof *refusals)

/* Users and groups: what passwd(5), group(5) and sysusers.d(5) can hold. */
#include <inttypes.h>
#include <string.h>

#include "recipe/sshkey.h"
#include "recipe/words/words.h"

/* A field of passwd(5) ends at a colon; and what reads home folders and shells splits at spaces and quotes. (The backslash
 * stands twice for the JSON Schema; to POSIX it is one.) */
#define NOT_IN_PART "/:\"'\\\\[:cntrl:][:space:]"
#define PATH_PART "([^." NOT_IN_PART "][^" NOT_IN_PART "]*|\\.[^." NOT_IN_PART "][^" NOT_IN_PART "]*|\\.\\.[^" NOT_IN_PART "]+)"

static const struct rule users_rule_path = {"an absolute path without spaces, quotes, ':', '\\', '.', '..' or '//'",
					    "(/" PATH_PART ")+"};
static const struct rule users_rule_comment = {"one line of at most 255 bytes without ':', which ends a field of passwd(5)",
					       "[^:[:cntrl:]]{0,255}"};

static const char *const sudo_choices[] = {"nopasswd", "password", NULL};
static const struct schema schema_sudo = {VALUE_TEXT, .choices = sudo_choices};
/* Debian's policy, 9.2.2: 0 to 99 and 60000 to 64999 are given out by Debian itself, and what follows is nobody's, or
 * systemd's, or -1. */
static const struct schema schema_id = {VALUE_INT, .min = ACCOUNT_ID_MIN, .max = ACCOUNT_ID_MAX};
static const struct schema schema_accounts = {VALUE_WORDS, .rule = &word_rule_account};
static const struct schema schema_path = {VALUE_TEXT, .rule = &users_rule_path};
static const struct schema schema_comment = {VALUE_TEXT, .rule = &users_rule_comment};

static const struct schema schema_password = {VALUE_TEXT, .rule = &word_rule_secret};
static const struct schema schema_keys = {VALUE_WORDS, .rule = &word_rule_line};

static const struct field user_fields[] = {
	{"uid", &schema_id, 0, WORD_OF(recipe_user, uid), 0, "user id (the next free one from 1000)"},
	{"groups", &schema_accounts, 0, WORD_OF(recipe_user, groups), 0, "additional groups"},
	{"shell", &schema_path, 0, WORD_OF(recipe_user, shell), 0, "login shell (/bin/bash)"},
	{"home", &schema_path, 0, WORD_OF(recipe_user, home), 0, "home folder (/home/NAME), on persistent storage"},
	{"comment", &schema_comment, 0, WORD_OF(recipe_user, comment), 0, "full name"},
	{"sudo", &schema_sudo, 0, WORD_OF(recipe_user, sudo), 0, "may become root by sudo, without or with a password"},
	{"authorizedKeys", &schema_keys, 0, WORD_OF(recipe_user, authorized_keys), 0,
	 "public keys that may log in, as lines of authorized_keys"},
	{"passwordSecret", &schema_password, 0, WORD_OF(recipe_user, password_secret), 0,
	 "secret whose value is the hash of the password (no password)"},
	{"linger", &word_bool, 0, WORD_OF(recipe_user, linger), 0, "the user's services run without a login"},
	{"system", &word_bool, 0, WORD_OF(recipe_user, system), 0,
	 "account of a service: id below 1000, no home folder"},
	WORD_END,
};

static void users_prepare_user(void *element)
{
	struct recipe_user *new = element;

	new->uid = -1;
}

static const struct schema schema_user = {VALUE_RECORD, .fields = user_fields};

static const struct field group_fields[] = {
	{"gid", &schema_id, 0, WORD_OF(recipe_group, gid), 0, "group id (a free one below 1000)"},
	WORD_END,
};

static void users_prepare_group(void *element)
{
	((struct recipe_group *)element)->gid = -1;
}

static const struct schema schema_group = {VALUE_RECORD, .fields = group_fields};

/* The accounts of Debian's base-passwd: on every system, with numbers that never change. */
static const char *const system_users[] = {
	"root", "daemon", "bin", "sys", "sync", "games", "man", "lp", "mail",
	"news", "uucp", "proxy", "www-data", "backup", "list", "irc", "_apt", "nobody",
};
static const char *const system_groups[] = {
	"root", "daemon", "bin", "sys", "adm", "tty", "disk", "lp", "mail", "news", "uucp", "man", "proxy", "kmem",
	"dialout", "fax", "voice", "cdrom", "floppy", "tape", "sudo", "audio", "dip", "www-data", "backup", "operator",
	"list", "irc", "src", "shadow", "utmp", "video", "sasl", "plugdev", "staff", "games", "users", "nogroup",
};

struct strv recipe_system_accounts(bool users)
{
	return users ? (struct strv){(const char **)system_users, sizeof system_users / sizeof *system_users}
		     : (struct strv){(const char **)system_groups, sizeof system_groups / sizeof *system_groups};
}

bool recipe_system_user(const char *name)
{
	const struct strv all = recipe_system_accounts(true);

	return strv_has(&all, name);
}

bool recipe_system_group(const char *name)
{
	const struct strv all = recipe_system_accounts(false);

	return strv_has(&all, name);
}

/* The place of a word of the user, or the user's own where it is not written. */
static struct pos users_place(const struct recipe_user *user, const struct node *node, const char *key)
{
	const struct node *value = node_get(node, key);

	return value ? value->pos : user->pos;
}

/* Fills in what is not written. Of a user that a package makes, only what is written counts. */
static void users_complete(struct arena *arena, struct recipe_user *user, const struct node *node)
{
	user->shell_pos = users_place(user, node, "shell");
	user->home_pos = users_place(user, node, "home");
	user->groups_pos = users_place(user, node, "groups");
	user->uid_pos = users_place(user, node, "uid");
	user->written = (user->shell ? WRITTEN_SHELL : 0) | (user->home ? WRITTEN_HOME : 0) |
			(user->comment ? WRITTEN_COMMENT : 0);
	if (!user->home)
		user->home = user->system ? "/nonexistent" : arena_printf(arena, "/home/%s", user->name);
	if (!user->shell)
		user->shell = user->system ? "/usr/sbin/nologin" : "/bin/bash";
	if (!user->comment)
		user->comment = "";
}

static void users_check_name(struct decoder *decoder, const struct recipe_user *user, const char *path)
{
	if (recipe_system_user(user->name)) {
		err_at(decoder->err, -EINVAL, &user->pos, path, "'%s' already exists on every Debian system", user->name);
		err_hint(decoder->err, "choose another name");
	} else if (recipe_system_group(user->name)) {
		err_at(decoder->err, -EINVAL, &user->pos, path,
		       "'%s' is a group of every Debian system, and the user would be in it", user->name);
		err_hint(decoder->err, "choose another name; 'groups: [%s]' makes a user a member", user->name);
	}
}

static void users_check_uid(struct decoder *decoder, const struct recipe_user *user, size_t n_before, const char *path)
{
	const struct recipe *recipe = decoder->recipe;

	if (user->uid < 0)
		return;
	if (user->system != (user->uid < ACCOUNT_ID_PEOPLE))
		err_at(decoder->err, -EINVAL, &user->pos, path,
		       user->system ? "the id of a 'system' user must be below 1000"
				    : "the id of a user must be 1000 or more, except for 'system' users");
	for (size_t i = 0; i < n_before; i++)
		if (recipe->users[i].uid == user->uid)
			err_at(decoder->err, -EINVAL, &user->pos, path, "the id %" PRId64 " is already in use by '%s'",
			       user->uid, recipe->users[i].name);
}

/* A home folder becomes its user's own, whatever else is in it. */
static void users_check_home(struct decoder *decoder, const struct recipe_user *user, size_t n_before, const char *path)
{
	static const char *const shared[] = {"/home", "/root", "/var", "/var/backups", "/var/cache", "/var/lib", "/var/local",
					     "/var/log", "/var/mail", "/var/opt", "/var/spool", "/var/tmp"};
	const struct strv all = {(const char **)shared, sizeof shared / sizeof *shared};
	const struct recipe *recipe = decoder->recipe;

	if (user->system)
		return;
	if (!word_is_home(recipe, user->home)) {
		err_at(decoder->err, -EINVAL, &user->pos, path, "the home folder '%s' is not on persistent storage",
		       user->home);
		err_hint(decoder->err, "put it below /home or /var");
	} else if (strv_has(&all, user->home)) {
		err_at(decoder->err, -EINVAL, &user->home_pos, path, "'%s' is not one user's: it would belong to '%s' alone",
		       user->home, user->name);
		err_hint(decoder->err, "choose a folder below it: %s/%s", user->home, user->name);
	}
	for (size_t i = 0; i < n_before; i++)
		if (!recipe->users[i].system && strcmp(recipe->users[i].home, user->home) == 0)
			err_at(decoder->err, -EINVAL, &user->home_pos, path, "the home folder '%s' is already that of '%s'",
			       user->home, recipe->users[i].name);
}

/* What sshd would pass over. */
static void users_check_keys(struct decoder *decoder, const struct recipe_user *user, const struct node *node, const char *path)
{
	const struct node *list = node_get(node, "authorizedKeys");

	path = problem_path(decoder->arena, path, "authorizedKeys");
	for (size_t i = 0; list && i < user->authorized_keys.count; i++) {
		struct sshkey key;
		int r = sshkey_read(decoder->arena, user->authorized_keys.items[i], true, &key);

		if (r == 0)
			continue;
		err_at(decoder->err, -EINVAL, problem_item(list, i), path, "%s", r > 0 ? "the key is missing" : key.problem);
		if (r > 0)
			err_hint(decoder->err, "write a line of authorized_keys: ssh-ed25519 AAAA… anna@example");
		else if (key.hint)
			err_hint(decoder->err, "%s", key.hint);
	}
	if (list && user->system && !(user->written & WRITTEN_SHELL)) {
		err_warn(decoder->err, &list->pos, path, "a 'system' user has the shell %s unless its package has another one: "
			 "nobody can log in", user->shell);
		err_hint(decoder->err, "write 'shell: /bin/bash', or 'shell: /bin/sh'");
	}
}

static void users_check(struct decoder *decoder, const struct node *root)
{
	struct recipe *recipe = decoder->recipe;

	for (size_t i = 0; i < recipe->n_users; i++) {
		struct recipe_user *user = &recipe->users[i];
		const char *path = problem_path(decoder->arena, "users", user->name);

		users_complete(decoder->arena, user, node_get(node_get(root, "users"), user->name));
		if (problem_known(decoder, path))
			continue;
		users_check_name(decoder, user, path);
		users_check_uid(decoder, user, i, path);
		users_check_home(decoder, user, i, path);
		users_check_keys(decoder, user, node_get(node_get(root, "users"), user->name), path);
	}
}

/* A user's own group has the user's name and number. */
static void users_check_group(struct decoder *decoder, const struct recipe_group *group, size_t n_before)
{
	const char *path = problem_path(decoder->arena, "groups", group->name);
	const struct recipe *recipe = decoder->recipe;

	if (problem_known(decoder, path))
		return;
	if (recipe_system_group(group->name)) {
		err_at(decoder->err, -EINVAL, &group->pos, path, "'%s' already exists on every Debian system", group->name);
		err_hint(decoder->err, "leave it out: users can be in it without");
	}
	for (size_t i = 0; i < n_before && group->gid >= 0; i++)
		if (recipe->groups[i].gid == group->gid)
			err_at(decoder->err, -EINVAL, &group->pos, path, "the id %" PRId64 " is already in use by '%s'",
			       group->gid, recipe->groups[i].name);
	for (size_t i = 0; i < recipe->n_users && group->gid >= 0; i++)
		if (recipe->users[i].uid == group->gid && strcmp(recipe->users[i].name, group->name) != 0) {
			err_at(decoder->err, -EINVAL, &group->pos, path,
			       "the id %" PRId64 " is already in use by the group of the user '%s'", group->gid,
			       recipe->users[i].name);
		}
}

static void users_check_groups(struct decoder *decoder, const struct node *root)
{
	(void)root;
	for (size_t i = 0; i < decoder->recipe->n_groups; i++)
		users_check_group(decoder, &decoder->recipe->groups[i], i);
}

const struct schema word_users = {
	VALUE_TABLE,
	.element = &schema_user,
	.size = sizeof(struct recipe_user),
	.key_rule = &word_rule_account,
	.key_offset = WORD_OF(recipe_user, name),
	.pos_offset = WORD_OF(recipe_user, pos),
	.prepare = users_prepare_user,
	.check = users_check,
};
const struct schema word_groups = {
	VALUE_TABLE,
	.element = &schema_group,
	.size = sizeof(struct recipe_group),
	.key_rule = &word_rule_account,
	.key_offset = WORD_OF(recipe_group, name),
	.pos_offset = WORD_OF(recipe_group, pos),
	.prepare = users_prepare_group,
	.check = users_check_groups,
};

/* The recipe's users and groups come into being, by systemd-sysusers, and are what the recipe says: what that program does not
 * like it leaves out or replaces, without a word. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "tree/accounts.h"
#include "tree/inside.h"
#include "tree/steps.h"

enum { TABLE_BYTES_MAX = 16 << 20, PASSWD_SHELL = 6 };

static const char SYSUSERS[] = "/usr/lib/sysusers.d/";

struct names {
	struct arena *arena;
	const struct step *step;
	struct strv list;
};

/* --- groups ---------------------------------------------------------------------------------------------------------- */

/* The users and groups that a file of sysusers.d(5) makes by their own lines. */
static int logins_note_lines(void *data, int folder_fd, const char *path, const char *name, unsigned char type, struct err *err)
{
	struct names *names = data;
	_cleanup_buf_ struct buf text = {0};
	int r = text_has_suffix(name, ".conf") ? inside_read(names->step->root_fd, path, TABLE_BYTES_MAX, &text, err) : 0;

	(void)folder_fd, (void)type;
	for (const char *at = text.data; r == 0 && at && *at; at += strcspn(at, "\n"), at += *at == '\n') {
		const char *word;

		at += strspn(at, " \t");
		word = at + (*at == 'u' && at[1] == '!' ? 2 : 1);
		if ((*at == 'u' || *at == 'g') && (*word == ' ' || *word == '\t')) {
			word += strspn(word, " \t\"");
			strv_push(names->arena, &names->list, arena_strndup(names->arena, word, strcspn(word, " \t\"\n")));
		}
	}
	return r;
}

static int logins_note_groups(struct names *names, struct err *err)
{
	_cleanup_buf_ struct buf groups = {0};
	int r = inside_read(names->step->root_fd, "/etc/group", TABLE_BYTES_MAX, &groups, err);

	for (const char *at = groups.data; at && *at; at += strcspn(at, "\n"), at += *at == '\n')
		strv_push(names->arena, &names->list, arena_strndup(names->arena, at, strcspn(at, ":\n")));
	if (r == 0)
		r = inside_each(names->step->root_fd, "/etc/sysusers.d", logins_note_lines, names, err);
	return r == 0 ? inside_each(names->step->root_fd, "/usr/lib/sysusers.d", logins_note_lines, names, err) : r;
}

static void logins_check_groups_of(const struct recipe_user *user, const struct names *known, struct err *err)
{
	for (size_t i = 0; i < user->groups.count; i++) {
		const char *group = user->groups.items[i], *near;

		if (strv_has(&known->list, group))
			continue;
		near = text_nearest(group, known->list.items, known->list.count);
		err_at(err, -ENOENT, &user->groups_pos, arena_printf(known->arena, "users.%s.groups", user->name),
		       "the image has no group '%s'", group);
		if (near)
			err_hint(err, "did you mean '%s'?", near);
		else
			err_hint(err, "add the package that makes it, or make it: groups: { %s: {} }", group);
	}
}

/* systemd-sysusers would make them. */
static int logins_check_groups(const struct step *step, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct names known = {arena, step, {0}};
	int r = logins_note_groups(&known, err);

	for (size_t i = 0; r == 0 && i < step->plan->recipe->n_users; i++)
		logins_check_groups_of(&step->plan->recipe->users[i], &known, err);
	return r < 0 ? r : err_result(err);
}

/* --- numbers --------------------------------------------------------------------------------------------------------- */

static void logins_check_id(const char *what, const char *name, int64_t wanted, int64_t found, const struct pos *pos,
			    struct err *err)
{
	if (wanted < 0 || wanted == found)
		return;
	err_at(err, -EEXIST, pos, NULL, "the %s '%s' has the id %" PRId64 " in the image instead of %" PRId64
	       ", which a package has taken", what, name, found, wanted);
	err_hint(err, "choose another id");
}

/* systemd-sysusers takes another number when one is not free. */
static int logins_check_numbers(const struct step *step, struct err *err)
{
	_cleanup_accounts_ struct accounts accounts = {0};
	const struct plan *plan = step->plan;
	int r = accounts_read(step->root_fd, &accounts, err);
	uid_t uid;
	gid_t gid;

	for (size_t i = 0; r == 0 && i < plan->n_users; i++) {
		const struct recipe_user *user = plan->users[i].words;

		if (accounts_uid(&accounts, user->name, &user->pos, &uid, err) == 0)
			logins_check_id("user", user->name, plan->users[i].uid, uid, &user->pos, err);
	}
	for (size_t i = 0; r == 0 && i < plan->n_groups; i++) {
		const struct recipe_group *group = plan->groups[i].words;

		if (accounts_gid(&accounts, group->name, &group->pos, &gid, err) == 0)
			logins_check_id("group", group->name, plan->groups[i].gid, gid, &group->pos, err);
	}
	return r < 0 ? r : err_result(err);
}

/* --- the step -------------------------------------------------------------------------------------------------------- */

/* A package's script may have put anything in the place of these; a pipe would make systemd-sysusers wait for ever. */
static int logins_check_tables(const struct step *step, struct err *err)
{
	static const char *const tables[] = {"/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow"};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof tables / sizeof *tables; i++) {
		_cleanup_buf_ struct buf text = {0};

		r = inside_read(step->root_fd, tables[i], TABLE_BYTES_MAX, &text, err);
	}
	return r;
}

int step_users(const struct step *step, struct err *err)
{
	bool any = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < step->plan->n_files; i++) {
		const struct plan_file *file = &step->plan->files[i];

		if (file->link || !text_has_prefix(file->path, SYSUSERS))
			continue;
		any = true;
		r = step_put_file(step, file, 0, 0, err);
	}
	if (r < 0 || !any)
		return r;
	r = logins_check_tables(step, err);
	if (r == 0)
		r = logins_check_groups(step, err);
	if (r < 0)
		return r;
	r = step_run(step, (const char *const[]){"/usr/bin/systemd-sysusers", NULL}, STEP_PATIENCE_S, err);
	return r < 0 ? err_wrap(err, "while creating the users of the recipe") : logins_check_numbers(step, err);
}

/* --- shells ---------------------------------------------------------------------------------------------------------- */

/* The last field of the user's line in passwd(5). */
static const char *logins_shell_of(struct arena *arena, const struct buf *passwd, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = passwd->data; at && *at; at += strcspn(at, "\n"), at += *at == '\n') {
		const char *field = at;

		if (strncmp(at, name, length) != 0 || at[length] != ':')
			continue;
		for (unsigned i = 0; i < PASSWD_SHELL; i++) {
			field += strcspn(field, ":\n");
			field += *field == ':';
		}
		return arena_strndup(arena, field, strcspn(field, ":\n"));
	}
	return NULL;
}

/* These forbid to log in, whether they are there or not: an image need not have them. */
static bool logins_forbids(const char *shell)
{
	return strcmp(path_last(shell), "nologin") == 0 || strcmp(path_last(shell), "false") == 0;
}

static bool logins_is_program(const struct step *step, const char *path)
{
	_cleanup_fd_ int fd = root_open(step->root_fd, path, O_PATH, 0);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111);
}

/* The shell of shells(5) that is nearest. */
static const char *logins_near_shell(const struct step *step, struct arena *arena, const char *shell)
{
	_cleanup_buf_ struct buf text = {0};
	struct strv known = {0};
	struct err ignored = {0};

	inside_read(step->root_fd, "/etc/shells", TABLE_BYTES_MAX, &text, &ignored);
	err_free(&ignored);
	for (const char *at = text.data; at && *at; at += strcspn(at, "\n"), at += *at == '\n')
		if (*at == '/')
			strv_push(arena, &known, arena_strndup(arena, at, strcspn(at, " \t\n")));
	return text_nearest(shell, known.items, known.count);
}

int step_logins(const struct step *step, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf passwd = {0};
	const struct recipe *recipe = step->plan->recipe;
	int r = inside_read(step->root_fd, "/etc/passwd", TABLE_BYTES_MAX, &passwd, err);

	for (size_t i = 0; r == 0 && i < recipe->n_users; i++) {
		const struct recipe_user *user = &recipe->users[i];
		const char *shell = logins_shell_of(arena, &passwd, user->name), *near;
		const char *path = arena_printf(arena, "users.%s.shell", user->name);

		if (!shell || !*shell || logins_forbids(shell) || logins_is_program(step, shell))
			continue;
		near = logins_near_shell(step, arena, shell);
		err_at(err, -ENOENT, &user->shell_pos, path, "%s '%s'",
		       inside_exists(step->root_fd, shell) ? "this is not a program:" : "the image has no shell", shell);
		if (near)
			err_hint(err, "did you mean '%s'?", near);
		else
			err_hint(err, "add the package that has it, like '%s', to 'packages'", path_last(shell));
	}
	return r < 0 ? r : err_result(err);
}

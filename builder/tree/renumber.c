/* Accounts of packages get the numbers that the plan has for them. Maintainer scripts take the next number that is free, which
 * depends on what was installed before; so it is changed here, in the tables and wherever a file of a package is theirs. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/file.h"
#include "lock/allot.h"
#include "tree/inside.h"
#include "tree/layer.h"
#include "tree/steps.h"

enum { TABLE_BYTES_MAX = 16 << 20, PASSWD_FIELDS = 7, GROUP_FIELDS = 4, CAPABILITY_BYTES = 64 };
enum { NAME, PASSWORD, ID, PASSWD_GROUP, PASSWD_COMMENT, PASSWD_HOME, PASSWD_SHELL };

/* A line of passwd(5) or group(5). */
struct line {
	const char *fields[PASSWD_FIELDS];
	int64_t old, new;            /* its number */
};

struct table {
	const char *path;
	size_t n_fields;
	struct line *lines;
	size_t n_lines;
	bool changed;
};

struct renumber {
	struct arena *arena;
	const struct step *step;
	struct table users, groups;
	bool quiet;
};

/* --- the tables ------------------------------------------------------------------------------------------------------ */

/* A line that is none (NIS's `+`, a comment) is kept as it is: all of it is the first field. */
static void renumber_read_line(struct arena *arena, struct table *table, const char *text)
{
	struct line *line = arena_push(arena, table->lines, table->n_lines);
	char *at = arena_strdup(arena, text), *end;
	size_t n = 0;

	while (n < table->n_fields && at) {
		line->fields[n++] = at;
		at = strchr(at, ':');
		if (at)
			*at++ = 0;
	}
	line->old = n == table->n_fields && !at ? strtoll(line->fields[ID], &end, 10) : -1;
	if (line->old < 0 || *end || end == line->fields[ID])
		*line = (struct line){.fields = {text}, .old = -1};
	line->new = line->old;
}

static int renumber_read(struct renumber *all, struct table *table, const char *path, size_t n_fields, struct err *err)
{
	_cleanup_buf_ struct buf text = {0};
	int r = inside_read(all->step->root_fd, path, TABLE_BYTES_MAX, &text, err);

	*table = (struct table){.path = path, .n_fields = n_fields};
	for (const char *at = text.data; r == 0 && at && *at; at += strcspn(at, "\n"), at += *at == '\n')
		renumber_read_line(all->arena, table, arena_strndup(all->arena, at, strcspn(at, "\n")));
	return r;
}

static int renumber_write(const struct renumber *all, const struct table *table, struct err *err)
{
	_cleanup_buf_ struct buf text = {0};

	if (!table->changed)
		return 0;
	for (size_t i = 0; i < table->n_lines; i++) {
		for (size_t f = 0; f < table->n_fields && table->lines[i].fields[f]; f++)
			buf_printf(&text, "%s%s", f ? ":" : "", table->lines[i].fields[f]);
		buf_puts(&text, "\n");
	}
	return inside_write(all->step->root_fd, table->path, text.data, text.size, &INSIDE_PLAIN, err);
}

static struct line *renumber_find(const struct table *table, const char *name)
{
	for (size_t i = 0; i < table->n_lines; i++)
		if (table->lines[i].old >= 0 && strcmp(table->lines[i].fields[NAME], name) == 0)
			return &table->lines[i];
	return NULL;
}

static void renumber_set(struct renumber *all, struct table *table, struct line *line, int64_t id)
{
	if (line->new == id)
		return;
	line->new = id;
	line->fields[ID] = arena_printf(all->arena, "%" PRId64, id);
	table->changed = true;
}

/* --- which number ---------------------------------------------------------------------------------------------------- */

static bool renumber_in(const struct table *table, int64_t id)
{
	for (size_t i = 0; i < table->n_lines; i++)
		if (table->lines[i].new == id)
			return true;
	return false;
}

static bool renumber_decided(const struct plan *plan, int64_t id)
{
	for (size_t i = 0; i < plan->n_accounts; i++)
		if (plan->accounts[i].uid == id || plan->accounts[i].gid == id)
			return true;
	return false;
}

static bool renumber_taken(const void *data, int64_t id)
{
	const struct renumber *all = data;

	return renumber_in(&all->users, id) || renumber_in(&all->groups, id) || renumber_decided(all->step->plan, id);
}

/* Numbers that no script chose freely are Debian's own (policy, 9.2.2), and stay. */
static bool renumber_is_free_choice(const struct line *line)
{
	return line->old >= ACCOUNT_ID_MIN && line->old <= ACCOUNT_ID_MAX;
}

static void renumber_decide_known(struct renumber *all)
{
	const struct plan *plan = all->step->plan;

	for (size_t i = 0; i < plan->n_accounts; i++) {
		const struct plan_account *account = &plan->accounts[i];
		struct line *user = renumber_find(&all->users, account->name);
		struct line *group = renumber_find(&all->groups, account->name);

		if (user && account->uid >= 0 && (account->pinned || renumber_is_free_choice(user)))
			renumber_set(all, &all->users, user, account->uid);
		if (group && account->gid >= 0 && (account->pinned || renumber_is_free_choice(group)))
			renumber_set(all, &all->groups, group, account->gid);
	}
}

static bool renumber_is_known(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->n_accounts; i++)
		if (strcmp(plan->accounts[i].name, name) == 0)
			return true;
	return false;
}

/* One whom the lock does not know: its number must not hang on what else is installed, and nobody else's be in its way. */
static int renumber_decide_unknown(struct renumber *all, struct table *table, struct line *line, struct err *err)
{
	const struct plan *plan = all->step->plan;
	const char *name = line->fields[NAME];
	struct line *twin = renumber_find(table == &all->users ? &all->groups : &all->users, name);
	int64_t id;

	if (line->old < ACCOUNT_ID_MIN || line->old >= ACCOUNT_ID_PEOPLE || renumber_is_known(plan, name) ||
	    recipe_system_user(name) || recipe_system_group(name) ||
	    (plan->numbering < 0 && !renumber_decided(plan, line->old)))
		return 0;
	id = allot_system(name, renumber_taken, all);
	if (id < 0)
		return err_set(err, -ENOSPC, "there is no free id for the account '%s' of a package", name);
	renumber_set(all, table, line, id);
	if (twin && renumber_is_free_choice(twin))
		renumber_set(all, table == &all->users ? &all->groups : &all->users, twin, id);
	if (plan->numbering < 0 || all->quiet)
		return 0;
	err_warn(err, &(struct pos){.file = plan->recipe->path}, NULL,
		 "a package makes the account '%s', which the lock could not know; it has the id %" PRId64
		 " in this image", name, id);
	err_hint(err, "write it down, and it stays: %s: { %s: { %s: %" PRId64 " } }",
		 table == &all->users ? "users" : "groups", name, table == &all->users ? "system: true, uid" : "gid", id);
	return 0;
}

static int renumber_decide(struct renumber *all, struct err *err)
{
	int r = 0;

	renumber_decide_known(all);
	for (size_t i = 0; r == 0 && i < all->users.n_lines; i++)
		if (all->users.lines[i].new == all->users.lines[i].old)
			r = renumber_decide_unknown(all, &all->users, &all->users.lines[i], err);
	for (size_t i = 0; r == 0 && i < all->groups.n_lines; i++)
		if (all->groups.lines[i].new == all->groups.lines[i].old)
			r = renumber_decide_unknown(all, &all->groups, &all->groups.lines[i], err);
	return r;
}

/* --- what else the recipe says of them ------------------------------------------------------------------------------- */

static void renumber_set_field(struct table *users, struct line *line, size_t field, const char *value)
{
	users->changed |= strcmp(line->fields[field], value) != 0;
	line->fields[field] = value;
}

/* systemd-sysusers leaves a user alone that is there. */
static void renumber_complete(struct renumber *all, struct err *err)
{
	const struct recipe *recipe = all->step->plan->recipe;

	for (size_t i = 0; i < recipe->n_users; i++) {
		const struct recipe_user *user = &recipe->users[i];
		struct line *line = renumber_find(&all->users, user->name);

		if (line && !user->system) {
			err_at(err, -EEXIST, &user->pos, NULL, "a package makes the user '%s', for a service of its own",
			       user->name);
			err_hint(err, "write 'system: true' if you mean this one, or choose another name");
		}
		if (line && (user->written & WRITTEN_COMMENT))
			renumber_set_field(&all->users, line, PASSWD_COMMENT, user->comment);
		if (line && (user->written & WRITTEN_HOME))
			renumber_set_field(&all->users, line, PASSWD_HOME, user->home);
		if (line && (user->written & WRITTEN_SHELL))
			renumber_set_field(&all->users, line, PASSWD_SHELL, user->shell);
	}
}

/* A user's own group is another number now. */
static void renumber_follow_groups(struct renumber *all)
{
	for (size_t i = 0; i < all->users.n_lines; i++) {
		struct line *user = &all->users.lines[i];

		for (size_t g = 0; user->old >= 0 && g < all->groups.n_lines; g++) {
			const struct line *group = &all->groups.lines[g];

			if (group->old < 0 || group->new == group->old ||
			    strtoll(user->fields[PASSWD_GROUP], NULL, 10) != group->old)
				continue;
			renumber_set_field(&all->users, user, PASSWD_GROUP, group->fields[ID]);
			break;
		}
	}
}

/* --- files ----------------------------------------------------------------------------------------------------------- */

static int64_t renumber_of(const struct table *table, int64_t id)
{
	for (size_t i = 0; i < table->n_lines; i++)
		if (table->lines[i].old == id)
			return table->lines[i].new;
	return id;
}

/* The kernel takes set-id bits and capabilities away when a file changes hands. */
static int renumber_chown(int fd, const struct stat *st, uid_t uid, gid_t gid)
{
	char self[40], capability[CAPABILITY_BYTES];
	ssize_t size;

	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	size = S_ISREG(st->st_mode) ? getxattr(self, "security.capability", capability, sizeof capability) : -1;
	if (fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0)
		return -errno;
	if (!S_ISLNK(st->st_mode) && (st->st_mode & (S_ISUID | S_ISGID)) && chmod(self, st->st_mode & 07777) < 0)
		return -errno;
	if (size > 0 && setxattr(self, "security.capability", capability, (size_t)size, 0) < 0)
		return -errno;
	return 0;
}

static int renumber_file(const struct renumber *all, const char *path, struct err *err)
{
	_cleanup_fd_ int fd = root_open(all->step->root_fd, path, O_PATH | O_NOFOLLOW, 0);
	int64_t uid, gid;
	struct stat st;
	int r;

	if (fd == -ENOENT || fd == -ENOTDIR) /* a package above has removed it */
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, fd < 0 ? fd : -errno, "cannot look at '%s' in the tree", path);
	uid = renumber_of(&all->users, st.st_uid);
	gid = renumber_of(&all->groups, st.st_gid);
	if (uid == st.st_uid && gid == st.st_gid)
		return 0;
	r = renumber_chown(fd, &st, (uid_t)uid, (gid_t)gid);
	return r < 0 ? err_sys(err, r, "cannot change the owner of '%s' in the tree", path) : 0;
}

static int renumber_files(const struct renumber *all, struct err *err)
{
	struct strv paths;
	int r = layer_owned(all->arena, all->step->cache, &all->step->plan->image, &paths, err);

	for (size_t i = 0; r == 0 && i < paths.count; i++)
		r = renumber_file(all, paths.items[i], err);
	return r;
}

static int renumber(const struct step *step, bool quiet, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct renumber all = {.arena = arena, .step = step, .quiet = quiet};
	int r = renumber_read(&all, &all.users, "/etc/passwd", PASSWD_FIELDS, err);

	if (r == 0)
		r = renumber_read(&all, &all.groups, "/etc/group", GROUP_FIELDS, err);
	if (r == 0)
		r = renumber_decide(&all, err);
	if (r < 0)
		return r;
	renumber_complete(&all, err);
	renumber_follow_groups(&all);
	if (err->count)
		return err_result(err);
	r = renumber_write(&all, &all.users, err);
	if (r == 0)
		r = renumber_write(&all, &all.groups, err);
	return r == 0 ? renumber_files(&all, err) : r;
}

int step_numbers(const struct step *step, struct err *err)
{
	return renumber(step, false, err);
}

int step_ground_numbers(const struct step *step, struct err *err)
{
	return renumber(step, true, err);
}

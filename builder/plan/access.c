/* Who is there, and what they may: sysusers.d(5), tmpfiles.d(5), sudoers(5). */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/escape.h"
#include "base/file.h"
#include "plan/config.h"

/* The user before this one with the same id of the recipe's own choosing; NULL when there is none. */
static const struct recipe_user *plan_access_same_uid(const struct recipe *recipe, const struct recipe_user *user)
{
	for (const struct recipe_user *other = recipe->users; other < user; other++)
		if (user->uid >= 0 && other->uid == user->uid)
			return other;
	return NULL;
}

/* A word of sysusers.d, which knows quotes, backslashes and specifiers (`%`); in quotes where it needs them. */
static void plan_access_put_word(struct buf *out, const char *text, bool quoted)
{
	quoted = quoted || !*text || text[strcspn(text, " \t\"'\\")];
	buf_puts(out, quoted ? "\"" : "");
	for (; *text; text++)
		buf_printf(out, "%s%c", *text == '"' || *text == '\\' ? "\\" : *text == '%' ? "%" : "", *text);
	buf_puts(out, quoted ? "\"" : "");
}

/* The line of a folder or file in a home: "d HOME/b 0700 a a". */
static void plan_access_put_line(struct arena *arena, struct buf *tmpfiles, const struct recipe_user *user, char type,
			    const char *path, mode_t mode)
{
	buf_printf(tmpfiles, "%c ", type);
	buf_puts(tmpfiles, escape_tmpfiles(arena, *path ? arena_printf(arena, "%s/%s", user->home, path) : user->home));
	buf_printf(tmpfiles, " %04o %s %s", mode, user->name, user->name);
}

/* `path` of /etc/skel in a new home. Its folders come before it, once each. */
static void plan_access_put_skeleton(struct arena *arena, struct buf *tmpfiles, const struct recipe_user *user,
				const char *path, mode_t mode, struct strv *folders)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		const char *folder = arena_strndup(arena, path, (size_t)(slash - path));

		if (strv_has(folders, folder))
			continue;
		strv_push(arena, folders, folder);
		plan_access_put_line(arena, tmpfiles, user, 'd', folder, 0700);
		buf_puts(tmpfiles, "\n");
	}
	plan_access_put_line(arena, tmpfiles, user, 'C', path, mode);
	buf_printf(tmpfiles, " - /etc/skel/%s\n", escape_tmpfiles(arena, path));
}

/* Home folders are on the state partition, which is empty on the first boot: tmpfiles make them there. File by file,
 * because what is in a home later keeps its owners: the files of a rootless container have others than the user. */
static void plan_access_put_home(struct arena *arena, struct buf *tmpfiles, const struct recipe *recipe,
			    const struct recipe_user *user)
{
	static const char *const debians[] = {".bash_logout", ".bashrc", ".profile"};
	static const char SKELETON[] = "/etc/skel/";
	const struct strv seen = {(const char **)debians, sizeof debians / sizeof *debians};
	struct strv folders = {0};

	if (!user->system) {
		plan_access_put_line(arena, tmpfiles, user, 'd', "", 0700);
		buf_puts(tmpfiles, "\n");
		for (size_t i = 0; i < seen.count; i++)
			plan_access_put_skeleton(arena, tmpfiles, user, debians[i], 0644, &folders);
		for (size_t i = 0; i < recipe->n_files; i++) {
			const struct recipe_file *file = &recipe->files[i];
			const char *path = file->path + sizeof SKELETON - 1;

			if (!text_has_prefix(file->path, SKELETON) || strv_has(&seen, path))
				continue;
			plan_access_put_skeleton(arena, tmpfiles, user, path, file->mode, &folders);
		}
	}
	if (user->linger)
		buf_printf(tmpfiles,
			   "d /var/lib/systemd/linger 0755 root root\nf /var/lib/systemd/linger/%s 0644 root root\n",
			   user->name);
}

static int plan_access_make_sudo(struct arena *arena, struct plan *plan, const struct recipe_user *user, struct err *err)
{
	int r;

	if (!user->sudo)
		return 0;
	r = config_needs(plan, "sudo", &user->pos, "'sudo'", err);
	if (r < 0)
		return r;
	config_put(arena, plan, arena_printf(arena, "/etc/sudoers.d/50-%s", user->name), 0440, &user->pos,
		   arena_printf(arena, "%s ALL=(ALL:ALL) %sALL\n", user->name,
				strcmp(user->sudo, "nopasswd") == 0 ? "NOPASSWD: " : ""));
	return 0;
}

static void plan_access_make_groups(struct arena *arena, struct plan *plan, struct buf *sysusers)
{
	const struct recipe *recipe = plan->recipe;

	for (size_t i = 0; i < recipe->n_groups; i++) {
		const struct recipe_group *group = &recipe->groups[i];
		int64_t gid = numbers_of(plan, group->name)->gid;

		*arena_push(arena, plan->groups, plan->n_groups) = (struct plan_group){group, gid};
		buf_printf(sysusers, gid < 0 ? "g %s -\n" : "g %s %" PRId64 "\n", group->name, gid);
	}
}

/* "u NAME UID", or UID:GID; without a number sysusers.d gives a free one by itself. */
static void plan_access_put_ids(struct buf *sysusers, const char *name, const struct plan_account *account)
{
	buf_printf(sysusers, account->uid < 0 ? "u %s -" : "u %s %" PRId64, name, account->uid);
	if (account->gid != account->uid)
		buf_printf(sysusers, ":%" PRId64, account->gid);
}

static void plan_access_make_users(struct arena *arena, struct plan *plan, struct err *err)
{
	const struct recipe *recipe = plan->recipe;
	_cleanup_buf_ struct buf sysusers = {0}, tmpfiles = {0};

	plan_access_make_groups(arena, plan, &sysusers);
	for (size_t i = 0; i < recipe->n_users; i++) {
		const struct recipe_user *user = &recipe->users[i], *other = plan_access_same_uid(recipe, user);
		const struct plan_account *account = numbers_of(plan, user->name);

		*arena_push(arena, plan->users, plan->n_users) = (struct plan_user){user, account->uid};
		if (other)
			err_at(err, -EEXIST, &user->pos, NULL, "the users '%s' and '%s' have the same id %" PRId64,
			       other->name, user->name, user->uid);
		plan_access_put_ids(&sysusers, user->name, account);
		buf_puts(&sysusers, " ");
		plan_access_put_word(&sysusers, user->comment, true);
		buf_puts(&sysusers, " ");
		plan_access_put_word(&sysusers, user->home, false);
		buf_puts(&sysusers, " ");
		plan_access_put_word(&sysusers, user->shell, false);
		buf_puts(&sysusers, "\n");
		for (size_t g = 0; g < user->groups.count; g++)
			buf_printf(&sysusers, "m %s %s\n", user->name, user->groups.items[g]);
		plan_access_put_home(arena, &tmpfiles, recipe, user);
		plan_access_make_sudo(arena, plan, user, err);
	}
	if (sysusers.size)
		config_put(arena, plan, "/usr/lib/sysusers.d/00-recipe.conf", 0644, NULL, sysusers.data);
	if (tmpfiles.size)
		config_put(arena, plan, "/usr/lib/tmpfiles.d/00-recipe-users.conf", 0644, NULL, tmpfiles.data);
}

int access_make(struct arena *arena, struct plan *plan, struct err *err)
{
	plan_access_make_users(arena, plan, err);
	return err_result(err);
}

/* Who is there and who may come in: sysusers.d(5), tmpfiles.d(5), sudoers(5), sshd_config(5). */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/escape.h"
#include "base/file.h"
#include "plan/config.h"

enum { FIRST_UID = 1000 };

static bool access_uid_taken(const struct recipe *recipe, int64_t uid)
{
	for (size_t i = 0; i < recipe->n_users; i++)
		if (recipe->users[i].uid == uid)
			return true;
	return false;
}

/* The user before this one with the same id of the recipe's own choosing; NULL when there is none. */
static const struct recipe_user *access_same_uid(const struct recipe *recipe, const struct recipe_user *user)
{
	for (const struct recipe_user *other = recipe->users; other < user; other++)
		if (user->uid >= 0 && other->uid == user->uid)
			return other;
	return NULL;
}

int64_t access_uid(const struct recipe *recipe, const struct recipe_user *user)
{
	int64_t next = FIRST_UID;

	if (user->uid >= 0 || user->system)
		return user->uid;
	for (const struct recipe_user *other = recipe->users; ; other++) {
		if (other->uid >= 0 || other->system)
			continue;
		while (access_uid_taken(recipe, next))
			next++;
		if (other == user)
			return next;
		next++;
	}
}

/* `text` in double quotes for sysusers.d. */
static void access_put_quoted(struct buf *out, const char *text)
{
	buf_puts(out, " \"");
	for (; *text; text++)
		buf_printf(out, "%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
	buf_puts(out, "\"");
}

/* `path` of /etc/skel in a new home. Its folders come before it, once each. */
static void access_put_skeleton(struct arena *arena, struct buf *tmpfiles, const struct recipe_user *user,
				const char *path, mode_t mode, struct strv *folders)
{
	const char *home = escape_tmpfiles(arena, user->home);

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		const char *folder = arena_strndup(arena, path, (size_t)(slash - path));

		if (strv_has(folders, folder))
			continue;
		strv_push(arena, folders, folder);
		buf_printf(tmpfiles, "d %s/%s 0700 %s %s\n", home, escape_tmpfiles(arena, folder), user->name, user->name);
	}
	path = escape_tmpfiles(arena, path);
	buf_printf(tmpfiles, "C %s/%s %04o %s %s - /etc/skel/%s\n", home, path, mode, user->name, user->name, path);
}

/* Home folders are on the state partition, which is empty on the first boot: tmpfiles make them there. File by file,
 * because what is in a home later keeps its owners: the files of a rootless container have others than the user. */
static void access_put_home(struct arena *arena, struct buf *tmpfiles, const struct recipe *recipe,
			    const struct recipe_user *user)
{
	static const char *const debians[] = {".bash_logout", ".bashrc", ".profile"};
	static const char SKELETON[] = "/etc/skel/";
	const struct strv seen = {(const char **)debians, sizeof debians / sizeof *debians};
	struct strv folders = {0};

	if (!user->system) {
		buf_printf(tmpfiles, "d %s 0700 %s %s\n", escape_tmpfiles(arena, user->home), user->name, user->name);
		for (size_t i = 0; i < seen.count; i++)
			access_put_skeleton(arena, tmpfiles, user, debians[i], 0644, &folders);
		for (size_t i = 0; i < recipe->n_files; i++) {
			const struct recipe_file *file = &recipe->files[i];
			const char *path = file->path + sizeof SKELETON - 1;

			if (!text_has_prefix(file->path, SKELETON) || strv_has(&seen, path))
				continue;
			access_put_skeleton(arena, tmpfiles, user, path, file->mode, &folders);
		}
	}
	if (user->linger)
		buf_printf(tmpfiles,
			   "d /var/lib/systemd/linger 0755 root root\nf /var/lib/systemd/linger/%s 0644 root root\n",
			   user->name);
}

static int access_make_sudo(struct arena *arena, struct plan *plan, const struct recipe_user *user, struct err *err)
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

static void access_make_users(struct arena *arena, struct plan *plan, struct err *err)
{
	const struct recipe *recipe = plan->recipe;
	_cleanup_buf_ struct buf sysusers = {0}, tmpfiles = {0};

	for (size_t i = 0; i < recipe->n_users; i++) {
		const struct recipe_user *user = &recipe->users[i], *other = access_same_uid(recipe, user);
		int64_t uid = access_uid(recipe, user);

		*arena_push(arena, plan->users, plan->n_users) = (struct plan_user){user, uid};
		if (other)
			err_at(err, -EEXIST, &user->pos, NULL, "the users '%s' and '%s' have the same id %" PRId64,
			       other->name, user->name, user->uid);
		/* sysusers.d gives a system user a free id by itself; people's start at 1000, in order of appearance. */
		buf_printf(&sysusers, "u %s %s", user->name, uid < 0 ? "-" : arena_printf(arena, "%" PRId64, uid));
		access_put_quoted(&sysusers, user->comment);
		buf_printf(&sysusers, " %s %s\n", user->home, user->shell);
		for (size_t g = 0; g < user->groups.count; g++)
			buf_printf(&sysusers, "m %s %s\n", user->name, user->groups.items[g]);
		access_put_home(arena, &tmpfiles, recipe, user);
		access_make_sudo(arena, plan, user, err);
	}
	if (sysusers.size)
		config_put(arena, plan, "/usr/lib/sysusers.d/00-recipe.conf", 0644, NULL, sysusers.data);
	if (tmpfiles.size)
		config_put(arena, plan, "/usr/lib/tmpfiles.d/00-recipe-users.conf", 0644, NULL, tmpfiles.data);
}

/* Certificates of the user CA, for the principals of the account, and nothing else. */
static int access_make_ssh(struct arena *arena, struct plan *plan, struct err *err)
{
	static const char trust[] = "TrustedUserCAKeys /etc/ssh/ca_user_key.pub\n"
				    "AuthorizedPrincipalsFile /etc/ssh/auth_principals/%u\n"
				    "AuthorizedKeysFile none\n"
				    "PasswordAuthentication no\n"
				    "KbdInteractiveAuthentication no\n"
				    "PermitRootLogin prohibit-password\n";
	const struct recipe *recipe = plan->recipe;
	const struct pos pos = {.file = recipe->path};
	_cleanup_buf_ struct buf key = {0};
	int r;

	if (!recipe->ssh_ca)
		return 0;
	if ((r = config_needs(plan, "openssh-server", &pos, "'ssh.ca'", err)) < 0 ||
	    (r = file_read(recipe->ssh_ca, 1 << 16, &key, err)) < 0)
		return r;
	if (key.data && strstr(key.data, "PRIVATE KEY")) {
		err_at(err, -EINVAL, &pos, "ssh.ca", "'%s' is a private key, which must not be in an image",
		       recipe->ssh_ca);
		return err_hint(err, "name the public key that belongs to it, usually '%s.pub'", recipe->ssh_ca);
	}
	config_put(arena, plan, "/etc/ssh/ca_user_key.pub", 0644, &pos, key.data ? key.data : "");
	config_put(arena, plan, "/etc/ssh/sshd_config.d/10-trust.conf", 0644, &pos, trust);
	for (size_t i = 0; i < recipe->n_principals; i++) {
		_cleanup_buf_ struct buf names = {0};

		for (size_t n = 0; n < recipe->principals[i].names.count; n++)
			buf_printf(&names, "%s\n", recipe->principals[i].names.items[n]);
		config_put(arena, plan, arena_printf(arena, "/etc/ssh/auth_principals/%s", recipe->principals[i].user),
			   0644, &pos, names.data ? names.data : "");
	}
	return 0;
}

int access_make(struct arena *arena, struct plan *plan, struct err *err)
{
	access_make_users(arena, plan, err);
	access_make_ssh(arena, plan, err);
	return err_result(err);
}

/* Who may come in by ssh: sshd_config(5). */
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "plan/config.h"
#include "recipe/sshkey.h"

enum { CA_BYTES_MAX = 1 << 16 };

#define KEYS "/etc/ssh/authorized_keys.d"

static bool trust_has_keys(const struct recipe *recipe)
{
	for (size_t i = 0; i < recipe->n_users; i++)
		if (recipe->users[i].authorized_keys.count)
			return true;
	return false;
}

/* --- the CA ---------------------------------------------------------------------------------------------------------- */

static int trust_refuse(const struct recipe *recipe, const char *place, const char *problem, const char *hint, struct err *err)
{
	err_at(err, -EINVAL, &recipe->ssh_ca_pos, "ssh.ca", "%s: %s", place, problem);
	if (hint)
		err_hint(err, "%s", hint);
	return -EINVAL;
}

/* Every line is a key that sshd takes, or nothing; and there is one: else sshd refuses every certificate. */
static int trust_check_ca(struct arena *arena, const struct recipe *recipe, const struct buf *text, struct err *err)
{
	const char *at = text->size ? text->data : "";
	size_t n_keys = 0;
	int problems = 0;

	if (strlen(at) != text->size)
		return trust_refuse(recipe, recipe->ssh_ca, "this is no text", "name a file of public keys, like ca.pub", err);
	for (unsigned line = 1; *at; line++) {
		struct sshkey key;
		int r = sshkey_read(arena, arena_strndup(arena, at, strcspn(at, "\n")), false, &key);

		if (r < 0) {
			problems++;
			trust_refuse(recipe, arena_printf(arena, "%s:%u", recipe->ssh_ca, line), key.problem, key.hint, err);
		}
		if (r < 0 && strncmp(at, "-----BEGIN", 10) == 0) /* the rest is of the same kind */
			break;
		n_keys += r == 0;
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	if (problems || n_keys)
		return problems ? -EINVAL : 0;
	return trust_refuse(recipe, recipe->ssh_ca, "there is no key in it: sshd would refuse every certificate",
			    "write the CA's public key into it, like ssh-ed25519 AAAA…", err);
}

static int trust_make_ca(struct arena *arena, struct plan *plan, struct err *err)
{
	const struct recipe *recipe = plan->recipe;
	_cleanup_buf_ struct buf text = {0};
	int r = file_read(recipe->ssh_ca, CA_BYTES_MAX, &text, err);

	if (r == 0)
		r = trust_check_ca(arena, recipe, &text, err);
	if (r < 0)
		return r;
	config_put(arena, plan, "/etc/ssh/ca_user_key.pub", 0644, &recipe->ssh_ca_pos, text.data);
	for (size_t i = 0; i < recipe->n_principals; i++) {
		const struct recipe_principals *principals = &recipe->principals[i];
		_cleanup_buf_ struct buf names = {0};

		for (size_t n = 0; n < principals->names.count; n++)
			buf_printf(&names, "%s\n", principals->names.items[n]);
		config_put(arena, plan, arena_printf(arena, "/etc/ssh/auth_principals/%s", principals->user), 0644,
			   &principals->pos, names.data ? names.data : "");
	}
	return 0;
}

/* --- keys ------------------------------------------------------------------------------------------------------------ */

/* A file a user, root's: homes are on the state partition, and a machine that keeps them would keep old keys. */
static void trust_make_keys(struct arena *arena, struct plan *plan)
{
	for (size_t i = 0; i < plan->recipe->n_users; i++) {
		const struct recipe_user *user = &plan->recipe->users[i];
		_cleanup_buf_ struct buf lines = {0};

		for (size_t k = 0; k < user->authorized_keys.count; k++)
			buf_printf(&lines, "%s\n", user->authorized_keys.items[k]);
		if (lines.size)
			config_put(arena, plan, arena_printf(arena, KEYS "/%s", user->name), 0644, &user->pos, lines.data);
	}
}

/* --- what has no effect ---------------------------------------------------------------------------------------------- */

static void trust_warn(const struct recipe *recipe, struct err *err)
{
	bool keys = trust_has_keys(recipe);

	if (!recipe->ssh_ca && recipe->n_principals) {
		err_warn(err, &recipe->principals[0].pos, "ssh.principals",
			 "without 'ssh.ca' there are no certificates to have principals");
		err_hint(err, "name the public key of the CA: ssh: { ca: keys/ca.pub }");
	}
	if (recipe->ssh_ca && !recipe->n_principals && !keys) {
		err_warn(err, &recipe->ssh_ca_pos, "ssh.ca", "without 'ssh.principals' nobody can log in with a certificate");
		err_hint(err, "say who may log in as whom: ssh: { principals: { root: [admin] } }");
	}
	for (size_t i = 0; (keys || recipe->ssh_ca) && i < recipe->n_files; i++) {
		const struct recipe_file *file = &recipe->files[i];

		if (!text_has_suffix(file->path, "/.ssh/authorized_keys") &&
		    !text_has_suffix(file->path, "/.ssh/authorized_keys2"))
			continue;
		err_warn(err, &file->pos, NULL, "sshd does not read '%s' in this image", file->path);
		err_hint(err, "write the keys as users: { NAME: { authorizedKeys: […] } }");
	}
}

int trust_make(struct arena *arena, struct plan *plan, struct err *err)
{
	const struct recipe *recipe = plan->recipe;
	bool keys = trust_has_keys(recipe);
	const char *what = recipe->ssh_ca ? "'ssh.ca'" : "'authorizedKeys'";
	const struct pos pos = recipe->ssh_ca_pos.file ? recipe->ssh_ca_pos : (struct pos){.file = recipe->path};
	int r = 0;

	trust_warn(recipe, err);
	if (!recipe->ssh_ca && !keys)
		return 0;
	r = config_needs(plan, "openssh-server", &pos, what, err);
	if (r == 0 && recipe->ssh_ca)
		r = trust_make_ca(arena, plan, err);
	if (r < 0)
		return r;
	trust_make_keys(arena, plan);
	config_put(arena, plan, "/etc/ssh/sshd_config.d/10-trust.conf", 0644, &pos,
		   arena_printf(arena, "%sAuthorizedKeysFile %s\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
				"PermitRootLogin prohibit-password\n",
				recipe->ssh_ca ? "TrustedUserCAKeys /etc/ssh/ca_user_key.pub\n"
						 "AuthorizedPrincipalsFile /etc/ssh/auth_principals/%u\n" : "",
				keys ? KEYS "/%u" : "none"));
	return 0;
}

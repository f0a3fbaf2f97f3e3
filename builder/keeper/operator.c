#include "keeper/operator.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/file.h"
#include "keeper/private.h"
#include "keeper/keyring.h"

static const char KEY_FILE[] = "SOPS_AGE_KEY_FILE", KEY[] = "SOPS_AGE_KEY", SSH_FILE[] = "SOPS_AGE_SSH_PRIVATE_KEY_FILE";

static void operator_note(struct operator *op, const char *where, const char *what)
{
	op->looked = pool_printf(op->pool, "%s%s%s%s%s", op->looked, *op->looked ? "; " : "", where, what ? ": " : "",
				 what ? what : "");
}

/* Of a kind that we do not know (a plugin's, a key with a passphrase) is what sops(1) may still know: it is only noted, unless
 * it was asked for by name. */
static int operator_take(struct operator *op, const char *where, struct bytes text, bool asked, struct err *err)
{
	struct age_identities identities = {0};
	struct fault fault = {0};

	if (age_identities_read(op->pool, text.data, text.size, &identities, &fault) < 0) {
		if (!asked) {
			operator_note(op, where, fault.text);
			return 0;
		}
		err_set(err, -EBADMSG, "%s: %s", where, fault.text);
		return *fault.hint ? err_hint(err, "%s", fault.hint) : -EBADMSG;
	}
	for (size_t i = 0; i < identities.count; i++)
		*pool_push(op->pool, op->identities.items, op->identities.count) = identities.items[i];
	if (identities.passed_over)
		op->identities.passed_over = identities.passed_over;
	operator_note(op, where, identities.count ? NULL : "no identity in it");
	return 0;
}

static int operator_take_file(struct operator *op, const char *path, bool asked, struct err *err)
{
	struct bytes text = {0};
	int r;

	if (!asked && !path_exists(path)) {
		operator_note(op, path, "not there");
		return 0;
	}
	r = private_read(op->pool, path, &text, err);
	return r == 0 ? operator_take(op, path, text, asked, err) : r;
}

static int operator_take_env_file(struct operator *op, const char *name, struct err *err)
{
	const char *path = getenv(name);
	int r = path && *path ? operator_take_file(op, path, true, err) : 0;

	return r < 0 ? err_wrap(err, "while reading the file that %s names", name) : 0;
}

static int operator_take_env(struct operator *op, struct err *err)
{
	const char *value = getenv(KEY);
	int r;

	if (!value || !*value)
		return 0;
	op->env_key = pool_text(op->pool, value);
	r = operator_take(op, KEY, (struct bytes){(const uint8_t *)op->env_key, strlen(op->env_key)}, false, err);
	unsetenv(KEY);
	return r;
}

/* Where sops(1) and ssh(1) have theirs when nobody says otherwise. */
static int operator_take_usual(struct operator *op, struct err *err)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int r = 0;

	if (!home || *home != '/')
		home = NULL;
	if (config && *config == '/')
		r = operator_take_file(op, pool_printf(op->pool, "%s/sops/age/keys.txt", config), false, err);
	else if (home)
		r = operator_take_file(op, pool_printf(op->pool, "%s/.config/sops/age/keys.txt", home), false, err);
	if (r == 0 && home)
		r = operator_take_file(op, pool_printf(op->pool, "%s/.ssh/id_ed25519", home), false, err);
	return r;
}

static int operator_take_machine(struct operator *op, const char *name, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	int r = 0;

	for (int which = KEYRING_IDENTITY; r == 0 && which <= KEYRING_BEFORE; which++) {
		const char *path = keyring_path(arena, name, (enum keyring_which)which);

		if (path && path_exists(path))
			r = operator_take_file(op, path, true, err);
	}
	return r;
}

int operator_open(struct pool *pool, const struct operator_how *how, struct operator *ret_operator, struct err *err)
{
	struct operator op = {.pool = pool, .looked = ""};
	int r = 0;

	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	for (size_t i = 0; r == 0 && i < how->n_files; i++)
		r = operator_take_file(&op, how->files[i], true, err);
	if (r == 0)
		r = operator_take_env_file(&op, KEY_FILE, err);
	if (r == 0)
		r = operator_take_env(&op, err);
	if (r == 0)
		r = operator_take_env_file(&op, SSH_FILE, err);
	if (r == 0)
		r = operator_take_usual(&op, err);
	if (r == 0 && how->machine)
		r = operator_take_machine(&op, how->machine, err);
	if (r == 0)
		*ret_operator = op;
	return r;
}

#include "keeper/keyring.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/valid.h"
#include "keeper/private.h"

enum { KEYRING_NAME_MAX = 200 };

static const char KEYRING_ENDING[] = ".identity";
static const char *const keyring_endings[] = {[KEYRING_IDENTITY] = ".identity", [KEYRING_BEFORE] = ".identity.before"};

int keyring_check_name(const char *name, struct err *err)
{
	if (valid_word(name) && strlen(name) <= KEYRING_NAME_MAX && !strchr("-.+~", *name))
		return 0;
	err_set(err, -EINVAL, "'%s' is no name of a machine", name);
	return err_hint(err, "write it as 'name' of its recipe: letters, digits, '-' and '.'");
}

static const char *keyring_folder(struct arena *arena)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (config && *config == '/')
		return arena_printf(arena, "%s/aether-build/hosts", config);
	return home && *home == '/' ? arena_printf(arena, "%s/.config/aether-build/hosts", home) : NULL;
}

const char *keyring_path(struct arena *arena, const char *name, enum keyring_which which)
{
	const char *folder = keyring_folder(arena);

	return folder ? arena_printf(arena, "%s/%s%s", folder, name, keyring_endings[which]) : NULL;
}

struct strv keyring_names(struct arena *arena)
{
	const char *folder = keyring_folder(arena);
	DIR *dir = folder ? opendir(folder) : NULL;
	struct strv names = {0};
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (*entry->d_name != '.' && text_has_suffix(entry->d_name, KEYRING_ENDING))
			strv_push(arena, &names, arena_strndup(arena, entry->d_name,
							       strlen(entry->d_name) - strlen(KEYRING_ENDING)));
	if (dir)
		closedir(dir);
	strv_sort(&names);
	return names;
}

static int keyring_place(struct arena *arena, const char *name, enum keyring_which which, const char **ret_path,
			 struct err *err)
{
	int r = keyring_check_name(name, err);

	if (r < 0)
		return r;
	*ret_path = keyring_path(arena, name, which);
	if (*ret_path)
		return 0;
	err_set(err, -ENOENT, "there is no home folder to keep identities in");
	return err_hint(err, "set HOME, or XDG_CONFIG_HOME");
}

int keyring_read(struct pool *pool, const char *name, enum keyring_which which, struct age_identities *ret_identities,
	       struct bytes *ret_text, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct fault fault = {0};
	const char *path = NULL;
	struct bytes text = {0};
	int r = keyring_place(arena, name, which, &path, err);

	if (r == 0)
		r = private_read(pool, path, &text, err);
	if (r < 0)
		return r;
	if (age_identities_read(pool, text.data, text.size, ret_identities, &fault) < 0)
		return err_set(err, -EBADMSG, "%s: %s", path, fault.text);
	if (!ret_identities->count)
		return err_set(err, -EBADMSG, "%s: there is no identity in it", path);
	if (ret_text)
		*ret_text = text;
	return 0;
}

/* --- making ---------------------------------------------------------------------------------------------------------- */

/* As age-keygen(1) writes them: whoever finds it knows whose it is. */
static const char *keyring_text(struct pool *pool, struct arena *arena, const char *name, const char **ret_recipient)
{
	const char *secret;
	struct age_identity identity = age_identity_new(pool, &secret);

	*ret_recipient = arena_strdup(arena, identity.recipient);
	return pool_printf(pool, "# identity of %s, made %s\n# public key: %s\n%s\n", name, time_format(arena, time(NULL)),
			   identity.recipient, secret);
}

int keyring_make(struct arena *arena, const char *name, const char **ret_recipient, struct err *err)
{
	_cleanup_pool_ struct pool *pool = pool_new();
	const char *path = NULL, *text, *recipient;
	int r = keyring_place(arena, name, KEYRING_IDENTITY, &path, err);

	if (r < 0)
		return r;
	text = keyring_text(pool, arena, name, &recipient);
	r = private_create(path, text, strlen(text), err);
	if (r == 0)
		*ret_recipient = recipient;
	return r;
}

/* Whether the one before is the present one: so it is when a rotation was killed between its two steps. */
static bool keyring_was_begun(struct pool *pool, const char *name, const struct bytes *present)
{
	struct age_identities identities = {0};
	struct bytes before = {0};
	struct err ignored = {0};
	int r = keyring_read(pool, name, KEYRING_BEFORE, &identities, &before, &ignored);

	err_free(&ignored);
	return r == 0 && before.size == present->size && memcmp(before.data, present->data, before.size) == 0;
}

int keyring_rotate(struct arena *arena, const char *name, const char **ret_recipient, struct err *err)
{
	_cleanup_pool_ struct pool *pool = pool_new();
	struct age_identities identities = {0};
	const char *path = NULL, *before, *text, *recipient;
	struct bytes present = {0};
	int r = keyring_place(arena, name, KEYRING_IDENTITY, &path, err);

	if (r == 0)
		r = keyring_read(pool, name, KEYRING_IDENTITY, &identities, &present, err);
	if (r < 0)
		return r;
	before = keyring_path(arena, name, KEYRING_BEFORE);
	if (path_exists(before) && !keyring_was_begun(pool, name, &present)) {
		err_set(err, -EBUSY, "the identity that %s had before its last rotation still counts", name);
		return err_hint(err, "when its files are encrypted to the present one, end that: "
				     "'aether-build host add %s --retire'", name);
	}
	r = path_exists(before) ? 0 : private_create(before, present.data, present.size, err);
	if (r < 0)
		return r;
	text = keyring_text(pool, arena, name, &recipient);
	r = private_replace(path, text, strlen(text), err);
	if (r == 0)
		*ret_recipient = recipient;
	return r;
}

int keyring_retire(const char *name, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *path = NULL;
	int r = keyring_place(arena, name, KEYRING_BEFORE, &path, err);

	if (r < 0)
		return r;
	return unlink(path) < 0 ? err_sys(err, -errno, "cannot remove '%s'", path) : 0;
}

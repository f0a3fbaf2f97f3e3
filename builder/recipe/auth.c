#include "recipe/auth.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "edge/digest.h"

enum { SECRET_BYTES_MAX = 1 << 16 };

/* --- what the recipe says ----------------------------------------------------------------------------------------- */

static const struct recipe_auth *recipe_auth_if_said(const struct recipe_auth *auth)
{
	return auth->env || auth->file ? auth : NULL;
}

const struct recipe_auth *auth_of_repository(const struct recipe_repository *repository)
{
	return recipe_auth_if_said(&repository->auth);
}

const struct recipe_auth *auth_of_archive(const struct recipe *recipe, const char *url)
{
	if (recipe && recipe->distribution.url && strcmp(recipe->distribution.url, url) == 0)
		return recipe_auth_if_said(&recipe->distribution.auth);
	for (size_t i = 0; recipe && i < recipe->n_repositories; i++)
		if (strcmp(recipe->repositories[i].url, url) == 0)
			return recipe_auth_if_said(&recipe->repositories[i].auth);
	return NULL;
}

const struct recipe_auth *auth_of_download(const struct recipe *recipe, const char *name)
{
	for (size_t i = 0; recipe && i < recipe->n_downloads; i++)
		if (strcmp(recipe->downloads[i].name, name) == 0)
			return recipe_auth_if_said(&recipe->downloads[i].auth);
	return NULL;
}

const struct recipe_auth *auth_of_registry(const struct recipe *recipe, const char *host)
{
	for (size_t i = 0; recipe && i < recipe->n_registries; i++)
		if (strcmp(recipe->registries[i].name, host) == 0)
			return recipe_auth_if_said(&recipe->registries[i].auth);
	return NULL;
}

/* --- the secret --------------------------------------------------------------------------------------------------- */

static int recipe_auth_read_file(struct arena *arena, const struct recipe_auth *auth, const char **ret_text, struct err *err)
{
	const char *home = getenv("HOME");
	const char *path = text_has_prefix(auth->file, "~/") && home ? arena_printf(arena, "%s%s", home, auth->file + 1)
								     : auth->file;
	_cleanup_buf_ struct buf text = {0};
	struct stat status;
	struct err reason = {0};
	int r;

	if (stat(path, &status) < 0) {
		r = -errno;
		err_at(err, r, &auth->pos, NULL, "cannot read the secret's file '%s': %s", path, strerror(-r));
		return err_hint(err, "'file' in 'auth' is a file of this machine, outside of the repository");
	}
	if (status.st_mode & 077) {
		err_at(err, -EACCES, &auth->pos, NULL, "others may read the secret's file '%s'", path);
		return err_hint(err, "run 'chmod 600 %s'", path);
	}
	r = file_read(path, SECRET_BYTES_MAX, &text, &reason);
	if (r < 0)
		err_at(err, r, &auth->pos, NULL, "%s", reason.first->text);
	err_free(&reason);
	*ret_text = arena_strndup(arena, text.size ? text.data : "", text.size);
	return r;
}

static int recipe_auth_read(struct arena *arena, const struct recipe_auth *auth, const char **ret_text, struct err *err)
{
	const char *value;

	if (auth->file)
		return recipe_auth_read_file(arena, auth, ret_text, err);
	value = getenv(auth->env);
	if (!value || !*value) {
		err_at(err, -ENOENT, &auth->pos, NULL, "the environment variable '%s' with the secret is not set", auth->env);
		return err_hint(err, "set it in the environment of aether-build; 'env' of the recipe need not list it");
	}
	*ret_text = arena_strdup(arena, value);
	return 0;
}

static const char *recipe_auth_next_word(struct arena *arena, const char **at)
{
	static const char blanks[] = " \t\r\n";
	size_t length;
	const char *word;

	*at += strspn(*at, blanks);
	length = strcspn(*at, blanks);
	word = length ? arena_strndup(arena, *at, length) : NULL;
	*at += length;
	return word;
}

/* Whether a machine of a file like .netrc or apt_auth.conf(5) is that of the URL: HOST[:PORT][/PATH], with or without a
 * scheme. */
static bool recipe_auth_is_machine(const char *machine, const char *url)
{
	size_t length;

	if (!strstr(machine, "://"))
		url = strstr(url, "://") ? strstr(url, "://") + 3 : url;
	length = strlen(machine);
	return strncmp(url, machine, length) == 0 && (!url[length] || strchr("/:", url[length]) || machine[length - 1] == '/');
}

/* "USER:PASSWORD" of the URL's machine, or NULL. */
static const char *recipe_auth_find_machine(struct arena *arena, const char *text, const char *url)
{
	const char *user = NULL, *word, *value;
	bool here = false;

	while ((word = recipe_auth_next_word(arena, &text)) && (value = recipe_auth_next_word(arena, &text))) {
		if (strcmp(word, "machine") == 0)
			here = recipe_auth_is_machine(value, url);
		else if (here && strcmp(word, "login") == 0)
			user = value;
		else if (here && strcmp(word, "password") == 0)
			return arena_printf(arena, "%s:%s", user ? user : "", value);
	}
	return NULL;
}

static const char *recipe_auth_basic(struct arena *arena, const char *pair)
{
	return arena_printf(arena, "Authorization: Basic %s", base64_encode(arena, pair, strlen(pair)));
}

/* A secret goes out where nobody can listen: by TLS, or within this machine. */
static bool recipe_auth_is_private(const char *url)
{
	static const char *const begins[] = {"https://", "file://", "http://127.", "http://localhost:", "http://localhost/",
					     "http://[::1]"};

	for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
		if (text_has_prefix(url, begins[i]))
			return true;
	return false;
}

int auth_secret(struct arena *arena, const struct recipe_auth *auth, const char *url, struct http_secret *ret_secret,
		struct err *err)
{
	const char *text, *pair;
	int r;

	*ret_secret = (struct http_secret){0};
	if (!auth)
		return 0;
	if (!recipe_auth_is_private(url)) {
		err_at(err, -EACCES, &auth->pos, NULL,
		       "'auth' would send the secret where everybody on the way can read it: '%s'",
		       url);
		return err_hint(err, "use 'https://'");
	}
	r = recipe_auth_read(arena, auth, &text, err);
	if (r < 0)
		return r;
	ret_secret->url = arena_strdup(arena, url);
	if (auth->file && text_has_prefix(text + strspn(text, " \t\r\n"), "machine")) {
		pair = recipe_auth_find_machine(arena, text, url);
		if (!pair) {
			err_at(err, -ENOENT, &auth->pos, NULL, "'%s' has no 'machine' for '%s'", auth->file, url);
			return err_hint(err, "a line like 'machine HOST login USER password PASSWORD'");
		}
		ret_secret->header = recipe_auth_basic(arena, pair);
		return 0;
	}
	text += strspn(text, " \t\r\n");
	text = arena_strndup(arena, text, strcspn(text, "\r\n"));
	if (auth->user)
		ret_secret->header = recipe_auth_basic(arena, arena_printf(arena, "%s:%s", auth->user, text));
	else
		ret_secret->header = arena_printf(arena, "%s: %s%s", auth->header ? auth->header : "Authorization",
						  auth->header ? "" : "Bearer ", text);
	return 0;
}

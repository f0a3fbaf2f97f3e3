/* Who we are to a server that does not let everybody in. A secret comes from the environment or from a file outside of the
 * repository, on the day and the machine where it is needed: it is in no recipe, lock, plan or log. */
#ifndef RECIPE_AUTH_H
#define RECIPE_AUTH_H

#include "edge/http.h"
#include "recipe/recipe.h"

/* What the recipe (NULL: nothing) says for the archive of that URL, the download of that name, the registry of that host; NULL
 * for nothing. */
const struct recipe_auth *auth_of_repository(const struct recipe_repository *repository);
const struct recipe_auth *auth_of_archive(const struct recipe *recipe, const char *url);
const struct recipe_auth *auth_of_download(const struct recipe *recipe, const char *name);
const struct recipe_auth *auth_of_registry(const struct recipe *recipe, const char *host);

/* Reads the secret and makes the header of it that requests to the server of `url` have; all in `arena`. Nothing for `auth`
 * NULL. Errors are at the recipe's place and never show the secret: -ENOENT when there is none, -EACCES for a file that others
 * may read and for a URL on which it could be overheard. */
int auth_secret(struct arena *arena, const struct recipe_auth *auth, const char *url, struct http_secret *ret_secret,
		struct err *err);

/* What to do when a server lets us have nothing. */
#define AUTH_HINT                                                                                                             \
	"the server does not let everybody have it: check the URL, or write beside it how this machine is known to it: "      \
	"auth: { env: VARIABLE } (a token), auth: { user: NAME, env: VARIABLE } (a password); " \
	"'file: PATH' for 'env' reads a file"

#endif

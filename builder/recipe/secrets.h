/* Secrets of a recipe (docs/recipes.md): where each value comes from, where it goes, who is told that it changed. */
#ifndef RECIPE_SECRETS_H
#define RECIPE_SECRETS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/text.h"

/* How a value reaches the machine: it travels encrypted in the image and is opened there, or whoever deploys opens it, seals it
 * to the machine and sends it. */
enum recipe_way { RECIPE_WAY_IMAGE, RECIPE_WAY_SEND };

/* A file of SOPS that is there: what can be known of it without a key. */
struct recipe_sops {
	const char *file, *shown;    /* path of the host; as messages show it */
	const char *format;
	char sha256[65];
	struct strv recipients;      /* who can open it: "age1…", "pgp FINGERPRINT", … */
	bool for_machine;            /* one of the machine's recipients is among them */
};

struct recipe_secret {
	const char *name;
	const char *file;            /* path of the host. What is sent may be missing there: only whoever sends needs it */
	const char *shown;           /* the same as messages show it */
	bool json;                   /* jsonFile: not encrypted, read when it is sent */
	const char *format;          /* of sops: yaml, json, dotenv, ini, binary; NULL: jsonFile */
	const struct recipe_sops *sops; /* NULL: jsonFile, or it is not there */
	struct strv key;             /* steps; none: the whole file */
	enum recipe_way way;
	const char *path;            /* where it is found besides recipe_secret_place(), or NULL */
	mode_t mode;
	const char *owner, *group;   /* names */
	bool for_users, allow_empty; /* for_users: asked for, or the password of a user */
	struct strv restart, reload; /* units */
	struct pos pos, file_pos;
};

/* A part of a template's text. */
struct recipe_template_part {
	const char *text;            /* or NULL: the value of … */
	const char *secret;
};

struct recipe_template {
	const char *name, *path;
	struct recipe_template_part *parts;
	size_t n_parts;
	mode_t mode;
	const char *owner, *group;
	struct strv restart, reload;
	struct pos pos;
};

/* A public key of the machine's, to which files of SOPS that travel in its image have to be encrypted. */
struct recipe_recipient {
	const char *text;            /* age1…, or ssh-ed25519 AAAA… */
	struct pos pos;
};

struct recipe;

/* Where the value of a secret, or a rendered template, is found on the machine (contract/secrets.h). In `arena`. */
const char *recipe_secret_place(struct arena *arena, const struct recipe_secret *secret);
const char *recipe_template_place(struct arena *arena, const struct recipe_template *template);

/* Whether a value (of a unit's setting) names `place`, something below it, or a folder of secrets that it is in. */
bool recipe_mentions(const char *value, const char *place);

/* Whether a link at `path` has to be made by the machine at each boot: what lies there in an image is not seen, or is only what
 * a new machine begins with. */
bool recipe_link_is_made(const struct recipe *recipe, const char *path);

/* Holds the files of SOPS that travel in the image against the machine's recipients: what is for others could not be opened
 * there. -EINVAL, with the ways out. (Whoever changes recipients has to read a recipe of which this is not true yet, so
 * recipe_load() does not ask.) */
int recipe_check_recipients(const struct recipe *recipe, struct err *err);

/* What the search for leaks may find: a reason is needed. */
struct recipe_leak_exception {
	const char *path;            /* a path in the image, or a pattern of fnmatch(3) */
	const char *form;            /* the form that is meant (docs/recipes.md), or NULL: all */
	const char *reason;
	struct pos pos;
};

#endif

/* Rules that concern several secrets and templates: each has a name and a place of its own, and the machine keeps what it opens
 * them with. */
#include <string.h>

#include "contract/secrets.h"
#include "recipe/words/words.h"

enum { NAME_BYTES_MAX = 190, UNIT_NAME_MAX = 255, SPECIAL_BITS = 07000, OTHERS_BITS = 0007 };

/* What secrets and templates have in common. */
struct placed {
	const char *word, *name, *path; /* "secrets", "templates" */
	mode_t mode;
	const struct strv *restart, *reload;
	const struct pos *pos;
};

struct all {
	struct placed *items;
	size_t count;
};

static struct all secrets_rules_all(struct arena *arena, const struct recipe *recipe)
{
	struct all all = {0};

	for (size_t i = 0; i < recipe->n_secrets; i++) {
		const struct recipe_secret *from = &recipe->secrets[i];

		*arena_push(arena, all.items, all.count) = (struct placed){"secrets", from->name, from->path, from->mode,
									   &from->restart, &from->reload, &from->pos};
	}
	for (size_t i = 0; i < recipe->n_templates; i++) {
		const struct recipe_template *from = &recipe->templates[i];

		*arena_push(arena, all.items, all.count) = (struct placed){"templates", from->name, from->path, from->mode,
									   &from->restart, &from->reload, &from->pos};
	}
	return all;
}

/* --- names --------------------------------------------------------------------------------------------------------- */

static bool secrets_rules_is_below(const char *name, const char *folder)
{
	size_t n = strlen(folder);

	return strncmp(name, folder, n) == 0 && name[n] == '/';
}

/* The name of the unit that stands for it: what is not a letter or digit takes four bytes there. */
static size_t secrets_rules_unit_length(const struct placed *placed)
{
	size_t length = strlen(SECRETS_UNIT_EACH SECRETS_RENDERED "-.service");

	for (const char *at = placed->name; *at; at++)
		length += *at == '-' ? strlen("\\x2d") : 1;
	return length;
}

static void secrets_rules_check_name(struct decoder *decoder, const struct all *all, const struct placed *placed,
				     const char *path)
{
	if (strcmp(placed->word, "secrets") == 0 &&
	    (strcmp(placed->name, SECRETS_RENDERED) == 0 || secrets_rules_is_below(placed->name, SECRETS_RENDERED)))
		err_at(decoder->err, -EINVAL, placed->pos, path, "'" SECRETS_RENDERED "' is the folder of the templates");
	if (strlen(placed->name) > NAME_BYTES_MAX || secrets_rules_unit_length(placed) > UNIT_NAME_MAX)
		err_at(decoder->err, -EINVAL, placed->pos, path,
		       "the name is too long: at most %d characters, of which each '-' counts four times", NAME_BYTES_MAX);
	for (const struct placed *other = all->items; other < all->items + all->count; other++) {
		bool alike = strcmp(other->word, placed->word) == 0;

		if (other < placed && strcmp(other->name, placed->name) == 0)
			err_at(decoder->err, -EINVAL, placed->pos, path, "there is a secret of this name, too");
		if (alike && secrets_rules_is_below(other->name, placed->name)) {
			err_at(decoder->err, -EINVAL, placed->pos, path, "this is a file, but '%s' needs a folder of that name",
			       other->name);
			return;
		}
	}
}

/* --- places -------------------------------------------------------------------------------------------------------- */

static const char run_generations[] = SECRETS_RUN SECRETS_GENERATIONS;
static const char users_generations[] = SECRETS_RUN_USERS SECRETS_GENERATIONS;

/* Where links of root's could be turned into something else, or are not seen. */
static bool secrets_rules_is_no_place(const char *path)
{
	static const char *const folders[] = {"/tmp", "/var/tmp", "/run/lock", "/var/lock", "/proc", "/sys", "/dev",
					      SECRETS_RUN, SECRETS_RUN_USERS, "/var/lib/aether", "/run/aether"};

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		if (path_is_below(path, folders[i]))
			return true;
	return path_is_below(path, run_generations) || path_is_below(path, users_generations);
}

static bool secrets_rules_meet(const char *a, const char *b)
{
	return path_is_below(a, b) || path_is_below(b, a);
}

static void secrets_rules_check_others(struct decoder *decoder, const struct placed *placed, const char *path)
{
	const struct recipe *recipe = decoder->recipe;
	const char *with = NULL, *word = "files";

	for (size_t i = 0; i < recipe->n_files; i++)
		if (secrets_rules_meet(recipe->files[i].path, placed->path))
			with = recipe->files[i].path;
	for (size_t i = 0; !with && i < recipe->n_downloads; i++)
		if (recipe->downloads[i].path && secrets_rules_meet(recipe->downloads[i].path, placed->path) &&
		    !(recipe->downloads[i].unpack && path_is_below(placed->path, recipe->downloads[i].path))) {
			with = recipe->downloads[i].path;
			word = "downloads";
		}
	for (size_t i = 0; !with && i < recipe->n_own; i++)
		for (size_t p = 0; p < recipe->own[i].paths.count; p++)
			if (secrets_rules_meet(recipe->own[i].paths.items[p], placed->path)) {
				with = recipe->own[i].paths.items[p];
				word = "perMachine";
			}
	if (with)
		err_at(decoder->err, -EINVAL, placed->pos, path, "'%s' conflicts with '%s' in '%s'", placed->path, with, word);
}

static void secrets_rules_check_path(struct decoder *decoder, const struct all *all, const struct placed *placed,
				     const char *path)
{
	if (!placed->path)
		return;
	if (secrets_rules_is_no_place(placed->path)) {
		err_at(decoder->err, -EINVAL, placed->pos, path, "'%s' is no place for a link to a secret", placed->path);
		err_hint(decoder->err, "without 'path' it is found at " SECRETS_RUN "/%s%s",
			 strcmp(placed->word, "templates") == 0 ? SECRETS_RENDERED "/" : "", placed->name);
		return;
	}
	if (!recipe_link_is_made(decoder->recipe, placed->path))
		word_check_place(decoder, placed->pos, path, placed->path);
	secrets_rules_check_others(decoder, placed, path);
	for (const struct placed *other = all->items; other < placed; other++)
		if (other->path && secrets_rules_meet(other->path, placed->path)) {
			err_at(decoder->err, -EINVAL, placed->pos, path, "'%s' conflicts with '%s' of '%s.%s'", placed->path,
			       other->path, other->word, other->name);
			return;
		}
}

/* --- modes, units -------------------------------------------------------------------------------------------------- */

static void secrets_rules_check_mode(struct decoder *decoder, const struct placed *placed, const char *path)
{
	if (placed->mode & SPECIAL_BITS) {
		err_at(decoder->err, -EINVAL, placed->pos, path, "a secret's mode has permissions alone, like \"0440\"");
	} else if (placed->mode & OTHERS_BITS) {
		err_warn(decoder->err, placed->pos, path, "its mode %04o lets everybody on the machine have the secret",
			 (unsigned)placed->mode);
		err_hint(decoder->err, "'owner' and 'group' say who needs it: mode: \"0440\"");
	}
}

/* The program that places secrets asks the system's systemd. */
static void secrets_rules_check_units(struct decoder *decoder, const struct strv *units, const struct pos *pos,
				      const char *path)
{
	const struct recipe *recipe = decoder->recipe;

	for (size_t i = 0; i < units->count; i++)
		for (size_t u = 0; u < recipe->n_units; u++) {
			const struct recipe_unit *unit = &recipe->units[u];

			if (strcmp(unit->name, units->items[i]) != 0 || !unit->user)
				continue;
			err_at(decoder->err, -EINVAL, pos, path, "'%s' is a unit of the user '%s', not of the system",
			       unit->name, unit->user);
			err_hint(decoder->err, "leave it out: what names the secret's path does not start without it");
		}
}

/* --- passwords ----------------------------------------------------------------------------------------------------- */

static struct recipe_secret *secrets_rules_find(const struct recipe *recipe, const char *name)
{
	for (size_t i = 0; i < recipe->n_secrets; i++)
		if (strcmp(recipe->secrets[i].name, name) == 0)
			return &recipe->secrets[i];
	return NULL;
}

static void secrets_rules_check_password(struct decoder *decoder, const struct recipe_user *user)
{
	const struct recipe *recipe = decoder->recipe;
	const char *path = arena_printf(decoder->arena, "users.%s.passwordSecret", user->name);
	const struct pos pos = recipe_place(recipe, (const char *const[]){"users", user->name, "passwordSecret", NULL}, NULL);
	struct recipe_secret *secret = secrets_rules_find(recipe, user->password_secret);
	const char **known = arena_array(decoder->arena, const char *, recipe->n_secrets + 1);

	for (size_t i = 0; i < recipe->n_secrets; i++)
		known[i] = recipe->secrets[i].name;
	if (!secret) {
		problem_unknown(decoder, &pos, path, "secret", user->password_secret, known, recipe->n_secrets);
		return;
	}
	if (secret->allow_empty) {
		err_at(decoder->err, -EINVAL, &pos, path,
		       "with 'allowEmpty' of that secret, '%s' could have no password at all", user->name);
		err_hint(decoder->err, "remove 'allowEmpty' from 'secrets.%s'", secret->name);
	}
	if (user->system && !(user->written & WRITTEN_SHELL)) {
		err_warn(decoder->err, &pos, path,
			 "a 'system' user has the shell %s unless its package has another one: nobody can log in", user->shell);
		err_hint(decoder->err, "write 'shell: /bin/bash', or 'shell: /bin/sh'");
	}
	secret->for_users = true;
}

/* --- the identity -------------------------------------------------------------------------------------------------- */

static bool secrets_rules_is_kept(const struct recipe *recipe)
{
	for (size_t i = 0; recipe->kind == KIND_LXC && i < recipe->state.count; i++)
		if (path_is_below(SECRETS_STATE, recipe->state.items[i]))
			return true;
	for (size_t i = 0; recipe->kind == KIND_VM && i < recipe->n_mounts; i++)
		if (recipe->mounts[i].keeps && path_is_below(SECRETS_STATE, recipe->mounts[i].mountpoint))
			return true;
	return false;
}

/* Without it every boot would be that of a stranger. */
static void secrets_rules_check_kept(struct decoder *decoder, const struct placed *first, const char *path)
{
	const struct recipe *recipe = decoder->recipe;

	if (recipe->kind == KIND_TOOLS || problem_known(decoder, "partitions") || problem_known(decoder, "state") ||
	    secrets_rules_is_kept(recipe))
		return;
	err_at(decoder->err, -EINVAL, first->pos, path,
	       "'" SECRETS_STATE "' is not on persistent storage: the next image would lose the key that opens the secrets");
	err_hint(decoder->err, recipe->kind == KIND_LXC ? "add '" SECRETS_STATE "' to 'state' (it becomes a mount point)"
							: "add a partition 'state', mounted at /var, to the disk");
}

void word_check_secrets(struct decoder *decoder)
{
	const struct recipe *recipe = decoder->recipe;
	const struct all all = secrets_rules_all(decoder->arena, recipe);

	for (const struct placed *placed = all.items; placed < all.items + all.count; placed++) {
		const char *path = problem_path(decoder->arena, placed->word, placed->name);

		if (problem_known(decoder, path))
			continue;
		secrets_rules_check_name(decoder, &all, placed, path);
		secrets_rules_check_path(decoder, &all, placed, path);
		secrets_rules_check_mode(decoder, placed, path);
		secrets_rules_check_units(decoder, placed->restart, placed->pos, path);
		secrets_rules_check_units(decoder, placed->reload, placed->pos, path);
	}
	for (size_t i = 0; i < recipe->n_users; i++)
		if (recipe->users[i].password_secret)
			secrets_rules_check_password(decoder, &recipe->users[i]);
	word_check_mentions(decoder);
	if (all.count)
		secrets_rules_check_kept(decoder, &all.items[0],
					 problem_path(decoder->arena, all.items[0].word, all.items[0].name));
}

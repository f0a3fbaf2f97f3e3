/* aether-build secrets check|list|rekey|send|show RECIPE: what the secrets of a recipe are, and that they can be opened. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/log.h"
#include "contract/secrets.h"
#include "edge/jval.h"
#include "fleet/ssh/courier.h"
#include "keeper/letter.h"
#include "keeper/openers.h"
#include "keeper/roll.h"
#include "verb/options/recipe.h"
#include "verb/secrets.h"
#include "verb/verb.h"


static const struct option verb_secrets_own_options[] = {
	{"add", "RECIPIENT", "one more that files are encrypted to; may be repeated", OPTION_LIST,
	 offsetof(struct secrets_options, add), NULL},
	{"remove", "RECIPIENT", "one that they are no longer encrypted to; may be repeated", OPTION_LIST,
	 offsetof(struct secrets_options, remove), NULL},
	{"rotate", NULL, "a new data key, too: who was removed cannot read what comes", OPTION_FLAG,
	 offsetof(struct secrets_options, rotate), NULL},
	{"dry-run", NULL, "change nothing, only print what would be done", OPTION_FLAG,
	 offsetof(struct secrets_options, dry_run), NULL},
	{0},
};
static const struct option_group verb_secrets_option_groups[] = {
	{recipe_options, offsetof(struct secrets_options, recipe)},
	{kind_options, offsetof(struct secrets_options, recipe)},
	{identity_options, offsetof(struct secrets_options, identity)},
	{host_options, offsetof(struct secrets_options, host)},
	{verb_secrets_own_options, 0},
	{0}};

int secrets_load(struct keeping *k, const void *options, const char *path, struct err *err)
{
	int r;

	*k = (struct keeping){.options = options};
	r = project_load(path, 0, &k->options->recipe, &k->project, err);
	k->arena = k->project.arena;
	k->recipe = k->project.recipe;
	k->pool = pool_new();
	k->sources.operator = &k->operator;
	log_warnings(err);
	return r;
}

int secrets_unlock(struct keeping *k, struct err *err)
{
	return identity_open(k->pool, &k->options->identity, k->recipe->name, &k->operator, err);
}

void secrets_close(struct keeping *k)
{
	pool_free(k->pool);
	project_close(&k->project);
}
/* --- show ------------------------------------------------------------------------------------------------------------ */

static const struct recipe_secret *verb_secrets_named(const struct keeping *k, const char *name, struct err *err)
{
	const struct recipe *recipe = k->recipe;
	struct strv names = {0};
	const char *near;

	for (size_t i = 0; i < recipe->n_secrets; i++) {
		if (strcmp(recipe->secrets[i].name, name) == 0)
			return &recipe->secrets[i];
		strv_push(k->arena, &names, recipe->secrets[i].name);
	}
	near = text_nearest(name, names.items, names.count);
	err_set(err, -ENOENT, "%s has no secret '%s'", recipe->name, name);
	if (near)
		err_hint(err, "did you mean '%s'?", near);
	else
		err_hint(err, "'aether-build secrets list %s' lists them", recipe->path);
	return NULL;
}

/* To the byte: no newline is added, whatever stdout is. */
static int verb_secrets_show(const void *options, char *const *arguments, size_t n_arguments, struct err *err)
{
	_cleanup_keeping_ struct keeping k = {0};
	const struct recipe_secret *secret = NULL;
	struct bytes value = {0};
	int r = secrets_load(&k, options, arguments[0], err);

	(void)n_arguments;
	if (r == 0)
		secret = verb_secrets_named(&k, arguments[1], err);
	if (!secret)
		return err_result(err);
	r = secrets_unlock(&k, err);
	if (r == 0)
		r = source_value(&k.sources, secret, &value, err);
	if (r < 0)
		return r;
	fflush(stdout);
	r = fd_write_all(STDOUT_FILENO, value.data, value.size); /* past stdio, whose buffer nobody wipes */
	return r < 0 ? err_sys(err, r, "cannot write the value") : 0;
}

/* --- send ------------------------------------------------------------------------------------------------------------ */

static struct strv verb_secrets_machine(const struct keeping *k)
{
	struct strv recipients = {0};

	for (size_t i = 0; i < k->recipe->n_recipients; i++)
		strv_push(k->arena, &recipients, roll_bare(k->arena, k->recipe->recipients[i].text));
	return recipients;
}

static void verb_secrets_report_sent(const struct keeping *k, const struct remote *remote, size_t n, const char *answer)
{
	_cleanup_jval_ struct jval *top = jval_new_object();

	log_step(NULL);
	jval_set(top, "host", jval_text(remote->host));
	jval_set(top, "name", jval_text(k->recipe->name));
	jval_set(top, "secrets", jval_number((int64_t)n));
	jval_set(top, "answer", jval_text(answer));
	if (k->options->common.json)
		puts(jval_print(k->arena, top, true));
	else
		printf("%s has %zu value%s of %s%s%s\n", remote->host, n, n == 1 ? "" : "s", k->recipe->name,
		       *answer ? ": " : "", answer);
}

/* What is kept there, and what is not, are told apart: of the first nothing has to be done again. */
static int verb_secrets_take(struct keeping *k, const struct remote *remote, struct bytes sealed, const char **ret_answer,
			     struct err *err)
{
	int r = courier_ask(k->arena, remote, SECRETS_TAKE, sealed, ret_answer, err);

	if (r == SECRETS_KEPT)
		return err_set(err, -EIO, "%s has what was sent, but not all that it declares is good: %s", remote->host,
			       *ret_answer);
	return r > 0 ? err_set(err, -EIO, "%s took nothing: %s", remote->host, *ret_answer) : r;
}

static int verb_secrets_send_to(struct keeping *k, const struct remote *remote, struct err *err)
{
	const struct strv recipients = verb_secrets_machine(k);
	struct bytes sealed = {0};
	const char *answer = "";
	size_t n = 0;
	int r;

	log_step("opening the secrets of %s", k->recipe->name);
	r = letter_write(&k->sources, k->recipe->name, k->recipe->secrets, k->recipe->n_secrets, &recipients, time(NULL),
			 &sealed, &n, err);
	if (r == 0 && n) {
		log_step("sending them to %s", remote->host);
		r = verb_secrets_take(k, remote, sealed, &answer, err);
	}
	if (r == 0 && n)
		verb_secrets_report_sent(k, remote, n, answer);
	else if (r == 0)
		log_note("%s has no secrets that are sent: nothing was done", k->recipe->name);
	return r;
}

static int verb_secrets_send(const void *options, char *const *arguments, size_t n_arguments, struct err *err)
{
	_cleanup_keeping_ struct keeping k = {0};
	struct host_options host;
	struct remote remote;
	int r = secrets_load(&k, options, arguments[0], err);

	if (r < 0)
		return r;
	host = k.options->host;
	if (n_arguments > 1 && host.host)
		return err_set(err, -EINVAL, "the machine is named twice: '%s' and --host %s", arguments[1], host.host);
	if (n_arguments > 1)
		host.host = arguments[1];
	r = host_read(k.arena, &host, &remote, err);
	if (r == 0)
		r = secrets_unlock(&k, err);
	return r == 0 ? verb_secrets_send_to(&k, &remote, err) : r;
}

/* --- rekey ----------------------------------------------------------------------------------------------------------- */

static void verb_secrets_report_file(const struct keeping *k, const struct recipe_secret *secret, const struct openers *done,
				     struct jval *array)
{
	struct jval *object = jval_new_object();

	jval_set(object, "file", jval_text(secret->shown));
	jval_set(object, "changed", jval_bool(done->changed));
	jval_set(object, "recipients", jval_texts(&done->recipients));
	jval_set(object, "added", jval_texts(&done->added));
	jval_set(object, "removed", jval_texts(&done->removed));
	jval_set(object, "rotated", jval_bool(k->options->rotate));
	jval_add(array, object);
	if (k->options->common.json)
		return;
	printf("%s: %s%s\n", secret->shown, !done->changed ? "nothing to change"
			     : k->options->dry_run ? "would be changed" : "changed",
	       done->changed && k->options->rotate ? ", with a new data key" : "");
	for (size_t i = 0; i < done->added.count; i++)
		printf("  + %s\n", done->added.items[i]);
	for (size_t i = 0; i < done->removed.count; i++)
		printf("  - %s\n", done->removed.items[i]);
	if (done->removed.count && !k->options->rotate)
		log_note("%s: data key unchanged: a removed host can still read until --rotate", secret->shown);
}

/* Whether an earlier secret is in the same file. */
static bool verb_secrets_came_before(const struct recipe *recipe, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (recipe->secrets[j].way == RECIPE_WAY_IMAGE && strcmp(recipe->secrets[j].file, recipe->secrets[i].file) == 0)
			return true;
	return false;
}

static int verb_secrets_read_how(const struct keeping *k, struct openers_how *how, struct err *err)
{
	struct roll roll;
	int r = roll_read(k->arena, k->recipe->root, k->recipe->name, &roll, err);

	*how = (struct openers_how){.rotate = k->options->rotate, .dry_run = k->options->dry_run};
	how->present = verb_secrets_machine(k);
	for (size_t i = 0; i < k->options->add.count; i++)
		strv_push(k->arena, &how->add, roll_bare(k->arena, k->options->add.items[i]));
	for (size_t i = 0; i < k->options->remove.count; i++)
		strv_push(k->arena, &how->remove, roll_bare(k->arena, k->options->remove.items[i]));
	if (r == 0)
		how->retired = roll.retired;
	return r;
}

static int verb_secrets_rekey(const void *options, char *const *arguments, size_t n_arguments, struct err *err)
{
	_cleanup_keeping_ struct keeping k = {0};
	_cleanup_jval_ struct jval *array = jval_new_array();
	struct openers_how how;
	int r = secrets_load(&k, options, arguments[0], err);

	(void)n_arguments;
	if (r == 0)
		r = verb_secrets_read_how(&k, &how, err);
	if (r == 0)
		r = secrets_unlock(&k, err);
	for (size_t i = 0; r == 0 && i < k.recipe->n_secrets; i++) {
		const struct recipe_secret *secret = &k.recipe->secrets[i];
		struct err problem = {0};
		struct openers done;

		if (secret->way != RECIPE_WAY_IMAGE || verb_secrets_came_before(k.recipe, i))
			continue;
		if (openers_set(k.arena, &k.sources, secret, &how, &done, &problem) == 0)
			verb_secrets_report_file(&k, secret, &done, array);
		err_take(err, &problem);
	}
	if (r == 0 && k.options->common.json)
		puts(jval_print(k.arena, array, true));
	else if (r == 0 && !jval_count(array) && !err->count)
		log_note("%s has no files of SOPS that travel in its image", k.recipe->name);
	return r == 0 ? err_result(err) : r;
}

#define SECRETS_RECIPE "with-fakes allow-outside strict verbose kind"
#define SECRETS_SSH "ssh-config ssh-option"

static const struct verb_word verb_secrets_words[] = {
	{"check", "RECIPE", "holds that every secret can be opened, and is well said", SECRETS_RECIPE " identity", 1, 1,
	 secrets_check},
	{"list", "RECIPE", "lists secrets: where from, where to, who can open them", SECRETS_RECIPE, 1, 1, secrets_list},
	{"rekey", "RECIPE", "encrypts the files in its image to the machine's recipients",
	 SECRETS_RECIPE " identity add remove rotate dry-run", 1, 1, verb_secrets_rekey},
	{"send", "RECIPE [HOST]", "opens what is sent, seals it to the machine, and sends it",
	 SECRETS_RECIPE " identity host " SECRETS_SSH, 1, 2, verb_secrets_send},
	{"show", "RECIPE NAME", "prints the value of a secret, to the byte", SECRETS_RECIPE " identity", 2, 2,
	 verb_secrets_show},
	{0},
};

const struct verb verb_secrets = {
	.name = "secrets",
	.arguments = "WORD […]",
	.summary = "Lists, checks, shows, sends, re-encrypts a recipe's secrets",
	.options = verb_secrets_option_groups,
	.options_size = sizeof(struct secrets_options),
	.min_arguments = 2,
	.max_arguments = 3,
	.words = verb_secrets_words,
};

/* aether-build host add|deliver|enroll|list: whose secrets are whose: identities of machines, made here or there. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "build/project.h"
#include "contract/secrets.h"
#include "edge/jval.h"
#include "fleet/ssh/courier.h"
#include "keeper/enroll.h"
#include "keeper/handover.h"
#include "keeper/keyring.h"
#include "verb/options/host.h"
#include "verb/options/table.h"
#include "verb/verb.h"

struct host_verb_options {
	struct common_options common;
	struct host_options host;
	const char *disc;
	bool rotate, retire, replace, yes;
};

static const struct option verb_host_own_options[] = {
	{"disc", "FILE", "write the identity to a disc that brings it to the machine, once", OPTION_TEXT,
	 offsetof(struct host_verb_options, disc), NULL},
	{"rotate", NULL, "another identity; the present one counts until --retire", OPTION_FLAG,
	 offsetof(struct host_verb_options, rotate), NULL},
	{"retire", NULL, "the identity before the last --rotate counts no more", OPTION_FLAG,
	 offsetof(struct host_verb_options, retire), NULL},
	{"host", "HOST", "with --rotate and --retire: the machine, to be told over ssh", OPTION_TEXT,
	 offsetof(struct host_verb_options, host.host), NULL},
	{"replace", NULL, "record it even where another machine's identity is recorded", OPTION_FLAG,
	 offsetof(struct host_verb_options, replace), NULL},
	{"yes", NULL, "record what the machine says without asking", OPTION_FLAG, offsetof(struct host_verb_options, yes),
	 NULL},
	{0},
};
static const struct option_group verb_host_option_groups[] = {{verb_host_own_options, 0},
							      {host_ssh_options, offsetof(struct host_verb_options, host)},
							      {0}};

/* A machine, and what is known of it here. */
struct hosting {
	struct arena *arena;
	const struct host_verb_options *options;
	struct remote remote;
	const char *name, *root;     /* the repository */
	struct roll roll;
};

/* --- which machine --------------------------------------------------------------------------------------------------- */

static int verb_host_of_recipe(struct hosting *h, const char *path, struct err *err)
{
	const struct recipe_options how = {0};
	struct recipe *recipe;
	int r = recipe_load(h->arena, path, &how, &recipe, err);

	if (r < 0)
		return r;
	h->name = recipe->name;
	h->root = recipe->root;
	return 0;
}

static int verb_host_of_folder(struct hosting *h, const char *name, struct err *err)
{
	h->name = name;
	return recipe_root_here(h->arena, &h->root, err);
}

/* `argument`: a recipe, or the name of a machine of the repository that we stand in. */
static int verb_host_open(struct hosting *h, const char *argument, struct err *err)
{
	int r = text_has_suffix(argument, ".recipe") ? verb_host_of_recipe(h, argument, err)
						     : verb_host_of_folder(h, argument, err);

	if (r == 0)
		r = keyring_check_name(h->name, err);
	return r == 0 ? roll_read(h->arena, h->root, h->name, &h->roll, err) : r;
}

static bool verb_host_has(const struct hosting *h, enum keyring_which which)
{
	const char *path = keyring_path(h->arena, h->name, which);

	return path && path_exists(path);
}

/* Whether two identities count. */
static bool verb_host_overlaps(const struct hosting *h)
{
	return roll_older(h->arena, &h->roll).count || verb_host_has(h, KEYRING_BEFORE);
}

/* --- what is said ---------------------------------------------------------------------------------------------------- */

/* A rule of sops' configuration for files named after the machine. */
static const char *verb_host_rule(const struct hosting *h)
{
	const char *name = "";

	for (const char *c = h->name; *c; c++)
		name = arena_printf(h->arena, "%s%s%c", name, *c == '.' || *c == '+' ? "\\" : "", *c);
	return arena_printf(h->arena, "  - path_regex: (^|/)%s\\.(yaml|json|env|ini)$\n    age: %s", name,
			    strv_join(h->arena, &h->roll.recipients, ","));
}

static struct jval *verb_host_json(const struct hosting *h)
{
	const char *path = keyring_path(h->arena, h->name, KEYRING_IDENTITY);
	struct jval *top = jval_new_object();

	jval_set(top, "name", jval_text(h->name));
	jval_set(top, "recipients", jval_texts(&h->roll.recipients));
	jval_set(top, "retired", jval_texts(&h->roll.retired));
	jval_set(top, "file", jval_text(h->roll.path));
	jval_set(top, "identity", jval_text(verb_host_has(h, KEYRING_IDENTITY) ? path : NULL));
	jval_set(top, "overlap", jval_bool(verb_host_overlaps(h)));
	return top;
}

/* The recipient alone on stdout, so that a script can take it. */
static void verb_host_report(const struct hosting *h)
{
	_cleanup_jval_ struct jval *top = verb_host_json(h);

	log_step(NULL);
	if (h->options->common.json) {
		jval_set(top, "sops_rule", jval_text(verb_host_rule(h)));
		puts(jval_print(h->arena, top, true));
		return;
	}
	if (h->roll.recipients.count)
		puts(h->roll.recipients.items[0]);
	log_note("secrets of %s are encrypted to what is in %s: commit it", h->name, h->roll.path);
	if (h->roll.recipients.count)
		log_note("below 'creation_rules:' in %s/.sops.yaml (and your own recipient behind a comma):\n%s", h->root,
			 verb_host_rule(h));
	log_note("files that are there already get it by 'aether-build secrets rekey RECIPE'");
}

/* --- add ------------------------------------------------------------------------------------------------------------- */

/* The machine was told before, or by somebody else: another one here would never open what is encrypted to it. */
static int verb_host_refuse_second(const struct hosting *h, struct err *err)
{
	if (verb_host_has(h, KEYRING_IDENTITY)) {
		err_set(err, -EEXIST, "%s has an identity already: '%s'", h->name,
			keyring_path(h->arena, h->name, KEYRING_IDENTITY));
		return err_hint(err, "its recipient is in '%s'; another one is made by --rotate", h->roll.path);
	}
	err_set(err, -EEXIST,
		"%s has recipients already, in '%s', and no identity here: it was made on the machine, or by somebody "
		"else", h->name, h->roll.path);
	return err_hint(err, "another one is made by the machine: 'aether-build host add %s --rotate --host HOST'", h->name);
}

/* One that is there and not recorded (the work was cut off, or it is another repository) is recorded. */
static int verb_host_make(struct hosting *h, struct err *err)
{
	_cleanup_pool_ struct pool *pool = pool_new();
	struct age_identities identities = {0};
	const char *recipient;
	int r;

	if (!verb_host_has(h, KEYRING_IDENTITY)) {
		if (h->roll.recipients.count)
			return verb_host_refuse_second(h, err);
		r = keyring_make(h->arena, h->name, &recipient, err);
	} else {
		r = keyring_read(pool, h->name, KEYRING_IDENTITY, &identities, NULL, err);
		recipient = r == 0 ? identities.items[0].recipient : NULL;
		if (r == 0 && strv_has(&h->roll.recipients, recipient))
			return h->options->disc ? 0 : verb_host_refuse_second(h, err);
	}
	if (r == 0)
		roll_add(h->arena, &h->roll, recipient);
	return r == 0 ? roll_write(&h->roll, h->name, err) : r;
}

static int verb_host_send_identity(struct hosting *h, struct err *err)
{
	_cleanup_pool_ struct pool *pool = pool_new();
	struct age_identities identities = {0};
	struct bytes text = {0};
	const char *answer;
	int r = keyring_read(pool, h->name, KEYRING_IDENTITY, &identities, &text, err);

	log_step("sending its identity to %s", h->remote.host);
	return r == 0 ? courier_tell(h->arena, &h->remote, SECRETS_TAKE_IDENTITY, text, &answer, err) : r;
}

/* What the machine has now is recorded; it cannot be another one, since one of its identities was known. */
static int verb_host_record(struct hosting *h, bool replace, struct enrolled *ret_enrolled, struct err *err)
{
	struct strv told = {0};
	int r = courier_recipients(h->arena, &h->remote, &told, err);

	if (r == 0)
		r = roll_enroll(h->arena, &h->roll, h->name, &told, replace, ret_enrolled, err);
	return r == 0 ? roll_write(&h->roll, h->name, err) : r;
}

static int verb_host_rotate_there(struct hosting *h, struct err *err)
{
	struct enrolled enrolled;
	const char *answer;
	int r;

	if (!h->options->host.host) {
		err_set(err, -ENOENT, "there is no identity of %s here to be replaced", h->name);
		return err_hint(err,
				"if the machine made its own, name it: --host HOST; else make one: 'aether-build host add %s'",
				h->name);
	}
	log_step("%s makes another identity", h->remote.host);
	r = courier_tell(h->arena, &h->remote, SECRETS_NEW_IDENTITY, (struct bytes){0}, &answer, err);
	return r == 0 ? verb_host_record(h, false, &enrolled, err) : r;
}

static int verb_host_rotate(struct hosting *h, struct err *err)
{
	const char *recipient;
	int r;

	if (!verb_host_has(h, KEYRING_IDENTITY))
		return verb_host_rotate_there(h, err);
	r = keyring_rotate(h->arena, h->name, &recipient, err);
	if (r < 0)
		return r;
	roll_add(h->arena, &h->roll, recipient);
	r = roll_write(&h->roll, h->name, err);
	return r == 0 && h->options->host.host ? verb_host_send_identity(h, err) : r;
}

/* The newest stays. On the machine first: what is retired here and not there would be hard to see. */
static int verb_host_retire(struct hosting *h, struct err *err)
{
	const struct strv older = roll_older(h->arena, &h->roll);
	const char *answer;
	int r = 0;

	if (!verb_host_overlaps(h))
		return err_set(err, -ENOENT, "%s has one identity: there is none to be retired", h->name);
	if (h->options->host.host)
		r = courier_tell(h->arena, &h->remote, SECRETS_RETIRE, (struct bytes){0}, &answer, err);
	for (size_t i = 0; r == 0 && i < older.count; i++)
		roll_retire(h->arena, &h->roll, older.items[i]);
	if (r == 0)
		r = roll_write(&h->roll, h->name, err);
	return r == 0 && verb_host_has(h, KEYRING_BEFORE) ? keyring_retire(h->name, err) : r;
}

static int verb_host_add(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct hosting h = {.arena = arena, .options = data};
	const struct host_verb_options *options = data;
	int r = 0;

	(void)n_arguments;
	if (options->rotate && options->retire)
		return err_set(err, -EINVAL, "--rotate begins an overlap and --retire ends it: use one of them");
	if (options->host.host && !options->rotate && !options->retire)
		return err_set(err, -EINVAL, "'--host' goes with --rotate or --retire; 'host deliver' sends an identity");
	if (options->host.host)
		r = host_read(arena, &options->host, &h.remote, err);
	if (r == 0)
		r = verb_host_open(&h, arguments[0], err);
	if (r == 0)
		r = options->rotate ? verb_host_rotate(&h, err) : options->retire ? verb_host_retire(&h, err)
										  : verb_host_make(&h, err);
	if (r == 0 && options->disc)
		r = handover_disc(h.name, options->disc, err);
	if (r == 0)
		verb_host_report(&h);
	return r;
}

/* --- deliver, enroll ------------------------------------------------------------------------------------------------- */

static int verb_host_open_at(struct hosting *h, char *const *arguments, struct err *err)
{
	struct host_options host = h->options->host;
	int r;

	host.host = arguments[1];
	r = host_read(h->arena, &host, &h->remote, err);
	return r == 0 ? verb_host_open(h, arguments[0], err) : r;
}

static int verb_host_deliver(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct hosting h = {.arena = arena, .options = data};
	int r = verb_host_open_at(&h, arguments, err);

	(void)n_arguments;
	if (r == 0 && !verb_host_has(&h, KEYRING_IDENTITY)) {
		err_set(err, -ENOENT, "there is no identity of %s here", h.name);
		return err_hint(err, "make one with 'aether-build host add %s', or take the machine's own: 'aether-build host "
				     "enroll %s %s'", h.name, h.name, arguments[1]);
	}
	if (r == 0)
		r = verb_host_send_identity(&h, err);
	log_step(NULL);
	if (r == 0 && h.options->common.json)
		verb_host_report(&h);
	else if (r == 0)
		printf("%s has the identity of %s\n", h.remote.host, h.name);
	return r;
}

static int verb_host_ask(const struct hosting *h, const struct strv *told, struct err *err)
{
	char answer[16] = "";

	if (h->options->yes)
		return 0;
	if (!isatty(STDIN_FILENO)) {
		err_set(err, -EPERM, "nobody can be asked whether %s is %s", h->remote.host, h->name);
		return err_hint(err, "compare what it says with 'aether-agent status' on its console, then use --yes: %s",
				strv_join(h->arena, told, ","));
	}
	log_step(NULL);
	fprintf(stderr, "record that for %s, so that its secrets are encrypted to it? [y/N] ", h->name);
	if (fgets(answer, sizeof answer, stdin) && (*answer == 'y' || *answer == 'Y'))
		return 0;
	return err_set(err, -ECANCELED, "nothing was recorded");
}

static int verb_host_enroll_told(struct hosting *h, const struct strv *told, struct err *err)
{
	struct enrolled enrolled = {0};
	int r = roll_enroll(h->arena, &h->roll, h->name, told, h->options->replace, &enrolled, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < told->count; i++)
		log_note("%s says: %s", h->remote.host, told->items[i]);
	if (enrolled.added.count || enrolled.retired.count)
		r = verb_host_ask(h, told, err);
	else
		log_note("all of it is recorded already");
	if (r == 0)
		r = roll_write(&h->roll, h->name, err);
	if (r == 0)
		verb_host_report(h);
	return r;
}

static int verb_host_enroll(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct hosting h = {.arena = arena, .options = data};
	struct strv told = {0};
	int r = verb_host_open_at(&h, arguments, err);

	(void)n_arguments;
	log_step("asking %s", arguments[1]);
	if (r == 0)
		r = courier_recipients(arena, &h.remote, &told, err);
	log_step(NULL);
	return r == 0 ? verb_host_enroll_told(&h, &told, err) : r;
}

/* --- list ------------------------------------------------------------------------------------------------------------ */

enum { HOST_COLUMNS = 4 };

static const char *verb_host_place(const struct hosting *h)
{
	if (verb_host_has(h, KEYRING_IDENTITY))
		return "here";
	return h->roll.recipients.count ? "on the machine" : NULL;
}

static const char *verb_host_overlap(const struct hosting *h)
{
	if (!verb_host_overlaps(h))
		return NULL;
	return roll_older(h->arena, &h->roll).count ? "yes" : "an identity before";
}

/* A line for each recipient, the first with all the rest. */
static void verb_host_add_rows(const struct hosting *h, struct strv *cells)
{
	for (size_t i = 0; i < (h->roll.recipients.count ? h->roll.recipients.count : 1); i++) {
		const char *row[HOST_COLUMNS] = {"", NULL, "", ""};

		if (!i) {
			row[0] = h->name;
			row[2] = verb_host_place(h);
			row[3] = verb_host_overlap(h);
		}
		row[1] = i < h->roll.recipients.count ? h->roll.recipients.items[i] : NULL;
		for (size_t c = 0; c < HOST_COLUMNS; c++)
			*arena_push(h->arena, cells->items, cells->count) = row[c];
	}
}

static int verb_host_list(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	static const char *const head[HOST_COLUMNS] = {"NAME", "RECIPIENT", "IDENTITY", "OVERLAP"};
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_jval_ struct jval *array = jval_new_array();
	struct hosting h = {.arena = arena, .options = data};
	struct strv names, cells = {0};
	int r = verb_host_open(&h, n_arguments ? arguments[0] : "any", err);

	if (r < 0)
		return r;
	names = roll_names(arena, h.root);
	if (n_arguments) {
		names = (struct strv){0};
		strv_push(arena, &names, h.name);
	}
	for (size_t c = 0; c < HOST_COLUMNS; c++)
		*arena_push(arena, cells.items, cells.count) = head[c];
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		h.name = names.items[i];
		r = roll_read(arena, h.root, h.name, &h.roll, err);
		if (r < 0)
			break;
		verb_host_add_rows(&h, &cells);
		jval_add(array, verb_host_json(&h));
	}
	if (r == 0 && h.options->common.json)
		puts(jval_print(arena, array, true));
	else if (r == 0 && names.count)
		table_print(cells.items, cells.count / HOST_COLUMNS, HOST_COLUMNS);
	else if (r == 0)
		log_note("no machine has an identity yet: 'aether-build host add NAME' makes one");
	return r;
}

static const struct verb_word verb_host_words[] = {
	{"add", "NAME|RECIPE", "makes an identity; prints its recipient", "disc rotate retire host ssh-config ssh-option", 1, 1,
	 verb_host_add},
	{"deliver", "NAME|RECIPE HOST", "sends the identity to the machine over ssh", "ssh-config ssh-option", 2, 2,
	 verb_host_deliver},
	{"enroll", "NAME|RECIPE HOST", "records the identity that the machine made", "replace yes ssh-config ssh-option", 2, 2,
	 verb_host_enroll},
	{"list", "[NAME|RECIPE]", "lists machines, their recipients, where identities are", "", 0, 1, verb_host_list},
	{0},
};

const struct verb verb_host = {
	.name = "host",
	.arguments = "WORD […]",
	.summary = "Adds, enrolls, lists identities that secrets are encrypted to",
	.options = verb_host_option_groups,
	.options_size = sizeof(struct host_verb_options),
	.min_arguments = 1,
	.max_arguments = 3,
	.words = verb_host_words,
};

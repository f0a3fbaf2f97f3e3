/* aether-build deploy RECIPE|GENERATION: a machine on Proxmox runs it, whatever there was before. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "fleet/proxmox/deploy.h"
#include "fleet/proxmox/keydisc.h"
#include "keeper/handover.h"
#include "keeper/keyring.h"
#include "verb/options/host.h"
#include "verb/options/proxmox.h"
#include "verb/options/recipe.h"
#include "verb/options/sending.h"
#include "verb/verb.h"

struct deploy_options {
	struct common_options common;
	struct project_options recipe;
	struct host_options host;
	struct access_options access;
	struct identity_options identity;
	const char *out, *words, *timeout, *via;
	bool dry_run, yes, force, lose_state, take_over, no_prune;
};

static const struct option deploy_own_options[] = {
	OPTION_OUT(deploy_options),
	OPTION_RECIPE(deploy_options),
	{"dry-run", NULL, "change nothing, only say what would be done", OPTION_FLAG, offsetof(struct deploy_options, dry_run),
	 NULL},
	{"yes", NULL, "do not ask before it begins", OPTION_FLAG, offsetof(struct deploy_options, yes), NULL},
	{"via", "ssh|proxmox", "in place by ssh, or anew by Proxmox (by ssh if it answers)", OPTION_TEXT,
	 offsetof(struct deploy_options, via), NULL},
	{"lose-state", NULL, "make it anew even where its state is lost with that", OPTION_FLAG,
	 offsetof(struct deploy_options, lose_state), NULL},
	{"take-over", NULL, "go ahead though a deploy from another place has not ended", OPTION_FLAG,
	 offsetof(struct deploy_options, take_over), NULL},
	{"force", NULL, "deploy even a bad or fake generation", OPTION_FLAG, offsetof(struct deploy_options, force), NULL},
	{"no-prune", NULL, "keep all older images on the storage (the newest 3 and what runs)", OPTION_FLAG,
	 offsetof(struct deploy_options, no_prune), NULL},
	OPTION_TIMEOUT(deploy_options),
	{0},
};
static const struct option_group deploy_option_groups[] = {{recipe_options, offsetof(struct deploy_options, recipe)},
							   {kind_options, offsetof(struct deploy_options, recipe)},
							   {proxmox_options, offsetof(struct deploy_options, access)},
							   {host_else_options, offsetof(struct deploy_options, host)},
							   {identity_options, offsetof(struct deploy_options, identity)},
							   {deploy_own_options, 0},
							   {0}};

enum { DEPLOY_KEEP = 3 };

struct deploying {
	struct arena *arena;
	const struct deploy_options *options;
	const char *argument;
	struct access access;
	struct site site;
	struct generation *generation;
	struct remote remote;
	struct client client;
	struct work work;
	struct deploy_plan plan;
	struct sending sending;
	enum deploy_via via;
	unsigned timeout_s;
	int64_t began_ms;
	int disc; /* in memory: the one that brings a new machine its identity; or -1 */
	bool done;
};

static int verb_deploy_read_options(struct deploying *d, struct err *err)
{
	static const char *const ways[] = {[DEPLOY_VIA_SSH] = "ssh", [DEPLOY_VIA_PROXMOX] = "proxmox"};
	const char *via = d->options->via;

	for (unsigned i = DEPLOY_VIA_SSH; via && i <= DEPLOY_VIA_PROXMOX; i++)
		if (strcmp(via, ways[i]) == 0)
			d->via = i;
	if (via && d->via == DEPLOY_AS_FITS)
		return err_set(err, -EINVAL, "'--via %s': expected ssh or proxmox", via);
	return host_timeout(d->options->timeout, &d->timeout_s, err);
}

static int verb_deploy_find(struct deploying *d, const char *argument, struct err *err)
{
	const struct deploy_options *options = d->options;
	const struct proxmox_finding finding = {options->recipe, options->out, options->common.cache, options->words};
	struct host_options host = options->host;
	int r = access_read(d->arena, &options->access, &d->access, err);

	if (r == 0)
		r = proxmox_find(d->arena, &finding, argument, &d->site, &d->generation, err);
	if (r < 0)
		return r;
	if (!host.host)
		host.host = d->site.ssh;
	return host_read(d->arena, &host, &d->remote, err);
}

static bool verb_deploy_keeps_identity(const struct deploying *d)
{
	const char *path = keyring_path(d->arena, d->site.name, KEYRING_IDENTITY);

	return path && path_exists(path);
}

/* A new virtual machine with secrets gets the identity that is kept for it here, as a disc for its first boot. */
static int verb_deploy_identity(struct deploying *d, struct err *err)
{
	const char *name = d->site.name, *host = d->remote.host;
	bool is_new = d->plan.way == DEPLOY_CREATE, kept = is_new && verb_deploy_keeps_identity(d);
	struct errand errand = {0};
	int r = is_new ? errand_read(d->arena, d->generation, &errand, err) : 0;

	if (r < 0 || (!errand.n_files && !errand.sent.count))
		return r;
	if (kept && !d->site.container)
		r = handover_memory(name, &d->disc, err);
	if (r == 0 && d->disc >= 0) {
		d->work.disc = arena_printf(d->arena, "/proc/self/fd/%d", d->disc);
		r = keydisc_choose(&d->work, err);
	}
	if (r == 0 && !d->work.disc_storage)
		log_note("its secrets wait for its identity: when it runs, 'aether-build host %s %s %s'%s",
			 kept ? "deliver" : "enroll", name, host,
			 kept ? ", and 'aether-build secrets send' where some are sent"
			      : ", then 'aether-build secrets rekey' and 'switch', or 'secrets send'");
	return r;
}

static int verb_deploy_prepare(struct deploying *d, struct err *err)
{
	int r = deploy_open(d->arena, &d->access, &d->site, &d->remote, &d->client, &d->work, err);

	d->work.timeout_s = d->timeout_s;
	d->work.force = d->options->force;
	d->work.lose_state = d->options->lose_state;
	d->work.take_over = d->options->take_over;
	if (r < 0)
		return r;
	if (d->work.journal.id && d->options->dry_run) {
		err_set(err, -EBUSY, "an earlier %s was cut off at '%s'", d->work.journal.work, d->work.journal.step);
		return err_hint(err, "without --dry-run that is brought to an end first");
	}
	r = work_recover(&d->work, err);
	if (r < 0)
		return r;
	d->work.generation = d->generation;
	d->work.bad = false;
	r = deploy_decide(&d->work, d->via, &d->plan, err);
	return r == 0 ? verb_deploy_identity(d, err) : r;
}

/* --- what is said -------------------------------------------------------------------------------------------------------- */

static void verb_deploy_show(const struct deploying *d)
{
	struct strv lines = deploy_tell(d->arena, &d->work, &d->plan);
	FILE *to = d->options->dry_run && !d->options->common.json ? stdout : stderr;

	log_step(NULL);
	for (size_t i = 0; i < lines.count && !d->options->common.json; i++)
		fprintf(to, "%s\n", lines.items[i]);
}

static bool verb_deploy_has_work(const struct deploying *d)
{
	for (size_t i = 0; i < d->plan.n_changes; i++)
		if (d->plan.changes[i].kind != SETTINGS_KEPT)
			return true;
	return d->plan.way != DEPLOY_NOTHING || *d->work.mark.disc;
}

/* On a terminal somebody is there to be asked. */
static int verb_deploy_confirm(const struct deploying *d, struct err *err)
{
	char answer[16] = "";

	if (d->options->yes || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return 0;
	fputs("go on? [y/N] ", stderr);
	if (fgets(answer, sizeof answer, stdin) && (*answer == 'y' || *answer == 'Y'))
		return 0;
	return err_set(err, -ECANCELED, "nothing was changed");
}

static const char *const deploy_ways[] = {
	[DEPLOY_NOTHING] = "nothing", [DEPLOY_START] = "start",
	[DEPLOY_CREATE] = "create",
	[DEPLOY_SWITCH] = "switch",
	[DEPLOY_REIMAGE] = "reimage",
};

static void verb_deploy_report_json(const struct deploying *d)
{
	_cleanup_jval_ struct jval *top = jval_new_object();
	struct jval *plan = jval_new_array();
	struct strv lines = deploy_tell(d->arena, &d->work, &d->plan);

	for (size_t i = 0; i < lines.count; i++)
		jval_add(plan, jval_text(lines.items[i]));
	jval_set(top, "name", jval_text(d->site.name));
	jval_set(top, "generation", jval_number(d->generation->number));
	jval_set(top, "root_hash", jval_text(d->generation->manifest->root_hash));
	jval_set(top, "node", jval_text(d->work.machine.node ? d->work.machine.node : d->site.node));
	jval_set(top, "vmid", jval_number(d->work.machine.vmid));
	jval_set(top, "way", jval_text(deploy_ways[d->plan.way]));
	jval_set(top, "plan", plan);
	jval_set(top, "dry_run", jval_bool(d->options->dry_run));
	jval_set(top, "verdict", jval_text(d->done ? "good" : NULL));
	jval_set(top, "total_ms", jval_number(clock_ms() - d->began_ms));
	puts(jval_print(d->arena, top, true));
}

static void verb_deploy_report(const struct deploying *d)
{
	log_step(NULL);
	if (d->options->common.json)
		verb_deploy_report_json(d);
	else if (d->done)
		printf("%s/%u runs as %s %" PRId64 " on %s, and is good: %.1f s\n", d->generation->name, d->generation->number,
		       d->site.container ? "container" : "machine", d->work.machine.vmid, d->work.machine.node,
		       (double)(clock_ms() - d->began_ms) / 1000);
}

/* A machine that answers gets its secrets before it gets the generation that needs them; a new one when it answers, and what is
 * wrong with them is no reason then not to make it. */
static int verb_deploy_secrets(struct deploying *d, struct err *err)
{
	const struct deploy_options *options = d->options;
	bool is_new = d->plan.way == DEPLOY_CREATE && d->work.disc_storage;
	const struct sending_how how = {&options->recipe, &options->identity, options->words ? options->words : d->argument,
					false, options->force || is_new};
	int r;

	if (!is_new && d->plan.way != DEPLOY_SWITCH && !(d->plan.way == DEPLOY_REIMAGE && d->plan.answers))
		return 0;
	r = sending_prepare(d->arena, &how, d->generation, &d->remote, &d->sending, err);
	if (!is_new || d->sending.errand.sealed.size)
		d->work.before = sending_run;
	d->work.before_data = &d->sending;
	return r;
}

static int verb_deploy_do(struct deploying *d, struct err *err)
{
	int r = verb_deploy_confirm(d, err);

	if (r == 0)
		r = verb_deploy_secrets(d, err);
	if (r == 0)
		r = deploy_apply(&d->work, &d->plan, err);
	if (r == 0)
		r = work_find(&d->work, err);
	if (r == 0 && !d->options->no_prune && d->plan.way != DEPLOY_NOTHING)
		deploy_prune(&d->work, DEPLOY_KEEP);
	d->done = r == 0;
	return r;
}

static int verb_deploy_run(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct deploying d = {.arena = arena, .options = data, .argument = arguments[0], .began_ms = clock_ms(),
			      .work.journal.lock = -1, .disc = -1};
	int r = verb_deploy_read_options(&d, err);

	(void)n_arguments;
	if (r == 0)
		r = verb_deploy_find(&d, arguments[0], err);
	if (r == 0)
		r = verb_deploy_prepare(&d, err);
	if (r == 0) {
		verb_deploy_show(&d);
		if (!d.options->dry_run && verb_deploy_has_work(&d))
			r = verb_deploy_do(&d, err);
		else
			d.done = !d.options->dry_run;
	}
	if (r == 0)
		verb_deploy_report(&d);
	journal_close(&d.work.journal);
	sending_close(&d.sending);
	if (d.disc >= 0)
		close(d.disc);
	return r;
}

const struct verb verb_deploy = {
	.name = "deploy",
	.arguments = "RECIPE|GENERATION",
	.summary = "Makes a machine on Proxmox run a generation that is good",
	.options = deploy_option_groups,
	.options_size = sizeof(struct deploy_options),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = verb_deploy_run,
};

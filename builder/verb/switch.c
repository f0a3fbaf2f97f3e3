/* aether-build switch RECIPE --host HOST: the next generation for a machine, on trial. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "build/pipeline.h"
#include "contract/agent.h"
#include "fleet/send.h"
#include "fleet/verdict.h"
#include "verb/options/host.h"
#include "verb/options/recipe.h"
#include "verb/verb.h"

struct switch_options {
	struct common_options common;
	struct project_options recipe;
	struct host_options host;
	const char *out, *timeout;
	bool dry_run, force, no_reboot, reboot;
};

static const struct option switch_own_options[] = {
	OPTION_OUT(switch_options),
	{"dry-run", NULL, "change nothing, only print how much would be sent", OPTION_FLAG,
	 offsetof(struct switch_options, dry_run), NULL},
	{"force", NULL, "send even a bad or fake generation, or one with no way back", OPTION_FLAG,
	 offsetof(struct switch_options, force), NULL},
	{"reboot", NULL, "restart the whole machine, even where user space alone would do", OPTION_FLAG,
	 offsetof(struct switch_options, reboot), NULL},
	{"no-reboot", NULL, "do not restart: the trial begins at the next boot", OPTION_FLAG,
	 offsetof(struct switch_options, no_reboot), NULL},
	OPTION_TIMEOUT(switch_options),
	{0},
};
static const struct option_group switch_option_groups[] = {{recipe_options, offsetof(struct switch_options, recipe)},
							   {host_options, offsetof(struct switch_options, host)},
							   {switch_own_options, 0},
							   {0}};

/* A running switch, and its result. */
struct switching {
	struct arena *arena;
	const struct switch_options *options;
	struct remote remote;
	unsigned timeout_s;
	struct generation *generation;
	struct machine_status before, after;
	struct sent sent;
	int64_t began_ms, sent_ms;
	const char *restart;         /* how it restarted, in the agent's words; NULL: it did not */
	const char *verdict;         /* "good"; NULL: none yet */
};

/* --- what is sent ---------------------------------------------------------------------------------------------------- */

/* Of several kinds of a recipe, the one that the machine is. */
static int switch_ask_kind(struct switching *s, unsigned *ret_kind, struct err *err)
{
	int r;

	log_step("connecting to %s", s->remote.host);
	r = status_ask(s->arena, &s->remote, &s->before, err);
	*ret_kind = r == 0 && strcmp(s->before.kind, "lxc") == 0 ? KIND_LXC : KIND_VM;
	return r;
}

/* A recipe is built, if need be; anything else names a generation that there is. */
static int switch_find_generation(struct switching *s, const char *argument, struct err *err)
{
	const struct switch_options *options = s->options;
	const struct build_how how = {.recipe = options->recipe, .out = options->out, .cache = options->common.cache};
	const char *reference = argument;
	unsigned kind = 0;
	int r = 0;

	if (text_has_suffix(argument, ".recipe")) {
		r = switch_ask_kind(s, &kind, err);
		if (r == 0)
			r = build_obtain(&how, kind, argument, s->arena, &reference, err);
	}
	return r == 0 ? generation_find(s->arena, s->options->out, reference, &s->generation, err) : r;
}

/* Whether it should go to that machine at all, as far as that is known here. */
static int switch_check_generation(const struct switching *s, struct err *err)
{
	const struct generation *g = s->generation;

	if (s->options->force)
		return 0;
	if (g->manifest->n_fakes) {
		err_set(err, -EPERM, "%s/%u was made with fakes, such as '%s': it is not releasable", g->name, g->number,
			g->manifest->fakes[0].name);
		return err_hint(err, "build it without --with-fakes; on a test machine use --force");
	}
	for (size_t i = 0; i < g->record.n_deployments; i++) {
		const struct deployment *d = &g->record.deployments[i];

		if (strcmp(d->host, s->remote.host) != 0 || d->verdict != VERDICT_BAD)
			continue;
		err_set(err, -EPERM, "%s/%u was bad on %s: %s", g->name, g->number, d->host,
			d->reason ? d->reason : "no reason was recorded");
		return err_hint(err, "fix the recipe and build again; to try the same once more use --force");
	}
	return 0;
}

/* A container whose template is older than ways to take another one says that it has no slots. */
static int switch_check_machine(const struct switching *s, struct err *err)
{
	if (strcmp(s->before.kind, "lxc") != 0 || s->before.n_slots)
		return 0;
	err_set(err, -ENOTSUP, "%s was made of a template that cannot take another one", s->remote.host);
	return err_hint(err, "make the container anew once, of %s; from then on it takes generations", s->generation->image);
}

static int switch_send(struct switching *s, struct err *err)
{
	const struct send_how how = {s->options->dry_run, s->options->force};
	struct payload *payload;
	int r;

	log_step("reading %s/%u", s->generation->name, s->generation->number);
	r = payload_open(s->generation, &payload, err);
	if (r < 0)
		return r;
	s->began_ms = clock_ms();
	log_step("connecting to %s", s->remote.host);
	r = status_ask(s->arena, &s->remote, &s->before, err);
	if (r == 0)
		r = switch_check_machine(s, err);
	if (r == 0)
		r = send_payload(s->arena, &s->remote, payload, &how, &s->sent, err);
	s->sent_ms = clock_ms();
	payload_close(payload);
	return r;
}

/* --- the verdict ------------------------------------------------------------------------------------------------- */

/* An image that runs already may still be on trial: its verdict is waited for, in this boot or another. */
static int switch_try(struct switching *s, struct err *err)
{
	const struct status_awaited awaited = {s->sent.same ? NULL : s->before.boot_id, s->generation->manifest->root_hash,
					       s->timeout_s};
	int r = 0;

	if (!s->sent.same) {
		deploy_note(s->generation, &s->remote, VERDICT_UNTRIED, NULL);
		if (s->options->no_reboot)
			return 0;
		log_step("restarting %s", s->remote.host);
		r = status_restart(s->arena, &s->remote, s->options->reboot, &s->restart, err);
		if (r == 0 && text_has_prefix(s->restart, RESTART_REBOOT " ") && !s->options->reboot)
			log_step("%s restarts as a whole: %s", s->remote.host, s->restart + strlen(RESTART_REBOOT " "));
	}
	if (r == 0)
		r = deploy_verdict(s->arena, &s->remote, &awaited, s->generation, &s->after, err);
	if (r == 0)
		s->verdict = "good";
	return r;
}

static void switch_report_json(const struct switching *s)
{
	_cleanup_jval_ struct jval *object = jval_new_object();
	const char slot[] = {s->sent.slot, 0};

	jval_set(object, "host", jval_text(s->remote.host));
	jval_set(object, "name", jval_text(s->generation->name));
	jval_set(object, "generation", jval_number(s->generation->number));
	jval_set(object, "root_hash", jval_text(s->generation->manifest->root_hash));
	jval_set(object, "slot", jval_text(slot));
	jval_set(object, "same", jval_bool(s->sent.same));
	jval_set(object, "dry_run", jval_bool(s->options->dry_run));
	jval_set(object, "sent", jval_number((int64_t)s->sent.received));
	jval_set(object, "copied", jval_number((int64_t)s->sent.copied));
	jval_set(object, "in_place", jval_number((int64_t)s->sent.in_place));
	jval_set(object, "send_ms", jval_number(s->sent_ms - s->began_ms));
	jval_set(object, "total_ms", jval_number(clock_ms() - s->began_ms));
	jval_set(object, "restart", jval_text(s->restart));
	jval_set(object, "verdict", jval_text(s->verdict));
	puts(jval_print(s->arena, object, true));
}

static void switch_report_plain(const struct switching *s)
{
	const struct generation *g = s->generation;
	const char *sent = size_format_human(s->arena, s->sent.received);
	const char *there = size_format_human(s->arena, s->sent.in_place + s->sent.copied);

	if (s->sent.same)
		printf("%s/%u already runs on %s, in slot %c%s\n", g->name, g->number, s->remote.host, s->sent.slot,
		       s->verdict ? ", and is good" : "");
	else if (s->options->dry_run)
		printf("%s/%u for slot %c of %s: %s would be sent, %s are already there\n", g->name, g->number,
		       s->sent.slot, s->remote.host, sent, there);
	else if (!s->verdict)
		printf("%s/%u is in slot %c of %s, on trial from the next boot on: %s sent, %s were there, %.1f s\n", g->name,
		       g->number, s->sent.slot, s->remote.host, sent, there, (double)(s->sent_ms - s->began_ms) / 1000);
	else
		printf("%s/%u is good on %s, in slot %c: %s sent, %s were there, %.1f s, verdict after %.1f s\n",
		       g->name, g->number,
		       s->remote.host, s->sent.slot, sent, there, (double)(s->sent_ms - s->began_ms) / 1000,
		       (double)(clock_ms() - s->began_ms) / 1000);
}

static int switch_run(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	const struct switch_options *options = data;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct switching s = {.arena = arena, .options = options};
	int r = host_read(arena, &options->host, &s.remote, err);

	(void)n_arguments;
	if (r == 0)
		r = host_timeout(options->timeout, &s.timeout_s, err);
	if (r == 0)
		r = switch_find_generation(&s, arguments[0], err);
	if (r == 0)
		r = switch_check_generation(&s, err);
	if (r == 0)
		r = switch_send(&s, err);
	if (r == 0 && !options->dry_run)
		r = switch_try(&s, err);
	if (r < 0)
		return r;
	log_step(NULL);
	if (options->common.json)
		switch_report_json(&s);
	else
		switch_report_plain(&s);
	return 0;
}

const struct verb verb_switch = {
	.name = "switch",
	.arguments = "RECIPE|GENERATION",
	.summary = "Sends a generation to a machine, and boots it on trial",
	.options = switch_option_groups,
	.options_size = sizeof(struct switch_options),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = switch_run,
};

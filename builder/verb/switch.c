/* aether-build switch RECIPE --host HOST: the next generation for a machine, on trial. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "build/pipeline.h"
#include "fleet/ssh/switching.h"
#include "verb/options/host.h"
#include "verb/options/identity.h"
#include "verb/options/recipe.h"
#include "verb/options/sending.h"
#include "verb/verb.h"

struct switch_options {
	struct common_options common;
	struct project_options recipe;
	struct identity_options identity;
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
							   {identity_options, offsetof(struct switch_options, identity)},
							   {host_options, offsetof(struct switch_options, host)},
							   {switch_own_options, 0},
							   {0}};

/* A running switch, and its result. */
struct switch_work {
	struct arena *arena;
	const struct switch_options *options;
	struct remote remote;
	struct generation *generation;
	struct switched done;
};

/* --- what is sent ---------------------------------------------------------------------------------------------------- */

/* Of several kinds of a recipe, the one that the machine is. */
static int switch_ask_kind(struct switch_work *s, unsigned *ret_kind, struct err *err)
{
	int r;

	log_step("connecting to %s", s->remote.host);
	r = status_ask(s->arena, &s->remote, &s->done.before, err);
	*ret_kind = r == 0 && strcmp(s->done.before.kind, "lxc") == 0 ? KIND_LXC : KIND_VM;
	return r;
}

/* A recipe is built, if need be; anything else names a generation that there is. */
static int switch_find_generation(struct switch_work *s, const char *argument, struct err *err)
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

static void switch_report_json(const struct switch_work *s)
{
	_cleanup_jval_ struct jval *object = jval_new_object();
	const char slot[] = {s->done.sent.slot, 0};

	jval_set(object, "host", jval_text(s->remote.host));
	jval_set(object, "name", jval_text(s->generation->name));
	jval_set(object, "generation", jval_number(s->generation->number));
	jval_set(object, "root_hash", jval_text(s->generation->manifest->root_hash));
	jval_set(object, "slot", jval_text(slot));
	jval_set(object, "same", jval_bool(s->done.sent.same));
	jval_set(object, "dry_run", jval_bool(s->options->dry_run));
	jval_set(object, "sent", jval_number((int64_t)s->done.sent.received));
	jval_set(object, "copied", jval_number((int64_t)s->done.sent.copied));
	jval_set(object, "in_place", jval_number((int64_t)s->done.sent.in_place));
	jval_set(object, "send_ms", jval_number(s->done.sent_ms - s->done.began_ms));
	jval_set(object, "total_ms", jval_number(clock_ms() - s->done.began_ms));
	jval_set(object, "restart", jval_text(s->done.restart));
	jval_set(object, "verdict", jval_text(s->done.verdict));
	puts(jval_print(s->arena, object, true));
}

static void switch_report_plain(const struct switch_work *s)
{
	const struct generation *g = s->generation;
	const char *sent = size_format_human(s->arena, s->done.sent.received);
	const char *there = size_format_human(s->arena, s->done.sent.in_place + s->done.sent.copied);

	if (s->done.sent.same)
		printf("%s/%u already runs on %s, in slot %c%s\n", g->name, g->number, s->remote.host, s->done.sent.slot,
		       s->done.verdict ? ", and is good" : "");
	else if (s->options->dry_run)
		printf("%s/%u for slot %c of %s: %s would be sent, %s are already there\n", g->name, g->number,
		       s->done.sent.slot, s->remote.host, sent, there);
	else if (!s->done.verdict)
		printf("%s/%u is in slot %c of %s, on trial from the next boot on: %s sent, %s were there, %.1f s\n", g->name,
		       g->number, s->done.sent.slot, s->remote.host, sent, there,
		       (double)(s->done.sent_ms - s->done.began_ms) / 1000);
	else
		printf("%s/%u is good on %s, in slot %c: %s sent, %s were there, %.1f s, verdict after %.1f s\n",
		       g->name, g->number,
		       s->remote.host, s->done.sent.slot, sent, there, (double)(s->done.sent_ms - s->done.began_ms) / 1000,
		       (double)(clock_ms() - s->done.began_ms) / 1000);
}

static int switch_run(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	const struct switch_options *options = data;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct switch_work s = {.arena = arena, .options = options};
	const struct sending_how what = {&options->recipe, &options->identity, arguments[0], options->dry_run, options->force};
	_cleanup_sending_ struct sending sending = {0};
	struct switching_how how = {.dry_run = options->dry_run, .force = options->force, .reboot = options->reboot,
				    .no_reboot = options->no_reboot, .before = sending_run, .before_data = &sending};
	int r = host_read(arena, &options->host, &s.remote, err);

	(void)n_arguments;
	if (r == 0)
		r = host_timeout(options->timeout, &how.timeout_s, err);
	if (r == 0)
		r = switch_find_generation(&s, arguments[0], err);
	if (r == 0)
		r = sending_prepare(arena, &what, s.generation, &s.remote, &sending, err);
	if (r == 0)
		r = switching_run(arena, &s.remote, s.generation, &how, &s.done, err);
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

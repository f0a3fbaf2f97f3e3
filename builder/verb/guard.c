/* aether-build guard NAME…: looks at machines on Proxmox, and does something when one stays bad. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "fleet/guard/guard.h"
#include "verb/options/host.h"
#include "verb/options/proxmox.h"
#include "verb/verb.h"

struct guard_options {
	struct common_options common;
	struct access_options access;
	const char *out, *timeout, *every, *ssh_config;
	struct option_list ssh_options;
	bool watch, only_look;
};

static const struct option guard_own_options[] = {
	OPTION_OUT(guard_options),
	{"watch", NULL, "go on looking, until it is stopped", OPTION_FLAG, offsetof(struct guard_options, watch), NULL},
	{"every", "TIME", "with --watch: between two looks (30s)", OPTION_TEXT, offsetof(struct guard_options, every), "30s"},
	{"dry-run", NULL, "only look, and say what would be done", OPTION_FLAG, offsetof(struct guard_options, only_look),
	 NULL},
	{"ssh-config", "FILE", "configuration file for ssh, instead of your own", OPTION_TEXT,
	 offsetof(struct guard_options, ssh_config), NULL},
	{"ssh-option", "OPTION", "option for ssh's -o; may be repeated", OPTION_LIST,
	 offsetof(struct guard_options, ssh_options), NULL},
	OPTION_TIMEOUT(guard_options),
	{0},
};
static const struct option_group guard_option_groups[] = {
	{proxmox_options, offsetof(struct guard_options, access)}, {guard_own_options, 0}, {0}};

enum { GUARD_EVERY_MIN_MS = 1000, GUARD_EVERY_MAX_MS = 24 * 60 * 60 * 1000 };

struct guarding {
	const struct guard_options *options;
	unsigned timeout_s;
	uint64_t every_ms;
	char *const *names;
	size_t n_names;
	size_t n_bad; /* of the last round */
};

static int verb_guard_read_options(struct guarding *g, struct err *err)
{
	if (duration_parse(g->options->every, &g->every_ms) < 0 || g->every_ms < GUARD_EVERY_MIN_MS ||
	    g->every_ms > GUARD_EVERY_MAX_MS)
		return err_set(err, -EINVAL, "'--every %s': expected a time from one second to one day", g->options->every);
	return host_timeout(g->options->timeout, &g->timeout_s, err);
}

/* --- what is said -------------------------------------------------------------------------------------------------------- */

static void verb_guard_report_json(struct arena *arena, const struct site *site, const struct guard_report *report)
{
	static const char *const acts[] = {
		[RULE_NOTHING] = "nothing", [RULE_WAIT] = "wait", [RULE_TRY] = "try", [RULE_GIVE_UP] = "give-up"};
	_cleanup_jval_ struct jval *top = jval_new_object();

	jval_set(top, "name", jval_text(site->name));
	jval_set(top, "vmid", jval_number(site->vmid));
	jval_set(top, "generation", report->generation ? jval_number(report->generation) : jval_text(NULL));
	jval_set(top, "look", jval_text(guard_look_name(report->look)));
	jval_set(top, "reason", jval_text(report->reason));
	jval_set(top, "bad_since", report->bad_since ? jval_number(report->bad_since) : jval_text(NULL));
	jval_set(top, "act", jval_text(acts[report->act]));
	jval_set(top, "tried", jval_text(report->act == RULE_TRY ? rule_name(report->rung) : NULL));
	jval_set(top, "mended", jval_bool(report->mended));
	puts(jval_print(arena, top, false));
	fflush(stdout);
}

static void verb_guard_report_plain(struct arena *arena, const struct site *site, const struct guard_report *report)
{
	_cleanup_buf_ struct buf line = {0};

	buf_printf(&line, "%s (%" PRId64 "): %s", site->name, site->vmid, guard_look_name(report->look));
	if (report->reason)
		buf_printf(&line, ": %s", report->reason);
	if (report->act == RULE_WAIT)
		buf_printf(&line, " (since %s)", time_format(arena, report->bad_since));
	if (report->act == RULE_TRY)
		buf_printf(&line, "; %s: %s", rule_name(report->rung), report->mended ? "good again" : "not mended");
	if (report->act == RULE_GIVE_UP)
		buf_puts(&line, "; everything was tried");
	puts(line.data);
	fflush(stdout);
}

/* --- looking ------------------------------------------------------------------------------------------------------------- */

static int verb_guard_read_site(struct arena *arena, const struct guard_options *options, const char *name,
				struct site *ret_site, struct remote *ret_remote, struct err *err)
{
	const struct proxmox_finding finding = {.out = options->out, .cache = options->common.cache};
	struct host_options host = {.ssh_config = options->ssh_config, .ssh_options = options->ssh_options};
	int r = proxmox_find_site(arena, &finding, name, ret_site, err);

	if (r == 0 && !ret_site->guard.said) {
		err_set(err, -EINVAL, "the recipe of '%s' does not say when it is to be guarded", name);
		return err_hint(err, "add 'guard: { after: 5m, tries: 2 }' to it, and deploy it");
	}
	host.host = r == 0 ? ret_site->ssh : NULL;
	return r == 0 ? host_read(arena, &host, ret_remote, err) : r;
}

static int verb_guard_one(struct guarding *g, const char *name, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct guard_report report = {0};
	struct remote remote;
	struct access access;
	struct site site;
	int r = access_read(arena, &g->options->access, &access, err);

	if (r == 0)
		r = verb_guard_read_site(arena, g->options, name, &site, &remote, err);
	if (r == 0)
		r = guard_look(arena, &access, &site, &remote, g->timeout_s, g->options->only_look, &report, err);
	if (r < 0)
		return err_wrap(err, "while guarding '%s'", name);
	log_step(NULL);
	if (g->options->common.json)
		verb_guard_report_json(arena, &site, &report);
	else
		verb_guard_report_plain(arena, &site, &report);
	g->n_bad += (report.look == RULE_BAD && !report.mended) || report.look == RULE_UNKNOWN;
	return 0;
}

/* All of them, whatever happens to one. */
static int verb_guard_round(struct guarding *g, struct err *err)
{
	g->n_bad = 0;
	for (size_t i = 0; i < g->n_names; i++) {
		struct err problem = {0};

		if (verb_guard_one(g, g->names[i], &problem) < 0 && g->options->watch) {
			err_print(&problem, stderr);
			err_free(&problem);
		}
		err_take(err, &problem);
	}
	return err_result(err);
}

static int verb_guard_run(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	struct guarding g = {.options = data, .names = arguments, .n_names = n_arguments};
	int r = verb_guard_read_options(&g, err);

	while (r == 0) {
		r = verb_guard_round(&g, err);
		if (!g.options->watch)
			break;
		usleep((useconds_t)(g.every_ms % 1000) * 1000);
		sleep((unsigned)(g.every_ms / 1000));
	}
	if (r == 0 && g.n_bad)
		return err_set(err, -EIO, "%zu of %zu machine%s not good", g.n_bad, n_arguments,
			       n_arguments == 1 ? " is" : "s are");
	return r;
}

const struct verb verb_guard = {
	.name = "guard",
	.arguments = "NAME…",
	.summary = "Looks at machines on Proxmox, and mends those that stay bad",
	.options = guard_option_groups,
	.options_size = sizeof(struct guard_options),
	.min_arguments = 1,
	.max_arguments = ANY_NUMBER,
	.run = verb_guard_run,
};

#include "fleet/guard/guard.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "contract/agent.h"
#include "fleet/guard/rungs.h"
#include "fleet/proxmox/deploy.h"
#include "fleet/proxmox/reach.h"

const char *guard_look_name(enum rule_look look)
{
	static const char *const names[] = {
		[RULE_GOOD] = "good",
		[RULE_BAD] = "bad",
		[RULE_BUSY] = "busy",
		[RULE_UNKNOWN] = "unknown",
	};

	return names[look];
}

/* --- looking ------------------------------------------------------------------------------------------------------------ */

/* What the API says of the machine, before anybody in it is asked. 1: that decides. */
static int guard_look_outside(struct work *work, struct guard_report *report, struct err *err)
{
	struct err reason = {0};
	struct instance_now now;
	int r = work_find(work, err);

	if (r < 0)
		return r;
	if (!work->machine.there) {
		report->look = RULE_BUSY;
		report->reason = "there is no such machine: 'deploy' makes it";
		return 1;
	}
	if (work_has_tag(work, GUARD_TAG_PAUSED)) {
		report->look = RULE_BUSY;
		report->reason = "it has the tag " GUARD_TAG_PAUSED;
		return 1;
	}
	r = work_check_alone(work, &reason);
	if (r == -EBUSY) {
		report->look = RULE_BUSY;
		report->reason = text_plain(work->arena, reason.last->text);
		err_free(&reason);
		return 1;
	}
	err_take(err, &reason);
	if (r == 0)
		r = instance_now(work->client, &work->machine, &now, err);
	if (r < 0 || now.running)
		return r;
	report->look = RULE_BAD;
	report->reason = "it is off";
	return 1;
}

static int guard_look_at(struct work *work, struct guard_report *report, struct err *err)
{
	struct err reason = {0};
	int r = guard_look_outside(work, report, &reason);

	report->generation = work->mark.now.number;
	if (r == 0)
		r = reach_health(work, &work->machine, &report->reason, &reason);
	else if (r == 1) {
		err_free(&reason);
		return 0;
	}
	if (r == -ENOTCONN || (client_passes(r) && r != -EAGAIN)) {
		report->look = RULE_UNKNOWN;
		report->reason = text_plain(work->arena, reason.last->text);
		err_free(&reason);
		return 0;
	}
	err_take(err, &reason);
	if (r >= 0)
		report->look = r == 0 ? RULE_GOOD : RULE_BAD;
	return r < 0 ? r : 0;
}

/* --- acting ------------------------------------------------------------------------------------------------------------- */

static int guard_try(struct work *work, struct rule_state *state, struct guard_report *report, struct err *err)
{
	enum rule_rung rung = (enum rule_rung)state->rung;
	struct err reason = {0};
	int r;

	log_warn("'%s' (machine %" PRId64 ") has been bad since %s: %s; trying: %s", work->site->name, work->machine.vmid,
		 time_format(work->arena, state->bad_since_ms / 1000), report->reason, rule_name(rung));
	/* Noted before: a guard that is killed at it does not try for ever. */
	rule_tried(work->arena, state, rung, false, clock_date_ms());
	r = rule_write(work->arena, work->site->folder, state, err);
	if (r < 0)
		return r;
	r = rungs_try(work, rung, &reason);
	report->rung = rung;
	report->mended = r == 0;
	if (r == 0) {
		state->n_events--;
		rule_tried(work->arena, state, rung, true, clock_date_ms());
		log_warn("'%s' (machine %" PRId64 ") is good again, by: %s", work->site->name, work->machine.vmid,
			 rule_name(rung));
	} else {
		log_warn("'%s' (machine %" PRId64 ") is still not good after: %s: %s", work->site->name, work->machine.vmid,
			 rule_name(rung), reason.last ? reason.last->text : "?");
	}
	err_free(&reason);
	return rule_write(work->arena, work->site->folder, state, err);
}

static int guard_decide(struct work *work, bool only_look, struct guard_report *report, struct err *err)
{
	const struct site *site = work->site;
	struct rule_state state;
	int r = rule_read(work->arena, site->folder, &state, err);

	if (r < 0)
		return r;
	if (work->machine.there && strcmp(state.root_hash, work->mark.now.root_hash) != 0)
		state = (struct rule_state){
			.root_hash = work->mark.now.root_hash, .events = state.events, .n_events = state.n_events};
	report->act = rule_decide(&site->guard, &state, report->look, report->look == RULE_BAD ? rungs_possible(work) : 0,
				  clock_date_ms());
	report->bad_since = state.bad_since_ms / 1000;
	if (only_look)
		return 0;
	if (report->act == RULE_TRY)
		return guard_try(work, &state, report, err);
	if (report->act == RULE_GIVE_UP)
		log_warn("'%s' (machine %" PRId64 ") is bad, and everything was tried: %s", site->name, work->machine.vmid,
			 report->reason);
	return rule_write(work->arena, site->folder, &state, err);
}

static int guard_open(struct work *work, const struct access *access, const struct site *site, const struct remote *remote,
		      struct client *client, struct guard_report *report, struct err *err)
{
	struct err reason = {0};
	int r = deploy_open(work->arena, access, site, remote, client, work, &reason);

	if (r == -EBUSY || client_passes(r)) {
		report->look = r == -EBUSY ? RULE_BUSY : RULE_UNKNOWN;
		report->reason = text_plain(work->arena, reason.last->text);
		err_free(&reason);
		return 1;
	}
	err_take(err, &reason);
	return r;
}

int guard_look(struct arena *arena, const struct access *access, const struct site *site, const struct remote *remote,
	       unsigned timeout_s, bool only_look, struct guard_report *ret_report, struct err *err)
{
	struct work work = {.arena = arena, .journal.lock = -1};
	struct guard_report report = {0};
	struct client client;
	int r = guard_open(&work, access, site, remote, &client, &report, err);

	if (r == 1) {
		*ret_report = report;
		journal_close(&work.journal);
		return 0;
	}
	work.timeout_s = timeout_s;
	if (r == 0 && !only_look)
		r = work_recover(&work, err);
	if (r == 0)
		r = guard_look_at(&work, &report, err);
	if (r == 0)
		r = guard_decide(&work, only_look, &report, err);
	*ret_report = report;
	journal_close(&work.journal);
	return r;
}

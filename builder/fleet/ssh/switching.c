#include "fleet/ssh/switching.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "contract/agent.h"
#include "fleet/verdict.h"

struct switching {
	struct arena *arena;
	const struct remote *remote;
	const struct generation *generation;
	const struct switching_how *how;
	struct switched *done;
};

/* Whether it should go to that machine at all, as far as that is known here. */
static int switching_check_generation(const struct switching *s, struct err *err)
{
	const struct generation *g = s->generation;

	if (s->how->force)
		return 0;
	if (g->manifest->n_fakes) {
		err_set(err, -EPERM, "%s/%u was made with fakes, such as '%s': it is not releasable", g->name, g->number,
			g->manifest->fakes[0].name);
		return err_hint(err, "build it without --with-fakes; on a test machine use --force");
	}
	for (size_t i = 0; i < g->record.n_deployments; i++) {
		const struct deployment *d = &g->record.deployments[i];

		if (strcmp(d->host, s->remote->host) != 0 || d->verdict != VERDICT_BAD)
			continue;
		err_set(err, -EPERM, "%s/%u was bad on %s: %s", g->name, g->number, d->host,
			d->reason ? d->reason : "no reason was recorded");
		return err_hint(err, "fix the recipe and build again; to try the same once more use --force");
	}
	return 0;
}

/* A container whose template is older than ways to take another one says that it has no slots. */
static int switching_check_machine(const struct switching *s, struct err *err)
{
	if (strcmp(s->done->before.kind, "lxc") != 0 || s->done->before.n_slots)
		return 0;
	err_set(err, -ENOTSUP, "%s was made of a template that cannot take another one", s->remote->host);
	return err_hint(err, "make the container anew once, of %s; from then on it takes generations", s->generation->image);
}

static int switching_send(struct switching *s, struct err *err)
{
	const struct send_how how = {s->how->dry_run, s->how->force};
	struct payload *payload;
	int r;

	log_step("reading %s/%u", s->generation->name, s->generation->number);
	r = payload_open(s->generation, &payload, err);
	if (r < 0)
		return r;
	s->done->began_ms = clock_ms();
	log_step("connecting to %s", s->remote->host);
	r = status_ask(s->arena, s->remote, &s->done->before, err);
	if (r == 0)
		r = switching_check_machine(s, err);
	if (r == 0 && s->how->before)
		r = s->how->before(s->how->before_data, err);
	if (r == 0)
		r = send_payload(s->arena, s->remote, payload, &how, &s->done->sent, err);
	s->done->sent_ms = clock_ms();
	payload_close(payload);
	return r;
}

/* An image that runs already may still be on trial: its verdict is waited for, in this boot or another. */
static int switching_try(struct switching *s, struct err *err)
{
	const struct status_awaited awaited = {s->done->sent.same ? NULL : s->done->before.boot_id,
					       s->generation->manifest->root_hash, s->how->timeout_s};
	int r = 0;

	if (!s->done->sent.same) {
		deploy_note(s->generation, s->remote, VERDICT_UNTRIED, NULL);
		if (s->how->no_reboot)
			return 0;
		log_step("restarting %s", s->remote->host);
		r = status_restart(s->arena, s->remote, s->how->reboot, &s->done->restart, err);
		if (r == 0 && text_has_prefix(s->done->restart, RESTART_REBOOT " ") && !s->how->reboot)
			log_step("%s restarts as a whole: %s", s->remote->host, s->done->restart + strlen(RESTART_REBOOT " "));
	}
	if (r == 0)
		r = deploy_verdict(s->arena, s->remote, &awaited, s->generation, &s->done->after, err);
	if (r == 0)
		s->done->verdict = "good";
	return r;
}

int switching_run(struct arena *arena, const struct remote *remote, const struct generation *generation,
		  const struct switching_how *how, struct switched *ret_switched, struct err *err)
{
	struct switched done = {0};
	struct switching s = {arena, remote, generation, how, &done};
	int r = switching_check_generation(&s, err);

	if (r == 0)
		r = switching_send(&s, err);
	if (r == 0 && !how->dry_run)
		r = switching_try(&s, err);
	*ret_switched = done;
	return r;
}

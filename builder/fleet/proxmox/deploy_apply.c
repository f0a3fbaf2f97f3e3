#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "fleet/proxmox/deploy.h"
#include "fleet/proxmox/keydisc.h"
#include "fleet/proxmox/storage.h"
#include "fleet/proxmox/task.h"
#include "fleet/proxmox/upload.h"
#include "fleet/ssh/switching.h"
#include "fleet/verdict.h"

enum { DEPLOY_ALLOCATE_S = 600 };

/* --- uploads ------------------------------------------------------------------------------------------------------------- */

int deploy_upload(struct work *work, struct err *err)
{
	const char *node = work->machine.there ? work->machine.node : work->site->node;
	const struct upload_how how = {.node = node, .storage = work->site->images};
	struct upload upload;
	bool skipped;
	int r = upload_generation(work->client, work->generation, &how, &upload, &skipped, err);

	if (r < 0)
		return r;
	if (skipped)
		log_step("%s is there already", upload.volid);
	work->image = upload.volid;
	return 0;
}

void deploy_prune(struct work *work, unsigned keep)
{
	const struct upload_how how = {.node = work->machine.node, .storage = work->site->images, .shelf = work->site->folder};
	struct strv needed = upload_needed(work->arena, work->site->folder);
	struct err err = {0};
	unsigned n = 0;

	if (upload_prune(work->client, &how, upload_content(work->generation, false), work->site->name, keep, &needed, &n,
			 &err) < 0)
		log_note("old images stay on '%s': %s", how.storage, err.last->text);
	if (n)
		log_note("%u old image%s removed from '%s'", n, n == 1 ? " was" : "s were", how.storage);
	err_free(&err);
}

/* --- settings ------------------------------------------------------------------------------------------------------------ */

static int deploy_add(struct work *work, const struct settings_change *change, struct err *err)
{
	struct form form = {0};

	form_add(work->arena, &form, change->key, "%s", change->value);
	if (work->machine.container)
		return instance_set(work->client, &work->machine, &form, NULL, err);
	return task_run(work->client, arena_printf(work->arena, "%s/config", work->machine.path), &form, DEPLOY_ALLOCATE_S,
			err);
}

static int deploy_set(struct work *work, const struct deploy_plan *plan, struct err *err)
{
	struct form form = {0};

	for (size_t i = 0; i < plan->n_changes; i++)
		if (plan->changes[i].kind == SETTINGS_SET)
			form_add(work->arena, &form, plan->changes[i].key, "%s", plan->changes[i].value);
	return form.n_fields ? work_set(work, &form, err) : 0;
}

/* What a running machine could not take over is told: a restart by the machine itself is not enough for that. */
static int deploy_tell_waiting(struct work *work, const struct deploy_plan *plan, struct err *err)
{
	_cleanup_buf_ struct buf keys = {0};
	struct config pending = {0};
	int r = 0;

	if (plan->way == DEPLOY_NOTHING || plan->way == DEPLOY_SWITCH)
		r = instance_pending(work->client, &work->machine, &pending, err);
	for (size_t i = 0; i < pending.n_entries; i++)
		buf_printf(&keys, "%s%s", i ? ", " : "", text_plain(work->arena, pending.entries[i].key));
	if (keys.size)
		log_note("%s: to take effect, machine %" PRId64 " has to be stopped and started in Proxmox", keys.data,
			 work->machine.vmid);
	return r;
}

static int deploy_settings(struct work *work, const struct deploy_plan *plan, struct err *err)
{
	int r = deploy_set(work, plan, err);

	for (size_t i = 0; r == 0 && i < plan->n_changes; i++) {
		const struct settings_change *change = &plan->changes[i];

		if (change->kind == SETTINGS_ADD)
			r = deploy_add(work, change, err);
		else if (change->kind == SETTINGS_GROW)
			r = instance_grow(work->client, &work->machine, change->key, change->gib, err);
	}
	if (r == 0)
		r = deploy_tell_waiting(work, plan, err);
	if (r < 0)
		return err_wrap(err, "while the settings of the machine were brought in line with the recipe");
	return work_look(work, work->machine.vmid, err);
}

/* --- in place ------------------------------------------------------------------------------------------------------------ */

static int deploy_switch(struct work *work, struct err *err)
{
	const struct switching_how how = {.force = work->force, .timeout_s = work->timeout_s, .before = work->before,
					  .before_data = work->before_data};
	struct switched switched;
	struct mark mark = work->mark;
	struct err reason = {0};
	int r, cleared;

	work_begin(work, "switch");
	r = journal_step(work->arena, &work->journal, "switch", err);
	if (r == 0)
		r = switching_run(work->arena, &work->remote, work->generation, &how, &switched, err);
	if (r == 0) {
		mark.name = work->site->name;
		mark.now.number = work->generation->number;
		mark.now.root_hash = work->generation->manifest->root_hash;
		r = work_write_mark(work, &work->machine, &mark, err);
	}
	cleared = journal_clear(&work->journal, &reason); /* however it ended: the machine looks after itself */
	if (r == 0 && cleared < 0)
		r = err_set(err, cleared, "%s", reason.last->text);
	err_free(&reason);
	return r;
}

static int deploy_apply_start(struct work *work, struct err *err)
{
	const char *reason = NULL;
	int r = instance_start(work->client, &work->machine, err);

	if (r == 0)
		r = work_judge(work, &work->machine, work->generation->manifest->root_hash, &reason, err);
	return r > 0 ? err_set(err, -EIO, "machine %" PRId64 " was started, and is bad: %s", work->machine.vmid, reason) : r;
}

/* Of a deploy from another place that has not ended, and was taken over. */
static int deploy_take_disc(struct work *work, struct err *err)
{
	struct mark mark = work->mark;
	int r = keydisc_take(work, mark.disc, err);

	mark.disc = "";
	if (r == 0)
		r = work_write_mark(work, &work->machine, &mark, err);
	return r == 0 ? work_look(work, work->machine.vmid, err) : r;
}

int deploy_apply(struct work *work, const struct deploy_plan *plan, struct err *err)
{
	int r = site_write(work->arena, work->site, err);

	if (r == 0 && work->machine.there && *work->mark.disc)
		r = deploy_take_disc(work, err);
	if (r == 0 && plan->way == DEPLOY_REIMAGE && work->before) /* what runs keeps what it is sent for what comes */
		r = work->before(work->before_data, err);
	if (r == 0 && (plan->way == DEPLOY_CREATE || plan->way == DEPLOY_REIMAGE))
		r = deploy_upload(work, err);
	if (r == 0 && plan->n_changes)
		r = deploy_settings(work, plan, err);
	if (r < 0)
		return r;
	switch (plan->way) {
	case DEPLOY_CREATE:
		return work_create(work, err);
	case DEPLOY_START:
		return deploy_apply_start(work, err);
	case DEPLOY_SWITCH:
		return deploy_switch(work, err);
	case DEPLOY_REIMAGE:
		return work->machine.container ? work_replace(work, err) : work_reimage(work, err);
	default:
		return 0;
	}
}

/* A generation of the site's shelf; NULL when it is not there any more. */
static struct generation *deploy_apply_load(struct work *work, unsigned number)
{
	struct generation *generation = NULL;
	struct err ignored = {0};
	int r = number ? generation_load(work->arena, work->site->folder, number, &generation, &ignored) : -ENOENT;

	err_free(&ignored);
	return r == 0 ? generation : NULL;
}

int deploy_return(struct work *work, int64_t *ret_number, struct err *err)
{
	const struct generation *given_up;
	int r = work_find(work, err);

	if (r == 0 && !work->machine.there)
		r = err_set(err, -ENOENT, "there is no machine %" PRId64, work->site->vmid);
	if (r == 0)
		r = work_check_alone(work, err);
	if (r < 0)
		return r;
	*ret_number = work->mark.previous.number;
	given_up = deploy_apply_load(work, work->mark.now.number);
	work->generation = deploy_apply_load(work, work->mark.previous.number);
	r = work->machine.container ? work_replace_return(work, err) : work_reimage_return(work, err);
	if (r == 0)
		deploy_note(given_up, &work->remote, VERDICT_BAD, "rolled back by hand");
	return r;
}

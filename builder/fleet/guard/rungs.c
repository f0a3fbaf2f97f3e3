#include "fleet/guard/rungs.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "contract/agent.h"
#include "fleet/proxmox/deploy.h"
#include "fleet/proxmox/reach.h"
#include "fleet/verdict.h"

enum { RUNGS_COMMAND_S = 120 };

/* --- which ------------------------------------------------------------------------------------------------------------- */

static bool rungs_has_slot(const struct machine_status *status)
{
	for (size_t i = 0; i < status->n_slots; i++)
		if (strcmp(status->slots[i].slot, status->slot) != 0 && strcmp(status->slots[i].state, STATE_GOOD) == 0)
			return true;
	return false;
}

/* The generation that the machine runs, by its mark; NULL when it is not on the shelf any more. */
static const struct generation *rungs_same(struct work *work)
{
	struct generation *generation = NULL;
	struct err ignored = {0};
	int r = work->mark.now.number
			? generation_load(work->arena, work->site->folder, work->mark.now.number, &generation, &ignored)
			: -ENOENT;

	err_free(&ignored);
	return r == 0 ? generation : NULL;
}

static bool rungs_was_good(const struct work *work, const struct generation *generation)
{
	for (size_t i = 0; i < generation->record.n_deployments; i++) {
		const struct deployment *d = &generation->record.deployments[i];

		if (strcmp(d->host, work->remote.host) == 0)
			return d->verdict == VERDICT_GOOD;
	}
	return false;
}

/* The newest one, but the one that runs, that was good on this machine. */
static const struct generation *rungs_last_good(struct work *work)
{
	struct generation *generations = NULL;
	struct err ignored = {0};
	size_t n = 0;

	if (generation_list(work->arena, path_folder(work->arena, work->site->folder), path_last(work->site->folder),
			    &generations, &n, &ignored) < 0)
		n = 0;
	err_free(&ignored);
	for (size_t i = n; i-- > 0;)
		if (generations[i].number != work->mark.now.number && rungs_was_good(work, &generations[i]))
			return &generations[i];
	return NULL;
}

static bool rungs_can_reimage(struct work *work, const struct generation *generation)
{
	const struct generation *asked = work->generation;
	struct err ignored = {0};
	bool can;

	if (!generation || (work->machine.container && !work->site->spare))
		return false;
	work->generation = generation;
	can = deploy_keeps_state(work, NULL, &ignored) == 0;
	work->generation = asked;
	err_free(&ignored);
	return can;
}

unsigned rungs_possible(struct work *work)
{
	struct machine_status status;
	struct err ignored = {0};
	unsigned possible = 1U << RULE_REBOOT;

	if (reach_status(work, &work->machine, &status, &ignored) == 0 && rungs_has_slot(&status))
		possible |= 1U << RULE_ROLLBACK;
	err_free(&ignored);
	if (rungs_can_reimage(work, rungs_same(work)))
		possible |= 1U << RULE_REIMAGE;
	if (rungs_can_reimage(work, rungs_last_good(work)))
		possible |= 1U << RULE_LAST_GOOD;
	return possible;
}

/* --- deeds --------------------------------------------------------------------------------------------------------------- */

static int rungs_judge(struct work *work, const char *root_hash, struct err *err)
{
	const char *reason = NULL;
	int r = work_judge(work, &work->machine, root_hash, &reason, err);

	return r > 0 ? err_set(err, -EIO, "%s", reason) : r;
}

/* The other slot, by the machine's own agent. */
static int rungs_roll_back(struct work *work, struct err *err)
{
	static const char *const argv[] = {AGENT_PATH, AGENT_ROLLBACK};
	const struct strv words = {(const char **)argv, 2};
	const struct generation *back;
	const char *output;
	struct machine_status status;
	struct mark mark;
	int exited, r = reach_run(work, &work->machine, &words, RUNGS_COMMAND_S, &exited, &output, err);

	if (r == 0 && exited != 0)
		r = err_set(err, -EIO, "the machine's agent does not go back: %s", text_plain(work->arena, output));
	if (r == 0)
		r = instance_shutdown(work->client, &work->machine, err);
	if (r == 0)
		r = instance_start(work->client, &work->machine, err);
	if (r == 0)
		r = rungs_judge(work, NULL, err);
	if (r == 0)
		r = reach_status(work, &work->machine, &status, err);
	if (r < 0)
		return r;
	deploy_note(rungs_same(work), &work->remote, VERDICT_BAD, "guard rolled it back");
	r = work_look(work, work->machine.vmid, err);
	mark = work->mark;
	back = deploy_find(work->arena, path_folder(work->arena, work->site->folder), work->site->name, status.root_hash);
	mark.now.root_hash = status.root_hash;
	mark.now.number = back ? back->number : 0;
	return r == 0 ? work_write_mark(work, &work->machine, &mark, err) : r;
}

static int rungs_reboot(struct work *work, struct err *err)
{
	int r = instance_shutdown(work->client, &work->machine, err);

	if (r == 0)
		r = instance_start(work->client, &work->machine, err);
	return r == 0 ? rungs_judge(work, work->mark.now.root_hash, err) : r;
}

static int rungs_reimage(struct work *work, const struct generation *generation, struct err *err)
{
	int r;

	if (!generation)
		return err_set(err, -ENOENT, "the generation is not on the shelf any more");
	work->generation = generation;
	r = deploy_upload(work, err);
	if (r < 0)
		return r;
	return work->machine.container ? work_replace(work, err) : work_reimage(work, err);
}

static int rungs_reimage_same(struct work *work, struct err *err)
{
	return rungs_reimage(work, rungs_same(work), err);
}

static int rungs_reimage_last_good(struct work *work, struct err *err)
{
	const struct generation *given_up = rungs_same(work);
	int r = rungs_reimage(work, rungs_last_good(work), err);

	if (r == 0)
		deploy_note(given_up, &work->remote, VERDICT_BAD, "guard gave it up for an earlier one");
	return r;
}

/* What restarts a machine is claimed as a deploy is: nobody else begins one meanwhile, and one that is killed is known. */
static int rungs_claimed(struct work *work, int (*deed)(struct work *work, struct err *err), struct err *err)
{
	struct err reason = {0};
	int r, done;

	work_begin(work, "restart");
	r = journal_step(work->arena, &work->journal, "restart", err);
	if (r == 0)
		r = work_claim(work, err);
	if (r == 0)
		r = deed(work, err);
	done = work_disclaim(work, &work->machine, &reason);
	if (done == 0)
		done = journal_clear(&work->journal, &reason);
	if (done < 0)
		log_warn("%s", reason.last->text);
	err_free(&reason);
	return r;
}

int rungs_try(struct work *work, enum rule_rung rung, struct err *err)
{
	static const struct {
		int (*deed)(struct work *work, struct err *err);
		bool claimed;
	} rungs[] = {
		[RULE_ROLLBACK] = {rungs_roll_back, true},
		[RULE_REBOOT] = {rungs_reboot, true},
		[RULE_REIMAGE] = {rungs_reimage_same, false},
		[RULE_LAST_GOOD] = {rungs_reimage_last_good, false},
	};

	return rungs[rung].claimed ? rungs_claimed(work, rungs[rung].deed, err) : rungs[rung].deed(work, err);
}

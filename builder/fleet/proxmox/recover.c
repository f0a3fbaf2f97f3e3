#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "fleet/proxmox/work.h"

static const struct {
	const char *work;
	bool container;
	int (*go_on)(struct work *work, struct err *err);
} recover_works[] = {
	{"create", false, work_create},	 {"create", true, work_create},	  {"reimage", false, work_reimage},
	{"return", false, work_reimage}, {"replace", true, work_replace}, {"return", true, work_replace},
};

/* The generation that was being deployed, if it is still on the shelf: for its record. */
static void recover_generation(struct work *work)
{
	struct generation *generation = NULL;
	struct err ignored = {0};

	if (work->journal.generation > 0 &&
	    generation_load(work->arena, work->journal.folder, (unsigned)work->journal.generation, &generation, &ignored) == 0)
		work->generation = generation;
	err_free(&ignored);
}

static int recover_look(struct work *work, struct err *err)
{
	int r = work_look(work, work->journal.vmid, err);

	if (r == 0 && !work->machine.there)
		r = err_set(err, -ENOENT, "machine %" PRId64 ", which an earlier deploy was at work on, is gone",
			    work->journal.vmid);
	if (r == -ENOENT || r == -EPERM)
		return err_hint(err, "when that is meant, remove deploy.json from %s", work->journal.folder);
	return r;
}

/* Whether the machine is still this deploy's: it has its claim; or had, and was given what runs now. Else somebody has taken it
 * over since, and what was begun is none of this deploy's business any more. */
static bool recover_is_ours(const struct work *work)
{
	const struct journal *j = &work->journal;
	const char *settled = work->machine.container ? j->old_root_hash : j->root_hash;

	if (*work->mark.deploy || strcmp(j->step, "settle") != 0)
		return strcmp(work->mark.deploy, j->id) == 0;
	return strcmp(work->mark.now.root_hash, settled ? settled : "") == 0;
}

static int recover_leave(struct work *work, struct err *err)
{
	log_note("nothing of it is at work on machine %" PRId64 " any more: what is there stays", work->journal.vmid);
	return journal_clear(&work->journal, err);
}

/* A machine that somebody was about to restart must not stay off. */
static int recover_restart(struct work *work, struct err *err)
{
	int r = work_await_tasks(work, &work->machine, err);

	if (r == 0)
		r = instance_start(work->client, &work->machine, err);
	return r == 0 ? work_give_up(work, err) : r;
}

static int recover_go_on(struct work *work, struct err *err)
{
	if (strcmp(work->journal.work, "restart") == 0)
		return recover_restart(work, err);
	for (size_t i = 0; i < sizeof recover_works / sizeof *recover_works; i++)
		if (strcmp(recover_works[i].work, work->journal.work) == 0 &&
		    recover_works[i].container == work->site->container)
			return recover_works[i].go_on(work, err);
	return err_set(err, -EBADMSG, "%s/deploy.json tells of '%s', which is not known here", work->journal.folder,
		       work->journal.work);
}

int work_recover(struct work *work, struct err *err)
{
	const struct generation *asked = work->generation;
	int r = 0;

	if (!work->journal.id)
		return 0;
	log_note("an earlier %s of machine %" PRId64 " was cut off at '%s': that is brought to an end first",
		 work->journal.work, work->journal.vmid, work->journal.step);
	if (strcmp(work->journal.work, "switch") == 0)
		return journal_clear(&work->journal, err);
	if (strcmp(work->journal.work, "create") != 0) {
		r = recover_look(work, err);
		if (r == 0 && !recover_is_ours(work))
			return recover_leave(work, err);
	}
	recover_generation(work);
	if (r == 0)
		r = recover_go_on(work, err);
	work->generation = asked;
	return r;
}

/* Another system disk for a virtual machine. The state's disk is not in any request here.
 *
 * Where a kill leaves it, and what the next deploy makes of that:
 *
 *   claim    nothing was done: the claim is given back
 *   import   the new disk is being imported, or pending: it is taken back, and removed
 *   swap     it stops, gets the new disk, starts: goes on
 *   judge    goes on
 *   settle   it is good: goes on
 *   back     it is bad, and the old disk comes back: goes on */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "fleet/proxmox/drive.h"
#include "fleet/proxmox/storage.h"
#include "fleet/proxmox/task.h"
#include "fleet/proxmox/work.h"
#include "fleet/verdict.h"

enum { REIMAGE_IMPORT_S = 3600 };

/* --- hotplug: what keeps a new boot disk waiting until the machine is off ---------------------------------------------- */

/* "network,disk,usb" without the disk; NULL: it has none. */
static const char *reimage_without_disk(struct arena *arena, const char *hotplug)
{
	const char *list = !hotplug || strcmp(hotplug, "1") == 0 ? "network,disk,usb" : hotplug;
	_cleanup_buf_ struct buf text = {0};
	bool found = false;

	for (const char *at = list; *at; at += strspn(at, ",;")) {
		size_t length = strcspn(at, ",;");

		if (length == strlen("disk") && strncmp(at, "disk", length) == 0)
			found = true;
		else
			buf_printf(&text, "%s%.*s", text.size ? "," : "", (int)length, at);
		at += length;
	}
	return found ? arena_strndup(arena, text.size ? text.data : "0", text.size ? text.size : 1) : NULL;
}

static int reimage_hold(struct work *work, struct err *err)
{
	const char *hotplug = config_get(&work->config, "hotplug");
	const char *held = work->journal.running ? reimage_without_disk(work->arena, hotplug) : NULL;
	struct form form = {0};
	int r;

	if (!held)
		return 0;
	work->journal.hotplug = hotplug ? hotplug : "";
	r = journal_write(work->arena, &work->journal, err);
	if (r < 0)
		return r;
	form_add(work->arena, &form, "hotplug", "%s", held);
	r = instance_set(work->client, &work->machine, &form, work->config.digest, err);
	return r == 0 ? instance_config(work->client, &work->machine, false, &work->config, err) : r;
}

static int reimage_release(struct work *work, struct err *err)
{
	const char *hotplug = work->journal.hotplug;
	struct form form = {0};

	if (!hotplug)
		return 0;
	if (*hotplug)
		form_add(work->arena, &form, "hotplug", "%s", hotplug);
	else
		form_add(work->arena, &form, "delete", "hotplug");
	return instance_set(work->client, &work->machine, &form, NULL, err);
}

/* --- what is where ---------------------------------------------------------------------------------------------------- */

static const char *reimage_old_volume(const struct work *work)
{
	return drive_parse(work->arena, work->journal.old).volid;
}

/* The volume of the system's drive: as it will be, or (`current`) as it is. */
static int reimage_volume(struct work *work, bool current, struct config *ret_config, const char **ret_volume, struct err *err)
{
	int r = instance_config(work->client, &work->machine, current, ret_config, err);
	const char *drive = r == 0 ? config_get(ret_config, work->journal.key) : NULL;

	if (r == 0)
		*ret_volume = drive ? drive_parse(work->arena, drive).volid : "";
	return r;
}

/* Whether a disk that it had before comes back: then nothing is imported. */
static bool reimage_is_return(const struct work *work)
{
	return strcmp(work->journal.work, "return") == 0;
}

/* Puts a volume of the machine at the system's place, with the options that were there. */
static int reimage_put(struct work *work, const char *volume, struct err *err)
{
	struct drive drive = drive_parse(work->arena, work->journal.old);
	struct form form = {0};

	form_add(work->arena, &form, work->journal.key, "%s", drive_print(work->arena, volume, &drive));
	return instance_set(work->client, &work->machine, &form, NULL, err);
}

/* Whether this deploy has made a volume: it is the one that was noted; before that, one that was not there, where it is
 * made. */
static bool reimage_is_new(const struct work *work, const char *volume)
{
	const char *fresh = work->journal.fresh;

	if (strv_has(&work->journal.volumes, volume))
		return false;
	return fresh ? strcmp(volume, fresh) == 0
		     : strcmp(volid_storage(work->arena, volume), work->site->storage) == 0;
}

/* Removes a volume that nothing uses. One that Proxmox does not let go (the machine is protected, a snapshot holds it) stays:
 * that must not keep the machine from being deployed to. */
static int reimage_drop(struct work *work, const struct config_entry *entry, struct err *err)
{
	struct err reason = {0};
	int r = instance_unlink(work->client, &work->machine, entry->key, &reason);

	if (r != -EREMOTEIO) {
		err_take(err, &reason);
		return r;
	}
	log_note("%s of machine %" PRId64 " stays: %s", entry->value, work->machine.vmid, reason.last->text);
	err_free(&reason);
	return 0;
}

/* Removes volumes that this deploy has made and nothing uses. */
static int reimage_drop_new(struct work *work, struct err *err)
{
	struct config config;
	int r = instance_config(work->client, &work->machine, false, &config, err);

	for (size_t i = 0; r == 0 && i < config.n_entries; i++) {
		const struct config_entry *entry = &config.entries[i];

		if (text_has_prefix(entry->key, "unused") && reimage_is_new(work, entry->value))
			r = reimage_drop(work, entry, err);
	}
	return r;
}

/* --- import ----------------------------------------------------------------------------------------------------------- */

static int reimage_import(struct work *work, struct err *err)
{
	struct drive old = drive_parse(work->arena, work->journal.old);
	const char *from = arena_printf(work->arena, "%s:0,import-from=%s", work->site->storage, work->journal.image);
	const char *path = arena_printf(work->arena, "%s/config", work->machine.path), *volume, *now;
	struct form form = {0};
	struct config config;
	int r = reimage_hold(work, err);

	if (r < 0)
		return r;
	form_add(work->arena, &form, work->journal.key, "%s", drive_print(work->arena, from, &old));
	form_add(work->arena, &form, "digest", "%s", work->config.digest);
	r = work_task(work, path, &form, REIMAGE_IMPORT_S, err);
	if (r == 0)
		r = reimage_volume(work, false, &config, &volume, err);
	if (r < 0)
		return r;
	if (!*volume || strcmp(volume, old.volid) == 0)
		return err_set(err, -EREMOTEIO, "the image was imported, but %s is still %s", work->journal.key, volume);
	work->journal.fresh = volume;
	r = reimage_volume(work, true, &config, &now, err);
	if (r == 0 && work->journal.running && strcmp(now, old.volid) != 0)
		log_note("the machine stopped meanwhile: it has its new disk already");
	return r;
}

/* It has the new disk already: it was off, or somebody has restarted it since. */
static int reimage_take_back(struct work *work, struct err *err)
{
	struct instance_now now;
	int r = instance_now(work->client, &work->machine, &now, err);

	if (r == 0)
		r = instance_stop(work->client, &work->machine, err);
	if (r == 0)
		r = reimage_put(work, reimage_old_volume(work), err);
	return r == 0 && now.running ? instance_start(work->client, &work->machine, err) : r;
}

/* Back to nothing done. */
static int reimage_undo(struct work *work, struct err *err)
{
	const char *later, *now, *old = reimage_old_volume(work);
	struct form form = {0};
	struct config config;
	int r = work_await_tasks(work, &work->machine, err);

	if (r == 0)
		r = reimage_volume(work, true, &config, &now, err);
	if (r == 0)
		r = reimage_volume(work, false, &config, &later, err);
	if (r < 0)
		return r;
	if (strcmp(now, old) != 0)
		r = reimage_take_back(work, err);
	else if (strcmp(later, old) != 0) {
		form_add(work->arena, &form, "revert", "%s", work->journal.key);
		r = instance_set(work->client, &work->machine, &form, NULL, err);
	}
	if (r == 0)
		r = reimage_drop_new(work, err);
	if (r == 0)
		r = reimage_release(work, err);
	return r == 0 ? work_give_up(work, err) : r;
}

/* --- swap, judge, settle ------------------------------------------------------------------------------------------------ */

/* It has the new disk when it is off; one that it had before is put back now. */
static int reimage_swap(struct work *work, struct err *err)
{
	const char *volume, *old = reimage_old_volume(work);
	struct config config;
	int r = reimage_volume(work, true, &config, &volume, err);

	if (r == 0 && strcmp(volume, old) == 0)
		r = instance_shutdown(work->client, &work->machine, err);
	if (r == 0)
		r = reimage_volume(work, false, &config, &volume, err);
	if (r == 0 && strcmp(volume, old) == 0 && reimage_is_return(work)) {
		r = reimage_put(work, work->journal.fresh, err);
		if (r == 0)
			r = reimage_volume(work, false, &config, &volume, err);
	}
	if (r == 0 && (!*volume || strcmp(volume, old) == 0))
		r = err_set(err, -EREMOTEIO, "machine %" PRId64 " is off, and %s is still %s", work->machine.vmid,
			    work->journal.key, *volume ? volume : "empty");
	if (r == 0 && work->site->system)
		r = instance_grow_to(work->client, &work->machine, work->journal.key, work->site->system, err);
	return r == 0 ? instance_start(work->client, &work->machine, err) : r;
}

static int reimage_judge(struct work *work, struct err *err)
{
	const char *reason = NULL;
	int r = work_judge(work, &work->machine, work->journal.root_hash, &reason, err);

	if (r <= 0)
		return r;
	work->bad = true;
	return err_set(err, -EIO, "generation %" PRId64 " is bad on machine %" PRId64 ": %s", work->journal.generation,
		       work->machine.vmid, reason);
}

/* The disk before the last one goes, the last one stays for the way back. A snapshot may hold it. */
static void reimage_drop_previous(struct work *work)
{
	const char *volume = work->mark.previous.volume, *key;
	struct err err = {0};
	struct config config;
	int r = *volume ? instance_config(work->client, &work->machine, false, &config, &err) : -ENOENT;

	key = r == 0 ? drive_unused(&config, volume) : NULL;
	if (key && strcmp(volume, reimage_old_volume(work)) != 0 &&
	    instance_unlink(work->client, &work->machine, key, &err) < 0)
		log_note("%s of machine %" PRId64 " stays: %s", volume, work->machine.vmid, err.last->text);
	err_free(&err);
}

/* What runs, and what ran: the generation that another one replaces at its own volume is not the way back. */
static int reimage_settle(struct work *work, struct err *err)
{
	struct mark mark = work->mark;
	struct config config;
	const char *volume;
	int r = reimage_volume(work, false, &config, &volume, err);

	if (r < 0)
		return r;
	reimage_drop_previous(work);
	mark.name = work->site->name;
	mark.deploy = "";
	mark.waits = (struct strv){0};
	mark.previous = (struct mark_generation){(unsigned)work->journal.old_generation, work->journal.old_root_hash,
						 reimage_old_volume(work)};
	mark.now = (struct mark_generation){(unsigned)work->journal.generation, work->journal.root_hash, volume};
	r = work_write_mark(work, &work->machine, &mark, err);
	if (r == 0)
		r = reimage_release(work, err);
	if (r < 0)
		return r;
	deploy_note(work->generation, &work->remote, VERDICT_GOOD, NULL);
	return journal_clear(&work->journal, err);
}

/* --- back --------------------------------------------------------------------------------------------------------------- */

/* The old disk again, whatever is there now. */
static int reimage_put_old(struct work *work, struct err *err)
{
	const char *volume, *old = reimage_old_volume(work);
	struct config config;
	int r = reimage_volume(work, false, &config, &volume, err);

	if (r < 0 || strcmp(volume, old) == 0)
		return r;
	r = instance_stop(work->client, &work->machine, err);
	return r == 0 ? reimage_put(work, old, err) : r;
}

static int reimage_back(struct work *work, struct err *err)
{
	const char *reason = NULL;
	int r = work_await_tasks(work, &work->machine, err);

	if (r == 0)
		r = reimage_put_old(work, err);
	if (r == 0)
		r = instance_start(work->client, &work->machine, err);
	if (r == 0)
		r = work_judge(work, &work->machine, work->journal.old_root_hash, &reason, err);
	if (r > 0)
		log_warn("machine %" PRId64 " has its previous disk again, and is not good: %s", work->machine.vmid, reason);
	if (r >= 0)
		r = reimage_drop_new(work, err);
	if (r == 0)
		r = reimage_release(work, err);
	return r == 0 ? work_give_up(work, err) : r;
}

static const struct work_step reimage_steps[] = {
	{"claim", "looking whether anybody else is at work", work_claim},
	{"import", "importing the new disk", reimage_import},
	{"swap", "restarting from the new disk", reimage_swap},
	{"judge", "waiting for its health", reimage_judge},
	{"settle", "writing down what runs", reimage_settle},
	{0},
};
static const struct work_step reimage_return_steps[] = {
	{"claim", "looking whether anybody else is at work", work_claim},
	{"swap", "restarting from the previous disk", reimage_swap},
	{"judge", "waiting for its health", reimage_judge},
	{"settle", "writing down what runs", reimage_settle},
	{0},
};
static const struct work_step reimage_back_steps[] = {
	{"back", "the previous disk comes back", reimage_back},
	{0},
};

static int reimage_go_back(struct work *work, struct err *err)
{
	struct err reason = {0};
	int r = work_run(work, reimage_back_steps, NULL, NULL, &reason);

	if (r == 0)
		return err_hint(err, "the machine runs from its previous disk again");
	err_take(err, &reason);
	return err_hint(err, "run 'deploy' again: it goes on where this ended");
}

/* What failed decides: before the machine was touched all is undone; then it goes back; what is good stays so. */
static int reimage_fail(struct work *work, const char *failed, int r, struct err *err)
{
	struct err reason = {0};

	bool touched = strcmp(failed, "claim") != 0 && strcmp(failed, "import") != 0;

	if (strcmp(failed, "settle") == 0 || r == -EACCES || (touched && !work->bad && client_passes(r)))
		return err_hint(err, "run 'deploy' again: it goes on where this ended");
	if (work->bad)
		deploy_note(work->generation, &work->remote, VERDICT_BAD, err->last->text);
	if (touched) {
		reimage_go_back(work, err);
		return r;
	}
	if ((strcmp(failed, "claim") == 0 ? work_give_up(work, &reason) : reimage_undo(work, &reason)) < 0)
		log_warn("the import could not be undone yet: %s; the next deploy does that", reason.last->text);
	err_free(&reason);
	return r;
}

static int reimage_prepare(struct work *work, const char *kind, struct err *err)
{
	struct instance_now now;
	int r = instance_now(work->client, &work->machine, &now, err);
	const char *key = drive_system(work->arena, &work->config);

	if (r < 0)
		return r;
	if (!key)
		return err_set(err, -EINVAL, "it cannot be told which disk machine %" PRId64 " boots from", work->machine.vmid);
	work_begin(work, kind);
	work->journal.key = key;
	work->journal.old = config_get(&work->config, key);
	work->journal.running = now.running;
	return 0;
}

static const struct work_step *reimage_steps_of(const struct work *work)
{
	return reimage_is_return(work) ? reimage_return_steps : reimage_steps;
}

static int reimage_resume(struct work *work, struct err *err)
{
	const char *step = work->journal.step, *failed = NULL;
	int r;

	if (strcmp(step, "claim") == 0)
		return work_give_up(work, err);
	if (strcmp(step, "import") == 0)
		return reimage_undo(work, err);
	if (strcmp(step, "back") == 0)
		return work_run(work, reimage_back_steps, NULL, NULL, err);
	r = work_await_tasks(work, &work->machine, err);
	if (r == 0)
		r = work_run(work, reimage_steps_of(work), step, &failed, err);
	return r < 0 && failed ? reimage_fail(work, failed, r, err) : r;
}

static int reimage_go(struct work *work, struct err *err)
{
	const char *failed = NULL;
	int r = work_run(work, reimage_steps_of(work), NULL, &failed, err);

	return r < 0 && failed ? reimage_fail(work, failed, r, err) : r;
}

int work_reimage(struct work *work, struct err *err)
{
	int r;

	if (work->journal.id)
		return reimage_resume(work, err);
	r = reimage_prepare(work, "reimage", err);
	return r == 0 ? reimage_go(work, err) : r;
}

int work_reimage_return(struct work *work, struct err *err)
{
	const struct mark_generation *previous = &work->mark.previous;
	int r;

	if (!*previous->volume || !drive_unused(&work->config, previous->volume)) {
		err_set(err, -ENOENT, "machine %" PRId64 " has no disk of a generation before", work->machine.vmid);
		return err_hint(err, "deploy the one that you want: 'aether-build deploy %s/NUMBER'", work->site->name);
	}
	r = reimage_prepare(work, "return", err);
	if (r < 0)
		return r;
	work->journal.fresh = previous->volume;
	work->journal.generation = previous->number;
	work->journal.root_hash = previous->root_hash;
	return reimage_go(work, err);
}

/* Another container in the place of one: its root cannot be exchanged, so there are two ids, by turns. The mount points, which
 * have the state, move over; never do both run, for they have one MAC address.
 *
 * Where a kill leaves it, and what the next deploy makes of that:
 *
 *   claim, clear           nothing was done to what runs: the claim is given back
 *   create   the old one runs: the new one is removed
 *   move     the old one stops, its mount points move: goes on
 *   start, judge           goes on
 *   settle   it is good: goes on
 *   back     it is bad; the mount points move back, and the old one starts: goes on */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "fleet/proxmox/drive.h"
#include "fleet/proxmox/replacement.h"
#include "fleet/proxmox/work.h"
#include "fleet/verdict.h"

enum { REPLACE_MOVE_S = 600, REPLACE_REMOVE_S = 300, REPLACE_MOUNTS_MAX = 256 };

/* --- the other container ------------------------------------------------------------------------------------------------ */

/* The other one as it is now; *ret_config (may be NULL) is its configuration when it is there. */
static int replace_other(struct work *work, struct instance *ret_other, struct config *ret_config, struct err *err)
{
	struct config config = {0};
	int r = instance_find(work->client, work->journal.other, ret_other, err);

	if (r == 0 && ret_other->there)
		r = instance_config(work->client, ret_other, false, &config, err);
	if (r == 0 && ret_config)
		*ret_config = config;
	return r;
}

static const char *replace_mount(struct arena *arena, const struct config *config, size_t i, const char **ret_key)
{
	*ret_key = arena_printf(arena, "mp%zu", i);
	return config_get(config, *ret_key);
}

/* Mount points, and volumes that were taken out (unusedN): all that goes with a container beside its root. */
static bool replace_has_volumes(const struct config *config)
{
	for (size_t i = 0; i < config->n_entries; i++) {
		const char *key = config->entries[i].key;

		if (text_has_prefix(key, "unused") || (text_has_prefix(key, "mp") && key[2] >= '0' && key[2] <= '9'))
			return true;
	}
	return false;
}

/* Whether the other container was made by this deploy. */
static bool replace_has_made(struct work *work, const struct config *config)
{
	return strcmp(mark_read(work->arena, config_get(config, "description")).deploy, work->journal.id) == 0;
}

/* Removes the other container, which takes all of its volumes with it: so never one that has some beside its root, or runs. */
static int replace_remove_other(struct work *work, struct err *err)
{
	_cleanup_jval_ struct jval *data = NULL;
	struct instance other;
	struct instance_now now;
	struct config config;
	int r = replace_other(work, &other, &config, err);

	if (r < 0 || !other.there)
		return r;
	if (!other.container || strcmp(mark_read(work->arena, config_get(&config, "description")).name, work->site->name) != 0)
		return err_set(err, -EPERM, "%" PRId64 " is not a container of '%s': it is left alone", other.vmid,
			       work->site->name);
	if (replace_has_volumes(&config)) {
		err_set(err, -EPERM, "container %" PRId64 " has volumes beside its root: it is not removed", other.vmid);
		return err_hint(err, "move or remove them in Proxmox, if nobody needs them");
	}
	r = instance_now(work->client, &other, &now, err);
	if (r == 0 && now.running)
		return err_set(err, -EPERM, "container %" PRId64 " runs: it is not removed", other.vmid);
	if (r == 0)
		r = client_send(work->client, HTTP_DELETE, other.path, NULL, &data, err);
	if (r == 0 && jval_text_of(data)) {
		work->journal.upid = arena_strdup(work->arena, jval_text_of(data));
		r = work_await_tasks(work, &other, err);
	}
	if (r == 0)
		r = replace_other(work, &other, NULL, err);
	return r == 0 && other.there ? err_set(err, -EREMOTEIO, "container %" PRId64 " could not be removed", other.vmid) : r;
}

/* Removes it if this deploy has made it: then that it is protected was copied. */
static int replace_remove_made(struct work *work, struct err *err)
{
	struct instance other;
	struct config config;
	struct form form = {0};
	int r = replace_other(work, &other, &config, err);

	if (r < 0 || !other.there || !replace_has_made(work, &config))
		return r;
	form_add(work->arena, &form, "delete", "protection");
	if (config_get(&config, "protection"))
		r = instance_set(work->client, &other, &form, config.digest, err);
	return r == 0 ? replace_remove_other(work, err) : r;
}

/* --- mount points
 * ----------------------------------------------------------------------------------------------------------- */

static int replace_move_one(struct work *work, const struct instance *from, const struct instance *to, const char *key,
			    struct err *err)
{
	struct config config;
	struct form form = {0};
	int r = instance_config(work->client, to, false, &config, err);

	form_add(work->arena, &form, "volume", "%s", key);
	form_add(work->arena, &form, "target-vmid", "%" PRId64, to->vmid);
	form_add(work->arena, &form, "target-volume", "%s", key);
	if (r == 0)
		form_add(work->arena, &form, "target-digest", "%s", config.digest);
	return r == 0 ? work_task(work, arena_printf(work->arena, "%s/move_volume", from->path), &form, REPLACE_MOVE_S, err)
		      : r;
}

/* Moves what is still there, in order. Both are off. */
static int replace_move_all(struct work *work, const struct instance *from, const struct instance *to, struct err *err)
{
	struct config config;
	const char *key;
	int r = instance_config(work->client, from, false, &config, err);

	for (size_t i = 0; r == 0 && i < REPLACE_MOUNTS_MAX; i++)
		if (replace_mount(work->arena, &config, i, &key))
			r = replace_move_one(work, from, to, key, err);
	return r;
}

/* The two, with the one that `other` names there for sure. */
static int replace_both(struct work *work, struct instance *ret_other, struct err *err)
{
	int r = replace_other(work, ret_other, NULL, err);

	if (r == 0 && !ret_other->there)
		r = err_set(err, -ENOENT, "container %" PRId64 " is gone", work->journal.other);
	return r;
}

static int replace_move(struct work *work, struct err *err)
{
	struct instance other;
	int r = replace_both(work, &other, err);

	if (r == 0)
		r = instance_shutdown(work->client, &work->machine, err);
	return r == 0 ? replace_move_all(work, &work->machine, &other, err) : r;
}

/* --- start, judge, settle
 * ------------------------------------------------------------------------------------------------------ */

static int replace_start(struct work *work, struct err *err)
{
	struct instance_now now;
	struct instance other;
	int r = replace_both(work, &other, err);

	if (r == 0)
		r = instance_now(work->client, &work->machine, &now, err);
	if (r == 0 && now.running)
		r = err_set(err, -EBUSY, "container %" PRId64 " runs again: two with one MAC address never run",
			    work->machine.vmid);
	return r == 0 ? instance_start(work->client, &other, err) : r;
}

static int replace_judge(struct work *work, struct err *err)
{
	const char *reason = NULL;
	struct instance other;
	int r = replace_both(work, &other, err);

	if (r == 0)
		r = work_judge(work, &other, work->journal.root_hash, &reason, err);
	if (r <= 0)
		return r;
	work->bad = true;
	return err_set(err, -EIO, "generation %" PRId64 " is bad as container %" PRId64 ": %s", work->journal.generation,
		       other.vmid, reason);
}

/* Whether a container starts with its node, and is marked as replaced: then it is not protected any more. */
static int replace_set_role(struct work *work, const struct instance *machine, bool onboot, bool previous, struct err *err)
{
	_cleanup_buf_ struct buf text = {0};
	struct config config;
	struct form form = {0};
	struct strv tags;
	int r = instance_config(work->client, machine, false, &config, err);

	if (r < 0)
		return r;
	tags = config_tags(work->arena, &config);
	for (size_t i = 0; i < tags.count; i++)
		if (strcmp(tags.items[i], MARK_TAG_PREVIOUS) != 0)
			buf_printf(&text, "%s%s", text.size ? ";" : "", tags.items[i]);
	if (previous)
		buf_printf(&text, "%s%s", text.size ? ";" : "", MARK_TAG_PREVIOUS);
	form_add(work->arena, &form, "onboot", "%d", onboot);
	form_add(work->arena, &form, "tags", "%s", text.size ? text.data : MARK_TAG);
	if (previous && config_get(&config, "protection"))
		form_add(work->arena, &form, "delete", "protection");
	return instance_set(work->client, machine, &form, config.digest, err);
}

static bool replace_was_onboot(const struct config *config)
{
	const char *onboot = config_get(config, "onboot");

	return onboot && strcmp(onboot, "1") == 0;
}

/* First the old one is what was: whatever comes between, never do both start with the node. */
static int replace_settle(struct work *work, struct err *err)
{
	bool onboot = work->journal.onboot;
	struct mark mark = work->mark;
	struct instance other;
	int r = replace_both(work, &other, err);

	if (r == 0)
		r = replace_set_role(work, &work->machine, false, true, err);
	if (r == 0)
		r = work_disclaim(work, &work->machine, err);
	mark.name = work->site->name;
	mark.deploy = "";
	mark.waits = (struct strv){0};
	mark.previous = (struct mark_generation){(unsigned)work->journal.old_generation, work->journal.old_root_hash,
						 arena_printf(work->arena, "%" PRId64, work->journal.vmid)};
	mark.now = (struct mark_generation){(unsigned)work->journal.generation, work->journal.root_hash,
					    arena_printf(work->arena, "%" PRId64, work->journal.other)};
	if (r == 0)
		r = replace_set_role(work, &other, onboot, false, err);
	if (r == 0)
		r = work_write_mark(work, &other, &mark, err);
	if (r < 0)
		return r;
	deploy_note(work->generation, &work->remote, VERDICT_GOOD, NULL);
	return journal_clear(&work->journal, err);
}

/* --- back
 * ------------------------------------------------------------------------------------------------------------------------ */

static bool replace_is_return(const struct work *work)
{
	return strcmp(work->journal.work, "return") == 0;
}

static int replace_back(struct work *work, struct err *err)
{
	const char *reason = NULL;
	struct instance other;
	int r = work_await_tasks(work, &work->machine, err);

	if (r == 0)
		r = replace_other(work, &other, NULL, err);
	if (r == 0 && other.there)
		r = instance_stop(work->client, &other, err);
	if (r == 0 && other.there)
		r = replace_move_all(work, &other, &work->machine, err);
	if (r == 0)
		r = instance_start(work->client, &work->machine, err);
	if (r == 0)
		r = work_judge(work, &work->machine, work->journal.old_root_hash, &reason, err);
	if (r > 0)
		log_warn("container %" PRId64 " runs again, and is not good: %s", work->machine.vmid, reason);
	if (r >= 0)
		r = replace_remove_made(work, err);
	return r == 0 ? work_give_up(work, err) : r;
}

/* Nothing was done to the old one yet. */
static int replace_undo(struct work *work, struct err *err)
{
	struct instance other = instance_new(work->client, work->machine.node, work->journal.other, true);
	int r = work_await_tasks(work, &other, err);

	if (r == 0)
		r = replace_remove_made(work, err);
	return r == 0 ? work_give_up(work, err) : r;
}

static const struct work_step replace_steps[] = {
	{"claim", "looking whether anybody else is at work", work_claim},
	{"clear", "making room for the new container", replace_remove_other},
	{"create", "creating the new container", replacement_create},
	{"move", "its mount points move over", replace_move},
	{"start", "starting the new container", replace_start},
	{"judge", "waiting for its health", replace_judge},
	{"settle", "writing down what runs", replace_settle},
	{0},
};
static const struct work_step replace_return_steps[] = {
	{"claim", "looking whether anybody else is at work", work_claim},
	{"move", "its mount points move back", replace_move},
	{"start", "starting the previous container", replace_start},
	{"judge", "waiting for its health", replace_judge},
	{"settle", "writing down what runs", replace_settle},
	{0},
};
static const struct work_step replace_back_steps[] = {
	{"back", "the previous container comes back", replace_back},
	{0},
};

static bool replace_is_untouched(const char *step)
{
	return strcmp(step, "claim") == 0 || strcmp(step, "clear") == 0 || strcmp(step, "create") == 0;
}

static int replace_fail(struct work *work, const char *failed, int r, struct err *err)
{
	bool untouched = replace_is_untouched(failed);
	struct err reason = {0};
	int done;

	if (strcmp(failed, "settle") == 0 || r == -EACCES || (!untouched && !work->bad && client_passes(r)))
		return err_hint(err, "run 'deploy' again: it goes on where this ended");
	if (work->bad)
		deploy_note(work->generation, &work->remote, VERDICT_BAD, err->last->text);
	done = untouched ? replace_undo(work, &reason) : work_run(work, replace_back_steps, NULL, NULL, &reason);
	if (done < 0) {
		err_take(err, &reason);
		err_hint(err, "run 'deploy' again: it goes on where this ended");
	} else if (!untouched) {
		err_hint(err, "container %" PRId64 " runs again, with all of its state", work->machine.vmid);
	}
	err_free(&reason);
	return r;
}

static int replace_run(struct work *work, const char *from, struct err *err)
{
	const char *failed = NULL;
	int r = work_run(work, replace_is_return(work) ? replace_return_steps : replace_steps, from, &failed, err);

	return r < 0 && failed ? replace_fail(work, failed, r, err) : r;
}

static int replace_resume(struct work *work, struct err *err)
{
	const char *step = work->journal.step;
	int r;

	if (replace_is_untouched(step))
		return replace_undo(work, err);
	if (strcmp(step, "back") == 0)
		return work_run(work, replace_back_steps, NULL, NULL, err);
	r = work_await_tasks(work, &work->machine, err);
	return r == 0 ? replace_run(work, step, err) : r;
}

/* --- whether it can be
 * ------------------------------------------------------------------------------------------------------------- */

static int replace_check(struct work *work, struct err *err)
{
	const struct config *config = &work->config;
	const char *key, *mount;

	if (!work->site->spare) {
		err_set(err, -ENOTSUP, "container %" PRId64 " cannot be made anew in its place", work->machine.vmid);
		return err_hint(err, "say 'proxmox.sparevmid' in the recipe: a second id, that takes turns with the first; or "
				     "switch it in place, when ssh reaches it");
	}
	if (replacement_lacks(config)) {
		err_set(err, -ENOTSUP, "container %" PRId64 " has '%s', which only root@pam may give to one that replaces it",
			work->machine.vmid, replacement_lacks(config));
		return err_hint(err, "switch it in place, when ssh reaches it; or take that away first");
	}
	if (config_get(config, "parent")) {
		err_set(err, -EBUSY, "container %" PRId64 " has snapshots, which hold its mount points", work->machine.vmid);
		return err_hint(err, "remove them first");
	}
	for (size_t i = 0; i < REPLACE_MOUNTS_MAX; i++) {
		mount = replace_mount(work->arena, config, i, &key);
		if (mount && *mount == '/')
			return err_set(err, -ENOTSUP, "%s of container %" PRId64 " is a folder of the node: it cannot move",
				       key, work->machine.vmid);
	}
	return 0;
}

static void replace_prepare(struct work *work, const char *kind)
{
	const struct site *site = work->site;

	work_begin(work, kind);
	work->journal.other = work->machine.vmid == site->vmid ? site->spare : site->vmid;
	work->journal.onboot = replace_was_onboot(&work->config);
}

int work_replace(struct work *work, struct err *err)
{
	int r;

	if (work->journal.id)
		return replace_resume(work, err);
	r = replace_check(work, err);
	if (r < 0)
		return r;
	replace_prepare(work, "replace");
	return replace_run(work, NULL, err);
}

int work_replace_return(struct work *work, struct err *err)
{
	const struct mark_generation *previous = &work->mark.previous;
	struct instance other;
	struct config config;
	struct strv tags;
	int r = replace_check(work, err);

	if (r < 0)
		return r;
	replace_prepare(work, "return");
	r = replace_other(work, &other, &config, err);
	if (r < 0)
		return r;
	tags = config_tags(work->arena, &config);
	if (!other.there || !strv_has(&tags, MARK_TAG_PREVIOUS) ||
	    strcmp(previous->volume, arena_printf(work->arena, "%" PRId64, other.vmid)) != 0) {
		err_set(err, -ENOENT, "container %" PRId64 " has no container that it replaced", work->machine.vmid);
		return err_hint(err, "deploy the one that you want: 'aether-build deploy %s/NUMBER'", work->site->name);
	}
	work->journal.generation = previous->number;
	work->journal.root_hash = previous->root_hash;
	return replace_run(work, NULL, err);
}

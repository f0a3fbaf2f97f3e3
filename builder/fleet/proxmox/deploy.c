#include "fleet/proxmox/deploy.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "contract/agent.h"
#include "fleet/proxmox/drive.h"
#include "fleet/proxmox/reach.h"
#include "fleet/proxmox/rights.h"
#include "fleet/proxmox/upload.h"

#define HEALTH_BAD "bad"

enum { DEPLOY_PATIENCE_S = 10, DEPLOY_MOUNTS_MAX = 256, DEPLOY_IMPORT_MAJOR = 8, DEPLOY_IMPORT_MINOR = 4 };

/* --- opening ----------------------------------------------------------------------------------------------------------- */

static int proxmox_deploy_check_version(const struct client *client, const struct site *site, struct err *err)
{
	if (site->container || client->major > DEPLOY_IMPORT_MAJOR ||
	    (client->major == DEPLOY_IMPORT_MAJOR && client->minor >= DEPLOY_IMPORT_MINOR))
		return 0;
	err_set(err, -ENOTSUP, "Proxmox VE %u.%u cannot import an uploaded qcow2", client->major, client->minor);
	return err_hint(err,
			"that came with 8.4; until then upload with --legacy, let OpenTofu make the machine, and use 'switch'");
}

int deploy_open(struct arena *arena, const struct access *access, const struct site *site, const struct remote *remote,
		struct client *client, struct work *ret_work, struct err *err)
{
	const struct rights_of of = {.vmid = site->vmid,
				     .spare_vmid = site->spare,
				     .images = site->images,
				     .storage = site->storage,
				     .bridges = site->words && site->words->n_nics};
	unsigned uses = RIGHTS_UPLOAD | (site->container ? RIGHTS_CONTAINER : RIGHTS_VM) |
			(!site->container && site->agent ? RIGHTS_AGENT : 0);
	int r;

	*ret_work = (struct work){.arena = arena, .client = client, .site = site, .remote = *remote, .journal = {.lock = -1}};
	log_step("asking Proxmox at %s", access->endpoint);
	r = client_open(arena, access, client, err);
	if (r == 0)
		r = proxmox_deploy_check_version(client, site, err);
	if (r == 0)
		r = rights_check(client, uses, &of, err);
	return r == 0 ? journal_open(arena, site->folder, &ret_work->journal, err) : r;
}

/* --- what would be lost -------------------------------------------------------------------------------------------------- */

static int proxmox_deploy_would_lose(struct work *work, const char *what, const char *hint, struct err *err)
{
	if (work->lose_state) {
		log_warn("%s: that is lost, as you have allowed", what);
		return 0;
	}
	err_set(err, -EPERM, "to make '%s' anew would lose %s", work->site->name, what);
	return err_hint(err, "%s; when it may be lost, say --lose-state", hint);
}

static bool proxmox_deploy_image_has_state(const struct generation *generation)
{
	for (size_t i = 0; i < generation->manifest->n_partitions; i++)
		if (strcmp(generation->manifest->partitions[i].label, "state") == 0)
			return true;
	return false;
}

static bool proxmox_deploy_state_is_on_system(const struct machine_status *status)
{
	for (size_t i = 0; status && i < status->remarks.count; i++)
		if (text_has_prefix(status->remarks.items[i], REMARK_STATE_ON_SYSTEM))
			return true;
	return false;
}

static int proxmox_deploy_check_vm_state(struct work *work, const struct machine_status *status, struct err *err)
{
	const char *key = drive_state(work->arena, &work->config);

	if (proxmox_deploy_image_has_state(work->generation))
		return proxmox_deploy_would_lose(
			work, "/var: this layout keeps it on the system's disk, which is replaced",
			"take the layout with two disks (docs/boot.md, 'Moving the state'), or switch it in place", err);
	if (!key)
		return proxmox_deploy_would_lose(
			work, "/var: no disk of the machine is the state's (serial=state, or the only other one)",
			"give it a disk for the state and move it there (docs/boot.md, 'Moving the state'), or switch "
			"it in place",
			err);
	if (proxmox_deploy_state_is_on_system(status))
		return proxmox_deploy_would_lose(work, "/var: it is still on the system's disk",
						 "run 'aether-agent move-state' on the machine, and restart it", err);
	return 0;
}

static bool proxmox_deploy_is_mounted(struct work *work, const char *path)
{
	for (size_t i = 0; i < work->config.n_entries; i++) {
		struct drive drive;
		const char *at;

		if (!text_has_prefix(work->config.entries[i].key, "mp"))
			continue;
		drive = drive_parse(work->arena, work->config.entries[i].value);
		at = drive_option(&drive, "mp");
		if (at && path_is_below(path, at))
			return true;
	}
	return false;
}

static int proxmox_deploy_check_container_state(struct work *work, struct err *err)
{
	const struct manifest *manifest = work->generation->manifest;

	for (size_t i = 0; i < manifest->n_state; i++) {
		const char *path = manifest->state[i].path;

		if (!proxmox_deploy_is_mounted(work, path))
			return proxmox_deploy_would_lose(
				work, arena_printf(work->arena, "%s, which has no mount point", path),
				"move it to a volume of its own first ('proxmox.mounts'), or switch it in place", err);
	}
	return 0;
}

int deploy_keeps_state(struct work *work, const struct machine_status *status, struct err *err)
{
	return work->machine.container ? proxmox_deploy_check_container_state(work, err)
				       : proxmox_deploy_check_vm_state(work, status, err);
}

/* --- deciding ------------------------------------------------------------------------------------------------------------- */

/* By ssh first: it is the way in place, too. */
static bool proxmox_deploy_ask(struct work *work, struct machine_status *ret_status, bool *ret_ssh)
{
	struct remote remote = work->remote;
	struct err ignored = {0};
	int r;

	remote.patience_s = DEPLOY_PATIENCE_S;
	log_step("asking %s what it runs", remote.host);
	r = status_ask(work->arena, &remote, ret_status, &ignored);
	*ret_ssh = r == 0;
	err_free(&ignored);
	if (r < 0 && !work->machine.container)
		r = reach_status(work, &work->machine, ret_status, &ignored);
	err_free(&ignored);
	return r == 0;
}

/* What answers by ssh might be another machine: then its name is another. */
static bool proxmox_deploy_is_the_one(const struct work *work, const struct machine_status *status)
{
	return strcmp(status->name, work->site->name) == 0;
}

static void proxmox_deploy_choose(struct work *work, enum deploy_via via, bool ssh, struct deploy_plan *plan)
{
	const char *root_hash = work->generation->manifest->root_hash;
	bool same = plan->answers && root_hash && strcmp(plan->status.root_hash, root_hash) == 0 &&
		    strcmp(plan->status.state, STATE_GOOD) == 0;

	if (same && via == DEPLOY_AS_FITS) {
		plan->way = DEPLOY_NOTHING;
		return;
	}
	plan->way = via == DEPLOY_VIA_SSH || (via == DEPLOY_AS_FITS && ssh) ? DEPLOY_SWITCH : DEPLOY_REIMAGE;
	if (plan->way == DEPLOY_REIMAGE)
		plan->why = via == DEPLOY_VIA_PROXMOX ? "as asked for" : "ssh does not reach it";
}

/* One that is off is not asked. */
static void proxmox_deploy_choose_off(struct work *work, enum deploy_via via, struct deploy_plan *plan)
{
	const char *root_hash = work->generation->manifest->root_hash;
	bool same = root_hash && strcmp(work->mark.now.root_hash, root_hash) == 0;

	plan->way = same && via == DEPLOY_AS_FITS ? DEPLOY_START : DEPLOY_REIMAGE;
	plan->why = via == DEPLOY_VIA_PROXMOX ? "as asked for" : "it is off";
}

static int proxmox_deploy_is_sick(struct work *work, const struct deploy_plan *plan, struct err *err)
{
	err_set(err, -EIO, "machine %" PRId64 " runs %s/%u, and its health is bad: %s", work->machine.vmid,
		work->generation->name, work->generation->number, plan->status.health_reason);
	return err_hint(err, "mend what it names, deploy another generation, or make this one anew with --via proxmox");
}

/* Without that privilege Proxmox shows nobody else's tasks. */
static void proxmox_deploy_tell_blind(struct work *work)
{
	const char *path = arena_printf(work->arena, "/nodes/%s", work->machine.node);

	if (!rights_has(work->client, path, "Sys.Audit"))
		log_note("the token has no Sys.Audit on %s: tasks of others on the machine are not seen", path);
}

static int proxmox_deploy_check_fakes(struct work *work, struct err *err)
{
	const struct manifest *manifest = work->generation->manifest;

	if (!manifest->n_fakes || work->force)
		return 0;
	err_set(err, -EPERM, "%s/%u was made with fakes, such as '%s': it is not releasable", work->generation->name,
		work->generation->number, manifest->fakes[0].name);
	return err_hint(err, "build it without --with-fakes; on a test machine use --force");
}

static int proxmox_deploy_decide_there(struct work *work, enum deploy_via via, struct deploy_plan *plan, struct err *err)
{
	struct instance_now now;
	bool ssh = false;
	int r = work_check_alone(work, err);

	if (r == 0)
		r = instance_now(work->client, &work->machine, &now, err);
	if (r < 0)
		return r;
	proxmox_deploy_tell_blind(work);
	plan->answers =
		now.running && proxmox_deploy_ask(work, &plan->status, &ssh) && proxmox_deploy_is_the_one(work, &plan->status);
	if (now.running)
		proxmox_deploy_choose(work, via, ssh && plan->answers, plan);
	else
		proxmox_deploy_choose_off(work, via, plan);
	if (plan->way == DEPLOY_NOTHING && strcmp(plan->status.health, HEALTH_BAD) == 0)
		return proxmox_deploy_is_sick(work, plan, err);
	if (work->site->words)
		plan->changes = settings_compare(work->arena, work->site->words, work->machine.container, &work->config,
						 &plan->n_changes);
	if (plan->way != DEPLOY_REIMAGE)
		return 0;
	return deploy_keeps_state(work, plan->answers ? &plan->status : NULL, err);
}

int deploy_decide(struct work *work, enum deploy_via via, struct deploy_plan *ret_plan, struct err *err)
{
	struct deploy_plan plan = {.way = DEPLOY_CREATE};
	int r = proxmox_deploy_check_fakes(work, err);

	if (r == 0)
		r = work_find(work, err);
	if (r == 0 && work->machine.there)
		r = proxmox_deploy_decide_there(work, via, &plan, err);
	if (r == 0)
		*ret_plan = plan;
	return r;
}

/* --- telling -------------------------------------------------------------------------------------------------------------- */

static const char *proxmox_deploy_tell_change(struct arena *arena, const struct settings_change *change)
{
	const char *was = text_plain(arena, change->was), *value = text_plain(arena, change->value);

	switch (change->kind) {
	case SETTINGS_SET:
		return was ? arena_printf(arena, "%s: %s -> %s", change->key, was, value)
			   : arena_printf(arena, "%s: %s", change->key, value);
	case SETTINGS_GROW:
		return arena_printf(arena, "%s: grows from %s to %s", change->key, was, value);
	case SETTINGS_ADD:
		return arena_printf(arena, "%s: new, %s", change->key, value);
	default:
		return arena_printf(arena, "%s: %s stays (%s)", change->key, was, value);
	}
}

static const char *proxmox_deploy_tell_way(struct arena *arena, const struct work *work, const struct deploy_plan *plan)
{
	const char *which = arena_printf(arena, "%s/%u", work->generation->name, work->generation->number);
	const char *kind = work->site->container ? "container" : "virtual machine";
	int64_t vmid = plan->way == DEPLOY_CREATE ? work->site->vmid : work->machine.vmid;
	const char *node = plan->way == DEPLOY_CREATE ? work->site->node : work->machine.node;

	switch (plan->way) {
	case DEPLOY_START:
		return arena_printf(arena, "%s %" PRId64 " on %s has %s, and is started", kind, vmid, node, which);
	case DEPLOY_NOTHING:
		return arena_printf(arena, "%s %" PRId64 " on %s runs %s already", kind, vmid, node, which);
	case DEPLOY_CREATE:
		return arena_printf(arena, "%s %" PRId64 " is made on %s, of %s", kind, vmid, node, which);
	case DEPLOY_SWITCH:
		return arena_printf(arena, "%s %" PRId64 " on %s takes %s in place, by ssh to %s", kind, vmid, node, which,
				    work->remote.host);
	default:
		return arena_printf(arena, "%s %" PRId64 " on %s %s of %s (%s)", kind, vmid, node,
				    work->site->container ? "is replaced by another one, made"
							  : "gets another system disk, made",
				    which, plan->why);
	}
}

struct strv deploy_tell(struct arena *arena, const struct work *work, const struct deploy_plan *plan)
{
	struct strv lines = {0};

	strv_push(arena, &lines, proxmox_deploy_tell_way(arena, work, plan));
	if (plan->answers && plan->way != DEPLOY_NOTHING)
		strv_push(arena, &lines,
			  arena_printf(arena, "  it runs %s %.16s, and its health is %s",
				       *plan->status.generation ? plan->status.generation : "the image", plan->status.root_hash,
				       plan->status.health));
	if (plan->way == DEPLOY_REIMAGE)
		strv_push(arena, &lines,
			  work->site->container ? "  its mount points move over; it comes back by itself when the "
						  "new one is bad"
						: "  its other disks are not touched; the old one comes back by itself "
						  "when the new one is bad");
	if (plan->way == DEPLOY_CREATE && work->disc_storage)
		strv_push(arena, &lines,
			  arena_printf(arena, "  a disc on '%s' brings it its identity, and is removed after its first boot",
				       work->disc_storage));
	if (work->mark.now.number && work->mark.now.number != work->generation->number)
		strv_push(arena, &lines, arena_printf(arena, "  what changes in it: aether-build diff %s/%u %s/%u",
						      work->generation->name, work->mark.now.number, work->generation->name,
						      work->generation->number));
	for (size_t i = 0; i < plan->n_changes; i++)
		strv_push(arena, &lines, arena_printf(arena, "  %s", proxmox_deploy_tell_change(arena, &plan->changes[i])));
	return lines;
}

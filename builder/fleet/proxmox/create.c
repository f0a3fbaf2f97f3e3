/* A machine that is not there yet.
 *
 * Where a kill leaves it, and what the next deploy makes of that:
 *
 *   hand     the machine is not there, the disc with its identity may be: that is removed, and it begins anew
 *   create   it is there, or not at all: goes on, or begins anew
 *   start    goes on
 *   judge    goes on
 *   settle   goes on
 *
 * The disc with the identity is in the journal from the first step on, and goes with whatever ends the deploy. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "fleet/proxmox/drive.h"
#include "fleet/proxmox/keydisc.h"
#include "fleet/proxmox/reach.h"
#include "fleet/proxmox/settings.h"
#include "fleet/proxmox/storage.h"
#include "fleet/proxmox/work.h"
#include "fleet/verdict.h"

#define CREATE_HEALTH_GOOD "good"
#define CREATE_HEALTH_BAD "bad"

enum { CREATE_TASK_S = 3600, CREATE_SSH_S = 10, CREATE_PAUSE_S = 2 };

/* --- what is on the storage ------------------------------------------------------------------------------------------- */

static int create_list(struct work *work, struct storage_volume **ret_volumes, size_t *ret_n, struct err *err)
{
	return storage_list(work->client, work->site->node, work->site->storage, work->site->container ? "rootdir" : "images",
			    work->site->vmid, ret_volumes, ret_n, err);
}

/* Volumes of a machine that had the id before stay: they may hold what nothing else does. */
static int create_note_volumes(struct work *work, struct err *err)
{
	struct storage_volume *volumes;
	size_t n;
	int r = create_list(work, &volumes, &n, err);

	for (size_t i = 0; r == 0 && i < n; i++) {
		log_note("%s is of a machine that had this id before; it is left alone", volumes[i].volid);
		strv_push(work->arena, &work->journal.volumes, volumes[i].volid);
	}
	return r;
}

/* To remove one takes Datastore.Allocate, which nothing else here needs: without it, it stays, and that is told. */
static int create_drop(struct work *work, const char *volid, struct err *err)
{
	struct err reason = {0};
	int r = storage_remove(work->client, work->site->node, volid, &reason);

	if (r != -EACCES && r != -EREMOTEIO) {
		err_take(err, &reason);
		return r;
	}
	log_note("%s, which a creation that failed has left, stays: %s", volid, reason.last->text);
	err_free(&reason);
	return 0;
}

/* What a creation that failed left behind. */
static int create_drop_new(struct work *work, struct err *err)
{
	struct storage_volume *volumes;
	size_t n;
	int r = create_list(work, &volumes, &n, err);

	for (size_t i = 0; r == 0 && i < n; i++)
		if (!strv_has(&work->journal.volumes, volumes[i].volid))
			r = create_drop(work, volumes[i].volid, err);
	return r;
}

/* --- steps ------------------------------------------------------------------------------------------------------------ */

static const char *create_description(struct work *work)
{
	const struct mark_generation nothing = {0, "", ""};
	struct mark mark = {.name = work->site->name,
			    .now = nothing,
			    .previous = nothing,
			    .deploy = work->journal.id,
			    .by = "",
			    .disc = work->journal.disc,
			    .since = work->journal.began};

	mark.now = (struct mark_generation){(unsigned)work->journal.generation, work->journal.root_hash, ""};
	return mark_write(work->arena, NULL, &mark);
}

static int create_post(struct work *work, struct err *err)
{
	const struct site *site = work->site;
	const char *path = arena_printf(work->arena, "/nodes/%s/%s", site->node, site->container ? "lxc" : "qemu");
	struct form form =
		site->container
			? settings_of_container(work->arena, site->words, site->name, work->image, create_description(work))
			: settings_of_vm(work->arena, site->words, site->name, work->image, create_description(work));
	int r;

	if (work->journal.disc)
		keydisc_attach(work, &form);
	r = work_task(work, path, &form, CREATE_TASK_S, err);
	if (r == 0)
		r = work_look(work, site->vmid, err);
	if (r == 0 && !work->machine.there)
		r = err_set(err, -EREMOTEIO, "machine %" PRId64 " was created, and is not there", site->vmid);
	return r;
}

static int create_start(struct work *work, struct err *err)
{
	const uint64_t system = work->site->container ? 0 : work->site->system;
	struct instance_now now;
	int r = instance_now(work->client, &work->machine, &now, err);

	if (r == 0 && !now.running && system)
		r = instance_grow_to(work->client, &work->machine, "scsi0", system, err);
	return r == 0 ? instance_start(work->client, &work->machine, err) : r;
}

/* --- secrets that are sent */

static bool create_has_booted(struct work *work)
{
	struct machine_status status;
	struct err ignored = {0};
	int r = reach_status(work, &work->machine, &status, &ignored);

	err_free(&ignored);
	return r == 0 && (strcmp(status.health, CREATE_HEALTH_GOOD) == 0 || strcmp(status.health, CREATE_HEALTH_BAD) == 0);
}

/* Whoever answers by ssh might be another machine. */
static bool create_ssh_reaches(struct work *work, struct err *why)
{
	struct remote remote = work->remote;
	struct machine_status status;
	int r;

	err_free(why);
	remote.patience_s = CREATE_SSH_S;
	r = status_ask(work->arena, &remote, &status, why);
	if (r == 0 && strcmp(status.name, work->site->name) != 0)
		r = err_set(why, -EPERM, "there answers '%s'", status.name);
	return r == 0;
}

/* They are sent as soon as ssh gets through, because health may hang on them. Where it does not, that is told: a machine may
 * be good without, and is judged. */
static int create_send(struct work *work, struct err *err)
{
	int64_t deadline = clock_ms() + (int64_t)work->timeout_s * 1000;
	struct err why = {0};
	bool reached, booted;
	int r = 0;

	do {
		booted = create_has_booted(work);
		reached = create_ssh_reaches(work, &why);
		if (!reached && !booted)
			sleep(CREATE_PAUSE_S);
	} while (!reached && !booted && clock_ms() < deadline);
	if (reached)
		r = work->before(work->before_data, err);
	else
		log_warn("the secrets were not sent, because ssh does not reach %s (%s); when it does: "
			 "aether-build secrets send RECIPE --host %s",
			 work->remote.host, why.last->text, work->remote.host);
	err_free(&why);
	return r;
}

static int create_judge(struct work *work, struct err *err)
{
	const char *reason = NULL;
	int r = work->before ? create_send(work, err) : 0;

	if (r < 0)
		return r;
	r = work_judge(work, &work->machine, work->journal.root_hash, &reason, err);

	if (r <= 0)
		return r;
	work->bad = true;
	return err_set(err, -EIO, "generation %" PRId64 " is bad on the new machine %" PRId64 ": %s", work->journal.generation,
		       work->machine.vmid, reason);
}

static int create_settle(struct work *work, struct err *err)
{
	const char *root = config_get(&work->config, work->site->container ? "rootfs" : "scsi0");
	const struct mark_generation nothing = {0, "", ""};
	struct mark mark = {.name = work->site->name, .previous = nothing, .deploy = "", .by = ""};
	int r;

	mark.now = (struct mark_generation){(unsigned)work->journal.generation, work->journal.root_hash,
					    root ? drive_parse(work->arena, root).volid : ""};
	r = keydisc_take(work, work->journal.disc, err);
	if (r == 0)
		r = work_write_mark(work, &work->machine, &mark, err);
	if (r == 0)
		deploy_note(work->generation, &work->remote, work->bad ? VERDICT_BAD : VERDICT_GOOD,
			    work->bad ? "it was bad on its first boot" : NULL);
	return r == 0 ? journal_clear(&work->journal, err) : r;
}

static const struct work_step create_steps[] = {
	{"hand", "bringing the disc with its identity", keydisc_upload},
	{"create", "creating the machine", create_post},
	{"start", "starting it", create_start},
	{"judge", "waiting for its health", create_judge},
	{"settle", "writing down what runs", create_settle},
	{0},
};

/* Whether nothing of this deploy is there: the machine was not made, or is somebody else's. */
static bool create_came_to_nothing(struct work *work)
{
	struct err ignored = {0};
	int r = work_look(work, work->site->vmid, &ignored);

	err_free(&ignored);
	return r == -EPERM || (r == 0 && (!work->machine.there || strcmp(work->mark.deploy, work->journal.id) != 0));
}

/* What it has left is removed; what cannot be is in the journal still. */
static void create_undo(struct work *work)
{
	struct err reason = {0};
	int r = 0;

	if (!work->machine.there && create_drop_new(work, &reason) < 0)
		log_note("a volume of the machine may be left: %s", reason.last->text);
	err_free(&reason);
	if (work->journal.disc)
		r = keydisc_drop(work, work->journal.disc, &reason);
	if (r < 0)
		log_warn("%s: %s", reason.last->text, reason.first->text);
	else
		journal_clear(&work->journal, &reason);
	err_free(&reason);
}

/* There is no generation to go back to: a machine that is bad stays as it is, for somebody to look at. */
static int create_fail(struct work *work, const char *failed, int r, struct err *err)
{
	bool early = strcmp(failed, "hand") == 0 || strcmp(failed, "create") == 0;
	struct err reason = {0};

	if (work->bad) {
		if (create_settle(work, &reason) < 0)
			log_warn("%s; the next deploy goes on there", reason.last->text);
		err_free(&reason);
		return err_hint(err, "it goes on running, for a look; there is no generation to go back to");
	}
	if (!early || client_passes(r) || !create_came_to_nothing(work))
		return err_hint(err, "run 'deploy' again: it goes on where this ended");
	create_undo(work);
	return r;
}

static int create_run(struct work *work, const char *from, struct err *err)
{
	const char *failed = NULL;
	int r = work_run(work, create_steps, from, &failed, err);

	return r < 0 && failed ? create_fail(work, failed, r, err) : r;
}

/* A creation that was killed: is the machine there, and this deploy's? */
static int create_resume(struct work *work, struct err *err)
{
	struct instance machine = instance_new(work->client, work->site->node, work->journal.vmid, work->site->container);
	const char *step = work->journal.step;
	bool disc = work->journal.disc && *work->journal.disc;
	int r = work_await_tasks(work, &machine, err);

	if (r == 0)
		r = work_look(work, work->journal.vmid, err);
	if (r < 0)
		return r;
	if (!work->machine.there) {
		r = create_drop_new(work, err);
		if (r == 0)
			r = keydisc_drop(work, work->journal.disc, err);
		return r == 0 ? journal_clear(&work->journal, err) : r;
	}
	if (strcmp(work->mark.deploy, work->journal.id) != 0 && strcmp(step, "settle") != 0) {
		r = keydisc_take(work, work->journal.disc, err);
		return r < 0 ? r
			     : err_set(err, -EPERM, "machine %" PRId64 " was made by somebody else meanwhile",
				       work->machine.vmid);
	}
	r = create_run(work, strcmp(step, "create") == 0 ? "start" : step, err);
	if (r == 0 && disc)
		log_note("the deploy that ended may not have sent it its secrets: aether-build secrets send RECIPE --host %s",
			 work->remote.host);
	return r;
}

int work_create(struct work *work, struct err *err)
{
	int r;

	if (work->journal.id)
		return create_resume(work, err);
	if (!work->site->words) {
		err_set(err, -ENOENT,
			"there is no machine %" PRId64 ", and a generation alone does not say what it is to be like",
			work->site->vmid);
		return err_hint(err, "name the recipe instead: aether-build deploy %s.recipe", work->site->name);
	}
	work->machine = instance_new(work->client, work->site->node, work->site->vmid, work->site->container);
	work_begin(work, "create");
	if (work->disc_storage)
		work->journal.disc = keydisc_volid(work);
	r = create_note_volumes(work, err);
	return r == 0 ? create_run(work, work->journal.disc ? "hand" : "create", err) : r;
}

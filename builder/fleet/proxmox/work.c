#include "fleet/proxmox/work.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "edge/digest.h"
#include "fleet/proxmox/task.h"

enum { WORK_TASKS_S = 1800, WORK_PAUSE_S = 2 };

/* --- steps ------------------------------------------------------------------------------------------------------------ */

/* Something that no other deploy has: not a secret. */
static const char *work_new_id(struct arena *arena)
{
	struct timespec now;
	char text[128], hex[SHA256_HEX];

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(text, sizeof text, "%lld.%ld.%d", (long long)now.tv_sec, now.tv_nsec, getpid());
	sha256_hex_of(text, strlen(text), hex);
	return arena_strndup(arena, hex, 16);
}

void work_begin(struct work *work, const char *kind)
{
	struct journal *j = &work->journal;

	*j = (struct journal){
		.folder = j->folder,
		.lock = j->lock,
		.id = work_new_id(work->arena),
		.work = kind,
		.vmid = work->machine.vmid,
		.began = (int64_t)time(NULL),
		.old_generation = work->mark.now.number,
		.old_root_hash = work->mark.now.root_hash ? work->mark.now.root_hash : "",
		.image = work->image,
		.volumes = config_volumes(work->arena, &work->config),
	};
	if (work->generation) {
		j->generation = work->generation->number;
		j->root_hash = work->generation->manifest->root_hash;
	}
}

int work_run(struct work *work, const struct work_step *steps, const char *from, const char **ret_failed, struct err *err)
{
	bool begun = !from;
	int r = 0;

	for (const struct work_step *step = steps; step->name && r == 0; step++) {
		begun = begun || strcmp(step->name, from) == 0;
		if (!begun)
			continue;
		r = journal_step(work->arena, &work->journal, step->name, err);
		if (r == 0)
			log_step("%s", step->says);
		if (r == 0)
			r = step->run(work, err);
		if (r < 0 && ret_failed)
			*ret_failed = step->name;
	}
	if (!begun)
		return err_set(err, -EBADMSG, "%s/deploy.json tells of the step '%s', which is not known here",
			       work->journal.folder, from);
	return r;
}

/* --- tasks ------------------------------------------------------------------------------------------------------------ */

int work_task(struct work *work, const char *path, const struct form *form, unsigned timeout_s, struct err *err)
{
	int r = client_post(work->client, path, form, &work->journal.upid, err);

	if (r == 0)
		r = journal_write(work->arena, &work->journal, err);
	return r == 0 ? task_wait(work->client, work->journal.upid, timeout_s, err) : r;
}

int work_await_tasks(struct work *work, const struct instance *machine, struct err *err)
{
	int64_t deadline = clock_ms() + WORK_TASKS_S * INT64_C(1000);
	struct err ignored = {0}; /* how it ended shows in what there is now */
	const char *task = NULL;
	int r;

	if (work->journal.upid)
		task_wait(work->client, work->journal.upid, WORK_TASKS_S, &ignored);
	err_free(&ignored);
	while ((r = task_active(work->client, machine->node, machine->vmid, &task, err)) == 0 && task && clock_ms() < deadline)
		sleep(WORK_PAUSE_S);
	if (r == 0 && task)
		r = err_set(err, -EBUSY, "machine %" PRId64 " is still being worked on: %s", machine->vmid, task);
	return r;
}

/* --- finding ---------------------------------------------------------------------------------------------------------- */

static int work_read(struct work *work, struct err *err)
{
	const char *description;
	int r = instance_config(work->client, &work->machine, false, &work->config, err);

	if (r < 0)
		return r;
	description = config_get(&work->config, "description");
	work->mark = mark_read(work->arena, description);
	return 0;
}

/* A machine is the recipe's when it says so, or when it has its name: one that OpenTofu made, and nothing was deployed to
 * yet. */
static int work_check_ours(struct work *work, struct err *err)
{
	const char *name = config_get(&work->config, work->machine.container ? "hostname" : "name");
	const char *template = config_get(&work->config, "template");

	if (template && strcmp(template, "1") == 0)
		return err_set(err, -EPERM, "machine %" PRId64 " is a template of Proxmox", work->machine.vmid);
	if (work->machine.container != work->site->container)
		return err_set(err, -EPERM, "machine %" PRId64 " is a %s, and '%s' is to be a %s", work->machine.vmid,
			       work->machine.container ? "container" : "virtual machine", work->site->name,
			       work->site->container ? "container" : "virtual machine");
	if (strcmp(*work->mark.name ? work->mark.name : name ? name : "", work->site->name) == 0)
		return 0;
	err_set(err, -EPERM, "machine %" PRId64 " on %s is '%s', not '%s'", work->machine.vmid, work->machine.node,
		text_plain(work->arena, *work->mark.name ? work->mark.name
					: name		 ? name
							 : "?"),
		work->site->name);
	return err_hint(err, "check 'proxmox.vmid' of the recipe");
}

int work_look(struct work *work, int64_t vmid, struct err *err)
{
	int r = instance_find(work->client, vmid, &work->machine, err);

	work->mark = mark_read(work->arena, NULL);
	if (r == 0 && work->machine.there)
		r = work_read(work, err);
	if (r == 0 && work->machine.there)
		r = work_check_ours(work, err);
	return r;
}

bool work_has_tag(const struct work *work, const char *tag)
{
	struct strv tags = config_tags(work->arena, &work->config);

	return work->machine.there && strv_has(&tags, tag);
}

int work_find(struct work *work, struct err *err)
{
	const struct site *site = work->site;
	int r = work_look(work, site->vmid, err);

	if (r < 0 || !site->container || !site->spare)
		return r;
	if (work->machine.there && !work_has_tag(work, MARK_TAG_PREVIOUS))
		return 0;
	r = work_look(work, site->spare, err);
	if (r < 0 || (work->machine.there && !work_has_tag(work, MARK_TAG_PREVIOUS)))
		return r;
	r = work_look(work, site->vmid, err);
	if (r == 0 && work_has_tag(work, MARK_TAG_PREVIOUS))
		log_note("container %" PRId64 " is marked as replaced, but what replaced it is gone", site->vmid);
	return r;
}

/* --- alone ------------------------------------------------------------------------------------------------------------ */

static int work_busy(struct err *err, const struct instance *machine, const char *why, const char *hint)
{
	err_set(err, -EBUSY, "machine %" PRId64 " on %s: %s", machine->vmid, machine->node, why);
	return err_hint(err, "%s", hint);
}

/* Settings that a deploy has changed wait for the machine's next start: those are no reason to keep out. */
static int work_check_pending(struct work *work, struct err *err)
{
	struct config pending;
	int r = instance_pending(work->client, &work->machine, &pending, err);

	for (size_t i = 0; r == 0 && i < pending.n_entries; i++)
		if (!strv_has(&work->mark.waits, pending.entries[i].key))
			r = work_busy(err, &work->machine,
				      arena_printf(work->arena, "a change of '%s' is pending that no deploy has made",
						   text_plain(work->arena, pending.entries[i].key)),
				      "restart the machine so that it takes effect, or revert it in Proxmox");
	return r;
}

int work_check_alone(struct work *work, struct err *err)
{
	const struct instance *m = &work->machine;
	struct instance_now now;
	const char *task;
	int r = instance_now(work->client, m, &now, err);

	if (r < 0)
		return r;
	if (now.lock)
		return work_busy(err, m, arena_printf(work->arena, "it is locked (%s)", now.lock), "wait until that is done");
	if (now.managed)
		return work_busy(err, m, "HA starts and stops it",
				 arena_printf(work->arena,
					      "as root on a node: ha-manager set %s:%" PRId64 " --state ignored; "
					      "set it back afterwards",
					      m->container ? "ct" : "vm", m->vmid));
	r = task_active(work->client, m->node, m->vmid, &task, err);
	if (r < 0)
		return r;
	if (task)
		return work_busy(err, m, arena_printf(work->arena, "somebody is at work on it: %s", task),
				 "wait until that is done");
	if (*work->mark.deploy && !work->take_over)
		return work_busy(err, m,
				 arena_printf(work->arena, "a deploy of %s began at %s and has not ended", work->mark.by,
					      time_format(work->arena, work->mark.since)),
				 "finish it there by another 'deploy'; if that cannot be, use --take-over");
	return work_check_pending(work, err);
}

/* --- the mark --------------------------------------------------------------------------------------------------------- */

static const char *work_who(struct arena *arena)
{
	char host[256] = "";
	const char *user = getenv("USER");

	gethostname(host, sizeof host - 1);
	return text_plain(arena, arena_printf(arena, "%s@%s", user && *user ? user : "root", host));
}

static int work_put_mark(struct work *work, const struct instance *machine, const struct config *config,
			 const struct mark *mark, const char *digest, struct err *err)
{
	struct form form = {0};
	const char *description = config_get(config, "description");

	form_add(work->arena, &form, "description", "%s", mark_write(work->arena, description, mark));
	return instance_set(work->client, machine, &form, digest, err);
}

int work_write_mark(struct work *work, const struct instance *machine, const struct mark *mark, struct err *err)
{
	struct config config;
	int r = instance_config(work->client, machine, false, &config, err);

	return r == 0 ? work_put_mark(work, machine, &config, mark, config.digest, err) : r;
}

int work_set(struct work *work, struct form *form, struct err *err)
{
	const char *description = config_get(&work->config, "description");
	struct mark mark = work->mark;

	mark.name = work->site->name;
	for (size_t i = 0; i < form->n_fields; i++)
		if (!strv_has(&mark.waits, form->fields[i].name))
			strv_push(work->arena, &mark.waits, form->fields[i].name);
	form_add(work->arena, form, "description", "%s", mark_write(work->arena, description, &mark));
	return instance_set(work->client, &work->machine, form, work->config.digest, err);
}

int work_claim(struct work *work, struct err *err)
{
	struct mark mark = work->mark;
	int r;

	mark.name = work->site->name;
	mark.deploy = work->journal.id;
	mark.by = work_who(work->arena);
	mark.since = work->journal.began;
	r = work_put_mark(work, &work->machine, &work->config, &mark, work->config.digest, err);
	return r == 0 ? instance_config(work->client, &work->machine, false, &work->config, err) : r;
}

int work_disclaim(struct work *work, const struct instance *machine, struct err *err)
{
	struct config config;
	struct mark mark;
	int r = instance_config(work->client, machine, false, &config, err);

	if (r < 0)
		return r;
	mark = mark_read(work->arena, config_get(&config, "description"));
	if (!*mark.deploy || strcmp(mark.deploy, work->journal.id) != 0)
		return 0;
	mark.deploy = "";
	return work_put_mark(work, machine, &config, &mark, config.digest, err);
}

int work_give_up(struct work *work, struct err *err)
{
	int r = work_disclaim(work, &work->machine, err);

	return r == 0 ? journal_clear(&work->journal, err) : r;
}

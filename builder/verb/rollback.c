/* aether-build rollback --host HOST: back to the generation in the other slot. rollback --via proxmox NAME: back to the disk,
 * or container, before. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "contract/agent.h"
#include "fleet/proxmox/deploy.h"
#include "fleet/verdict.h"
#include "verb/options/host.h"
#include "verb/options/proxmox.h"
#include "verb/verb.h"

struct rollback_options {
	struct common_options common;
	struct host_options host;
	struct access_options access;
	const char *out, *timeout, *via;
};

static const struct option rollback_own_options[] = {
	OPTION_OUT(rollback_options),
	{"via", "ssh|proxmox", "the other slot, or by Proxmox the disk before (ssh)", OPTION_TEXT,
	 offsetof(struct rollback_options, via), "ssh"},
	OPTION_TIMEOUT(rollback_options),
	{0},
};
static const struct option_group rollback_option_groups[] = {{host_options, offsetof(struct rollback_options, host)},
							     {proxmox_options, offsetof(struct rollback_options, access)},
							     {rollback_own_options, 0},
							     {0}};

static const struct machine_slot *rollback_other_slot(const struct machine_status *machine)
{
	for (size_t i = 0; i < machine->n_slots; i++)
		if (strcmp(machine->slots[i].slot, machine->slot) != 0)
			return &machine->slots[i];
	return NULL;
}

/* The agent refuses where there is nothing good to go back to. */
static int rollback_go_back(struct arena *arena, const struct remote *remote, struct err *err)
{
	const char *said, *how;
	int status;

	log_step("marking the running generation of %s as bad", remote->host);
	status = remote_run(arena, remote, AGENT " " AGENT_ROLLBACK, NULL, &said, err);
	if (status < 0)
		return status;
	if (status > 0)
		return remote_failed(remote, status, said, err);
	log_step("restarting %s", remote->host);
	return status_restart(arena, remote, true, &how, err);
}

static void rollback_report(struct arena *arena, const struct rollback_options *options, const struct remote *remote,
			    const struct machine_status *after, const struct generation *generation)
{
	_cleanup_jval_ struct jval *object = jval_new_object();
	char number[16] = "";

	if (generation)
		snprintf(number, sizeof number, "%u", generation->number);
	log_step(NULL);
	if (!options->common.json) {
		printf("%s runs %s%s%s again, in slot %s, and is good\n", remote->host, after->name, *number ? "/" : "", number,
		       after->slot);
		return;
	}
	jval_set(object, "host", jval_text(remote->host));
	jval_set(object, "name", jval_text(after->name));
	jval_set(object, "generation", generation ? jval_number(generation->number) : jval_text(NULL));
	jval_set(object, "root_hash", jval_text(after->root_hash));
	jval_set(object, "slot", jval_text(after->slot));
	jval_set(object, "verdict", jval_text("good"));
	puts(jval_print(arena, object, true));
}

/* --- by ssh ---------------------------------------------------------------------------------------------------------- */

static int rollback_by_ssh(const struct rollback_options *options, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct generation *given_up, *back = NULL;
	const struct machine_slot *other = NULL;
	struct machine_status before, after;
	struct remote remote;
	struct status_awaited awaited;
	int r;

	r = host_read(arena, &options->host, &remote, err);
	if (r == 0)
		r = host_timeout(options->timeout, &awaited.timeout_s, err);
	if (r == 0)
		r = status_ask(arena, &remote, &before, err);
	if (r == 0)
		r = rollback_go_back(arena, &remote, err);
	if (r < 0)
		return r;
	given_up = deploy_find(arena, options->out, before.name, before.root_hash);
	deploy_note(given_up, &remote, VERDICT_BAD, "rolled back by hand");
	other = rollback_other_slot(&before);
	if (!other)
		return err_set(err, -EBADMSG, "%s does not report its other slot", remote.host);
	back = deploy_find(arena, options->out, before.name, other->root_hash);
	awaited.boot_id = before.boot_id;
	awaited.root_hash = other->root_hash;
	r = deploy_verdict(arena, &remote, &awaited, back, &after, err);
	if (r == 0)
		rollback_report(arena, options, &remote, &after, back);
	return r;
}

/* --- by Proxmox -------------------------------------------------------------------------------------------------------- */

static void rollback_report_proxmox(const struct rollback_options *options, const struct work *work, int64_t number)
{
	_cleanup_jval_ struct jval *object = jval_new_object();

	log_step(NULL);
	if (!options->common.json) {
		printf("%s/%" PRId64 " runs again as %" PRId64 " on %s, and is good\n", work->site->name, number,
		       work->machine.vmid, work->machine.node);
		return;
	}
	jval_set(object, "name", jval_text(work->site->name));
	jval_set(object, "generation", jval_number(number));
	jval_set(object, "vmid", jval_number(work->machine.vmid));
	jval_set(object, "node", jval_text(work->machine.node));
	jval_set(object, "verdict", jval_text("good"));
	puts(jval_print(work->arena, object, true));
}

static int rollback_work(struct work *work, const struct rollback_options *options, struct err *err)
{
	int64_t number = 0;
	int r = host_timeout(options->timeout, &work->timeout_s, err);

	if (r == 0)
		r = work_recover(work, err);
	if (r == 0)
		r = deploy_return(work, &number, err);
	if (r == 0)
		r = work_find(work, err);
	if (r == 0)
		rollback_report_proxmox(options, work, number);
	return r;
}

static int rollback_by_proxmox(const struct rollback_options *options, const char *name, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct proxmox_finding finding = {.out = options->out, .cache = options->common.cache};
	struct host_options host = options->host;
	struct work work = {.journal.lock = -1};
	struct client client;
	struct access access;
	struct remote remote;
	struct site site;
	int r = access_read(arena, &options->access, &access, err);

	if (r == 0)
		r = proxmox_find_site(arena, &finding, name, &site, err);
	if (r == 0 && !host.host)
		host.host = site.ssh;
	if (r == 0)
		r = host_read(arena, &host, &remote, err);
	if (r == 0)
		r = deploy_open(arena, &access, &site, &remote, &client, &work, err);
	if (r == 0)
		r = rollback_work(&work, options, err);
	journal_close(&work.journal);
	return r;
}

static int rollback_run(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	const struct rollback_options *options = data;
	bool proxmox = strcmp(options->via, "proxmox") == 0;

	if (!proxmox && strcmp(options->via, "ssh") != 0)
		return err_set(err, -EINVAL, "'--via %s': expected ssh or proxmox", options->via);
	if (!proxmox && n_arguments)
		return err_set(err, -EINVAL, "unexpected argument '%s': by ssh the machine is named by --host", arguments[0]);
	if (!proxmox)
		return rollback_by_ssh(options, err);
	if (n_arguments)
		return rollback_by_proxmox(options, arguments[0], err);
	err_set(err, -EINVAL, "no machine was named");
	return err_hint(err, "name it as it was deployed: aether-build rollback --via proxmox NAME");
}

const struct verb verb_rollback = {
	.name = "rollback",
	.arguments = "[NAME]",
	.summary = "Boots the previous generation of a machine again",
	.options = rollback_option_groups,
	.options_size = sizeof(struct rollback_options),
	.max_arguments = 1,
	.run = rollback_run,
};

/* aether-build rollback --host HOST: back to the generation in the other slot. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "contract/agent.h"
#include "fleet/verdict.h"
#include "verb/options/host.h"
#include "verb/verb.h"

struct rollback_options {
	struct common_options common;
	struct host_options host;
	const char *out, *timeout;
};

static const struct option rollback_own_options[] = {
	OPTION_OUT(rollback_options),
	OPTION_TIMEOUT(rollback_options),
	{0},
};
static const struct option_group rollback_option_groups[] = {
	{host_options, offsetof(struct rollback_options, host)}, {rollback_own_options, 0}, {0}};

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

static int rollback_run(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	const struct rollback_options *options = data;
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct generation *given_up, *back = NULL;
	const struct machine_slot *other = NULL;
	struct machine_status before, after;
	struct remote remote;
	struct status_awaited awaited;
	int r;

	(void)arguments;
	(void)n_arguments;
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

const struct verb verb_rollback = {
	.name = "rollback",
	.arguments = "",
	.summary = "Boots the previous generation of a machine again",
	.options = rollback_option_groups,
	.options_size = sizeof(struct rollback_options),
	.run = rollback_run,
};

/* aether-build status --host HOST: what a machine runs, and which generation of ours that is. */
#include <stdio.h>
#include <string.h>

#include "contract/secrets.h"
#include "fleet/verdict.h"
#include "verb/options/host.h"
#include "verb/verb.h"

struct status_options {
	struct common_options common;
	struct host_options host;
	const char *out;
};

static const struct option status_own_options[] = {
	OPTION_OUT(status_options),
	{0},
};
static const struct option_group status_option_groups[] = {
	{host_options, offsetof(struct status_options, host)}, {status_own_options, 0}, {0}};

/* "gateway/3", or "" for none of ours. */
static const char *verb_status_reference_of(struct arena *arena, const struct status_options *options,
					    const struct machine_status *machine, const char *root_hash)
{
	const struct generation *g = *root_hash ? deploy_find(arena, options->out, machine->name, root_hash) : NULL;

	return g ? arena_printf(arena, "%s/%u", g->name, g->number) : "";
}

static void verb_status_report_secrets(const struct machine_status *machine)
{
	size_t n_good = 0;

	for (size_t i = 0; i < machine->n_secrets; i++)
		n_good += strcmp(machine->secrets[i].state, SECRETS_STATE_GOOD) == 0;
	if (machine->n_secrets)
		printf("secrets: %zu of %zu are placed\n", n_good, machine->n_secrets);
	for (size_t i = 0; i < machine->n_secrets; i++)
		if (strcmp(machine->secrets[i].state, SECRETS_STATE_GOOD) != 0)
			printf("         %s is %s: %s\n", machine->secrets[i].name, machine->secrets[i].state,
			       machine->secrets[i].reason);
}

static void verb_status_report_plain(struct arena *arena, const struct status_options *options,
				     const struct machine_status *machine)
{
	printf("%s (%s), health: %s%s%s\n", machine->name, machine->kind, machine->health, *machine->health_reason ? ": " : "",
	       machine->health_reason);
	for (size_t i = 0; i < machine->n_slots; i++) {
		const struct machine_slot *slot = &machine->slots[i];
		const char *ours = verb_status_reference_of(arena, options, machine, slot->root_hash);
		const char *number = *slot->generation ? arena_printf(arena, "generation %s", slot->generation) : "-";

		printf("%c slot %s  %-5s  %-20s  root %.16s", strcmp(slot->slot, machine->slot) == 0 ? '*' : ' ', slot->slot,
		       slot->state, *ours ? ours : number, *slot->root_hash ? slot->root_hash : "-");
		if (strcmp(slot->state, "trial") == 0)
			printf("  %lld tries left", (long long)slot->tries_left);
		puts("");
		if (*slot->root_hash && strcmp(slot->root_hash, machine->failure.root_hash) == 0)
			printf("         %s\n", machine->failure.reason);
	}
	verb_status_report_secrets(machine);
	for (size_t i = 0; i < machine->remarks.count; i++)
		printf("note: %s\n", machine->remarks.items[i]);
}

/* The machine's own words, with what is known here beside them. */
static int verb_status_report_json(struct arena *arena, const struct status_options *options,
				   const struct machine_status *machine, struct err *err)
{
	struct jval *top = jval_new_object(), *ours = jval_new_object(), *theirs = NULL;
	int r = jval_read("the machine's status", machine->text, strlen(machine->text), &theirs, err);

	jval_set(top, "host", jval_text(options->host.host));
	for (size_t i = 0; r == 0 && i < machine->n_slots; i++) {
		const char *reference = verb_status_reference_of(arena, options, machine, machine->slots[i].root_hash);

		jval_set(ours, machine->slots[i].slot, jval_text(*reference ? reference : NULL));
	}
	jval_set(top, "generations", ours);
	if (r == 0)
		jval_set(top, "status", theirs);
	if (r == 0)
		puts(jval_print(arena, top, true));
	jval_free(top);
	return r;
}

static int verb_status_run(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	const struct status_options *options = data;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct machine_status machine;
	struct remote remote;
	int r;

	(void)arguments;
	(void)n_arguments;
	r = host_read(arena, &options->host, &remote, err);
	if (r == 0)
		r = status_ask(arena, &remote, &machine, err);
	if (r < 0)
		return r;
	if (options->common.json)
		return verb_status_report_json(arena, options, &machine, err);
	verb_status_report_plain(arena, options, &machine);
	return 0;
}

const struct verb verb_status = {
	.name = "status",
	.arguments = "",
	.summary = "Shows what a machine runs, and the state of its slots",
	.options = status_option_groups,
	.options_size = sizeof(struct status_options),
	.run = verb_status_run,
};

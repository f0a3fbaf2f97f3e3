#include "fleet/verdict.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"

enum { TIMEOUT_S = 15 * 60, TIMEOUT_MAX_S = 24 * 60 * 60 };

int deploy_remote(struct arena *arena, const struct verb_options *options, struct remote *ret_remote, struct err *err)
{
	struct remote remote = {.host = options->host, .config = options->ssh_config};

	if (!remote.host) {
		err_set(err, -EINVAL, "which machine is meant?");
		return err_hint(err, "say it: --host [USER@]NAME, as ssh knows it");
	}
	for (size_t i = 0; i < options->ssh_options.count; i++)
		strv_push(arena, &remote.options, options->ssh_options.items[i]);
	*ret_remote = remote;
	return remote_check(&remote, err);
}

int deploy_timeout(const struct verb_options *options, unsigned *ret_seconds, struct err *err)
{
	uint64_t ms = TIMEOUT_S * 1000ULL;

	if (options->timeout && (duration_parse(options->timeout, &ms) < 0 || ms < 1000 || ms > TIMEOUT_MAX_S * 1000ULL)) {
		err_set(err, -EINVAL, "'--timeout %s': a time from a second to a day is expected", options->timeout);
		return err_hint(err, "such as 90s, 15m, 1h");
	}
	*ret_seconds = (unsigned)(ms / 1000);
	return 0;
}

const struct generation *deploy_find(struct arena *arena, const struct verb_options *options, const char *name,
				     const char *root_hash)
{
	struct generation *generations = NULL;
	struct err ignored = {0};
	size_t n = 0;
	int r = *name && *name != '.' && !strchr(name, '/') ? generation_list(arena, options->out, name, &generations,
									      &n, &ignored) : 0;

	err_free(&ignored);
	for (size_t i = n; r == 0 && i-- > 0;) {
		const char *hash = generations[i].manifest->root_hash;

		if (hash && strcmp(hash, root_hash) == 0)
			return &generations[i];
	}
	return NULL;
}

void deploy_note(const struct generation *generation, const struct remote *remote, enum verdict verdict, const char *reason)
{
	const struct deployment deployment = {remote->host, (int64_t)time(NULL), verdict, reason};
	struct err err = {0};

	if (generation && generation_note(generation, &deployment, &err) < 0)
		log_warn("cannot write down what became of %s/%u on %s: %s", generation->name, generation->number, remote->host,
			 err.last->text);
	err_free(&err);
}

/* Why the image does not run there, or is bad. */
static const char *reason_of(const struct machine_status *machine, const char *root_hash)
{
	if (strcmp(machine->failure.root_hash, root_hash) == 0 && *machine->failure.reason)
		return machine->failure.reason;
	return strcmp(machine->root_hash, root_hash) == 0 ? "its health checks do not hold" : "the machine did not start it";
}

static int bad(struct arena *arena, const struct remote *remote, const struct machine_status *machine, const char *root_hash,
	       const struct generation *generation, struct err *err)
{
	const char *reason = reason_of(machine, root_hash);
	const char *which = generation ? arena_printf(arena, "%s/%u", generation->name, generation->number)
				       : arena_printf(arena, "the image %.16s", root_hash);

	deploy_note(generation, remote, VERDICT_BAD, reason);
	err_set(err, -EIO, "%s is bad on %s: %s", which, remote->host, reason);
	if (strcmp(machine->root_hash, root_hash) == 0)
		return err_hint(err, "it still runs: slot %s has no good generation to go back to", machine->slot);
	if (*machine->generation)
		return err_hint(err, "the machine runs its generation %s again (slot %s)", machine->generation, machine->slot);
	return err_hint(err, "the machine runs what it ran before (slot %s)", machine->slot);
}

int deploy_verdict(struct arena *arena, const struct remote *remote, const char *boot_id, const char *root_hash,
		   unsigned timeout_s,
		   const struct generation *generation, struct machine_status *ret_machine, struct err *err)
{
	int r = status_wait(remote, arena, boot_id, root_hash, timeout_s, ret_machine, err);

	if (r < 0)
		return r;
	if (strcmp(ret_machine->root_hash, root_hash) != 0 || strcmp(ret_machine->state, "good") != 0)
		return bad(arena, remote, ret_machine, root_hash, generation, err);
	deploy_note(generation, remote, VERDICT_GOOD, NULL);
	return 0;
}

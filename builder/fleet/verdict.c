#include "fleet/verdict.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"

/* The same on one shelf. */
static const struct generation *verdict_find_on(struct arena *arena, const char *out, const char *shelf, const char *root_hash)
{
	struct generation *generations = NULL;
	struct err ignored = {0};
	size_t n = 0;
	int r = generation_list(arena, out, shelf, &generations, &n, &ignored);

	err_free(&ignored);
	for (size_t i = n; r == 0 && i-- > 0;) {
		const char *hash = generations[i].manifest->root_hash;

		if (hash && strcmp(hash, root_hash) == 0)
			return &generations[i];
	}
	return NULL;
}

/* A recipe's further kinds have shelves of their own. */
const struct generation *deploy_find(struct arena *arena, const char *out, const char *name,
				     const char *root_hash)
{
	static const char *const kinds[] = {"", ".vm", ".lxc"};
	const struct generation *found = NULL;

	if (!*name || *name == '.' || strchr(name, '/'))
		return NULL;
	for (size_t i = 0; !found && i < sizeof kinds / sizeof *kinds; i++)
		found = verdict_find_on(arena, out, arena_printf(arena, "%s%s", name, kinds[i]), root_hash);
	return found;
}

void deploy_note(const struct generation *generation, const struct remote *remote, enum verdict verdict, const char *reason)
{
	const struct deployment deployment = {remote->host, (int64_t)time(NULL), verdict, reason};
	struct err err = {0};

	if (generation && generation_note(generation, &deployment, &err) < 0)
		log_warn("cannot record the result of %s/%u on %s: %s", generation->name, generation->number, remote->host,
			 err.last->text);
	err_free(&err);
}

/* Why the image does not run there, or is bad. */
static const char *verdict_reason_of(const struct machine_status *machine, const char *root_hash)
{
	if (strcmp(machine->failure.root_hash, root_hash) == 0 && *machine->failure.reason)
		return machine->failure.reason;
	return strcmp(machine->root_hash, root_hash) == 0 ? "its health checks failed" : "the machine did not start it";
}

static int verdict_bad(struct arena *arena, const struct remote *remote, const struct machine_status *machine,
		       const char *root_hash, const struct generation *generation, struct err *err)
{
	const char *reason = verdict_reason_of(machine, root_hash);
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

int deploy_verdict(struct arena *arena, const struct remote *remote, const struct status_awaited *awaited,
		   const struct generation *generation, struct machine_status *ret_machine, struct err *err)
{
	const char *root_hash = awaited->root_hash;
	int r = status_wait(arena, remote, awaited, ret_machine, err);

	if (r < 0)
		return r;
	if (strcmp(ret_machine->root_hash, root_hash) != 0 || strcmp(ret_machine->state, "good") != 0)
		return verdict_bad(arena, remote, ret_machine, root_hash, generation, err);
	deploy_note(generation, remote, VERDICT_GOOD, NULL);
	return 0;
}

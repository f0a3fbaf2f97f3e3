#include <inttypes.h>

#include "host/sandbox.h"
#include "tree/quadlet_said.h"

/* Has the generator of a user (0: the system's) read all its files, and write nothing. */
static int tree_quadlets_check(const struct step *step, int64_t uid, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *argv[] = {QUADLET_GENERATOR, "-dryrun", uid ? "-user" : NULL, NULL};
	const char *folder = arena_printf(arena, "QUADLET_UNIT_DIRS=/etc/containers/systemd/users/%" PRId64, uid);
	const char *env[] = {"PATH=/usr/sbin:/usr/bin", "LC_ALL=C.UTF-8", uid ? folder : NULL, NULL};
	const struct sandbox sandbox = {.root = step->root, .read_only = true};
	_cleanup_buf_ struct buf output = {0}, said = {0};
	int status = sandbox_run(
		&sandbox, &(struct proc){.argv = argv, .env = env, .output = &output, .diagnostics = &said,
					 .deadline_s = STEP_PATIENCE_S}, err);

	return status > 0 ? quadlet_said_tell(step, uid, said.data ? said.data : "", err) : status;
}

/* Whether nobody before had the same user. */
static bool tree_quadlets_is_first(const struct plan *plan, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (plan->quadlets[j].uid == plan->quadlets[i].uid)
			return false;
	return true;
}

int step_quadlets(const struct step *step, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < step->plan->n_quadlets; i++)
		if (tree_quadlets_is_first(step->plan, i))
			r = tree_quadlets_check(step, step->plan->quadlets[i].uid, err);
	return r;
}

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "host/sandbox.h"
#include "tree/steps.h"

static const char GENERATOR[] = "/usr/libexec/podman/quadlet";

/* The quadlet a line of the generator is about: it names the file in quotes, or with its path. */
static const struct plan_quadlet *tree_quadlets_about(const struct plan *plan, int64_t uid, const char *line)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < plan->n_quadlets; i++) {
		const struct plan_quadlet *quadlet = &plan->quadlets[i];

		if (quadlet->uid == uid &&
		    (strstr(line, arena_printf(arena, "\"%s\"", quadlet->name)) || strstr(line, quadlet->path)))
			return quadlet;
	}
	return NULL;
}

/* What a line says, without who says it; NULL for a line about its progress. */
static const char *tree_quadlets_message(const char *line)
{
	const char *said = text_has_prefix(line, "quadlet-generator[") ? strstr(line, "]: ") : NULL;

	line = said ? said + 3 : line;
	return *line && !text_has_prefix(line, "Loading source unit file ") ? line : NULL;
}

static int tree_quadlets_tell(const struct plan *plan, int64_t uid, const struct buf *said, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *next = said->data;

	while (next && *next) {
		size_t length = strcspn(next, "\n");
		const char *line = tree_quadlets_message(arena_strndup(arena, next, length));
		const struct plan_quadlet *quadlet = line ? tree_quadlets_about(plan, uid, line) : NULL;

		next += length + (next[length] == '\n');
		if (quadlet)
			err_at(err, -EINVAL, &quadlet->pos, arena_printf(arena, "quadlets.%s", quadlet->name),
			       "podman says: %s", line);
		else if (line)
			err_set(err, -EINVAL, "podman says: %s", line);
	}
	if (err->count == 0)
		err_set(err, -EINVAL, "podman refuses the quadlets without a message");
	return err_result(err);
}

/* Has the generator of a user (0: the system's) read all its files, and write nothing. */
static int tree_quadlets_check(const struct step *step, int64_t uid, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *argv[] = {GENERATOR, "-dryrun", uid ? "-user" : NULL, NULL};
	const char *folder = arena_printf(arena, "QUADLET_UNIT_DIRS=/etc/containers/systemd/users/%" PRId64, uid);
	const char *env[] = {"PATH=/usr/sbin:/usr/bin", "LC_ALL=C.UTF-8", uid ? folder : NULL, NULL};
	const struct sandbox sandbox = {.root = step->root, .read_only = true};
	_cleanup_buf_ struct buf output = {0}, said = {0};
	int status = sandbox_run(
		&sandbox, &(struct proc){.argv = argv, .env = env, .output = &output, .diagnostics = &said,
					 .deadline_s = STEP_PATIENCE_S}, err);

	return status > 0 ? tree_quadlets_tell(step->plan, uid, &said, err) : status;
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

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "host/sandbox.h"
#include "tree/steps.h"

/* A line of systemd-tmpfiles about a line of the recipe's: the file has one for each of its words. */
static void tree_tmpfiles_tell_line(const struct recipe *recipe, struct arena *arena, const char *line, struct err *err)
{
	const char *at = strstr(line, RECIPE_TMPFILES ":");
	char *rest = NULL;
	unsigned long number = at ? strtoul(at + strlen(RECIPE_TMPFILES ":"), &rest, 10) : 0;

	if (number == 0 || number > recipe->n_tmpfiles) {
		err_set(err, -EINVAL, "systemd-tmpfiles says: %s", line);
		return;
	}
	rest += strspn(rest, ": ");
	err_at(err, -EINVAL, &recipe->tmpfiles[number - 1].pos,
	       arena_printf(arena, "tmpfiles.%s", recipe->tmpfiles[number - 1].path), "systemd-tmpfiles says: %s", rest);
	if (text_has_prefix(rest, "Failed to resolve"))
		err_hint(err, "declare it in 'users', or add the package that makes it");
}

static int tree_tmpfiles_tell(const struct recipe *recipe, const char *said, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char *rest = arena_strdup(arena, said ? said : "");
	const char *line;

	while ((line = strsep(&rest, "\n")))
		if (*line)
			tree_tmpfiles_tell_line(recipe, arena, line, err);
	if (err->count == 0)
		err_set(err, -EINVAL, "systemd-tmpfiles refuses the recipe's 'tmpfiles' without a message");
	return err_result(err);
}

/* What it would do it says on stdout; what it cannot read, or whom it does not know, on stderr: also when it goes on. */
int step_tmpfiles(const struct step *step, struct err *err)
{
	static const char *const argv[] = {"/usr/bin/systemd-tmpfiles", "--dry-run", "--create", RECIPE_TMPFILES, NULL};
	static const char *const env[] = {"PATH=/usr/sbin:/usr/bin", "LC_ALL=C.UTF-8", "SYSTEMD_LOG_LEVEL=notice", NULL};
	const struct sandbox sandbox = {.root = step->root, .read_only = true};
	_cleanup_buf_ struct buf output = {0}, said = {0};
	int status = 0;

	if (step->plan->recipe->n_tmpfiles)
		status = sandbox_run(&sandbox, &(struct proc){.argv = argv, .env = env, .output = &output,
							      .diagnostics = &said, .deadline_s = STEP_PATIENCE_S}, err);
	if (status < 0)
		return status;
	return status > 0 || (said.data && strstr(said.data, RECIPE_TMPFILES ":"))
		       ? tree_tmpfiles_tell(step->plan->recipe, said.data, err)
		       : 0;
}

/* `hooks`: commands of the recipe's that shape the tree. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "host/sandbox.h"
#include "tree/name.h"
#include "tree/steps.h"

enum { HOOK_PATIENCE_S = 15 * 60, KEPT_BYTES = 1 << 16, FULL_BYTES = 1 << 17, SHOWN_LINES = 5 };

/* What a hook says: all of it is shown as it comes with --verbose, and the end is kept. */
struct hook_output {
	struct buf kept;
	size_t shown;                /* of `kept`: bytes that were shown */
};

static void hooks_show(struct hook_output *output, size_t end)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	if (end > output->shown)
		log_output(arena_strndup(arena, output->kept.data + output->shown, end - output->shown));
	output->shown = end;
}

static void hooks_hear(void *data, const char *bytes, size_t n)
{
	struct hook_output *output = data;
	const char *newline;

	buf_add(&output->kept, bytes, n);
	newline = memrchr(output->kept.data, '\n', output->kept.size);
	if (log_is_verbose() && newline)
		hooks_show(output, (size_t)(newline + 1 - output->kept.data));
	if (output->kept.size > FULL_BYTES) {
		size_t cut = output->kept.size - KEPT_BYTES;

		memmove(output->kept.data, output->kept.data + cut, KEPT_BYTES + 1);
		output->kept.size = KEPT_BYTES;
		output->shown = output->shown > cut ? output->shown - cut : 0;
	}
}

/* The last lines of it, without empty ones at the end. */
static const char *hooks_last_lines(struct arena *arena, const struct hook_output *output)
{
	size_t end = output->kept.size, start, lines = 0;

	while (end && strchr("\n\r\t ", output->kept.data[end - 1]))
		end--;
	for (start = end; start; start--)
		if (output->kept.data[start - 1] == '\n' && ++lines == SHOWN_LINES)
			break;
	return arena_strndup(arena, output->kept.data ? output->kept.data + start : "", end - start);
}

static int hooks_failed(const struct recipe_hook *hook, int status, const struct err *why, const char *said, struct err *err)
{
	const char *program = hook->argv.items[0];

	if (status > 0)
		err_at(err, -EIO, &hook->pos, "hooks.configure", "the hook '%s' failed with exit status %d%s", program, status,
		       *said ? "; its output:" : " and without output");
	else if (status == -ETIME)
		err_at(err, -ETIME, &hook->pos, "hooks.configure",
		       "the hook '%s' did not end within %d minutes and was stopped%s", program, HOOK_PATIENCE_S / 60,
		       *said ? "; its output:" : "");
	else
		err_at(err, status, &hook->pos, "hooks.configure", "the hook '%s' failed: %s%s", program,
		       why->first ? why->first->text : "it did not end by itself", *said ? "; its output:" : "");
	if (*said)
		err_wrap(err, "| %s", said);
	if (status == -ETIME)
		err_hint(err, "it has no network, no terminal and no running services: does it wait for one of them?");
	return err_negative(status > 0 ? -EIO : status);
}

static int hooks_run(const struct step *step, const struct recipe_hook *hook, const char *const *argv, struct arena *arena,
		     struct err *err)
{
	const struct sandbox sandbox = {.root = step->root, .hostname = step->plan->recipe->name};
	struct hook_output output = {0};
	struct err why = {0};
	int status = sandbox_run(&sandbox, &(struct proc){.argv = argv, .env = step_env, .deadline_s = HOOK_PATIENCE_S,
							  .heard = hooks_hear, .heard_data = &output}, &why);
	const char *said = hooks_last_lines(arena, &output);

	if (status == 0 && log_is_verbose())
		hooks_show(&output, output.kept.size);
	else if (status == 0)
		log_output(said);
	else
		hooks_failed(hook, status, &why, said, err);
	err_free(&why);
	buf_free(&output.kept);
	return status == 0 ? 0 : err_result(err);
}

int step_configure(const struct step *step, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < step->plan->recipe->n_configure; i++) {
		const struct recipe_hook *hook = &step->plan->recipe->configure[i];
		const struct name program = {hook->argv.items[0], hook->pos, "hooks.configure"};
		struct strv argv = {0};
		int r;

		name_ask_program(step, arena, &program, err);
		if (err_result(err) < 0)
			return step_names(step, err); /* a name is misspelt: perhaps others are, too */
		for (size_t a = 0; a < hook->argv.count; a++)
			strv_push(arena, &argv, hook->argv.items[a]);
		*arena_push(arena, argv.items, argv.count) = NULL;
		log_note("hook %s", hook->argv.items[0]);
		r = hooks_run(step, hook, argv.items, arena, err);
		if (r < 0)
			return r;
	}
	return 0;
}

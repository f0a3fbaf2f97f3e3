#include "run/trial.h"

#include <errno.h>
#include <inttypes.h>
#include <regex.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "contract/agent.h"
#include "edge/jval.h"
#include "host/signals.h"

/* The end of an output is what tells. */
enum { SHOWN_BYTES = 1500, QUESTION_MS = 60000 };

static struct trial_result *trial_add(struct trial *trial, const char *what, const char *name, bool ok)
{
	struct trial_result *result = arena_push(trial->arena, trial->results, trial->n_results);

	*result = (struct trial_result){.what = what, .name = name, .ok = ok};
	trial->n_failed += !ok;
	return result;
}

/* The text without what would confuse a terminal, and not too much of it. */
static const char *trial_shown(struct arena *arena, const char *text)
{
	size_t size = strlen(text);
	char *copy;

	while (size && (text[size - 1] == '\n' || text[size - 1] == ' '))
		size--;
	copy = size > SHOWN_BYTES ? arena_printf(arena, "…%.*s", SHOWN_BYTES, text + size - SHOWN_BYTES)
				  : arena_strndup(arena, text, size);
	text_calm(copy, "\n\t");
	return copy;
}

void trial_fail(struct trial *trial, const char *what, const char *name, const char *seen)
{
	trial_add(trial, what, name, false)->seen = trial_shown(trial->arena, seen);
}

/* --- boot ------------------------------------------------------------------------------------------------------------ */

static int trial_list_failed(struct arena *arena, const struct guest *guest, const char **ret_names, struct err *err)
{
	static const char *const argv[] = {"/usr/bin/systemctl", "list-units", "--state=failed", "--plain", "--no-legend",
					   "--no-pager", NULL};
	struct guest_said said;
	const char *line, *names = "";
	int r = guest->run(guest->data, arena, argv, QUESTION_MS, &said, err);

	if (r < 0)
		return r;
	for (line = said.out; *line; line += strcspn(line, "\n"), line += *line == '\n')
		names = arena_printf(arena, "%s%s%.*s", names, *names ? " " : "", (int)strcspn(line, " \n"), line);
	*ret_names = names;
	return 0;
}

int trial_boot(struct trial *trial, const struct guest *guest, int64_t deadline_ms, const char **ret_failed_units,
	       struct err *err)
{
	static const char *const argv[] = {"/usr/bin/systemctl", "is-system-running", "--wait", NULL};
	int64_t started_ms = clock_ms(), left_ms = deadline_ms - started_ms;
	struct trial_result *result;
	struct guest_said said;
	bool done;
	int r = guest->run(guest->data, trial->arena, argv, left_ms > 1000 ? (uint64_t)left_ms : 1000, &said, err);

	*ret_failed_units = "";
	if (r < 0)
		return r;
	done = !said.timed_out && (text_has_prefix(said.out, "running") || text_has_prefix(said.out, "degraded"));
	result = trial_add(trial, "boot", "the system has started", done);
	result->took_ms = (uint64_t)(clock_ms() - started_ms);
	if (!done) {
		result->expected = "running";
		result->seen = said.timed_out ? "it did not finish in time"
					      : trial_shown(trial->arena, *said.out ? said.out : said.diagnostics);
	}
	return trial_list_failed(trial->arena, guest, ret_failed_units, err);
}

/* --- health ---------------------------------------------------------------------------------------------------------- */

int trial_read_health(struct trial *trial, const char *text, size_t size, struct err *err)
{
	_cleanup_jval_ struct jval *report = NULL;
	const struct jval *checks;
	int r = jval_read("the health report", text, size, &report, err);

	if (r < 0)
		return r;
	checks = jval_get(report, "checks");
	if (!jval_get(report, "healthy") || !checks)
		return err_set(err, -EBADMSG, "the health report has no 'healthy' and 'checks'");
	for (size_t i = 0; i < jval_count(checks); i++) {
		const struct jval *check = jval_item(checks, i);
		const char *name = jval_get_text(check, "check"), *reason = jval_get_text(check, "reason");
		struct trial_result *result = trial_add(trial, "health", arena_strdup(trial->arena, name ? name : "?"),
							jval_get_bool(check, "ok"));

		if (!result->ok)
			result->seen = trial_shown(trial->arena, reason ? reason : "no reason was given");
	}
	if (!jval_get_bool(report, "healthy") && trial->n_failed == 0)
		trial_add(trial, "health", "the machine is healthy", false)->seen =
			"its agent reports that it is not healthy";
	return 0;
}

int trial_health(struct trial *trial, const struct guest *guest, uint64_t patience_ms, struct err *err)
{
	static const char *const argv[] = {AGENT_PATH, AGENT_HEALTH, AGENT_JSON, NULL};
	struct trial_result *result;
	struct err problem = {0};
	struct guest_said said;
	int r = guest->run(guest->data, trial->arena, argv, patience_ms, &said, err);

	if (r < 0)
		return r;
	if (!said.timed_out && said.status <= 1 && trial_read_health(trial, said.out, said.out_size, &problem) == 0)
		return 0;
	result = trial_add(trial, "health", "the agent in the image reports its health", false);
	result->expected = "a report";
	result->seen =
		said.timed_out
			? "it did not finish in time"
			: arena_printf(trial->arena, "exit status %d: %s", said.status,
				       trial_shown(trial->arena, problem.first && said.status <= 1 ? problem.first->text
												   : said.diagnostics));
	err_free(&problem);
	return 0;
}

/* --- tests ----------------------------------------------------------------------------------------------------------- */

static int trial_matches(const char *pattern, const char *text, bool *ret_does, struct err *err)
{
	regex_t regex;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB | REG_NEWLINE) != 0)
		return err_set(err, -EINVAL, "'%s' is not a valid regular expression", pattern);
	*ret_does = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return 0;
}

static const char *trial_saw(struct arena *arena, const struct guest_said *said)
{
	const char *text = arena_printf(arena, "exit status %d", said->status);

	if (*said->out)
		text = arena_printf(arena, "%s, output: %s", text, trial_shown(arena, said->out));
	if (*said->diagnostics)
		text = arena_printf(arena, "%s%son stderr: %s", text, *said->out ? "\n" : ", ",
				    trial_shown(arena, said->diagnostics));
	return text;
}

int trial_judge(struct trial *trial, const struct recipe_test *test, const struct guest_said *said, uint64_t took_ms,
		struct err *err)
{
	const char *expected = NULL;
	struct trial_result *result;
	bool does = true;
	int r = test->matches ? trial_matches(test->matches, said->out, &does, err) : 0;

	if (r < 0)
		return r;
	if (said->timed_out)
		expected = arena_printf(trial->arena, "it ends within %" PRIu64 " ms", test->timeout_ms);
	else if (said->status != test->status)
		expected = arena_printf(trial->arena, "exit status %" PRId64, test->status);
	else if (test->output && !strstr(said->out, test->output))
		expected = arena_printf(trial->arena, "in the output: %s", trial_shown(trial->arena, test->output));
	else if (!does)
		expected = arena_printf(trial->arena, "a line of output that matches: %s", test->matches);
	result = trial_add(trial, "test", test->name, expected == NULL);
	result->expected = expected;
	result->took_ms = took_ms;
	if (expected)
		result->seen = said->timed_out
				       ? arena_printf(trial->arena, "it was killed; %s", trial_saw(trial->arena, said))
				       : trial_saw(trial->arena, said);
	return 0;
}

int trial_test(struct trial *trial, const struct guest *guest, const struct recipe_test *test, struct err *err)
{
	const char *shell[] = {"/bin/sh", "-c", test->shell, NULL}, **argv = NULL;
	int64_t started_ms = clock_ms();
	struct guest_said said;
	size_t n = 0;
	int r;

	for (size_t i = 0; i < test->command.count; i++)
		*arena_push(trial->arena, argv, n) = test->command.items[i];
	*arena_push(trial->arena, argv, n) = NULL;
	r = guest->run(guest->data, trial->arena, test->shell ? shell : argv, test->timeout_ms, &said, err);
	if (r < 0)
		return r;
	return trial_judge(trial, test, &said, (uint64_t)(clock_ms() - started_ms), err);
}

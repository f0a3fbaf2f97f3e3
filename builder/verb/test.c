/* aether-build test RECIPE: boots the image of a recipe, waits for its health, runs its tests, powers off. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "build/project.h"
#include "edge/jval.h"
#include "host/signals.h"
#include "run/trial.h"
#include "verb/options/recipe.h"
#include "verb/options/start.h"
#include "verb/verb.h"

struct test_options {
	struct common_options common;
	struct project_options recipe;
	struct start_options start;
	const char *out;
};

static const struct option test_own_options[] = {
	OPTION_OUT(test_options),
	{0},
};
static const struct option_group test_option_groups[] = {{recipe_options, offsetof(struct test_options, recipe)},
							 {kind_options, offsetof(struct test_options, recipe)},
							 {start_options, offsetof(struct test_options, start)},
							 {test_own_options, 0},
							 {0}};

enum { QUESTION_MS = 60000 };

/* --- the report ------------------------------------------------------------------------------------------------------ */

static void test_print_more(const char *what, const char *text)
{
	printf("    %s: ", what);
	for (; text && *text; text++) {
		putchar(*text);
		if (*text == '\n')
			fputs("        ", stdout);
	}
	putchar('\n');
}

static void test_print_result(const struct trial_result *result)
{
	const char *prefix = strcmp(result->what, "health") == 0 ? "health: " : "";

	printf("%s %s%s\n", result->ok ? "ok" : "not ok", prefix, result->name);
	if (result->expected)
		test_print_more("expected", result->expected);
	if (result->seen)
		test_print_more("seen", result->seen);
}

/* Prints what is new since the last time. */
static void test_print_new(const struct test_options *options, const struct trial *trial, size_t *printed)
{
	for (; *printed < trial->n_results; (*printed)++)
		if (!options->common.json)
			test_print_result(&trial->results[*printed]);
	fflush(stdout);
}

static void test_print_json(const struct session *session, const struct trial *trial, const char *failed_units)
{
	_cleanup_jval_ struct jval *object = jval_new_object();
	struct jval *results = jval_new_array();

	for (size_t i = 0; i < trial->n_results; i++) {
		const struct trial_result *from = &trial->results[i];
		struct jval *result = jval_new_object();

		jval_set(result, "what", jval_text(from->what));
		jval_set(result, "name", jval_text(from->name));
		jval_set(result, "ok", jval_bool(from->ok));
		jval_set(result, "expected", jval_text(from->expected));
		jval_set(result, "seen", jval_text(from->seen));
		jval_set(result, "took_ms", jval_number((int64_t)from->took_ms));
		jval_add(results, result);
	}
	jval_set(object, "name", jval_text(session->spec->target.name));
	jval_set(object, "image", jval_text(session->spec->target.image));
	jval_set(object, "means", jval_text(session_means(session)));
	jval_set(object, "passed", jval_number((int64_t)(trial->n_results - trial->n_failed)));
	jval_set(object, "failed", jval_number((int64_t)trial->n_failed));
	jval_set(object, "failedUnits", jval_text(failed_units));
	jval_set(object, "results", results);
	puts(jval_print(trial->arena, object, true));
}

/* The end of the machine's journal, shown when something failed. */
static void test_show_journal(const struct guest *guest, struct arena *arena, struct err *err)
{
	static const char *const argv[] = {"/usr/bin/journalctl", "-b", "-n", "40", "-p", "warning", "--no-pager", "-o",
					   "short-monotonic", NULL};
	struct err ignored = {0};
	struct guest_said said;
	int r = guest->run(guest->data, arena, argv, QUESTION_MS, &said, &ignored);

	err_wrap(err, "%s", r == 0 && *said.out ? said.out : guest->console(guest->data, arena));
	err_free(&ignored);
}

/* --- the trial ------------------------------------------------------------------------------------------------------- */

/* A machine that did not boot is not tested. */
static int test_try_out(const struct test_options *options, const struct recipe *recipe, struct session *session,
			struct trial *trial, const char **ret_failed_units, struct err *err)
{
	int64_t deadline_ms = session_deadline_ms(session);
	size_t printed = 0;
	int r;

	log_step("booting (%s)", session_means(session));
	r = session_wait(session, err);
	if (r == 0)
		r = trial_boot(trial, &session->guest, deadline_ms, ret_failed_units, err);
	log_step(NULL);
	if (r < 0)
		return r;
	test_print_new(options, trial, &printed);
	if (trial->n_failed == 0) {
		log_step("waiting for its health checks");
		r = trial_health(trial, &session->guest, (uint64_t)(session_deadline_ms(session) - clock_ms()), err);
		log_step(NULL);
		test_print_new(options, trial, &printed);
	}
	for (size_t i = 0; i < recipe->n_tests && r == 0; i++) {
		r = trial_test(trial, &session->guest, &recipe->tests[i], err);
		test_print_new(options, trial, &printed);
	}
	return r;
}

static void test_report(const struct test_options *options, const struct session *session, const struct trial *trial,
			const char *failed_units)
{
	if (*failed_units)
		log_note("units that have failed: %s", failed_units);
	if (options->common.json)
		test_print_json(session, trial, failed_units);
	else
		printf("%zu passed, %zu failed\n", trial->n_results - trial->n_failed, trial->n_failed);
	fflush(stdout);
}

/* Tries it out and says what came of that; fails when anything did. */
static int test_judge(const struct test_options *options, const struct recipe *recipe, struct session *session,
		      struct err *err)
{
	struct trial trial = {.arena = arena_new()};
	const char *failed_units = "";
	int r = test_try_out(options, recipe, session, &trial, &failed_units, err);

	if (r < 0 && r != -EINTR) { /* the machine no longer answers */
		size_t printed = trial.n_results;

		trial_fail(&trial, "boot", "the machine comes up and keeps running", err->first->text);
		test_print_new(options, &trial, &printed);
	}
	if (r != -EINTR)
		test_report(options, session, &trial, failed_units);
	if (r == 0 && trial.n_failed) {
		r = err_set(err, -EBADE, "'%s' did not pass; the end of its journal:", session->spec->target.name);
		test_show_journal(&session->guest, trial.arena, err);
	}
	arena_free(trial.arena);
	return r;
}

static int test_run(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	const struct test_options *options = data;
	const struct build_how how = {.recipe = options->recipe, .out = options->out, .cache = options->common.cache};
	_cleanup_project_ struct project project = {0};
	struct session_spec spec = {0};
	struct session session = {0};
	int r = project_load(arguments[0], 0, &options->recipe, &project, err);

	(void)n_arguments;
	if (r < 0)
		return r;
	err_print_warnings(err, NULL); /* the build tells them */
	spec.cache = options->common.cache ? options->common.cache : cache_default(project.arena);
	r = start_read(&options->start, &spec, err);
	if (r == 0)
		r = start_target(project.arena, &options->start, &how, arguments[0], NULL, &spec.target, err);
	if (r == 0)
		r = session_start(project.arena, &spec, &session, err);
	if (r == 0)
		r = test_judge(options, project.recipe, &session, err);
	if (session.spec)
		session_power_off(&session);
	session_close(&session);
	return r;
}

const struct verb verb_test = {
	.name = "test",
	.arguments = "RECIPE",
	.summary = "Boots the image of a recipe, and runs its tests",
	.options = test_option_groups,
	.options_size = sizeof(struct test_options),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = test_run,
};

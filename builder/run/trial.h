/* Trying a guest out: its boot, its health, a recipe's tests; and the report of it. */
#ifndef RUN_TRIAL_H
#define RUN_TRIAL_H

#include "recipe/recipe.h"
#include "run/guest.h"

/* One thing that was looked at. */
struct trial_result {
	const char *what;            /* "boot", "health", "test" */
	const char *name;            /* a sentence, or a check in words */
	bool ok;
	const char *expected, *seen; /* of one that is not ok: in words, of a few lines; or NULL */
	uint64_t took_ms;
};

struct trial {
	struct arena *arena;
	struct trial_result *results;
	size_t n_results, n_failed;
};

/* Adds what was seen outside of the guest and is not as it should be. */
void trial_fail(struct trial *trial, const char *what, const char *name, const char *seen);

/* Waits until the system has started all it has to, at most until the deadline (of signals.h). What failed to start is a
 * note in `*ret_failed_units` (names with spaces between; "" for none), not a failure: health says what matters. */
int trial_boot(struct trial *trial, const struct guest *guest, int64_t deadline_ms, const char **ret_failed_units,
	       struct err *err);

/* Asks the agent in the image for its health: a result for each check. `patience_ms` is for all of them. */
int trial_health(struct trial *trial, const struct guest *guest, uint64_t patience_ms, struct err *err);

/* Runs one test: one result. */
int trial_test(struct trial *trial, const struct guest *guest, const struct recipe_test *test, struct err *err);

/* What of a health report (the agent's JSON, `size` bytes) becomes results; -EBADMSG when it is none. */
int trial_read_health(struct trial *trial, const char *text, size_t size, struct err *err);

/* Holds what a command said against what was expected of it, and adds the result. -EINVAL for what is no regular
 * expression. */
int trial_judge(struct trial *trial, const struct recipe_test *test, const struct guest_said *said, uint64_t took_ms,
		struct err *err);

#endif

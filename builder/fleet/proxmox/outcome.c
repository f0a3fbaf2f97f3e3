#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "fleet/proxmox/reach.h"

enum { OUTCOME_PAUSE_S = 2 };

#define OUTCOME_HEALTH_GOOD "good"
#define OUTCOME_HEALTH_BAD "bad"

struct outcome_asking {
	struct work *work;
	const struct instance *machine;
	struct machine_status status;
	const char *silence; /* why nobody answered, the last time */
	bool lost;	     /* it was Proxmox that did not */
};

/* Asks once. 1: nobody answers yet. */
static int outcome_ask(struct outcome_asking *asking, struct err *err)
{
	struct err reason = {0};
	int r = reach_status(asking->work, asking->machine, &asking->status, &reason);

	if (r == -EACCES || r == -EKEYREJECTED) {
		err_take(err, &reason);
		return r;
	}
	asking->lost = r < 0 && !asking->work->client->status;
	if (r < 0)
		asking->silence = text_plain(asking->work->arena, reason.last->text);
	err_free(&reason);
	return r < 0;
}

/* -1: not over yet; 0: good; 1: bad. */
static int outcome_of(const struct outcome_asking *asking, const char *root_hash, const char **ret_reason)
{
	const struct machine_status *status = &asking->status;

	if (root_hash && *root_hash && strcmp(status->root_hash, root_hash) != 0) {
		*ret_reason = arena_printf(asking->work->arena, "it runs another image: %.16s… instead of %.16s…",
					   status->root_hash, root_hash);
		return 1;
	}
	if (strcmp(status->health, OUTCOME_HEALTH_GOOD) == 0)
		return 0;
	if (strcmp(status->health, OUTCOME_HEALTH_BAD) != 0)
		return -1;
	*ret_reason = *status->health_reason ? status->health_reason : "its health checks failed";
	return 1;
}

int work_judge(struct work *work, const struct instance *machine, const char *root_hash, const char **ret_reason,
	       struct err *err)
{
	struct outcome_asking asking = {.work = work, .machine = machine};
	int64_t deadline = clock_ms() + (int64_t)work->timeout_s * 1000;

	while (clock_ms() < deadline) {
		int r = outcome_ask(&asking, err), outcome;

		if (r < 0)
			return r;
		outcome = r == 0 ? outcome_of(&asking, root_hash, ret_reason) : -1;
		if (outcome >= 0)
			return outcome;
		sleep(OUTCOME_PAUSE_S);
	}
	if (asking.lost)
		return err_set(err, -EIO, "no verdict: Proxmox does not answer: %s", asking.silence);
	*ret_reason = arena_printf(work->arena, "no verdict within %u seconds%s%s", work->timeout_s, asking.silence ? ": " : "",
				   asking.silence ? asking.silence : "");
	return 1;
}

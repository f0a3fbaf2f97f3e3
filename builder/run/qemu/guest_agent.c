#include "run/qemu/guest_agent.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "edge/digest.h"
#include "host/signals.h"

/* An answer to one question; a question while the guest boots; between two looks at a command. */
enum { ANSWER_MS = 60000, SYNC_MS = 3000, LOOK_FIRST_MS = 50, LOOK_MS = 500, GRACE_MS = 60000 };
enum { STATUS_MAX = 255, SIGNAL_MAX = 127, SIGNALLED = 128 }; /* how a shell tells them */

/* The byte that no UTF-8 has: it ends whatever the agent was reading, and stands before its answer to
 * guest-sync-delimited. */
#define DELIMITER '\xff'

/* --- synchronisation ------------------------------------------------------------------------------------------------- */

static bool guest_agent_is_answer(const char *line, int64_t id)
{
	const char *delimiter = strrchr(line, DELIMITER), *text = delimiter ? delimiter + 1 : line;
	_cleanup_jval_ struct jval *answer = NULL;
	struct err ignored = {0};
	bool is = jval_read("answer", text, strlen(text), &answer, &ignored) == 0 &&
		  jval_get_number(answer, "return") == id;

	err_free(&ignored);
	return is;
}

/* Asks once. Answers to earlier questions may come first. */
static int guest_agent_ask_once(struct wire *wire, int64_t id, int64_t deadline_ms)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	static const char delimiter = DELIMITER;
	struct jval *arguments = jval_new_object();
	const char *line;
	int r = wire_send(wire, &delimiter, 1, deadline_ms);

	jval_set(arguments, "id", jval_number(id));
	if (r < 0)
		jval_free(arguments);
	else
		r = wire_request(wire, "guest-sync-delimited", arguments, deadline_ms);
	while (r == 0) {
		r = wire_line(wire, arena, deadline_ms, &line);
		if (r == 0 && guest_agent_is_answer(line, id))
			return 0;
		if (r == 0 && clock_ms() >= deadline_ms) /* it says other things, without end */
			r = -ETIME;
	}
	return r;
}

int guest_agent_sync(struct wire *wire, int64_t deadline_ms)
{
	static int64_t id;
	int64_t now;
	int r;

	do {
		now = clock_ms();
		r = guest_agent_ask_once(wire, ++id, now + SYNC_MS < deadline_ms ? now + SYNC_MS : deadline_ms);
	} while (r == -ETIME && clock_ms() < deadline_ms);
	return r;
}

/* --- commands -------------------------------------------------------------------------------------------------------- */

static int guest_agent_lost(int r, struct err *err)
{
	if (r == -EINTR)
		return err_set(err, r, "stopped");
	return err_set(err, r, r == -ETIME ? "the guest agent does not answer" : "the machine has ended");
}

int guest_agent_answer(const char *command, const char *line, struct jval **ret_answer, struct err *err)
{
	const struct jval *error;
	struct jval *answer;
	int r = jval_read("the guest agent's answer", line, strlen(line), &answer, err);

	if (r < 0)
		return r;
	error = jval_get(answer, "error");
	if (error) {
		const char *text = jval_get_text(error, "desc");

		r = err_set(err, -EREMOTEIO, "the guest agent refuses '%s': %s", command,
			    text ? text : "no reason given");
		jval_free(answer);
		return r;
	}
	*ret_answer = answer;
	return 0;
}

/* One question and its answer. */
static int guest_agent_ask(struct wire *wire, struct arena *arena, const char *command, struct jval *arguments,
			   struct jval **ret_answer, struct err *err)
{
	int64_t deadline_ms = clock_ms() + ANSWER_MS;
	const char *line;
	int r = wire_request(wire, command, arguments, deadline_ms);

	if (r == 0)
		r = wire_line(wire, arena, deadline_ms, &line);
	if (r < 0)
		return guest_agent_lost(r, err);
	return guest_agent_answer(command, line, ret_answer, err);
}

static struct jval *guest_agent_words(const char *const *items)
{
	struct jval *array = jval_new_array();

	for (; *items; items++)
		jval_add(array, jval_text(*items));
	return array;
}

static const char *guest_agent_decode(struct arena *arena, const struct jval *status, const char *key, size_t *ret_size)
{
	const char *text = jval_get_text(status, key), *data = text ? base64_decode(arena, text, ret_size) : NULL;

	if (!data)
		*ret_size = 0;
	return data ? data : "";
}

static int guest_agent_start(struct wire *wire, struct arena *arena, const char *const *argv, int64_t *ret_pid,
			     struct err *err)
{
	_cleanup_jval_ struct jval *answer = NULL;
	struct jval *arguments = jval_new_object();
	int r;

	jval_set(arguments, "path", jval_text(argv[0]));
	jval_set(arguments, "arg", guest_agent_words(argv + 1));
	jval_set(arguments, "env", guest_agent_words(guest_env));
	jval_set(arguments, "capture-output", jval_bool(true));
	r = guest_agent_ask(wire, arena, "guest-exec", arguments, &answer, err);
	if (r == 0)
		*ret_pid = jval_get_number(jval_get(answer, "return"), "pid");
	return r;
}

int guest_agent_ended(struct arena *arena, const struct jval *answer, int *ret_status, struct guest_said *said,
		      struct err *err)
{
	const struct jval *status = jval_get(answer, "return");
	int64_t number = 0;
	size_t unused;

	if (!jval_get_bool(status, "exited"))
		return 0;
	if (jval_get_count(status, "signal", SIGNAL_MAX, &number))
		*ret_status = SIGNALLED + (int)number;
	else if (jval_get_count(status, "exitcode", STATUS_MAX, &number))
		*ret_status = (int)number;
	else
		return err_set(err, -EBADMSG, "the answer of the guest agent has no result of the command");
	said->out = guest_agent_decode(arena, status, "out-data", &said->out_size);
	said->diagnostics = guest_agent_decode(arena, status, "err-data", &unused);
	return 1;
}

static int guest_agent_look(struct wire *wire, struct arena *arena, int64_t pid, int *ret_status,
			    struct guest_said *said, struct err *err)
{
	_cleanup_jval_ struct jval *answer = NULL;
	struct jval *arguments = jval_new_object();
	int r;

	jval_set(arguments, "pid", jval_number(pid));
	r = guest_agent_ask(wire, arena, "guest-exec-status", arguments, &answer, err);
	return r < 0 ? r : guest_agent_ended(arena, answer, ret_status, said, err);
}

int guest_agent_run(struct wire *wire, struct arena *arena, const char *const *argv, uint64_t timeout_ms,
		    struct guest_said *ret_said, struct err *err)
{
	int64_t started = clock_ms(), deadline_ms = started + (int64_t)timeout_ms + GRACE_MS, pid = 0;
	int64_t pause_ms = LOOK_FIRST_MS;
	struct guest_said said = {0};
	int status = 0, r = guest_agent_start(wire, arena, guest_limited(arena, argv, timeout_ms), &pid, err);

	if (r < 0)
		return r;
	while ((r = guest_agent_look(wire, arena, pid, &status, &said, err)) == 0) {
		if (clock_ms() > deadline_ms)
			return err_set(err, -ETIME, "'%s' does not finish", argv[0]);
		if (signals_wait(-1, 0, clock_ms() + pause_ms) < 0)
			return guest_agent_lost(-EINTR, err);
		pause_ms = pause_ms * 2 < LOOK_MS ? pause_ms * 2 : LOOK_MS;
	}
	if (r < 0)
		return r;
	guest_judge(&said, status, (uint64_t)(clock_ms() - started), timeout_ms);
	*ret_said = said;
	return 0;
}

int guest_agent_power_off(struct wire *wire, int64_t deadline_ms)
{
	struct jval *arguments = jval_new_object();

	jval_set(arguments, "mode", jval_text("powerdown"));
	return wire_request(wire, "guest-shutdown", arguments, deadline_ms);
}

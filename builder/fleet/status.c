#include "fleet/status.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "contract/agent.h"
#include "edge/jval.h"

enum { PAUSE_S = 1, GOING_DOWN_S = 2, FIRST_PATIENCE_S = 4, LAST_PATIENCE_S = 60, BAD_STAYS_S = 300 };
enum { STATUS_NO_CONNECTION = 255 };
enum { STATUS_BYTES_MAX = 64 << 10 }; /* an honest one has two; indented, nested lists grow a thousandfold */

/* A text that a terminal can be given: it is the machine's. */
static const char *fleet_status_text_of(struct arena *arena, const struct jval *object, const char *key)
{
	const char *text = jval_get_text(object, key);

	return text_plain(arena, text ? text : "");
}

static void fleet_status_read_slots(struct arena *arena, const struct jval *slots, struct machine_status *m)
{
	for (size_t i = 0; i < jval_count(slots) && i < sizeof m->slots / sizeof *m->slots; i++) {
		const struct jval *slot = jval_item(slots, i);

		m->slots[m->n_slots++] = (struct machine_slot){
			fleet_status_text_of(arena, slot, STATUS_SLOT),
			fleet_status_text_of(arena, slot, STATUS_STATE),
			fleet_status_text_of(arena, slot, STATUS_ROOT_HASH),
			fleet_status_text_of(arena, slot, STATUS_GENERATION),
			jval_get_number(slot, STATUS_TRIES_LEFT),
		};
	}
}

static void fleet_status_read_secrets(struct arena *arena, const struct jval *secrets, struct machine_status *m)
{
	for (size_t i = 0; i < jval_count(secrets); i++) {
		const struct jval *secret = jval_item(secrets, i);

		*arena_push(arena, m->secrets, m->n_secrets) = (struct machine_secret){
			fleet_status_text_of(arena, secret, STATUS_SECRET_NAME),
			fleet_status_text_of(arena, secret, STATUS_SECRET_STATE),
			fleet_status_text_of(arena, secret, STATUS_SECRET_REASON),
		};
	}
}

int status_read(struct arena *arena, const char *text, size_t size, struct machine_status *ret_machine, struct err *err)
{
	_cleanup_jval_ struct jval *top = NULL;
	const struct jval *failure;
	struct machine_status m = {0};
	int r;

	if (size > STATUS_BYTES_MAX)
		return err_set(err, -EBADMSG, "the machine's status is too long: %zu bytes", size);
	r = jval_read("the machine's status", text, size, &top, err);
	if (r < 0)
		return r;
	if (!jval_get_text(top, STATUS_NAME) || !jval_get_text(top, STATUS_BOOT_ID))
		return err_set(err, -EBADMSG, "not the status of a machine");
	m = (struct machine_status){
		.name = fleet_status_text_of(arena, top, STATUS_NAME),
		.kind = fleet_status_text_of(arena, top, STATUS_KIND),
		.boot_id = fleet_status_text_of(arena, top, STATUS_BOOT_ID),
		.slot = fleet_status_text_of(arena, top, STATUS_SLOT),
		.root_hash = fleet_status_text_of(arena, top, STATUS_ROOT_HASH),
		.generation = fleet_status_text_of(arena, top, STATUS_GENERATION),
		.state = fleet_status_text_of(arena, top, STATUS_STATE),
		.health = fleet_status_text_of(arena, top, STATUS_HEALTH),
		.health_reason = fleet_status_text_of(arena, top, STATUS_HEALTH_REASON),
	};
	fleet_status_read_slots(arena, jval_get(top, STATUS_SLOTS), &m);
	fleet_status_read_secrets(arena, jval_get(top, STATUS_SECRETS), &m);
	for (size_t i = 0; i < jval_count(jval_get(top, STATUS_REMARKS)); i++) {
		const char *remark = jval_text_of(jval_item(jval_get(top, STATUS_REMARKS), i));

		if (remark)
			strv_push(arena, &m.remarks, text_plain(arena, remark));
	}
	failure = jval_get(top, STATUS_FAILURE);
	m.failure.when = jval_get_number(failure, STATUS_WHEN);
	m.failure.root_hash = fleet_status_text_of(arena, failure, STATUS_ROOT_HASH);
	m.failure.reason = fleet_status_text_of(arena, failure, STATUS_REASON);
	m.text = jval_print(arena, top, false);
	*ret_machine = m;
	return 0;
}

static int fleet_status_ask(struct arena *arena, const struct remote *remote, const char *words,
			    struct machine_status *ret_machine, struct err *err)
{
	_cleanup_buf_ struct buf output = {0};
	const char *said;
	int status = remote_run(arena, remote, words, &output, &said, err);

	if (status < 0)
		return status;
	if (status > 0)
		return remote_failed(remote, status, said, err);
	return status_read(arena, output.data, output.size, ret_machine, err);
}

int status_ask(struct arena *arena, const struct remote *remote, struct machine_status *ret_machine, struct err *err)
{
	return fleet_status_ask(arena, remote, AGENT " " AGENT_STATUS " " AGENT_JSON, ret_machine, err);
}

/* What was said, as a line that may be printed. */
static const char *fleet_status_line(struct arena *arena, const struct buf *said)
{
	char *line = arena_strndup(arena, said->data ? said->data : "", said->size);

	line[strcspn(line, "\n")] = 0;
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
			*c = '?';
	return line;
}

/* The connection may end before the command does. */
int status_restart(struct arena *arena, const struct remote *remote, bool reboot, const char **ret_how, struct err *err)
{
	_cleanup_buf_ struct buf how = {0};
	const char *said;
	const char *words = reboot ? AGENT " " AGENT_RESTART " " AGENT_REBOOT : AGENT " " AGENT_RESTART;
	int status = remote_run(arena, remote, words, &how, &said, err);

	if (status > 0 && strstr(said, "unknown command")) /* an older agent */
		status = remote_run(arena, remote, "systemctl reboot", NULL, &said, err);
	*ret_how = fleet_status_line(arena, &how);
	if (status < 0)
		return status;
	return status == 0 || status == STATUS_NO_CONNECTION ? 0 : remote_failed(remote, status, said, err);
}

static bool fleet_status_has_restarted(const struct machine_status *machine, const struct status_awaited *awaited)
{
	return !awaited->boot_id || strcmp(machine->boot_id, awaited->boot_id) != 0;
}

/* Whether there is a verdict. A bad image goes by itself, where there is another one; `bad_since` is when it was seen first. */
static bool fleet_status_is_over(const struct machine_status *machine, const struct status_awaited *awaited,
				 int64_t *bad_since)
{
	if (!fleet_status_has_restarted(machine, awaited))
		return false;
	if (strcmp(machine->root_hash, awaited->root_hash) != 0 || strcmp(machine->state, STATE_GOOD) == 0)
		return true;
	if (strcmp(machine->state, STATE_BAD) != 0)
		return false;
	if (!*bad_since)
		*bad_since = clock_ms() / 1000;
	return clock_ms() / 1000 - *bad_since > BAD_STAYS_S;
}

int status_wait(struct arena *arena, const struct remote *remote, const struct status_awaited *awaited,
		struct machine_status *ret_machine, struct err *err)
{
	static const char words[] = AGENT " " AGENT_STATUS " " AGENT_JSON " " AGENT_WAIT;
	int64_t deadline = clock_ms() / 1000 + awaited->timeout_s, bad_since = 0;
	struct remote asked = *remote;
	bool seen = false;

	/* A connection that was made just before it went down is never answered: soon given up at first, a slow machine gets
	 * more time with each question. */
	asked.patience_s = FIRST_PATIENCE_S;
	if (awaited->boot_id)
		sleep(GOING_DOWN_S);
	while (clock_ms() / 1000 < deadline) {
		struct err ignored = {0}; /* it is not there yet, or not any more */
		struct machine_status machine;
		int r = fleet_status_ask(arena, &asked, words, &machine, &ignored);

		err_free(&ignored);
		if (r == 0 && fleet_status_is_over(&machine, awaited, &bad_since)) {
			*ret_machine = machine;
			return 0;
		}
		if (r == 0 && !seen && fleet_status_has_restarted(&machine, awaited)) {
			seen = true;
			log_step("waiting for the health checks of %s", remote->host);
		}
		if (r < 0 && asked.patience_s < LAST_PATIENCE_S)
			asked.patience_s += asked.patience_s / 4;
		sleep(PAUSE_S);
	}
	err_set(err, -ETIME, "%s has not judged the generation within %u seconds%s", remote->host, awaited->timeout_s,
		seen ? "" : ": it could not be reached since it restarted");
	return err_hint(err, "it continues by itself; 'aether-build status --host %s' shows its state", remote->host);
}

#include "fleet/guard/rule.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "edge/jval.h"

#define RULE_FILE "guard.json"

enum { RULE_BYTES_MAX = 256 << 10, RULE_VERSION = 1, RULE_EVENTS_MAX = 50, RULE_TRIES_MAX = 1000 };

static const char *const rule_names[] = {
	[RULE_ROLLBACK] = "rollback",
	[RULE_REBOOT] = "reboot",
	[RULE_REIMAGE] = "reimage",
	[RULE_LAST_GOOD] = "last-good",
};

const char *rule_name(enum rule_rung rung)
{
	return rung < RULE_RUNGS ? rule_names[rung] : "none";
}

/* --- deciding --------------------------------------------------------------------------------------------------------- */

static void rule_forget(struct rule_state *state)
{
	state->bad_since_ms = state->tried_at_ms = 0;
	state->rung = state->tries = 0;
	state->given_up = false;
}

/* Time begins anew; what was tried counts on. */
static void rule_pause(struct rule_state *state)
{
	state->bad_since_ms = 0;
}

static bool rule_is_cool(const struct recipe_guard *rule, const struct rule_state *state, int64_t now_ms)
{
	return !state->tried_at_ms || now_ms < state->tried_at_ms || /* a clock may have been set back */
	       (uint64_t)(now_ms - state->tried_at_ms) >= rule->cool_down_ms;
}

/* Up, past rungs that were tried often enough or cannot be. */
static void rule_climb(const struct recipe_guard *rule, struct rule_state *state, unsigned possible)
{
	while (state->rung < RULE_RUNGS && (!(possible & 1U << state->rung) || state->tries >= (unsigned)rule->tries)) {
		state->rung++;
		state->tries = 0;
	}
}

enum rule_act rule_decide(const struct recipe_guard *rule, struct rule_state *state, enum rule_look look, unsigned possible,
			  int64_t now_ms)
{
	if (look == RULE_GOOD && rule_is_cool(rule, state, now_ms))
		rule_forget(state);
	if (look != RULE_BAD) {
		rule_pause(state);
		return RULE_NOTHING;
	}
	if (!state->bad_since_ms || state->bad_since_ms > now_ms) /* a clock may have been set back */
		state->bad_since_ms = now_ms;
	if (state->given_up)
		return RULE_GIVE_UP;
	if ((uint64_t)(now_ms - state->bad_since_ms) < rule->after_ms)
		return RULE_WAIT;
	if (!rule_is_cool(rule, state, now_ms))
		return RULE_WAIT;
	rule_climb(rule, state, possible);
	state->given_up = state->rung == RULE_RUNGS;
	return state->given_up ? RULE_GIVE_UP : RULE_TRY;
}

void rule_tried(struct arena *arena, struct rule_state *state, enum rule_rung rung, bool good, int64_t now_ms)
{
	struct rule_event *event;

	if (state->n_events == RULE_EVENTS_MAX) {
		memmove(state->events, state->events + 1, (RULE_EVENTS_MAX - 1) * sizeof *state->events);
		state->n_events--;
		event = &state->events[state->n_events++];
	} else {
		event = arena_push(arena, state->events, state->n_events);
	}
	*event = (struct rule_event){now_ms, arena_printf(arena, "%s: %s", rule_name(rung), good ? "good" : "still bad")};
	state->tried_at_ms = now_ms;
	state->rung = rung;
	state->tries++;
	if (good)
		rule_pause(state);
}

/* --- the file ---------------------------------------------------------------------------------------------------------- */

static void rule_read_events(struct arena *arena, const struct jval *events, struct rule_state *state)
{
	for (size_t i = 0; i < jval_count(events) && i < RULE_EVENTS_MAX; i++) {
		const struct jval *item = jval_item(events, i);
		struct rule_event *event = arena_push(arena, state->events, state->n_events);
		const char *what = jval_get_text(item, "what");

		event->what = text_plain(arena, what ? what : "");
		jval_get_count(item, "when_ms", INT64_MAX, &event->when_ms);
	}
}

int rule_parse(struct arena *arena, const char *name, const char *text, size_t size, struct rule_state *ret_state,
	       struct err *err)
{
	_cleanup_jval_ struct jval *top = NULL;
	struct rule_state state = {.root_hash = ""};
	int64_t rung = 0, tries = 0;
	int r = jval_read(name, text, size, &top, err);

	if (r < 0)
		return r;
	if (jval_get_number(top, "version") != RULE_VERSION)
		return err_set(err, -EBADMSG, "%s: not what 'guard' remembers, or of another version", name);
	if (jval_get_text(top, "root_hash"))
		state.root_hash = text_plain(arena, jval_get_text(top, "root_hash"));
	jval_get_count(top, "bad_since_ms", INT64_MAX, &state.bad_since_ms);
	jval_get_count(top, "tried_at_ms", INT64_MAX, &state.tried_at_ms);
	jval_get_count(top, "rung", RULE_RUNGS, &rung);
	jval_get_count(top, "tries", RULE_TRIES_MAX, &tries);
	state.rung = (unsigned)rung;
	state.tries = (unsigned)tries;
	state.given_up = jval_get_bool(top, "given_up");
	rule_read_events(arena, jval_get(top, "events"), &state);
	*ret_state = state;
	return 0;
}

static const char *rule_path(struct arena *arena, const char *folder)
{
	return arena_printf(arena, "%s/" RULE_FILE, folder);
}

/* One that cannot be read is begun anew: then the machine has its time once more. */
int rule_read(struct arena *arena, const char *folder, struct rule_state *ret_state, struct err *err)
{
	const char *path = rule_path(arena, folder);
	_cleanup_buf_ struct buf text = {0};
	struct err reason = {0};
	int r;

	*ret_state = (struct rule_state){.root_hash = ""};
	if (!path_exists(path))
		return 0;
	r = file_read(path, RULE_BYTES_MAX, &text, err);
	if (r < 0)
		return r;
	if (rule_parse(arena, path, text.data ? text.data : "", text.size, ret_state, &reason) < 0)
		log_warn("%s; what it remembered is begun anew", reason.last->text);
	err_free(&reason);
	return 0;
}

int rule_write(struct arena *arena, const char *folder, const struct rule_state *state, struct err *err)
{
	_cleanup_jval_ struct jval *top = jval_new_object();
	struct jval *events = jval_new_array();
	const char *text;

	jval_set(top, "version", jval_number(RULE_VERSION));
	jval_set(top, "root_hash", jval_text(state->root_hash));
	jval_set(top, "bad_since_ms", jval_number(state->bad_since_ms));
	jval_set(top, "tried_at_ms", jval_number(state->tried_at_ms));
	jval_set(top, "rung", jval_number(state->rung));
	jval_set(top, "tries", jval_number(state->tries));
	jval_set(top, "given_up", jval_bool(state->given_up));
	for (size_t i = 0; i < state->n_events; i++) {
		struct jval *event = jval_new_object();

		jval_set(event, "when_ms", jval_number(state->events[i].when_ms));
		jval_set(event, "what", jval_text(state->events[i].what));
		jval_add(events, event);
	}
	jval_set(top, "events", events);
	text = arena_printf(arena, "%s\n", jval_print(arena, top, true));
	return file_publish(rule_path(arena, folder), text, strlen(text), 0644, err);
}

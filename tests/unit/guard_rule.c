/* When guard does something, and what: a machine's days, look by look. */
#include "suite.h"

#include "fleet/guard/rule.h"
#include "scratch.h"

/* A look every minute: g good, b bad, ? unknown, w busy. What it leads to: . nothing, w it waits, G it gives up; a letter is
 * the rung that is tried (r rollback, b reboot, i reimage, l last-good), a capital one if that made it good. */
static const struct {
	const char *looks, *acts;
	unsigned possible;
	int64_t tries;
} days[] = {
	/* bad for three minutes, ten between two tries */
	{"gggg", "....", 15, 1},
	{"bbgbbbg", "ww.www.", 15, 1},
	{"bbbb", "wwwb", 2, 1},
	{"bbbbbbbbbbbbbbb", "wwwrwwwwwwwwwbw", 15, 1},
	{"bbbbbbbbbbbbbbbbbbbbbbbbbb", "wwwbwwwwwwwwwbwwwwwwwwwGGG", 2, 2},
	/* what is not known, or busy, is no time that it was bad */
	{"bb?bbbb", "ww.wwwb", 2, 1},
	{"bbwbbbb", "ww.wwwb", 2, 1},
	/* good for a while after each try: up all the same, and to the end */
	{"bbbbgggbbbbbbbbbgggbbbbbbbbb", "wwwb...wwwwwwiww...wwwwGGGGG", 6, 1},
	/* good for long enough: all begins anew */
	{"bbbbggggggggggggbbbb", "wwwb............wwwb", 6, 1},
};

enum { DAYS_MINUTE_MS = 60000, DAYS_BEGIN_MS = 1795667093 };

static enum rule_look days_look(char look)
{
	return look == 'g' ? RULE_GOOD : look == 'b' ? RULE_BAD : look == '?' ? RULE_UNKNOWN : RULE_BUSY;
}

START_TEST(a_machine_is_mended_step_by_step)
{
	const struct recipe_guard rule = {
		.said = true, .after_ms = 3 * DAYS_MINUTE_MS, .tries = days[_i].tries, .cool_down_ms = 10 * DAYS_MINUTE_MS};
	struct rule_state state = {.root_hash = ""};
	char acts[64] = "";

	for (size_t i = 0; days[_i].looks[i]; i++) {
		int64_t now_ms = DAYS_BEGIN_MS + (int64_t)i * DAYS_MINUTE_MS;
		enum rule_act act =
			rule_decide(&rule, &state, days_look(days[_i].looks[i]), days[_i].possible, now_ms);

		acts[i] = act == RULE_TRY ? "rbil"[state.rung] : ".w?G"[act];
		if (act == RULE_TRY)
			rule_tried(scratch_arena(), &state, (enum rule_rung)state.rung, days[_i].looks[i + 1] == 'g', now_ms);
	}
	ck_assert_str_eq(acts, days[_i].acts);
}
END_TEST

/* A clock that was set back does not make it wait for years, nor act at once. */
START_TEST(a_clock_may_be_set_back)
{
	const struct recipe_guard rule = {.said = true, .after_ms = 1000, .tries = 2, .cool_down_ms = 1000};
	struct rule_state state = {.root_hash = "", .bad_since_ms = 9000000, .tried_at_ms = 9000000};

	ck_assert_int_eq(rule_decide(&rule, &state, RULE_BAD, 2, 5000), RULE_WAIT);
	ck_assert_int_eq(state.bad_since_ms, 5000);
	ck_assert_int_eq(rule_decide(&rule, &state, RULE_BAD, 2, 6000), RULE_TRY);
}
END_TEST

SUITE(guard_clock, a_clock_may_be_set_back)
LOOP_SUITE(guard_days, a_machine_is_mended_step_by_step, sizeof days / sizeof *days)

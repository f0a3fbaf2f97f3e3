/* plan_compare(): two plans, as files beside images have them; a NUL is between the two. A plan does not differ from itself,
 * and what is new one way round is gone the other way round. */
#include "plan/json.h"
#include "fuzz.h"

/* The plan; an empty object for what is no JSON. */
static struct jval *read_plan(const char *text, size_t size)
{
	struct jval *plan = NULL;
	struct err err = {0};

	if (jval_read("plan", text, size, &plan, &err) < 0)
		plan = jval_new_object();
	err_free(&err);
	return plan;
}

static size_t compare(const struct jval *before, const struct jval *after)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct plan_change *changes = NULL;
	size_t n = 0, one_sided = 0;

	plan_compare(arena, before, after, &changes, &n);
	for (size_t i = 0; i < n; i++) {
		ensure(changes[i].what && changes[i].layer && changes[i].name);
		ensure(changes[i].before || changes[i].after);
		for (size_t f = 0; f < changes[i].n_fields; f++)
			ensure(changes[i].fields[f].name);
		one_sided += !changes[i].before != !changes[i].after;
	}
	return one_sided;
}

static void expect_none(const struct jval *plan)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct plan_change *changes;
	size_t n = 1;

	plan_compare(arena, plan, plan, &changes, &n);
	ensure(n == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *second = size ? memchr(text, 0, size) : NULL;
	size_t first = second ? (size_t)(second - text) : size;
	_cleanup_jval_ struct jval *before = read_plan(text, first);
	_cleanup_jval_ struct jval *after = read_plan(second ? second + 1 : "", second ? size - first - 1 : 0);

	expect_none(before);
	expect_none(after);
	compare(before, after);
	compare(after, before);
	return 0;
}

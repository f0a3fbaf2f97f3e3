/* Plans held against each other, item by item. */
#include "suite.h"

#include <string.h>

#include "plan/json.h"

static struct arena *arena;
static struct plan_change *changes;
static size_t n;

static struct jval *plan(const char *text)
{
	struct jval *value = NULL;
	struct err err = {0};

	ck_assert_int_eq(jval_read("plan", text, strlen(text), &value, &err), 0);
	return value;
}

static void compare(const char *before, const char *after)
{
	_cleanup_jval_ struct jval *old = plan(before), *new = plan(after);

	arena = arena_new();
	plan_compare(arena, old, new, &changes, &n);
}

/* The change of `name`: "what before after", or "" when there is none. */
static const char *change(const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(changes[i].name, name) == 0)
			return arena_printf(arena, "%s %s %s", changes[i].what, changes[i].before ? changes[i].before : "-",
					    changes[i].after ? changes[i].after : "-");
	return "";
}

/* What is told of a field of the change of `name`. */
static const char *field(const char *name, const char *of)
{
	for (size_t i = 0; i < n; i++)
		for (size_t f = 0; strcmp(changes[i].name, name) == 0 && f < changes[i].n_fields; f++) {
			const struct plan_difference *found = &changes[i].fields[f];

			if (strcmp(found->name, of) == 0)
				return arena_printf(arena, "%s %s", found->before ? found->before : "-",
						    found->after ? found->after : "-");
		}
	return "";
}

START_TEST(equal_plans_do_not_differ)
{
	static const char same[] = "{\"ports\":{\"tcp\":[\"80\"],\"udp\":[]},\"files\":[{\"path\":\"/a\",\"link\":\"b\"}]}";

	compare(same, same);
	ck_assert_uint_eq(n, 0);
	arena_free(arena);
}
END_TEST

START_TEST(two_of_a_name_are_held_against_two_and_what_is_null_is_shown_so)
{
	static const char two[] = "{\"files\":[{\"path\":\"/a\",\"mode\":\"1\"},{\"path\":\"/a\",\"mode\":\"2\"}]}";

	compare(two, two);
	ck_assert_uint_eq(n, 0);
	arena_free(arena);
	compare(two, "{\"files\":[{\"path\":\"/a\",\"mode\":\"1\"}],\"state\":[[\"/b\",null]],"
		"\"image\":{\"layers\":[{\"packages\":[{\"name\":\"vim\"}]}]}}");
	ck_assert_uint_eq(n, 3);
	ck_assert_str_eq(change("/a"), "file there -");
	ck_assert_str_eq(change("/b null"), "state - there");
	ck_assert_str_eq(change("vim"), "package - there");
	ck_assert_str_eq(changes[0].layer, "image/?");
	arena_free(arena);
}
END_TEST

START_TEST(ports_state_and_checks_are_told_one_by_one)
{
	compare("{\"ports\":{\"tcp\":[\"22\",\"80\"],\"udp\":[\"53\"]},\"state\":[\"/a\"],\"health\":["
		"{\"unit\":\"a.service\",\"timeout_ms\":1},{\"tcp\":80,\"timeout_ms\":1},"
		"{\"http\":{\"url\":\"http://a/\",\"status\":200},\"timeout_ms\":1}]}",
		"{\"ports\":{\"tcp\":[\"22\",\"53\"],\"udp\":[]},\"state\":[\"/a\",\"/b\"],\"health\":["
		"{\"unit\":\"a.service\",\"timeout_ms\":9},{\"command\":[\"/bin/a\",\"b\"],\"timeout_ms\":1},"
		"{\"http\":{\"url\":\"http://a/\",\"status\":204},\"timeout_ms\":1}]}");
	ck_assert_uint_eq(n, 8);
	ck_assert_str_eq(change("80/tcp"), "port there -");
	ck_assert_str_eq(change("53/tcp"), "port - there");
	ck_assert_str_eq(change("53/udp"), "port there -");
	ck_assert_str_eq(change("22/tcp"), "");
	ck_assert_str_eq(change("/b"), "state - there");
	ck_assert_str_eq(change("unit a.service"), "health check there changed");
	ck_assert_str_eq(field("unit a.service", "timeout_ms"), "1 9");
	ck_assert_str_eq(change("tcp 80"), "health check there -");
	ck_assert_str_eq(change("command /bin/a b"), "health check - there");
	ck_assert_str_eq(change("http http://a/"), "health check there changed");
	arena_free(arena);
}
END_TEST

START_TEST(what_of_an_item_has_changed_is_told)
{
	compare("{\"users\":[{\"name\":\"anna\",\"groups\":[\"adm\"],\"sudo\":null}],"
		"\"files\":[{\"path\":\"/a\",\"mode\":\"0644\",\"sha256\":\"00\"},{\"path\":\"/l\",\"link\":\"x\"}],"
		"\"units\":[{\"name\":\"a.service\",\"mask\":false,\"text\":\"[Service]\\n\"}]}",
		"{\"users\":[{\"name\":\"anna\",\"groups\":[\"adm\",\"sudo\"],\"sudo\":\"ALL\"}],"
		"\"files\":[{\"path\":\"/a\",\"mode\":\"0600\",\"sha256\":\"00\"},{\"path\":\"/l\",\"link\":\"y\"}],"
		"\"units\":[{\"name\":\"a.service\",\"enable\":true,\"mask\":false,\"text\":\"[Service]\\nA=b\\n\"}]}");
	ck_assert_uint_eq(n, 4);
	ck_assert_str_eq(field("anna", "groups"), "adm adm sudo");
	ck_assert_str_eq(field("anna", "sudo"), "- ALL");
	ck_assert_str_eq(field("/a", "mode"), "0644 0600");
	ck_assert_str_eq(field("/a", "sha256"), "");
	ck_assert_str_eq(field("/l", "link"), "x y");
	ck_assert_str_eq(field("a.service", "enable"), "- true");
	ck_assert_str_eq(field("a.service", "text"), "[Service]\n [Service]\nA=b\n");
	arena_free(arena);
}
END_TEST

START_TEST(packages_are_told_by_layer_and_version)
{
	compare("{\"image\":{\"exclude\":[\"/usr/share/doc\"],\"layers\":[{\"name\":\"base\",\"packages\":["
		"{\"name\":\"a\",\"version\":\"1\"},{\"name\":\"b\",\"version\":\"1\"}]}]}}",
		"{\"image\":{\"exclude\":[],\"layers\":[{\"name\":\"base\",\"packages\":["
		"{\"name\":\"a\",\"version\":\"2\"},{\"name\":\"c\",\"version\":\"3\"}]}]}}");
	ck_assert_uint_eq(n, 4);
	ck_assert_str_eq(change("a"), "package 1 2");
	ck_assert_str_eq(change("b"), "package 1 -");
	ck_assert_str_eq(change("c"), "package - 3");
	ck_assert_str_eq(change("/usr/share/doc"), "path of packages there -");
	ck_assert_str_eq(changes[1].layer, "image/base");
	arena_free(arena);
}
END_TEST

START_TEST(a_plan_that_is_no_plan_does_no_harm)
{
	static const char *const texts[] = {
		"[]", "{}", "{\"files\":[null,7,\"x\",[],{}]}", "{\"ports\":7,\"health\":[null],\"state\":{\"a\":1}}",
		"{\"image\":{\"layers\":[{\"packages\":[{}]}]}}", "{\"users\":[{\"name\":null,\"groups\":[null]}]}",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		for (size_t j = 0; j < sizeof texts / sizeof *texts; j++) {
			compare(texts[i], texts[j]);
			ck_assert(i != j || n == 0);
			arena_free(arena);
		}
}
END_TEST

SUITE(compare, equal_plans_do_not_differ, ports_state_and_checks_are_told_one_by_one, what_of_an_item_has_changed_is_told,
      packages_are_told_by_layer_and_version, a_plan_that_is_no_plan_does_no_harm,
      two_of_a_name_are_held_against_two_and_what_is_null_is_shown_so)

#include "suite.h"

#include <stdlib.h>

#include "recipes.h"

#define FROM "from: base.recipe\n"

START_TEST(names_become_what_they_stand_for)
{
	recipes_write("facts.yaml", "hosts: { x: { address: 10.0.2.2 } }\n");
	setenv("AETHER_TEST", "from outside", 1);

	const struct recipe *recipe =
		recipes_load(FROM "facts: facts.yaml\nvars: { domain: home.example }\nenv: [AETHER_TEST]\n"
			      "files: { /a: { text: '${name}.${vars.domain} ${facts.hosts.x.address} "
			      "${env.AETHER_TEST}' } }\n");

	ck_assert_str_eq(recipes_text(recipe, "/a"), "base.home.example 10.0.2.2 from outside");
	ck_assert_str_eq(recipes_words(&recipe->env_values), "AETHER_TEST=from outside");
}
END_TEST

START_TEST(two_dollars_are_these_very_characters)
{
	const struct recipe *recipe = recipes_load(FROM "vars: { a: 'x$${name}' }\n"
						   "files: { /a: { text: '$${name} $$x $x ${vars.a} $' } }\n");

	ck_assert_str_eq(recipes_text(recipe, "/a"), "${name} $$x $x x${name} $");
}
END_TEST

START_TEST(a_value_that_is_one_name_keeps_its_type)
{
	recipes_write("facts.yaml", "ports: [80, 443]\nuser: { linger: false, uid: 1234 }\nyes: true\n");

	recipes_write("p.recipe", FROM "firewall: { tcp: [22, 80] }\n");

	const struct recipe *recipe =
		recipes_load("from: p.recipe\nfacts: facts.yaml\nfirewall: { tcp: '${facts.ports}' }\n"
			 "users: { bob: '${facts.user}', eve: { linger: '${facts.yes}' } }\n");

	ck_assert_str_eq(recipes_words(&recipe->firewall_tcp), "22 80 443");
	ck_assert_int_eq(recipe->users[1].uid, 1234);
	ck_assert(!recipe->users[1].linger);
	ck_assert(recipe->users[2].linger);
}
END_TEST

START_TEST(vars_may_name_vars_and_ways_may_lead_through_names)
{
	recipes_write("facts.yaml", "sites: { home: { domain: home.example, raw: '${name}' } }\n");

	const struct recipe *recipe =
		recipes_load(FROM "facts: facts.yaml\nvars: { b: '<${vars.a}>', a: '${vars.site.domain}',\n"
			      "  site: '${facts.sites.home}' }\n"
			      "files: { /a: { text: '${vars.b} ${vars.site.raw}' } }\n");

	ck_assert_str_eq(recipes_text(recipe, "/a"), "<home.example> ${name}");
}
END_TEST

START_TEST(vars_of_a_module_are_defaults)
{
	recipes_write("m.recipe",
		      "vars: { a: module, b: module, c: module, l: [1, 2] }\n"
		      "files: { /a: { text: '${vars.a} ${vars.b} ${vars.c}' } }\nfirewall: { tcp: '${vars.l}' }\n");
	recipes_write("p.recipe", FROM "vars: { b: parent }\n");

	const struct recipe *recipe = recipes_load("from: p.recipe\nuse: m.recipe\nvars: { c: own, l: [3] }\n");

	ck_assert_str_eq(recipes_text(recipe, "/a"), "module parent own");
	ck_assert_str_eq(recipes_words(&recipe->firewall_tcp), "3");
}
END_TEST

START_TEST(later_facts_add_to_earlier_ones)
{
	recipes_write("one.yaml", "a: { x: 1, y: 2 }\n");
	recipes_write("two.yaml", "a: { y: 3 }\n");
	recipes_write("p.recipe", FROM "facts: one.yaml\n");

	const struct recipe *recipe =
		recipes_load("from: p.recipe\nfacts: two.yaml\nfiles: { /a: { text: '${facts.a.x}${facts.a.y}' } }\n");

	ck_assert_str_eq(recipes_text(recipe, "/a"), "13");
}
END_TEST

START_TEST(a_problem_with_a_name_is_told_once)
{
	recipes_refused(
		FROM "name: '${vars.nmae}'\nvars: { name: x }\nfiles: { /a: { text: '${name}' } }\n", 0,
		"x.recipe:2:7: name: '${vars.nmae}': 'vars.nmae' does not exist\n  hint: did you mean ${vars.name}?\n");
}
END_TEST

SUITE(interpolate, names_become_what_they_stand_for, two_dollars_are_these_very_characters,
      a_value_that_is_one_name_keeps_its_type, vars_may_name_vars_and_ways_may_lead_through_names,
      vars_of_a_module_are_defaults, later_facts_add_to_earlier_ones, a_problem_with_a_name_is_told_once)

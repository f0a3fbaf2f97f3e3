#include "suite.h"

#include <stdlib.h>
#include <string.h>

#include "edge/yaml.h"
#include "recipes.h"
#include "scratch.h"

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

/* What another program reads from the same facts, can be told by their names. */
START_TEST(a_value_knows_the_facts_it_was_written_with)
{
	static const struct { const char *var, *written; } vars[] = {
		{"whole", "${facts.hosts.x.address}"}, {"joined", "a ${facts.hosts.x.address}/${facts.bits} $${b} $$"},
		{"through", "${facts.hosts.x.address}"}, {"both", "$${p}-a ${facts.hosts.x.address}/${facts.bits} $${b} $$"},
		{"odd", "${facts.odd}"}, {"item", "${facts.list.1}"}, {"none", NULL}, {"plain", NULL}, {"map", NULL},
		{"part", "${facts.hosts.x.address}"}, {"of-list", "-${facts.list.0}"}, {"dotted", NULL},
	};
	const struct recipe *recipe;

	recipes_write("facts.yaml", "hosts: { x: { address: 10.0.2.2 } }\nbits: 24\nodd: '${facts.bits}'\nlist: [a, b]\n"
				    "names: { a.b: { c: 1 } }\n");
	recipe = recipes_load(FROM "facts: facts.yaml\nvars: { whole: '${facts.hosts.x.address}', plain: 7, none: '-${name}',\n"
				   "  joined: 'a ${facts.hosts.x.address}/${facts.bits} $${b} $$', through: '${vars.whole}',\n"
				   "  dollar: '$${p}', both: '${vars.dollar}-${vars.joined}', odd: '${facts.odd}',\n"
				   "  item: '${facts.list.1}', map: '${facts.hosts}',\n"
				   "  list: '${facts.list}', names: '${facts.names}', part: '${vars.map.x.address}',\n"
				   "  of-list: '-${vars.list.0}', dotted: '${vars.names}' }\n");
	for (size_t i = 0; i < sizeof vars / sizeof *vars; i++) {
		const struct node *node = node_get(node_get(recipe->words, "vars"), vars[i].var);

		if (strcmp(vars[i].var, "dotted") == 0)
			node = node->items[0]->items[0];
		if (vars[i].written)
			ck_assert_str_eq(node->written, vars[i].written);
		else
			ck_assert_ptr_null(node->written);
	}
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

START_TEST(facts_are_files_merged_in_order)
{
	recipes_write("one.yaml", "a: { x: 1, y: 2, l: [1, 2] }\n");
	recipes_write("two.yaml", "a: { y: 3, l: [3] }\nb: 4\n");
	recipes_write("three.yaml", "b: 5\n");
	recipes_write("p.recipe", FROM "facts: [one.yaml, two.yaml]\n");

	const struct recipe *recipe = recipes_load("from: p.recipe\nfacts: [three.yaml]\n"
						   "files: { /a: { text: '${facts.a.x}${facts.a.y}${facts.b}' } }\n"
						   "firewall: { tcp: '${facts.a.l}' }\n");

	ck_assert_str_eq(recipes_text(recipe, "/a"), "135");
	ck_assert_str_eq(recipes_words(&recipe->firewall_tcp), "3");
	recipes_refused(FROM "facts: { a: one.yaml }\n", 0,
			"x.recipe:2:8: facts: expected the path of a file, or a list of paths");
	recipes_refused(FROM "facts: [one.yaml, [two.yaml]]\n", 0, "x.recipe:2:19: facts: expected the path of a file");
	recipes_refused(FROM "facts: [one.yaml, four.yaml]\n", 0, "x.recipe:2:19: facts: cannot find the file 'four.yaml'");
}
END_TEST

START_TEST(items_of_lists_have_numbers)
{
	static const struct {
		const char *name, *words;
	} refusals[] = {
		{"vars.l.2", "'${vars.l.2}': 'vars.l' has 2 items, so there is no item 2\n"
			     "  hint: its first item is ${vars.l.0}, its last ${vars.l.1}\n"},
		{"vars.l.00", "'vars.l' is a list: expected the number of an item, found '00'"},
		{"vars.l.-1", "expected the number of an item, found '-1'"},
		{"vars.l.a", "expected the number of an item, found 'a'"},
		{"vars.l.", "expected the number of an item, found ''"},
		{"vars.l.99999999999999999999", "expected the number of an item"},
		{"vars.e.0", "'vars.e' has 0 items"},
		{"vars.l.0.a.x", "'vars.l.0.a' is neither a map nor a list"},
		{"facts.hosts.3.name", "'facts.hosts' has 2 items, so there is no item 3"},
	};

	recipes_write("facts.yaml", "hosts: [{ name: a, ports: [1, [2, 3]] }, { name: b }]\nby: { 0: zero }\n");

	const struct recipe *recipe =
		recipes_load(FROM "facts: facts.yaml\nvars: { l: ['${facts.hosts}', x], n: '${vars.l.0.1.name}' }\n"
				  "files: { /a: { text: '${facts.hosts.0.name}${facts.hosts.0.ports.1.0}${vars.n}"
				  "${vars.l.1}${facts.by.0}' } }\n"
				  "firewall: { tcp: '${facts.hosts.0.ports.1}' }\n");

	ck_assert_str_eq(recipes_text(recipe, "/a"), "a2bxzero");
	ck_assert_str_eq(recipes_words(&recipe->firewall_tcp), "2 3");
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
		recipes_refused(arena_printf(scratch_arena(), FROM "facts: facts.yaml\nvars: { l: [{ a: 1 }, x], e: [] }\n"
							      "files: { /a: { text: '${%s}' } }\n", refusals[i].name), 0,
				refusals[i].words);
}
END_TEST

START_TEST(templates_are_files_with_names_put_in)
{
	setenv("AETHER_TEST", "e", 1);
	recipes_write("facts.yaml", "port: 0x1f\nhost: [{ a: 10.0.0.1 }]\nraw: '${name}'\n");
	recipes_write("files/Caddyfile", "${name}.${vars.domain}:${facts.port} {\r\n"
					 "\treverse_proxy ${facts.host.0.a} {$ENV} {{ x }}\n"
					 "\trespond \"$${name} $$x $x $1 ${facts.raw}\" $\n}\n${env.AETHER_TEST}");
	recipes_write("files/empty", "");
	recipes_write("files/plain", "no newline \xc3\xa9");
	recipes_write("m/m.recipe", "files: { /m: { template: m.conf } }\n");
	recipes_write("m/m.conf", "${vars.domain}\n");

	const struct recipe *recipe =
		recipes_load(FROM "facts: facts.yaml\nuse: m/m.recipe\n"
				  "vars: { domain: home.example, where: files }\nenv: AETHER_TEST\n"
				  "files:\n  /c: { template: 'files/Caddyfile', mode: '0600' }\n"
				  "  /e: { template: files/empty }\n"
				  "  /p: { template: '${vars.where}/plain' }\n");

	ck_assert_str_eq(recipes_text(recipe, "/c"), "base.home.example:0x1f {\r\n\treverse_proxy 10.0.0.1 {$ENV} {{ x }}\n"
						     "\trespond \"${name} $$x $x $1 ${name}\" $\n}\ne");
	ck_assert_str_eq(recipes_text(recipe, "/e"), "");
	ck_assert_str_eq(recipes_text(recipe, "/p"), "no newline \xc3\xa9");
	ck_assert_str_eq(recipes_text(recipe, "/m"), "home.example\n");
	ck_assert_int_eq(recipe->n_inputs, 10);
}
END_TEST

START_TEST(problems_of_a_template_are_told_at_their_places)
{
	static const struct {
		const char *text, *words;
	} refusals[] = {
		{"a\n  \xc3\xa9 ${vars.domian}\n",
		 "files/t:2:5: files./a.template: '${vars.domian}': 'vars.domian' does not exist\n"
						   "  hint: did you mean ${vars.domain}?\n"},
		{"${HOME}",
		 "files/t:1:1: files./a.template: '${HOME}': 'HOME' does not exist\n  hint: names begin with facts, vars, "
			    "name or env; write $${HOME} for this text itself\n"},
		{"x ${1:-y}\n${vars.map}\n", "files/t:1:3: files./a.template: '${1' has no closing '}'\n"},
		{"x ${1:-y}\n${vars.map}\n", "files/t:2:1: files./a.template: '${vars.map}': a map cannot be put into a text\n"
					     "  hint: name one value of it, like ${vars.map.k}\n"},
		{"${vars.list}", "a list cannot be put into a text\n  hint: name one value of it, like ${vars.list.0}\n"},
		{"${vars.none}", "'${vars.none}': it has no value, which cannot be put into a text\n  hint: write \"\" at "},
		{"${facts.x}", "the recipe has no 'facts'"},
		{"${env.HOME}", "'HOME' is not listed under 'env'"},
		{"${", "files/t:1:1: files./a.template: '${' has no closing '}'"},
		{"ok\n\xe9t\xe9\n",
		 "files/t:2:1: files./a.template: this is not UTF-8\n  hint: 'template' needs a text in UTF-8; "
				   "use 'source' for a file that is taken as it is\n"},
		{"\xff\xfe z\n", "files/t:1:1: files./a.template: this is not UTF-8"},
		{"a\xc3", "files/t:1:2: files./a.template: this is not UTF-8"},
		{"\xed\xa0\x80", "files/t:1:1: files./a.template: this is not UTF-8"},
	};

	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		recipes_write("files/t", refusals[i].text);
		recipes_refused(FROM "vars: { domain: d, map: { k: 1 }, list: [1], none: }\n"
				     "files: { /a: { template: files/t } }\n", 0, refusals[i].words);
	}
	recipes_refused(FROM "files: { /a: { template: files/no } }\n", 0,
			"x.recipe:2:26: files./a.template: cannot find the file");
	recipes_refused(FROM "files: { /a: { template: files/t, text: x } }\n", 0, "files./a.template: this is not UTF-8");
	recipes_write("files/t", "");
	recipes_refused(FROM "files: { /a: { template: files/t, text: x } }\n", 0,
			"'template' and 'text' cannot be used together");
}
END_TEST

/* 4 MiB of names for 1 KiB each. */
START_TEST(a_template_that_explodes_is_refused)
{
	const char *text = "${vars.l}${vars.l}${vars.l}${vars.l}${vars.l}${vars.l}${vars.l}${vars.l}";
	char *l = arena_alloc(scratch_arena(), 1025);

	memset(l, 'x', 1024);
	for (size_t i = 0; i < 11; i++)
		text = arena_printf(scratch_arena(), "%s%s", text, text);
	recipes_write("t", text);
	recipes_refused(arena_printf(scratch_arena(), FROM "vars: { l: %s }\nfiles: { /a: { template: t } }\n", l), 0,
			"becomes larger than 8 MiB");
}
END_TEST

SUITE(interpolate, names_become_what_they_stand_for, a_value_knows_the_facts_it_was_written_with,
      two_dollars_are_these_very_characters,
      a_value_that_is_one_name_keeps_its_type, vars_may_name_vars_and_ways_may_lead_through_names,
      vars_of_a_module_are_defaults, later_facts_add_to_earlier_ones,
      facts_are_files_merged_in_order, items_of_lists_have_numbers, templates_are_files_with_names_put_in,
      problems_of_a_template_are_told_at_their_places, a_template_that_explodes_is_refused, a_problem_with_a_name_is_told_once)

/* One recipe that can be several things. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#include "recipe/recipe.h"
#include "recipes.h"
#include "scratch.h"

#define DISTRIBUTION                                                                                                  \
	"distribution: { url: 'http://deb.debian.org/debian', suites: trixie, components: main, key: key.asc,\n"      \
	"  fingerprints: 04B54C3CDCA79751B16BC6B5225629DF75B188BD }\n"
#define BOTH "from: { vm: base.recipe, lxc: c.recipe }\nname: own\n"

static void write_container_base(void)
{
	recipes_write("c.recipe", DISTRIBUTION "name: c\nkinds: lxc\npackages: [ifupdown, curl]\nstate: /var/lib/c\n");
}

START_TEST(each_kind_has_a_parent_of_its_own)
{
	const struct recipe *vm, *lxc;
	struct arena *arena = arena_new();

	write_container_base();
	vm = recipes_load(BOTH "packages: vim\n");
	lxc = recipes_load_as(BOTH "packages: vim\n", KIND_LXC);
	ck_assert_str_eq(recipes_packages(vm), "curl/P less/P vim/S");
	ck_assert_str_eq(recipes_packages(lxc), "ifupdown/P curl/P vim/S");
	ck_assert_uint_eq(vm->kinds, KIND_VM | KIND_LXC);
	ck_assert_uint_eq(lxc->kinds, KIND_VM | KIND_LXC);
	ck_assert_uint_eq(vm->kind, KIND_VM);
	ck_assert_uint_eq(lxc->kind, KIND_LXC);
	ck_assert_str_eq(recipe_suffix(arena, vm), "");
	ck_assert_str_eq(recipe_suffix(arena, lxc), ".lxc");
	ck_assert_str_ne(recipe_digest(arena, vm), recipe_digest(arena, lxc));
	arena_free(arena);
}
END_TEST

START_TEST(the_first_kind_that_is_named_is_the_default)
{
	write_container_base();
	ck_assert_uint_eq(recipes_load(BOTH "kinds: [lxc, vm]\n")->kind, KIND_LXC);
	ck_assert_uint_eq(recipes_load("from: { lxc: c.recipe, vm: base.recipe }\n")->kind, KIND_LXC);
	ck_assert_uint_eq(recipes_load("from: c.recipe\n")->kind, KIND_LXC);
	recipes_write("both.recipe", BOTH);
	ck_assert_uint_eq(recipes_load("from: both.recipe\n")->kind, KIND_VM);
	ck_assert_uint_eq(recipes_load("from: both.recipe\nkinds: lxc\n")->kind, KIND_LXC);
	ck_assert_uint_eq(recipes_load_as("from: both.recipe\n", KIND_LXC)->kind, KIND_LXC);
}
END_TEST

START_TEST(words_of_one_kind_count_for_it_alone)
{
	static const char text[] = BOTH "packages: vim\nvm: { modulesLoad: tls, packages: [nftables] }\n"
					"lxc: { packages: !remove [vim], timezone: Europe/Berlin }\n";
	const struct recipe *recipe;

	write_container_base();
	recipe = recipes_load(text);
	ck_assert_str_eq(recipes_packages(recipe), "curl/P less/P vim/S nftables/S");
	ck_assert_str_eq(recipes_words(&recipe->modules_load), "tls");
	ck_assert_str_eq(recipe->timezone, "UTC");
	recipe = recipes_load_as(text, KIND_LXC);
	ck_assert_str_eq(recipes_packages(recipe), "ifupdown/P curl/P");
	ck_assert_uint_eq(recipe->modules_load.count, 0);
	ck_assert_str_eq(recipe->timezone, "Europe/Berlin");
}
END_TEST

START_TEST(modules_and_parents_may_have_words_of_one_kind)
{
	write_container_base();
	recipes_write("m.recipe", "packages: nfs-common\nvm: { modulesLoad: nfs }\n");
	recipes_write("parent.recipe", BOTH "use: m.recipe\n");
	ck_assert_str_eq(recipes_words(&recipes_load("from: parent.recipe\n")->modules_load), "nfs");
	ck_assert_uint_eq(recipes_load_as("from: parent.recipe\n", KIND_LXC)->modules_load.count, 0);
}
END_TEST

START_TEST(what_a_container_cannot_have_is_refused_where_it_is_written)
{
	write_container_base();
	recipes_refused(BOTH "modulesLoad: tls\n", KIND_LXC,
			"x.recipe:3:1: modulesLoad: a container cannot load kernel modules");
	recipes_refused(BOTH "networks: { lan: { match: { MACAddress: 'a' } } }\n", KIND_LXC, "x.recipe:3:13: networks.lan: ");
	recipes_refused("from: base.recipe\nkinds: [vm, lxc]\n", KIND_LXC,
			"base.recipe:5:1: partitions: a container has no disk");
	ck_assert_uint_eq(recipes_load_as(BOTH "networks: { wg0: { match: { Name: wg0 } } }\n"
					       "units: { systemd-networkd.service: { enable: true } }\n",
					  KIND_LXC)->n_networks, 1);
}
END_TEST

START_TEST(state_of_a_container_is_where_a_mount_point_can_be)
{
	const struct recipe *recipe;

	write_container_base();
	recipe = recipes_load_as(BOTH "state: [/var/lib/caddy, /etc/step-ca, /srv, /home, /opt/data]\n", KIND_LXC);
	ck_assert_str_eq(recipes_words(&recipe->state), "/var/lib/c /var/lib/caddy /etc/step-ca /srv /home /opt/data");
	recipes_refused(BOTH "state: /var/run/x\n", KIND_LXC, "x.recipe:3:8: state: '/var/run/x' is in memory");
	recipes_refused(BOTH "state: /usr\n", KIND_LXC, "would hide the system itself");
	recipes_refused(BOTH "state: /etc\n", KIND_LXC, "would hide the system itself");
	recipes_refused(BOTH "units: { a.service: { Service: { ExecStart: /bin/a -d /run/a } } }\nstate: /run/a\n", KIND_LXC,
			"'a.service' needs it");
}
END_TEST

START_TEST(a_service_of_a_container_has_its_state_declared)
{
	write_container_base();
	recipes_refused(BOTH "units: { a.service: { Service: { StateDirectory: a b/c } } }\nstate: /var/lib/a\n",
			KIND_LXC,
			"x.recipe:3:10: units.a.service: its data in '/var/lib/b/c' is not listed in 'state'");
	recipes_load_as(BOTH "units: { a.service: { Service: { StateDirectory: a b/c } } }\nstate: [/var/lib/a, /var/lib/b]\n",
			KIND_LXC);
	recipes_load(BOTH "units: { a.service: { Service: { StateDirectory: a } } }\n");
}
END_TEST

START_TEST(health_is_read_with_its_defaults)
{
	const struct recipe *recipe = recipes_load("from: base.recipe\nhealth:\n  - unit: a.service\n  - tcp: 443\n"
						   "  - http: { url: 'http://localhost:1/' }\n    timeout: 90s\n"
						   "  - command: [/bin/a, b c]\n");

	ck_assert_uint_eq(recipe->n_health, 4);
	ck_assert_int_eq(recipe->health[0].type, HEALTH_UNIT);
	ck_assert_str_eq(recipe->health[0].unit, "a.service");
	ck_assert_uint_eq(recipe->health[0].timeout_ms, 60000);
	ck_assert_int_eq(recipe->health[1].type, HEALTH_TCP);
	ck_assert_int_eq(recipe->health[1].port, 443);
	ck_assert_int_eq(recipe->health[2].type, HEALTH_HTTP);
	ck_assert_int_eq(recipe->health[2].status, 200);
	ck_assert_uint_eq(recipe->health[2].timeout_ms, 90000);
	ck_assert_int_eq(recipe->health[3].type, HEALTH_COMMAND);
	ck_assert_uint_eq(recipe->health[3].command.count, 2);
}
END_TEST

SUITE(kinds, each_kind_has_a_parent_of_its_own, the_first_kind_that_is_named_is_the_default,
      words_of_one_kind_count_for_it_alone, modules_and_parents_may_have_words_of_one_kind,
      what_a_container_cannot_have_is_refused_where_it_is_written, state_of_a_container_is_where_a_mount_point_can_be,
      a_service_of_a_container_has_its_state_declared, health_is_read_with_its_defaults)

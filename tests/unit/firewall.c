/* The firewall's words in those of nft(8), which judges them where it is installed. */
#include "suite.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "host/proc.h"
#include "plan/plan.h"
#include "scratch.h"

#define LIST(...) {(const char *[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)}

static struct recipe_opening lan[] = {{.interface = "lan0", .tcp = LIST("53"), .udp = LIST("53", "67-68")}},
	some[] = {{.interface = "en*", .tcp = LIST("9100"), .from = LIST("10.0.0.0/8", "fd00::/8", "192.168.1.7")}},
	any[] = {{.interface = "*", .udp = LIST("5353")}};
static struct recipe_forward out[] = {{.from = "lan0", .to = "wan*"}},
	part[] = {{.from = "*", .to = "dmz", .tcp = LIST("80", "443"), .udp = LIST("53")}};
static struct recipe_redirect web[] = {{.on = "wan0", .tcp = "8443", .to = "10.0.2.10:443"}},
	both[] = {{.on = "wan0", .tcp = "5000-5010", .udp = "5000-5010", .to = "10.0.2.11"}},
	six[] = {{.on = "wan0", .tcp = "25", .to = "[fd00::10]:2525"}}, bare[] = {{.on = "*", .udp = "53", .to = "fd00::10"}};
static struct recipe_rules mine[] = {{.name = "mine", .text = "add rule inet filter input tcp dport 9 accept\n"}};

/* What a recipe says, what its rules have (a line each), what the plan tells, and whether the machine forwards. */
static const struct {
	struct recipe words;
	const char *lines[4], *told[4];
	bool forwards;
} rows[] = {
	{{.kind = KIND_VM}, {"tcp dport { 22 } accept"}, {NULL}, false},
	{{.firewall_tcp = LIST("80", "8000-8100")}, {"tcp dport { 22, 80, 8000-8100 } accept"}, {NULL}, false},
	{{.firewall_udp = LIST("53")}, {"udp dport { 53 } accept"}, {NULL}, false},
	{{.openings = lan, .n_openings = 1},
	 {"iifname \"lan0\" tcp dport { 53 } accept", "iifname \"lan0\" udp dport { 53, 67-68 } accept"},
	 {"lan0 53/tcp", "lan0 53/udp", "lan0 67-68/udp"}, false},
	{{.openings = some, .n_openings = 1},
	 {"iifname \"en*\" ip saddr { 10.0.0.0/8, 192.168.1.7 } tcp dport { 9100 } accept",
	  "iifname \"en*\" ip6 saddr { fd00::/8 } tcp dport { 9100 } accept"},
	 {"en* 9100/tcp from 10.0.0.0/8, fd00::/8, 192.168.1.7"}, false},
	{{.openings = any, .n_openings = 1}, {"udp dport { 5353 } accept"}, {"* 5353/udp"}, false},
	{{.forwards = out, .n_forwards = 1, .masquerade = LIST("wan*")},
	 {"iifname \"lan0\" oifname \"wan*\" accept", "type filter hook forward priority filter; policy drop;",
	  "oifname \"wan*\" masquerade"},
	 {"forward lan0 to wan*", "masquerade wan*"}, true},
	{{.forwards = part, .n_forwards = 1, .n_quadlets = 1},
	 {"oifname \"dmz\" tcp dport { 80, 443 } accept", "oifname \"dmz\" udp dport { 53 } accept",
	  "iifname \"podman*\" accept"},
	 {"forward * to dmz 80/tcp", "forward * to dmz 443/tcp", "forward * to dmz 53/udp"}, true},
	{{.redirects = web, .n_redirects = 1},
	 {"iifname \"wan0\" tcp dport 8443 dnat ip to 10.0.2.10:443", "ct status dnat accept"},
	 {"redirect wan0 8443/tcp to 10.0.2.10:443"}, true},
	{{.redirects = both, .n_redirects = 1},
	 {"iifname \"wan0\" tcp dport 5000-5010 dnat ip to 10.0.2.11",
	  "iifname \"wan0\" udp dport 5000-5010 dnat ip to 10.0.2.11"},
	 {"redirect wan0 5000-5010/tcp to 10.0.2.11", "redirect wan0 5000-5010/udp to 10.0.2.11"}, true},
	{{.redirects = six, .n_redirects = 1}, {"iifname \"wan0\" tcp dport 25 dnat ip6 to [fd00::10]:2525"},
	 {"redirect wan0 25/tcp to [fd00::10]:2525"}, true},
	{{.redirects = bare, .n_redirects = 1}, {"udp dport 53 dnat ip6 to fd00::10"}, {"redirect * 53/udp to fd00::10"}, true},
	{{.rules = mine, .n_rules = 1}, {"include \"/etc/nftables.d/mine.nft\""}, {"rules mine"}, false},
};

static struct plan *plan_of(struct recipe recipe, unsigned kind, struct err *err)
{
	static struct debian_package packages[] = {{"nftables", "1", "amd64", "a0", "pool/a", 1, LAYER_BASE, 0}};
	static const struct plan_programs programs = {0};
	static const struct lock with = {.image = {packages, 1}, .numbered = true}, without = {.numbered = true};
	static struct debian_package podman[] = {{"nftables", "1", "amd64", "a0", "pool/a", 1, LAYER_BASE, 0},
						 {"podman", "1", "amd64", "a1", "pool/b", 1, LAYER_BASE, 0}};
	static const struct lock both_packages = {.image = {podman, 2}, .numbered = true};
	static struct recipe_quadlet quadlet = {.name = "a.volume"};
	struct recipe *whole = arena_new_of(scratch_arena(), struct recipe);
	struct plan *plan = NULL;
	bool lacks = recipe.kind == KIND_TOOLS; /* stands for "without the package" */

	*whole = recipe;
	whole->path = "a.recipe";
	whole->name = "a";
	whole->timezone = "UTC";
	whole->kind = whole->kinds = kind;
	whole->quadlets = &quadlet;
	plan_make(scratch_arena(), whole, NULL, lacks ? &without : whole->n_quadlets ? &both_packages : &with, &programs, &plan,
		  err);
	return plan;
}

static const char *file_of(const struct plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->n_files; i++)
		if (strcmp(plan->files[i].path, path) == 0)
			return plan->files[i].text;
	return NULL;
}

START_TEST(each_word_of_the_firewall_is_a_rule_that_the_plan_tells)
{
	struct err err = {0};
	const struct plan *plan = plan_of(rows[_i].words, KIND_VM, &err);
	const char *text = file_of(plan, "/etc/nftables.conf");
	const char *forward = file_of(plan, "/usr/lib/sysctl.d/50-recipe-forward.conf");
	size_t told = 0;

	ck_assert_uint_eq(err.count, 0);
	for (size_t i = 0; i < 4 && rows[_i].lines[i]; i++)
		ck_assert_msg(strstr(text, arena_printf(scratch_arena(), "\t\t%s\n", rows[_i].lines[i])) ||
			      strstr(text, arena_printf(scratch_arena(), "\n%s\n", rows[_i].lines[i])),
			      "%s in\n%s", rows[_i].lines[i], text);
	for (; told < 4 && rows[_i].told[told]; told++)
		ck_assert_str_eq(plan->firewall.items[told], rows[_i].told[told]);
	ck_assert_uint_eq(plan->firewall.count, told);
	ck_assert_int_eq(forward != NULL, rows[_i].forwards);
	if (!rows[_i].forwards)
		ck_assert_ptr_null(strstr(text, "hook forward"));
}
END_TEST

START_TEST(nft_takes_the_rules)
{
	struct err err = {0};
	const char *text = file_of(plan_of(rows[_i].words, KIND_VM, &err), "/etc/nftables.conf");
	const char *include = strstr(text, "include"), *path = scratch_path("rules");
	const char *argv[] = {"/usr/bin/unshare", "-Urn", "/usr/sbin/nft", "-c", "-f", path, NULL};
	const char *probe[] = {"/usr/bin/unshare", "-Urn", "/usr/sbin/nft", "list", "ruleset", NULL};
	_cleanup_buf_ struct buf output = {0};

	if (access(argv[0], X_OK) != 0 || access(argv[2], X_OK) != 0 ||
	    proc_check(&(struct proc){.argv = probe, .output = &output}, &err) < 0) {
		err_free(&err);
		return; /* a kernel or a host without it */
	}
	if (include)
		text = arena_printf(scratch_arena(), "%.*s%s", (int)(include - text), text, mine[0].text);
	ck_assert_int_eq(file_publish(path, text, strlen(text), 0644, &err), 0);
	if (proc_check(&(struct proc){.argv = argv, .output = &output}, &err) < 0)
		err_print(&err, stderr);
	ck_assert_uint_eq(err.count, 0);
}
END_TEST

/* A container's ports are its hypervisor's to open; but what no hypervisor does in its place needs the package. */
START_TEST(a_container_without_nftables_may_open_ports_and_no_more)
{
	struct recipe words = rows[_i].words;
	struct err err = {0};

	words.kind = KIND_TOOLS;
	plan_of(words, KIND_LXC, &err);
	ck_assert_int_eq(err.count > 0, rows[_i].forwards || words.n_rules > 0);
	if (err.count)
		ck_assert_str_eq(err.first->text, "'firewall' needs the package 'nftables'");
	err_free(&err);
	words.kind = 0;
	plan_of(words, KIND_LXC, &err);
	ck_assert_uint_eq(err.count, 0);
	ck_assert_int_eq(err.warnings != NULL, rows[_i].forwards || words.n_rules > 0); /* nobody loads them */
	err_free(&err);
}
END_TEST

#define N (sizeof rows / sizeof *rows)
LOOP_SUITE(firewall, each_word_of_the_firewall_is_a_rule_that_the_plan_tells, N)
LOOP_SUITE(firewall_judge, nft_takes_the_rules, N)
LOOP_SUITE(firewall_container, a_container_without_nftables_may_open_ports_and_no_more, N)

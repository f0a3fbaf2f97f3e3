/* What may come in and what goes through, in the words of nft(8): /etc/nftables.conf, which nftables.service loads, and below
 * RULES the recipe's own files, which it includes at its end. */
#include <string.h>

#include "plan/config.h"

#define RULES "/etc/nftables.d/"

static void plan_firewall_put_set(struct buf *text, const struct strv *items, const char *first)
{
	buf_printf(text, " {%s%s", first ? " " : "", first ? first : "");
	for (size_t i = 0; i < items->count; i++)
		buf_printf(text, "%s %s", i || first ? "," : "", items->items[i]);
	buf_puts(text, " }");
}

static void plan_firewall_put_ports(struct buf *text, const char *match, const char *protocol, const char *always,
				    const struct strv *ports)
{
	if (!always && ports->count == 0)
		return;
	buf_printf(text, "\t\t%s%s dport", match, protocol);
	plan_firewall_put_set(text, ports, always);
	buf_puts(text, " accept\n");
}

/* "iifname "lan0" "; nothing for any interface. */
static const char *plan_firewall_match(struct arena *arena, const char *key, const char *interface)
{
	return strcmp(interface, "*") == 0 ? "" : arena_printf(arena, "%s \"%s\" ", key, interface);
}

/* The sources of one family, which nft(8) wants apart. */
static struct strv plan_firewall_family(struct arena *arena, const struct strv *from, bool six)
{
	struct strv some = {0};

	for (size_t i = 0; i < from->count; i++)
		if (!!strchr(from->items[i], ':') == six)
			strv_push(arena, &some, from->items[i]);
	return some;
}

static void plan_firewall_put_opening(struct arena *arena, struct buf *text, const struct recipe_opening *opening)
{
	const char *match = plan_firewall_match(arena, "iifname", opening->interface);

	if (opening->from.count == 0) {
		plan_firewall_put_ports(text, match, "tcp", NULL, &opening->tcp);
		plan_firewall_put_ports(text, match, "udp", NULL, &opening->udp);
	}
	for (int six = 0; six <= 1; six++) {
		struct strv some = plan_firewall_family(arena, &opening->from, six);
		_cleanup_buf_ struct buf source = {0};

		if (some.count == 0)
			continue;
		buf_printf(&source, "%s%s saddr", match, six ? "ip6" : "ip");
		plan_firewall_put_set(&source, &some, NULL);
		buf_puts(&source, " ");
		plan_firewall_put_ports(text, source.data, "tcp", NULL, &opening->tcp);
		plan_firewall_put_ports(text, source.data, "udp", NULL, &opening->udp);
	}
}

static void plan_firewall_put_input(struct arena *arena, struct buf *text, const struct recipe *recipe)
{
	buf_puts(text, "\tchain input {\n"
		       "\t\ttype filter hook input priority filter; policy drop;\n"
		       "\t\tct state vmap { established : accept, related : accept, invalid : drop }\n"
		       "\t\tiif lo accept\n"
		       "\t\t# ICMP and ICMPv6: their names are in /etc/protocols, which a small system lacks\n"
		       "\t\tmeta l4proto { 1, 58 } accept\n"
		       "\t\tip6 saddr fe80::/10 udp dport 546 accept\n");
	if (recipe->n_quadlets) /* containers on a network of theirs ask the host for each other's names */
		buf_puts(text, "\t\tiifname \"podman*\" meta l4proto { 6, 17 } th dport 53 accept\n");
	plan_firewall_put_ports(text, "", "tcp", "22", &recipe->firewall_tcp);
	plan_firewall_put_ports(text, "", "udp", NULL, &recipe->firewall_udp);
	for (size_t i = 0; i < recipe->n_openings; i++)
		plan_firewall_put_opening(arena, text, &recipe->openings[i]);
	buf_puts(text, "\t}\n");
}

/* Without words for it there is no such chain: what podman and others forward is theirs. */
static void plan_firewall_put_forward(struct arena *arena, struct buf *text, const struct recipe *recipe)
{
	if (!recipe->n_forwards && !recipe->n_redirects)
		return;
	buf_puts(text, "\n\tchain forward {\n"
		       "\t\ttype filter hook forward priority filter; policy drop;\n"
		       "\t\tct state vmap { established : accept, related : accept, invalid : drop }\n"
		       "\t\tct status dnat accept\n");
	if (recipe->n_quadlets)
		buf_puts(text, "\t\tiifname \"podman*\" accept\n");
	for (size_t i = 0; i < recipe->n_forwards; i++) {
		const struct recipe_forward *forward = &recipe->forwards[i];
		const char *match = arena_printf(arena, "%s%s", plan_firewall_match(arena, "iifname", forward->from),
						 plan_firewall_match(arena, "oifname", forward->to));

		if (!forward->tcp.count && !forward->udp.count)
			buf_printf(text, "\t\t%saccept\n", match);
		plan_firewall_put_ports(text, match, "tcp", NULL, &forward->tcp);
		plan_firewall_put_ports(text, match, "udp", NULL, &forward->udp);
	}
	buf_puts(text, "\t}\n");
}

static void plan_firewall_put_redirect(struct arena *arena, struct buf *text, const struct recipe_redirect *redirect,
				       const char *protocol, const char *ports)
{
	const char *colon = strchr(redirect->to, ':');
	bool six = colon && strchr(colon + 1, ':');

	if (ports)
		buf_printf(text, "\t\t%s%s dport %s dnat %s to %s\n", plan_firewall_match(arena, "iifname", redirect->on),
			   protocol, ports, six ? "ip6" : "ip", redirect->to);
}

static void plan_firewall_put_nat(struct arena *arena, struct buf *text, const struct recipe *recipe)
{
	if (recipe->n_redirects)
		buf_puts(text, "\n\tchain prerouting {\n\t\ttype nat hook prerouting priority dstnat;\n");
	for (size_t i = 0; i < recipe->n_redirects; i++) {
		plan_firewall_put_redirect(arena, text, &recipe->redirects[i], "tcp", recipe->redirects[i].tcp);
		plan_firewall_put_redirect(arena, text, &recipe->redirects[i], "udp", recipe->redirects[i].udp);
	}
	if (recipe->n_redirects)
		buf_puts(text, "\t}\n");
	if (recipe->masquerade.count)
		buf_puts(text, "\n\tchain postrouting {\n\t\ttype nat hook postrouting priority srcnat;\n");
	for (size_t i = 0; i < recipe->masquerade.count; i++)
		buf_printf(text, "\t\t%smasquerade\n", plan_firewall_match(arena, "oifname", recipe->masquerade.items[i]));
	if (recipe->masquerade.count)
		buf_puts(text, "\t}\n");
}

/* --- what the plan tells --------------------------------------------------------------------------------------------- */

static void plan_firewall_tell_ports(struct arena *arena, struct plan *plan, const char *what, const char *protocol,
				     const struct strv *ports, const char *rest)
{
	for (size_t i = 0; i < ports->count; i++)
		strv_push(arena, &plan->firewall, arena_printf(arena, "%s %s/%s%s", what, ports->items[i], protocol, rest));
}

static void plan_firewall_tell_opening(struct arena *arena, struct plan *plan, const struct recipe_opening *opening)
{
	const char *from = "";

	for (size_t i = 0; i < opening->from.count; i++)
		from = arena_printf(arena, "%s%s%s", from, *from ? ", " : " from ", opening->from.items[i]);
	plan_firewall_tell_ports(arena, plan, opening->interface, "tcp", &opening->tcp, from);
	plan_firewall_tell_ports(arena, plan, opening->interface, "udp", &opening->udp, from);
}

static void plan_firewall_tell(struct arena *arena, struct plan *plan)
{
	const struct recipe *recipe = plan->recipe;

	for (size_t i = 0; i < recipe->n_openings; i++)
		plan_firewall_tell_opening(arena, plan, &recipe->openings[i]);
	for (size_t i = 0; i < recipe->n_forwards; i++) {
		const struct recipe_forward *forward = &recipe->forwards[i];
		const char *way = arena_printf(arena, "forward %s to %s", forward->from, forward->to);

		if (!forward->tcp.count && !forward->udp.count)
			strv_push(arena, &plan->firewall, way);
		plan_firewall_tell_ports(arena, plan, way, "tcp", &forward->tcp, "");
		plan_firewall_tell_ports(arena, plan, way, "udp", &forward->udp, "");
	}
	for (size_t i = 0; i < recipe->n_redirects; i++) {
		const struct recipe_redirect *redirect = &recipe->redirects[i];
		const char *way = arena_printf(arena, "redirect %s", redirect->on);
		const char *to = arena_printf(arena, " to %s", redirect->to);
		struct strv tcp = {0}, udp = {0};

		if (redirect->tcp)
			strv_push(arena, &tcp, redirect->tcp);
		if (redirect->udp)
			strv_push(arena, &udp, redirect->udp);
		plan_firewall_tell_ports(arena, plan, way, "tcp", &tcp, to);
		plan_firewall_tell_ports(arena, plan, way, "udp", &udp, to);
	}
	for (size_t i = 0; i < recipe->masquerade.count; i++)
		strv_push(arena, &plan->firewall, arena_printf(arena, "masquerade %s", recipe->masquerade.items[i]));
	for (size_t i = 0; i < recipe->n_rules; i++)
		strv_push(arena, &plan->firewall, arena_printf(arena, "rules %s", recipe->rules[i].name));
}

/* --- the files ------------------------------------------------------------------------------------------------------- */

static bool plan_firewall_is_loaded(const struct recipe *recipe)
{
	for (size_t i = 0; i < recipe->n_units; i++)
		if (!recipe->units[i].user && strcmp(recipe->units[i].name, "nftables.service") == 0)
			return recipe->units[i].enable == YES;
	return false;
}

static int plan_firewall_put_rules(struct arena *arena, struct plan *plan, struct buf *text, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->recipe->n_rules; i++) {
		const struct recipe_rules *rules = &plan->recipe->rules[i];
		const char *path = arena_printf(arena, RULES "%s.nft", rules->name);

		buf_printf(text, "%sinclude \"%s\"\n", i ? "" : "\n", path);
		r = config_put_words(arena, plan, path, &rules->pos, rules->text, rules->source, err);
	}
	return r;
}

int firewall_make(struct arena *arena, struct plan *plan, struct err *err)
{
	const struct recipe *recipe = plan->recipe;
	const struct pos pos = {.file = recipe->path};
	struct err no_firewall = {0};
	_cleanup_buf_ struct buf text = {0};
	/* The hypervisor's firewall protects a container; the plan has the recipe's ports for it. */
	bool asked = recipe_routes(recipe) || (recipe_opens(recipe) && recipe->kind != KIND_LXC);
	int r = config_needs(plan, "nftables", &pos, "'firewall'", asked ? err : &no_firewall);

	err_free(&no_firewall);
	plan_firewall_tell(arena, plan);
	if (r < 0)
		return asked ? r : 0;
	if (asked && recipe->kind == KIND_LXC && !plan_firewall_is_loaded(recipe)) {
		err_warn(err, &pos, "firewall", "nothing loads the rules of the firewall");
		err_hint(err, "add 'units: { nftables.service: { enable: true } }'");
	}
	buf_puts(&text, "#!/usr/sbin/nft -f\nflush ruleset\n\ntable inet filter {\n");
	plan_firewall_put_input(arena, &text, recipe);
	plan_firewall_put_forward(arena, &text, recipe);
	plan_firewall_put_nat(arena, &text, recipe);
	buf_puts(&text, "}\n");
	r = plan_firewall_put_rules(arena, plan, &text, err);
	config_put(arena, plan, "/etc/nftables.conf", 0755, &pos, text.data);
	if (recipe->n_forwards || recipe->n_redirects)
		config_put(arena, plan, "/usr/lib/sysctl.d/50-recipe-forward.conf", 0644, &pos,
			   "net.ipv4.ip_forward = 1\nnet.ipv6.conf.all.forwarding = 1\n");
	return r;
}

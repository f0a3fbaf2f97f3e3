/* The machine's name, what may come in (nft(8)), and its networks (systemd.network(5)). */
#include <errno.h>

#include "plan/config.h"

static void plan_network_put_ports(struct buf *text, const char *protocol, const char *always, const struct strv *ports)
{
	if (!always && ports->count == 0)
		return;
	buf_printf(text, "\t\t%s dport {", protocol);
	if (always)
		buf_printf(text, " %s%s", always, ports->count ? "," : "");
	for (size_t i = 0; i < ports->count; i++)
		buf_printf(text, " %s%s", ports->items[i], i + 1 < ports->count ? "," : "");
	buf_puts(text, " } accept\n");
}

static int plan_network_make_firewall(struct arena *arena, struct plan *plan, struct err *err)
{
	const struct recipe *recipe = plan->recipe;
	const struct pos pos = {.file = recipe->path};
	struct err no_firewall = {0};
	_cleanup_buf_ struct buf text = {0};
	/* The hypervisor's firewall protects a container; the plan has the recipe's ports for it. */
	bool asked = (recipe->firewall_tcp.count || recipe->firewall_udp.count) && recipe->kind != KIND_LXC;
	int r = config_needs(plan, "nftables", &pos, "'firewall'", asked ? err : &no_firewall);

	err_free(&no_firewall);
	if (r < 0)
		return asked ? r : 0;
	buf_puts(&text, "#!/usr/sbin/nft -f\n"
			"flush ruleset\n\n"
			"table inet filter {\n"
			"\tchain input {\n"
			"\t\ttype filter hook input priority filter; policy drop;\n"
			"\t\tct state vmap { established : accept, related : accept, invalid : drop }\n"
			"\t\tiif lo accept\n"
			"\t\tmeta l4proto { icmp, ipv6-icmp } accept\n"
			"\t\tip6 saddr fe80::/10 udp dport 546 accept\n");
	if (recipe->n_quadlets) /* containers on a network of theirs ask the host for each other's names */
		buf_puts(&text, "\t\tiifname \"podman*\" meta l4proto { tcp, udp } th dport 53 accept\n");
	plan_network_put_ports(&text, "tcp", "22", &recipe->firewall_tcp);
	plan_network_put_ports(&text, "udp", NULL, &recipe->firewall_udp);
	buf_puts(&text, "\t}\n}\n");
	config_put(arena, plan, "/etc/nftables.conf", 0755, &pos, text.data);
	return 0;
}

/* Sorted before the files of cloud-init (10-cloud-init-*), so that the recipe takes precedence. */
static void plan_network_make(struct arena *arena, struct plan *plan, const struct recipe_network *network)
{
	_cleanup_buf_ struct buf text = {0};

	config_settings(&text, &network->match);
	buf_puts(&text, "\n[Network]\n");
	if (network->dhcp)
		buf_puts(&text, "DHCP=yes\n");
	for (size_t i = 0; i < network->addresses.count; i++)
		buf_printf(&text, "Address=%s\n", network->addresses.items[i]);
	if (network->gateway)
		buf_printf(&text, "Gateway=%s\n", network->gateway);
	for (size_t i = 0; i < network->dns.count; i++)
		buf_printf(&text, "DNS=%s\n", network->dns.items[i]);
	config_settings(&text, &network->settings);
	config_put(arena, plan, arena_printf(arena, "/etc/systemd/network/05-%s.network", network->name), 0644, &network->pos,
		   text.data);
}

int network_make(struct arena *arena, struct plan *plan, struct err *err)
{
	const struct recipe *recipe = plan->recipe;

	if (recipe->kind != KIND_TOOLS) {
		config_put(arena, plan, "/etc/hostname", 0644, NULL, arena_printf(arena, "%s\n", recipe->name));
		config_put(arena, plan, "/etc/hosts", 0644, NULL,
			   arena_printf(arena, "127.0.0.1 localhost\n%s::1 localhost ip6-localhost ip6-loopback\n",
					/* a container's name and address are its hypervisor's to write */
					recipe->kind == KIND_LXC ? "" : arena_printf(arena, "127.0.1.1 %s\n", recipe->name)));
	}
	for (size_t i = 0; i < recipe->n_networks; i++)
		plan_network_make(arena, plan, &recipe->networks[i]);
	return plan_network_make_firewall(arena, plan, err);
}

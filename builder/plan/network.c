/* The machine's name, and its networks (systemd.network(5)). */
#include "plan/config.h"

/* Sorted before the files of a seed (10-seed-*), so that the recipe takes precedence. */
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
	return err_result(err);
}

#include "machine/seed/network.h"

#include <string.h>

#include "machine/seed/parameters.h"

/* --- what is on a link ------------------------------------------------------------------------------------------- */

/* A route of a link, or of all: `network` and `destination` are the same word. */
static struct route network_v1_route(struct network *network, const struct value *map)
{
	const struct value *to = value_get(map, "destination") ? value_get(map, "destination") : value_get(map, "network");
	const struct value *mask = value_get(map, "netmask") ? value_get(map, "netmask") : value_get(map, "prefix");
	struct route route = {.via = link_address(network, value_get(map, "gateway"), false),
			      .metric = link_number(network, value_get(map, "metric"), NUMBER_MAX),
			      .mtu = link_number(network, value_get(map, "mtu"), MTU_MAX)};
	const char *text = value_text(to);
	struct address address;
	char printed[ADDRESS_TEXT];

	value_remark_unknown(network->remarks, map, "type id destination network netmask prefix gateway metric mtu", "a route");
	if (!text || strcmp(text, "default") == 0)
		return route;
	if (!address_parse(text, &address) ||
	    (address.prefix == NO_PREFIX && value_text(mask) && !address_mask(&address, value_text(mask)))) {
		value_remark(network->remarks, to, "'%s' is no network", text);
		return (struct route){.to = NULL};
	}
	route.to = memory_print(network->memory, "%s", address_print(&address, printed));
	return route;
}

static void network_v1_routes(struct network *network, struct link *link, const struct value *routes)
{
	for (const struct value *map = routes && routes->kind == VALUE_LIST ? routes->first : NULL; map; map = map->next) {
		struct route route = network_v1_route(network, map);

		link_add_route(network, link, map, &route);
	}
}

static void network_v1_static(struct network *network, struct link *link, const struct value *map)
{
	const struct value *said = value_get(map, "address") ? value_get(map, "address") : value_get(map, "ip_address");
	const struct value *mask = value_get(map, "netmask") ? value_get(map, "netmask") : value_get(map, "prefix");
	const char *text = value_text(said);
	struct address address;

	if (!text || !address_parse(text, &address)) {
		value_remark(network->remarks, said ? said : map, "'%s' is no address", text ? text : "");
		return;
	}
	if (address.prefix == NO_PREFIX && value_text(mask) && !address_mask(&address, value_text(mask)))
		value_remark(network->remarks, mask, "'%s' is no netmask", value_text(mask));
	if (address.prefix == NO_PREFIX)
		address.prefix = address.family == AF_INET ? 24 : 64;
	link_add_address(network, link, said, &address);
	if (value_get(map, "gateway"))
		link_add_gateway(network, link, value_get(map, "gateway"),
				 link_number(network, value_get(map, "metric"), NUMBER_MAX));
}

static void network_v1_dhcp4(struct link *link)
{
	link->dhcp4 = true;
}

static void network_v1_dhcp6(struct link *link)
{
	link->dhcp6 = true;
}

static void network_v1_slaac(struct link *link)
{
	link->accept_ra = 1;
}

static void network_v1_manual(struct link *link)
{
	(void)link;
}

static const struct {
	const char *type;
	void (*set)(struct link *link); /* NULL: it has an address */
} subnets[] = {
	{"dhcp", network_v1_dhcp4}, {"dhcp4", network_v1_dhcp4}, {"dhcp6", network_v1_dhcp6}, {"static", NULL},
	{"static6", NULL}, {"ipv6_slaac", network_v1_slaac}, {"ipv6_dhcpv6-stateful", network_v1_dhcp6},
	{"ipv6_dhcpv6-stateless", network_v1_slaac}, {"manual", network_v1_manual},
};

static bool network_v1_type(struct network *network, struct link *link, const struct value *map)
{
	const char *type = value_get_text(map, "type");

	for (size_t i = 0; type && i < sizeof subnets / sizeof *subnets; i++) {
		if (strcmp(subnets[i].type, type) != 0)
			continue;
		if (subnets[i].set)
			subnets[i].set(link);
		else
			network_v1_static(network, link, map);
		return true;
	}
	value_remark(network->remarks, map, "a subnet of the type '%s' is not followed", type ? type : "");
	return false;
}

static void network_v1_subnet(struct network *network, struct link *link, const struct value *map)
{
	const char *control = value_get_text(map, "control"), *metric;

	if (!network_v1_type(network, link, map))
		return;
	metric = strncmp(value_get_text(map, "type"), "dhcp", 4) == 0
			 ? link_number(network, value_get(map, "metric"), NUMBER_MAX)
			 : NULL;
	if (metric)
		words_add(network, map, &link->dhcp4_settings, memory_print(network->memory, "RouteMetric=%s", metric));
	words_add_addresses(network, &link->dns, value_get(map, "dns_nameservers"));
	words_add_domains(network, &link->search, value_get(map, "dns_search"));
	network_v1_routes(network, link, value_get(map, "routes"));
	if (control && strcmp(control, "manual") == 0)
		link->manual = true;
	value_remark_unknown(network->remarks, map,
			     "type address ip_address netmask prefix gateway metric broadcast dns_nameservers dns_search "
			     "routes control", link->id);
}

static void network_v1_common(struct network *network, struct link *link, const struct value *map)
{
	const struct value *list = value_get(map, "subnets");

	link->mtu = link_number(network, value_get(map, "mtu"), MTU_MAX);
	if (value_get(map, "accept-ra"))
		link->accept_ra = value_truth(value_get(map, "accept-ra"));
	link->optional = value_truth(value_get(map, "optional")) == 1;
	for (const struct value *item = list && list->kind == VALUE_LIST ? list->first : NULL; item; item = item->next)
		network_v1_subnet(network, link, item);
}

/* --- links ------------------------------------------------------------------------------------------------------- */

#define COMMON "type name mac_address mtu accept-ra optional subnets id "

static void network_v1_physical(struct network *network, const struct value *map)
{
	struct link *link = link_add(network, map, LINK_NIC, value_get_text(map, "name"));

	if (!link)
		return;
	link->mac = link_mac(network, value_get(map, "mac_address"));
	if (link->mac)
		link->name = link->id;
	network_v1_common(network, link, map);
	value_remark_unknown(network->remarks, map, COMMON, link->id);
}

static void network_v1_vlan(struct network *network, const struct value *map)
{
	struct link *link = link_add(network, map, LINK_VLAN, value_get_text(map, "name"));

	if (!link)
		return;
	link->set_mac = link_mac(network, value_get(map, "mac_address"));
	link->vlan_id = link_number(network, value_get(map, "vlan_id"), VLAN_MAX);
	link->vlan_of = link_name(network, value_get(map, "vlan_link"));
	network_v1_common(network, link, map);
	value_remark_unknown(network->remarks, map, COMMON "vlan_id vlan_link", link->id);
}

static void network_v1_ports(struct network *network, const struct value *map, enum link_kind kind, const char *ports,
			     const char *known)
{
	struct link *link = link_add(network, map, kind, value_get_text(map, "name"));
	const char *primary;

	if (!link)
		return;
	link->set_mac = link_mac(network, value_get(map, "mac_address"));
	network_v1_common(network, link, map);
	parameters_read(network, link, value_get(map, "params"), 1, &primary);
	network_enslave(network, link, value_get(map, ports), primary);
	value_remark_unknown(network->remarks, map, known, link->id);
}

static void network_v1_bond(struct network *network, const struct value *map)
{
	network_v1_ports(network, map, LINK_BOND, "bond_interfaces", COMMON "bond_interfaces params");
}

static void network_v1_bridge(struct network *network, const struct value *map)
{
	network_v1_ports(network, map, LINK_BRIDGE, "bridge_interfaces", COMMON "bridge_interfaces params");
}

/* --- what is said for more than one link ------------------------------------------------------------------------- */

static void network_v1_nameserver(struct network *network, const struct value *map)
{
	const char *name = value_get_text(map, "interface");
	struct link *link = link_find(network, name);
	struct words *dns = link ? &link->dns : &network->dns, *search = link ? &link->search : &network->search;

	value_remark_unknown(network->remarks, map, "type id address search interface", "a nameserver");
	if (name && !link) {
		value_remark(network->remarks, map, "a nameserver is for '%s', which is no link of this seed", name);
		return;
	}
	words_add_addresses(network, dns, value_get(map, "address"));
	words_add_domains(network, search, value_get(map, "search"));
}

/* Onto the link that reaches its gateway. */
static void network_v1_global_route(struct network *network, const struct value *map)
{
	struct route route = network_v1_route(network, map);
	struct address via, on;

	if (!route.via || !address_parse(route.via, &via)) {
		value_remark(network->remarks, map, "a route without a gateway is not followed");
		return;
	}
	for (size_t i = 0; i < network->n_links; i++)
		for (size_t k = 0; k < network->links[i].addresses.n; k++)
			if (address_parse(network->links[i].addresses.items[k], &on) && address_holds(&on, &via)) {
				link_add_route(network, &network->links[i], map, &route);
				return;
			}
	value_remark(network->remarks, map, "no link reaches the gateway '%s' of a route", route.via);
}

static void network_v1_loopback(struct network *network, const struct value *map)
{
	(void)network;
	(void)map;
}

/* Links are read before what is said of them. */
static const struct {
	const char *type;
	unsigned round;
	void (*read)(struct network *network, const struct value *map);
} types[] = {
	{"physical", 0, network_v1_physical}, {"loopback", 0, network_v1_loopback}, {"vlan", 0, network_v1_vlan},
	{"bond", 1, network_v1_bond}, {"bridge", 1, network_v1_bridge}, {"nameserver", 2, network_v1_nameserver},
	{"route", 2, network_v1_global_route},
};
enum { ROUNDS = 3 };

static void network_v1_round(struct network *network, const struct value *map, unsigned round)
{
	const char *type = value_get_text(map, "type");

	for (size_t i = 0; type && i < sizeof types / sizeof *types; i++)
		if (strcmp(types[i].type, type) == 0) {
			if (types[i].round == round)
				types[i].read(network, map);
			return;
		}
	if (round == 0)
		value_remark(network->remarks, map, "the type '%s' is not followed", type ? type : "");
}

void network_v1_read(struct network *network, const struct value *config)
{
	for (unsigned round = 0; round < ROUNDS; round++)
		for (const struct value *map = config->first; map; map = map->next)
			network_v1_round(network, map, round);
}

#include "machine/seed/network.h"

#include <string.h>

#include "machine/seed/parameters.h"

/* --- what is on a link ------------------------------------------------------------------------------------------- */

static const char *network_v2_word(struct network *network, const struct value *value, const char *const words[], size_t n)
{
	const char *text = value_text(value);

	for (size_t i = 0; text && i < n; i++)
		if (strcmp(text, words[i]) == 0)
			return words[i];
	if (value)
		value_remark(network->remarks, value, "'%s' is not followed", text ? text : value->key);
	return NULL;
}

static void network_v2_route(struct network *network, struct link *link, const struct value *map)
{
	static const char *const types[] = {"unicast", "local", "broadcast", "blackhole", "unreachable", "prohibit"};
	static const char *const scopes[] = {"global", "site", "link", "host"};
	const char *to = value_get_text(map, "to");
	struct route route = {
		.to = to && strcmp(to, "default") == 0 ? NULL : link_address(network, value_get(map, "to"), true),
		.via = link_address(network, value_get(map, "via"), false),
		.from = link_address(network, value_get(map, "from"), true),
		.metric = link_number(network, value_get(map, "metric"), NUMBER_MAX),
		.mtu = link_number(network, value_get(map, "mtu"), MTU_MAX),
		.table = link_number(network, value_get(map, "table"), NUMBER_MAX),
		.type = network_v2_word(network, value_get(map, "type"), types, sizeof types / sizeof *types),
		.scope = network_v2_word(network, value_get(map, "scope"), scopes, sizeof scopes / sizeof *scopes),
		.on_link = value_truth(value_get(map, "on-link")) == 1,
	};

	value_remark_unknown(network->remarks, map, "to via from metric mtu table type scope on-link", "a route");
	if (to && strcmp(to, "default") != 0 && !route.to)
		return; /* was told */
	link_add_route(network, link, map, &route);
}

/* "ADDRESS/PREFIX", or a map from that to what else is said of it. */
static void network_v2_address(struct network *network, struct link *link, const struct value *item)
{
	const char *text = item->kind == VALUE_MAP && item->first ? item->first->key : value_text(item);
	struct address address;

	if (!text || !address_parse(text, &address)) {
		value_remark(network->remarks, item, "'%s' is no address", text ? text : "this");
		return;
	}
	if (address.prefix == NO_PREFIX)
		address.prefix = address.family == AF_INET ? 32 : 128;
	link_add_address(network, link, item, &address);
	if (item->kind == VALUE_MAP)
		value_remark_unknown(network->remarks, item->first, "", text);
}

/* Names in netplan's words, in systemd.network(5)'s, and whether it is a yes or no (else a number, or a name). */
static const struct {
	const char *word, *key;
	enum { TRUTH, NUMBER, NAME } type;
} overrides[] = {
	{"use-dns", "UseDNS", TRUTH}, {"use-domains", "UseDomains", TRUTH}, {"use-hostname", "UseHostname", TRUTH},
	{"use-ntp", "UseNTP", TRUTH}, {"send-hostname", "SendHostname", TRUTH}, {"use-mtu", "UseMTU", TRUTH},
	{"use-routes", "UseRoutes", TRUTH}, {"route-metric", "RouteMetric", NUMBER}, {"hostname", "Hostname", NAME},
};

/* What DHCPv6 has of these. */
static bool network_v2_is_of_six(const char *key)
{
	return strcmp(key, "UseMTU") != 0 && strcmp(key, "UseRoutes") != 0 && strcmp(key, "RouteMetric") != 0;
}

static const char *network_v2_override(struct network *network, size_t which, const struct value *value)
{
	const char *text = value_text(value);

	if (overrides[which].type == NUMBER)
		return link_number(network, value, NUMBER_MAX);
	if (overrides[which].type == NAME)
		return link_pattern(network, value);
	if (value_truth(value) >= 0)
		return value_truth(value) ? "yes" : "no";
	if (text && strcmp(overrides[which].word, "use-domains") == 0 && strcmp(text, "route") == 0)
		return text;
	value_remark(network->remarks, value, "'%s' has to be true or false", value->key);
	return NULL;
}

static void network_v2_overrides(struct network *network, struct words *settings, const struct value *map, bool six)
{
	for (const struct value *value = map && map->kind == VALUE_MAP ? map->first : NULL; value; value = value->next) {
		const char *text = NULL;
		size_t i = 0;

		while (i < sizeof overrides / sizeof *overrides && strcmp(overrides[i].word, value->key) != 0)
			i++;
		if (i == sizeof overrides / sizeof *overrides || (six && !network_v2_is_of_six(overrides[i].key)))
			value_remark(network->remarks, value, "'%s' of %s is not followed", value->key, map->key);
		else
			text = network_v2_override(network, i, value);
		if (text)
			words_add(network, value, settings, memory_print(network->memory, "%s=%s", overrides[i].key, text));
	}
}

/* The families that have addresses by themselves: a list of "ipv4" and "ipv6", which may be empty. */
static const char *network_v2_link_local(const struct value *list)
{
	static const char *const words[] = {"no", "ipv4", "ipv6", "yes"};
	unsigned which = 0;

	if (!list || list->kind != VALUE_LIST)
		return NULL;
	for (const struct value *item = list->first; item; item = item->next)
		which |= value_text(item) ? (strcmp(value_text(item), "ipv4") == 0 ? 1U : 2U) : 0U;
	return words[which];
}

static void network_v2_each(struct network *network, struct link *link, const struct value *list,
			    void (*read)(struct network *, struct link *, const struct value *))
{
	if (list && list->kind != VALUE_LIST)
		value_remark(network->remarks, list, "'%s' of %s is no list", list->key, link->id);
	for (const struct value *item = list && list->kind == VALUE_LIST ? list->first : NULL; item; item = item->next)
		read(network, link, item);
}

static void network_v2_dhcp(struct network *network, struct link *link, const struct value *map)
{
	const char *identifier = value_get_text(map, "dhcp-identifier");

	link->dhcp4 = value_truth(value_get(map, "dhcp4")) == 1;
	link->dhcp6 = value_truth(value_get(map, "dhcp6")) == 1;
	network_v2_overrides(network, &link->dhcp4_settings, value_get(map, "dhcp4-overrides"), false);
	network_v2_overrides(network, &link->dhcp6_settings, value_get(map, "dhcp6-overrides"), true);
	if (identifier && strcmp(identifier, "mac") == 0)
		words_add(network, map, &link->dhcp4_settings, "ClientIdentifier=mac");
}

/* What links of every kind have. */
#define COMMON                                                                                                        \
	"dhcp4 dhcp6 dhcp4-overrides dhcp6-overrides dhcp-identifier addresses gateway4 gateway6 routes nameservers mtu "      \
	"accept-ra link-local optional macaddress renderer "

static void network_v2_common(struct network *network, struct link *link, const struct value *map)
{
	const struct value *nameservers = value_get(map, "nameservers");

	network_v2_dhcp(network, link, map);
	network_v2_each(network, link, value_get(map, "addresses"), network_v2_address);
	if (value_get(map, "gateway4"))
		link_add_gateway(network, link, value_get(map, "gateway4"), NULL);
	if (value_get(map, "gateway6"))
		link_add_gateway(network, link, value_get(map, "gateway6"), NULL);
	network_v2_each(network, link, value_get(map, "routes"), network_v2_route);
	words_add_addresses(network, &link->dns, value_get(nameservers, "addresses"));
	words_add_domains(network, &link->search, value_get(nameservers, "search"));
	link->mtu = link_number(network, value_get(map, "mtu"), MTU_MAX);
	link->set_mac = link_mac(network, value_get(map, "macaddress"));
	link->accept_ra = value_truth(value_get(map, "accept-ra"));
	link->link_local = network_v2_link_local(value_get(map, "link-local"));
	link->optional = value_truth(value_get(map, "optional")) == 1;
}

/* --- links ------------------------------------------------------------------------------------------------------- */

static void network_v2_ethernet(struct network *network, const struct value *map)
{
	struct link *link = link_add(network, map, LINK_NIC, map->key);
	const struct value *match = value_get(map, "match");

	if (!link)
		return;
	link->mac = link_mac(network, value_get(match, "macaddress"));
	link->match_name = link_pattern(network, value_get(match, "name"));
	link->match_driver = link_pattern(network, value_get(match, "driver"));
	link->name = link_name(network, value_get(map, "set-name"));
	if (link->name && !link->mac) {
		value_remark(network->remarks, map, "'set-name' of %s needs a 'match' with a 'macaddress'", link->id);
		link->name = NULL;
	}
	network_v2_common(network, link, map);
	value_remark_unknown(network->remarks, match, "macaddress name driver", link->id);
	value_remark_unknown(network->remarks, map, COMMON "match set-name", link->id);
}

static void network_v2_vlan(struct network *network, const struct value *map)
{
	struct link *link = link_add(network, map, LINK_VLAN, map->key);

	if (!link)
		return;
	link->vlan_id = link_number(network, value_get(map, "id"), VLAN_MAX);
	link->vlan_of = link_name(network, value_get(map, "link"));
	network_v2_common(network, link, map);
	value_remark_unknown(network->remarks, map, COMMON "id link", link->id);
}

static void network_v2_ports(struct network *network, const struct value *map, enum link_kind kind)
{
	struct link *link = link_add(network, map, kind, map->key);
	const char *primary;

	if (!link)
		return;
	network_v2_common(network, link, map);
	parameters_read(network, link, value_get(map, "parameters"), 2, &primary);
	network_enslave(network, link, value_get(map, "interfaces"), primary);
	value_remark_unknown(network->remarks, map, COMMON "interfaces parameters", link->id);
}

static void network_v2_bond(struct network *network, const struct value *map)
{
	network_v2_ports(network, map, LINK_BOND);
}

static void network_v2_bridge(struct network *network, const struct value *map)
{
	network_v2_ports(network, map, LINK_BRIDGE);
}

static const struct {
	const char *word;
	void (*read)(struct network *network, const struct value *map);
} kinds[] = {{"ethernets", network_v2_ethernet}, {"vlans", network_v2_vlan}, {"bonds", network_v2_bond},
	     {"bridges", network_v2_bridge}};

void network_v2_read(struct network *network, const struct value *top)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		const struct value *links = value_get(top, kinds[i].word);

		if (links && links->kind != VALUE_MAP)
			value_remark(network->remarks, links, "'%s' is no map", links->key);
		for (const struct value *map = links && links->kind == VALUE_MAP ? links->first : NULL; map; map = map->next)
			kinds[i].read(network, map);
	}
	value_remark_unknown(network->remarks, top, "version renderer ethernets vlans bonds bridges", "the network");
}

#include "machine/seed/networkd.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/say.h"
#include "machine/seed/network.h"

/* A text that grows; a section is begun by its first line. */
struct networkd_text {
	FILE *file;
	const char *section;
};

__attribute__((format(printf, 3, 4)))
static void networkd_line(struct networkd_text *text, const char *section, const char *format, ...)
{
	va_list arguments;

	if (!text->section || strcmp(text->section, section) != 0) {
		fprintf(text->file, "%s[%s]\n", text->section ? "\n" : "", section);
		text->section = section;
	}
	va_start(arguments, format);
	vfprintf(text->file, format, arguments);
	va_end(arguments);
	fputc('\n', text->file);
}

static void networkd_value(struct networkd_text *text, const char *section, const char *key, const char *value)
{
	if (value)
		networkd_line(text, section, "%s=%s", key, value);
}

static void networkd_lines(struct networkd_text *text, const char *section, const struct words *words)
{
	for (size_t i = 0; i < words->n; i++)
		networkd_line(text, section, "%s", words->items[i]);
}

static void networkd_list(struct networkd_text *text, const char *section, const char *key, const struct words *words)
{
	for (size_t i = 0; i < words->n; i++)
		networkd_line(text, section, "%s=%s", key, words->items[i]);
}

/* A link's text, written by `write`, as one of the files. */
static void networkd_add(struct network *network, struct link *link, const char *suffix,
			 void (*write)(struct network *, const struct link *, struct networkd_text *),
			 struct networkd_file *files, size_t *n)
{
	struct networkd_text text = {NULL, NULL};
	char *bytes = NULL;
	size_t size = 0;

	text.file = open_memstream(&bytes, &size);
	if (!text.file)
		die("out of memory");
	write(network, link, &text);
	if (fclose(text.file) != 0 || !bytes)
		die("out of memory");
	if (size)
		files[(*n)++] = (struct networkd_file){
			NETWORKD_FOLDER, memory_print(network->memory, NETWORKD_PREFIX "%s.%s", link->id, suffix),
			memory_copy(network->memory, bytes, size),
		};
	free(bytes);
}

/* --- .link: what udev calls a card ------------------------------------------------------------------------------- */

static void networkd_write_link(struct network *network, const struct link *link, struct networkd_text *text)
{
	(void)network;
	if (link->kind != LINK_NIC || !link->mac || !link->name)
		return;
	/* VLANs and bonds have a card's address, too, but no permanent one. */
	networkd_value(text, "Match", "PermanentMACAddress", link->mac);
	networkd_value(text, "Link", "Name", link->name);
}

/* --- .netdev: what is no card ------------------------------------------------------------------------------------ */

static void networkd_write_netdev(struct network *network, const struct link *link, struct networkd_text *text)
{
	static const char *const kinds[] = {[LINK_VLAN] = "vlan", [LINK_BOND] = "bond", [LINK_BRIDGE] = "bridge"};

	(void)network;
	if (link->kind == LINK_NIC)
		return;
	networkd_value(text, "NetDev", "Name", link_device(link));
	networkd_value(text, "NetDev", "Kind", kinds[link->kind]);
	networkd_value(text, "NetDev", "MTUBytes", link->mtu);
	networkd_value(text, "NetDev", "MACAddress", link->set_mac);
	networkd_value(text, "VLAN", "Id", link->vlan_id);
	networkd_lines(text, link->kind == LINK_BOND ? "Bond" : "Bridge", &link->parameters);
}

/* --- .network ---------------------------------------------------------------------------------------------------- */

static void networkd_write_match(const struct link *link, struct networkd_text *text)
{
	const char *device = link_device(link);

	/* A port of a bond loses its own address. */
	if (link->kind == LINK_NIC && !(device && link->master))
		networkd_value(text, "Match", link->master ? "PermanentMACAddress" : "MACAddress", link->mac);
	networkd_value(text, "Match", "Name", device ? device : link->match_name);
	networkd_value(text, "Match", "Driver", link->match_driver);
	if (!device)
		networkd_line(text, "Match", "Kind=!*"); /* and not the VLANs on it */
}

static void networkd_write_members(struct network *network, const struct link *link, struct networkd_text *text)
{
	const struct link *master = link_find(network, link->master);

	for (size_t i = 0; i < network->n_links; i++)
		if (network->links[i].kind == LINK_VLAN && strcmp(network->links[i].vlan_of, link->id) == 0)
			networkd_value(text, "Network", "VLAN", link_device(&network->links[i]));
	if (master)
		networkd_value(text, "Network", master->kind == LINK_BOND ? "Bond" : "Bridge", link_device(master));
	if (link->primary)
		networkd_line(text, "Network", "PrimarySlave=yes");
}

static void networkd_write_route(const struct route *route, struct networkd_text *text)
{
	text->section = ""; /* each has a section of its own */
	networkd_value(text, "Route", "Destination", route->to);
	networkd_value(text, "Route", "Gateway", route->via);
	networkd_value(text, "Route", "PreferredSource", route->from);
	networkd_value(text, "Route", "Metric", route->metric);
	networkd_value(text, "Route", "MTUBytes", route->mtu);
	networkd_value(text, "Route", "Table", route->table);
	networkd_value(text, "Route", "Type", route->type);
	networkd_value(text, "Route", "Scope", route->scope);
	if (route->on_link)
		networkd_line(text, "Route", "GatewayOnLink=yes");
}

static void networkd_write_network(struct network *network, const struct link *link, struct networkd_text *text)
{
	static const char *const dhcp[] = {"no", "ipv4", "ipv6", "yes"};

	networkd_write_match(link, text);
	networkd_value(text, "Link", "MTUBytes", link->mtu);
	networkd_value(text, "Link", "MACAddress", link->kind == LINK_NIC ? link->set_mac : NULL);
	networkd_value(text, "Link", "ActivationPolicy", link->manual ? "manual" : NULL);
	networkd_value(text, "Link", "RequiredForOnline", link->optional || link->manual ? "no" : NULL);
	networkd_line(text, "Network", "DHCP=%s", dhcp[link->dhcp4 + 2 * link->dhcp6]);
	if (link->accept_ra >= 0)
		networkd_line(text, "Network", "IPv6AcceptRA=%s", link->accept_ra ? "yes" : "no");
	networkd_value(text, "Network", "LinkLocalAddressing", link->link_local);
	networkd_list(text, "Network", "Address", &link->addresses);
	networkd_list(text, "Network", "DNS", &link->dns);
	networkd_list(text, "Network", "Domains", &link->search);
	networkd_write_members(network, link, text);
	networkd_lines(text, "DHCPv4", &link->dhcp4_settings);
	networkd_lines(text, "DHCPv6", &link->dhcp6_settings);
	for (size_t i = 0; i < link->n_routes; i++)
		networkd_write_route(&link->routes[i], text);
}

/* --- all of them ------------------------------------------------------------------------------------------------- */

static const char *networkd_problem(struct network *network, const struct link *link)
{
	if (link->kind == LINK_VLAN && (!link->vlan_id || !link->vlan_of))
		return "is a VLAN without a number or without a link that it is on";
	if (link->kind == LINK_VLAN && strcmp(link->vlan_of, link->id) == 0)
		return "is a VLAN on itself";
	for (const struct link *other = network->links; link_device(link) && other < link; other++)
		if (link_device(other) && strcmp(link_device(other), link_device(link)) == 0)
			return "has the name of another link";
	return NULL;
}

/* Takes away what cannot be, and makes the cards that VLANs are on and nobody has said. */
static void networkd_prepare(struct network *network)
{
	static const struct value nowhere = {.document = "network-config"};
	size_t n = 0;

	for (size_t i = 0; i < network->n_links; i++) {
		const char *problem = networkd_problem(network, &network->links[i]);

		if (problem)
			remark(network->remarks, "network-config: '%s' %s: it is not followed", network->links[i].id,
			       problem);
		else
			network->links[n++] = network->links[i];
	}
	network->n_links = n;
	for (size_t i = 0; i < n; i++)
		if (network->links[i].kind == LINK_VLAN && !link_find(network, network->links[i].vlan_of))
			link_add(network, &nowhere, LINK_NIC, network->links[i].vlan_of);
}

static const char *networkd_join(struct network *network, const char *key, const struct words *words)
{
	const char *text = "";

	for (size_t i = 0; i < words->n; i++)
		text = memory_print(network->memory, "%s%s=%s\n", text, key, words->items[i]);
	return text;
}

static bool networkd_serves_none(const struct network *network)
{
	for (size_t i = 0; i < network->n_links; i++)
		if (network_is_addressed(&network->links[i]))
			return false;
	return network->dns.n || network->search.n;
}

size_t networkd_files(struct network *network, struct networkd_file ret_files[NETWORKD_FILES_MAX])
{
	size_t n = 0;

	networkd_prepare(network);
	for (size_t i = 0; i < network->n_links; i++) {
		networkd_add(network, &network->links[i], "link", networkd_write_link, ret_files, &n);
		networkd_add(network, &network->links[i], "netdev", networkd_write_netdev, ret_files, &n);
		networkd_add(network, &network->links[i], "network", networkd_write_network, ret_files, &n);
	}
	if (networkd_serves_none(network))
		ret_files[n++] = (struct networkd_file){
			RESOLVED_FOLDER, RESOLVED_FILE,
			memory_print(network->memory, "[Resolve]\n%s%s", networkd_join(network, "DNS", &network->dns),
				     networkd_join(network, "Domains", &network->search)),
		};
	return n;
}

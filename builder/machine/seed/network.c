#include "machine/seed/network.h"

#include <string.h>

void network_enslave(struct network *network, const struct link *master, const struct value *ports, const char *primary)
{
	const char *id = master->id;

	if (!ports || ports->kind != VALUE_LIST)
		return;
	for (const struct value *port = ports->first; port; port = port->next) {
		const char *name = link_name(network, port);
		struct link *link = name ? link_find(network, name) : NULL;

		if (name && !link)
			link = link_add(network, port, LINK_NIC, name);
		if (!link)
			continue;
		link->master = id;
		link->primary = primary && strcmp(primary, name) == 0;
	}
}

bool network_is_addressed(const struct link *link)
{
	return link->addresses.n || link->dhcp4 || link->dhcp6 || link->accept_ra == 1;
}

/* What is said for all links is for those that name none of it themselves, as cloud-init has it. */
static void seed_network_share(struct network *network)
{
	for (size_t i = 0; i < network->n_links; i++) {
		struct link *link = &network->links[i];

		if (!network_is_addressed(link) || link->dns.n || link->search.n)
			continue;
		link->dns = network->dns;
		link->search = network->search;
	}
}

void network_read(struct network *network, const struct value *document)
{
	const struct value *top = document, *config;
	const char *version;

	if (!document || document->kind == VALUE_NONE)
		return;
	if (value_get(document, "network"))
		top = value_get(document, "network");
	version = value_get_text(top, "version");
	config = value_get(top, "config");
	if (version && strcmp(version, "1") == 0 && config && config->kind == VALUE_LIST) {
		value_remark_unknown(network->remarks, top, "version config", "the network");
		network_v1_read(network, config);
	} else if (version && strcmp(version, "2") == 0) {
		network_v2_read(network, top);
	} else {
		value_remark(network->remarks, top, "it has neither 'version: 1' with a list 'config' nor 'version: 2', "
						    "so nothing of it is followed");
	}
	seed_network_share(network);
}

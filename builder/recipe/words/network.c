/* Firewall and network interfaces. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "recipe/words/words.h"

#define PORT "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
static const struct rule port_rule = {"a port from 1 to 65535 or a range of ports like 8000-8100", PORT "(-" PORT ")?"};

static const struct schema schema_ports = {VALUE_WORDS, .rule = &port_rule};

static const struct field firewall_fields[] = {
	{"tcp", &schema_ports, 0, WORD_OF(recipe, firewall_tcp), 0, "open TCP ports (22 is always open)"},
	{"udp", &schema_ports, 0, WORD_OF(recipe, firewall_udp), 0, "open UDP ports"},
	WORD_END,
};

static const struct schema schema_match = {VALUE_SETTINGS, .section = "Match"};

static const struct field network_fields[] = {
	{"match", &schema_match, FIELD_REQUIRED, WORD_OF(recipe_network, match), 0,
	 "which interfaces: keys of [Match] (systemd.network)"},
	{"dhcp", &word_bool, 0, WORD_OF(recipe_network, dhcp), 0, "get the address by DHCP"},
	{"addresses", &word_plain_list, 0, WORD_OF(recipe_network, addresses), 0,
	 "static addresses with prefix length"},
	{"gateway", &word_line, 0, WORD_OF(recipe_network, gateway), 0, "default route"},
	{"dns", &word_plain_list, 0, WORD_OF(recipe_network, dns), 0, "name servers"},
	WORD_END,
};

static const struct schema schema_network = {
	VALUE_RECORD, .fields = network_fields, .sections_offset = WORD_OF(recipe_network, settings), .has_sections = true,
	.sections = word_network_sections,
};

static void words_network_check_ports(struct decoder *decoder, const struct strv *ports, const struct node *list,
				      const char *path)
{
	if (problem_known(decoder, path))
		return;
	for (size_t i = 0; i < ports->count; i++) {
		const char *dash = strchr(ports->items[i], '-');

		if (dash && atoi(dash + 1) <= atoi(ports->items[i]))
			err_at(decoder->err, -EINVAL, problem_item(list, i), path, "the range '%s' must ascend",
			       ports->items[i]);
	}
}

/* An IPv4 or IPv6 address; with its prefix length, when there has to be one. */
static bool words_network_is_address(struct arena *arena, const char *text, bool prefixed)
{
	const char *slash = strchr(text, '/');
	const char *address = slash ? arena_strndup(arena, text, (size_t)(slash - text)) : text;
	struct in6_addr binary;
	char *end = NULL;
	long most;

	if (inet_pton(AF_INET, address, &binary) == 1)
		most = 32;
	else if (inet_pton(AF_INET6, address, &binary) == 1)
		most = 128;
	else
		return false;
	if (!slash || !prefixed)
		return !slash && !prefixed;
	return slash[1] >= '0' && slash[1] <= '9' && strtol(slash + 1, &end, 10) <= most && !*end;
}

static void words_network_check_addresses(struct decoder *decoder, const struct strv *words, const struct node *list,
					  const char *path, bool prefixed)
{
	for (size_t i = 0; i < words->count; i++)
		if (!words_network_is_address(decoder->arena, words->items[i], prefixed))
			err_at(decoder->err, -EINVAL, problem_item(list, i), path,
			       "expected an address like %s, found '%s'", prefixed ? "10.0.2.2/24" : "10.0.2.1",
			       words->items[i]);
}

static void words_network_check(struct decoder *decoder, const struct recipe_network *network, const struct node *node)
{
	const char *path = problem_path(decoder->arena, "networks", network->name);
	struct strv gateway = {(const char **)&network->gateway, network->gateway != NULL};

	if (problem_known(decoder, path))
		return;
	word_check_sections(decoder, WORD_NETWORK, network->name, &network->match, path);
	word_check_sections(decoder, WORD_NETWORK, network->name, &network->settings, path);
	words_network_check_addresses(decoder, &network->addresses, node_get(node, "addresses"),
				      problem_path(decoder->arena, path, "addresses"), true);
	words_network_check_addresses(decoder, &network->dns, node_get(node, "dns"),
				      problem_path(decoder->arena, path, "dns"), false);
	words_network_check_addresses(decoder, &gateway, node_get(node, "gateway"),
				      problem_path(decoder->arena, path, "gateway"), false);
}

static void words_network_check_firewall(struct decoder *decoder, const struct node *root)
{
	const struct node *firewall = node_get(root, "firewall");

	words_network_check_ports(decoder, &decoder->recipe->firewall_tcp, node_get(firewall, "tcp"), "firewall.tcp");
	words_network_check_ports(decoder, &decoder->recipe->firewall_udp, node_get(firewall, "udp"), "firewall.udp");
}

static void words_network_check_networks(struct decoder *decoder, const struct node *root)
{
	const struct recipe *recipe = decoder->recipe;
	const struct node *networks = node_get(root, "networks");

	for (size_t i = 0; i < recipe->n_networks; i++)
		words_network_check(decoder, &recipe->networks[i], node_get(networks, recipe->networks[i].name));
}

const struct schema word_firewall = {VALUE_RECORD, .fields = firewall_fields, .check = words_network_check_firewall};

const struct schema word_networks = {
	VALUE_TABLE,
	.element = &schema_network,
	.size = sizeof(struct recipe_network),
	.key_rule = &word_rule_name,
	.key_offset = WORD_OF(recipe_network, name),
	.pos_offset = WORD_OF(recipe_network, pos),
	.check = words_network_check_networks,
};

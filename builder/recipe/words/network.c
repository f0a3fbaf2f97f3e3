/* Network interfaces. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "recipe/words/words.h"

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

bool word_is_address(struct arena *arena, const char *text, bool prefixed)
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

void word_check_addresses(struct decoder *decoder, const struct strv *words, const struct node *list, const char *path,
			  bool prefixed)
{
	for (size_t i = 0; i < words->count; i++)
		if (!word_is_address(decoder->arena, words->items[i], prefixed))
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
	word_check_addresses(decoder, &network->addresses, node_get(node, "addresses"),
			     problem_path(decoder->arena, path, "addresses"), true);
	word_check_addresses(decoder, &network->dns, node_get(node, "dns"),
			     problem_path(decoder->arena, path, "dns"), false);
	word_check_addresses(decoder, &gateway, node_get(node, "gateway"),
			     problem_path(decoder->arena, path, "gateway"), false);
}

static void words_network_check_networks(struct decoder *decoder, const struct node *root)
{
	const struct recipe *recipe = decoder->recipe;
	const struct node *networks = node_get(root, "networks");

	for (size_t i = 0; i < recipe->n_networks; i++)
		words_network_check(decoder, &recipe->networks[i], node_get(networks, recipe->networks[i].name));
}

const struct schema word_networks = {
	VALUE_TABLE,
	.element = &schema_network,
	.size = sizeof(struct recipe_network),
	.key_rule = &word_rule_name,
	.key_offset = WORD_OF(recipe_network, name),
	.pos_offset = WORD_OF(recipe_network, pos),
	.check = words_network_check_networks,
};

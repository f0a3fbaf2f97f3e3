#include "machine/seed/links.h"

#include <ctype.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define NAME_SIGNS LETTERS DIGITS "_.-"

/* --- texts ------------------------------------------------------------------------------------------------------- */

static bool links_is_of(const char *text, const char *signs, size_t max)
{
	size_t n = strlen(text);

	return n > 0 && n <= max && strspn(text, signs) == n;
}

/* A name of a device, which is a file's as well. */
static bool links_is_name(const char *text)
{
	return links_is_of(text, NAME_SIGNS, IFNAMSIZ - 1) && *text != '.' && *text != '-' && strcmp(text, "lo") != 0;
}

static const char *links_take(struct network *network, const struct value *value, const char *signs, size_t max,
			      const char *what)
{
	const char *text = value_text(value);

	if (text && links_is_of(text, signs, max))
		return text;
	if (value)
		value_remark(network->remarks, value, "'%s' is no %s", text ? text : "this", what);
	return NULL;
}

const char *link_number(struct network *network, const struct value *value, unsigned long max)
{
	const char *text = links_take(network, value, DIGITS, 9, "number");

	if (!text || strtoul(text, NULL, 10) <= max)
		return text;
	value_remark(network->remarks, value, "'%s' is more than %lu", text, max);
	return NULL;
}

const char *link_pattern(struct network *network, const struct value *value)
{
	return links_take(network, value, NAME_SIGNS "*?[]", 64, "pattern of names");
}

const char *link_name(struct network *network, const struct value *value)
{
	const char *text = value_text(value);

	if (text && links_is_name(text))
		return text;
	if (value)
		value_remark(network->remarks, value, "'%s' is no name of a network device", text ? text : "this");
	return NULL;
}

/* Six bytes in hexadecimal, with colons between, in small letters. */
const char *link_mac(struct network *network, const struct value *value)
{
	const char *text = value_text(value);
	bool good = text && strlen(text) == 17;
	char *mac;

	for (size_t i = 0; good && i < 17; i++)
		good = i % 3 == 2 ? text[i] == ':' || text[i] == '-' : isxdigit((unsigned char)text[i]) != 0;
	if (!good) {
		if (value)
			value_remark(network->remarks, value, "'%s' is no MAC address", text ? text : "this");
		return NULL;
	}
	mac = memory_copy(network->memory, text, 17);
	for (size_t i = 0; i < 17; i++)
		mac[i] = (char)(i % 3 == 2 ? ':' : tolower((unsigned char)mac[i]));
	return mac;
}

static const char *links_print(struct network *network, const struct address *address)
{
	char text[ADDRESS_TEXT];

	return memory_print(network->memory, "%s", address_print(address, text));
}

const char *link_address(struct network *network, const struct value *value, bool networks)
{
	const char *text = value_text(value);
	struct address address;

	if (text && address_parse(text, &address) && (networks || address.prefix == NO_PREFIX))
		return links_print(network, &address);
	if (value)
		value_remark(network->remarks, value, "'%s' is no address", text ? text : "this");
	return NULL;
}

/* --- lists ------------------------------------------------------------------------------------------------------- */

void words_add(struct network *network, const struct value *said, struct words *words, const char *text)
{
	for (size_t i = 0; i < words->n; i++)
		if (strcmp(words->items[i], text) == 0)
			return;
	if (words->n == LINK_WORDS)
		value_remark(network->remarks, said, "there are more than %d: the rest is not followed", LINK_WORDS);
	else
		words->items[words->n++] = text;
}

static void links_add_address(struct network *network, struct words *words, const struct value *said, const char *text)
{
	struct address address;

	if (address_parse(text, &address) && address.prefix == NO_PREFIX)
		words_add(network, said, words, links_print(network, &address));
	else
		value_remark(network->remarks, said, "'%s' is no address", text);
}

static void links_add_domain(struct network *network, struct words *words, const struct value *said, const char *text)
{
	if (links_is_of(text, NAME_SIGNS "~", 253))
		words_add(network, said, words, text);
	else
		value_remark(network->remarks, said, "'%s' is no domain", text);
}

/* Each text of a list, or each word of a text. */
static void links_add_each(struct network *network, struct words *words, const struct value *value,
			   void (*add)(struct network *, struct words *, const struct value *, const char *))
{
	if (!value || value->kind == VALUE_NONE)
		return;
	if (value->kind == VALUE_LIST) {
		for (const struct value *item = value->first; item; item = item->next)
			links_add_each(network, words, item, add);
	} else if (value->kind == VALUE_MAP) {
		value_remark(network->remarks, value, "a map is none of what is expected here");
	} else {
		static const char spaces[] = " \t\n,";

		for (const char *at = value->text + strspn(value->text, spaces); *at; at += strspn(at, spaces)) {
			size_t n = strcspn(at, spaces);

			add(network, words, value, memory_copy(network->memory, at, n));
			at += n;
		}
	}
}

void words_add_addresses(struct network *network, struct words *words, const struct value *value)
{
	links_add_each(network, words, value, links_add_address);
}

void words_add_domains(struct network *network, struct words *words, const struct value *value)
{
	links_add_each(network, words, value, links_add_domain);
}

/* --- links ------------------------------------------------------------------------------------------------------- */

struct link *link_find(struct network *network, const char *id)
{
	for (size_t i = 0; id && i < network->n_links; i++)
		if (strcmp(network->links[i].id, id) == 0)
			return &network->links[i];
	return NULL;
}

struct link *link_add(struct network *network, const struct value *said, enum link_kind kind, const char *id)
{
	struct link *link = link_find(network, id);

	if (link) {
		link->kind = kind;
		return link;
	}
	if (!id || !links_is_name(id)) {
		value_remark(network->remarks, said, "'%s' is no name of a network device", id ? id : "");
		return NULL;
	}
	if (network->n_links == LINKS_MAX) {
		value_remark(network->remarks, said, "there are more than %d links: the rest is not followed", LINKS_MAX);
		return NULL;
	}
	link = &network->links[network->n_links++];
	*link = (struct link){.kind = kind, .id = id, .accept_ra = -1};
	return link;
}

const char *link_device(const struct link *link)
{
	if (link->name || link->kind != LINK_NIC)
		return link->name ? link->name : link->id;
	return link->mac || link->match_name || link->match_driver ? NULL : link->id;
}

void link_add_address(struct network *network, struct link *link, const struct value *said, const struct address *address)
{
	words_add(network, said, &link->addresses, links_print(network, address));
}

void link_add_route(struct network *network, struct link *link, const struct value *said, const struct route *route)
{
	if (!route->to && !route->via)
		value_remark(network->remarks, said, "a route has neither a destination nor a gateway");
	else if (link->n_routes == LINK_ROUTES)
		value_remark(network->remarks, said, "there are more than %d routes: the rest is not followed", LINK_ROUTES);
	else
		link->routes[link->n_routes++] = *route;
}

static bool links_holds(const struct link *link, const char *gateway)
{
	struct address address, network;

	if (!address_parse(gateway, &address))
		return false;
	for (size_t i = 0; i < link->addresses.n; i++)
		if (address_parse(link->addresses.items[i], &network) && address_holds(&network, &address))
			return true;
	/* fe80::/10 is on every link */
	return address.family == AF_INET6 && address.bytes[0] == 0xfe && (address.bytes[1] & 0xc0) == 0x80;
}

void link_add_gateway(struct network *network, struct link *link, const struct value *said, const char *metric)
{
	struct route route = {.via = link_address(network, said, false), .metric = metric};

	if (!route.via)
		return;
	route.on_link = !links_holds(link, route.via);
	link_add_route(network, link, said, &route);
}

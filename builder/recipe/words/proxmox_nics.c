/* Where the machine runs: its network cards, and what must hold of them. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "recipe/words/proxmox.h"

enum { NICS_MAX = 32 };              /* net0 to net31 */

/* The two families of addresses that a card may have: what their words may be besides an address, and how one looks. */
static const struct nic_family {
	int family;
	const char *address, *gateway;         /* the keys */
	const char *automatic[2];              /* what is no address: somebody else tells it */
	const char *expected, *expected_gateway;
} families[] = {
	{AF_INET, "address", "gateway", {"dhcp"}, "an IPv4 address with its prefix length, like 10.0.2.2/24, or dhcp",
	 "an IPv4 address like 10.0.2.1"},
	{AF_INET6, "address6", "gateway6", {"dhcp", "auto"},
	 "an IPv6 address with its prefix length, like fd00::2/64, dhcp or auto", "an IPv6 address like fd00::1"},
};

/* An address in network order, and how many of its bits are the network's. */
struct nic_address {
	unsigned char bytes[16];
	unsigned prefix;
};

static bool proxmox_read_address(struct arena *arena, const struct nic_family *family, const char *text, bool prefixed,
				 struct nic_address *ret)
{
	const char *slash = strchr(text, '/');

	if (!word_is_address(arena, text, prefixed))
		return false;
	ret->prefix = slash ? (unsigned)strtoul(slash + 1, NULL, 10) : 0;
	return inet_pton(family->family, arena_strndup(arena, text, strcspn(text, "/")), ret->bytes) == 1;
}

static bool proxmox_is_automatic(const struct nic_family *family, const char *text)
{
	for (size_t i = 0; i < 2 && family->automatic[i]; i++)
		if (strcmp(family->automatic[i], text) == 0)
			return true;
	return false;
}

static bool proxmox_same_network(const struct nic_address *one, const struct nic_address *other, unsigned prefix)
{
	unsigned bytes = prefix / 8, bits = prefix % 8;

	return memcmp(one->bytes, other->bytes, bytes) == 0 &&
	       (!bits || ((one->bytes[bytes] ^ other->bytes[bytes]) >> (8 - bits)) == 0);
}

/* fe80::/10 (RFC 4291): every link has it, whatever its network. */
static bool proxmox_is_of_link(const struct nic_family *family, const struct nic_address *address)
{
	return family->family == AF_INET6 && address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0x80;
}

static void proxmox_check_gateway(struct decoder *decoder, const struct nic_family *family, const struct node *node,
				  const char *text, const char *address_text, const struct nic_address *address)
{
	const char *path = problem_path(decoder->arena, "proxmox.nics", family->gateway);
	const struct node *word = node_get(node, family->gateway);
	struct nic_address gateway = {0};

	if (!proxmox_read_address(decoder->arena, family, text, false, &gateway)) {
		problem_expected(decoder, word, path, family->expected_gateway);
	} else if (!address_text) {
		err_at(decoder->err, -EINVAL, &word->pos, path, "the way out of a network, but '%s' names none",
		       family->address);
		err_hint(decoder->err, "add the address with its prefix length, or leave '%s' out", family->gateway);
	} else if (!address) {
		err_at(decoder->err, -EINVAL, &word->pos, path, "who says the address ('%s: %s') says the gateway, too",
		       family->address, address_text);
		err_hint(decoder->err, "leave it out");
	} else if (!proxmox_same_network(address, &gateway, address->prefix) && !proxmox_is_of_link(family, &gateway)) {
		err_at(decoder->err, -EINVAL, &word->pos, path, "'%s' is not in the network of '%s'", text, address_text);
		err_hint(decoder->err, "a gateway must be reached without one: check both, and the prefix length");
	}
}

static void proxmox_check_family(struct decoder *decoder, const struct nic_family *family, const struct node *node,
				 const char *address_text, const char *gateway_text)
{
	struct nic_address address = {0};
	bool automatic = address_text && proxmox_is_automatic(family, address_text);

	if (address_text && !automatic && !proxmox_read_address(decoder->arena, family, address_text, true, &address))
		problem_expected(decoder, node_get(node, family->address),
				 problem_path(decoder->arena, "proxmox.nics", family->address), family->expected);
	else if (gateway_text)
		proxmox_check_gateway(decoder, family, node, gateway_text, address_text,
				      address_text && !automatic ? &address : NULL);
}

static void proxmox_settle_mac(struct decoder *decoder, const struct proxmox *proxmox, size_t i, const struct node *node)
{
	struct proxmox_nic *nic = &proxmox->nics[i];
	char *mac = arena_strdup(decoder->arena, nic->mac);

	for (char *c = mac; c && *c; c++)
		*c = (char)toupper((unsigned char)*c);
	nic->mac = mac;
	for (size_t other = 0; mac && other < i; other++)
		if (proxmox->nics[other].mac && strcmp(proxmox->nics[other].mac, mac) == 0) {
			err_at(decoder->err, -EINVAL, &node_get(node, "mac")->pos, "proxmox.nics.mac",
			       "two cards have the MAC address %s", mac);
			err_hint(decoder->err, "leave it out, and Proxmox chooses one");
			return;
		}
}

void proxmox_check_nics(struct decoder *decoder, struct proxmox *proxmox, const struct node *list)
{
	for (size_t i = 0; i < proxmox->n_nics; i++) {
		const struct proxmox_nic *nic = &proxmox->nics[i];

		proxmox_settle_mac(decoder, proxmox, i, list->items[i]);
		proxmox_check_family(decoder, &families[0], list->items[i], nic->address, nic->gateway);
		proxmox_check_family(decoder, &families[1], list->items[i], nic->address6, nic->gateway6);
	}
	if (proxmox->n_nics > NICS_MAX)
		err_at(decoder->err, -EINVAL, &list->pos, "proxmox.nics", "a machine has at most %d network cards, this one "
		       "%zu", NICS_MAX, proxmox->n_nics);
}

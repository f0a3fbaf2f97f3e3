#include "machine/seed/addresses.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int addresses_bits(const struct address *address)
{
	return address->family == AF_INET ? 32 : 128;
}

/* A number of bits, or a mask of ones and then zeros; NO_PREFIX when it is neither. */
static int addresses_prefix(const struct address *address, const char *text)
{
	struct in6_addr mask = {0};
	int bits = addresses_bits(address), n = 0;

	if (*text && strspn(text, "0123456789") == strlen(text) && strlen(text) <= 3)
		return atoi(text) <= bits ? atoi(text) : NO_PREFIX;
	if (inet_pton(address->family, text, &mask) != 1)
		return NO_PREFIX;
	while (n < bits && mask.s6_addr[n / 8] & 0x80 >> n % 8)
		n++;
	for (int i = n; i < bits; i++)
		if (mask.s6_addr[i / 8] & 0x80 >> i % 8)
			return NO_PREFIX;
	return n;
}

bool address_mask(struct address *address, const char *mask)
{
	address->prefix = addresses_prefix(address, mask);
	return address->prefix != NO_PREFIX;
}

bool address_parse(const char *text, struct address *ret_address)
{
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	char plain[INET6_ADDRSTRLEN];

	*ret_address = (struct address){.prefix = NO_PREFIX};
	if (n >= sizeof plain)
		return false;
	snprintf(plain, sizeof plain, "%.*s", (int)n, text);
	ret_address->family = strchr(plain, ':') ? AF_INET6 : AF_INET;
	return inet_pton(ret_address->family, plain, ret_address->bytes) == 1 &&
	       (!slash || address_mask(ret_address, slash + 1));
}

const char *address_print(const struct address *address, char out[ADDRESS_TEXT])
{
	inet_ntop(address->family, address->bytes, out, INET6_ADDRSTRLEN);
	if (address->prefix != NO_PREFIX)
		sprintf(out + strlen(out), "/%d", address->prefix);
	return out;
}

bool address_holds(const struct address *address, const struct address *other)
{
	int bits = address->prefix == NO_PREFIX ? addresses_bits(address) : address->prefix;

	if (address->family != other->family)
		return false;
	for (int i = 0; i < bits; i++)
		if ((address->bytes[i / 8] ^ other->bytes[i / 8]) & 0x80 >> i % 8)
			return false;
	return true;
}

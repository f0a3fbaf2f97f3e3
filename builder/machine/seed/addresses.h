/* IP addresses, and networks of them. Pure. */
#ifndef MACHINE_SEED_ADDRESSES_H
#define MACHINE_SEED_ADDRESSES_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ADDRESS_TEXT = INET6_ADDRSTRLEN + 4, NO_PREFIX = -1 };

struct address {
	int family;                    /* AF_INET, AF_INET6 */
	uint8_t bytes[16];
	int prefix;                    /* bits; NO_PREFIX when it has none */
};

/* Reads "10.0.0.1", "10.0.0.1/24", "10.0.0.1/255.255.255.0", "fd00::1/64", …; false for anything else. */
bool address_parse(const char *text, struct address *ret_address);

/* Gives the address the prefix that `mask` says: "24", or a netmask of its family. False when it is none. */
bool address_mask(struct address *address, const char *mask);

/* As text, with its prefix if it has one. Returns `out`. */
const char *address_print(const struct address *address, char out[ADDRESS_TEXT]);

/* `other` is in the network of `address`. */
bool address_holds(const struct address *address, const struct address *other);

#endif

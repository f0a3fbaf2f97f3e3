/* What a seed says of the network, in whichever version it says so: links, and what is on them. All texts in it were held
 * against what may stand in a file of systemd.network(5); their memory is another's. */
#ifndef MACHINE_SEED_LINKS_H
#define MACHINE_SEED_LINKS_H

#include <stdbool.h>
#include <stddef.h>

#include "machine/seed/addresses.h"
#include "machine/seed/values.h"

enum { LINKS_MAX = 64, LINK_WORDS = 32, LINK_ROUTES = 64, NUMBER_MAX = 999999999, VLAN_MAX = 4094, MTU_MAX = 65536 };

enum link_kind { LINK_NIC, LINK_VLAN, LINK_BOND, LINK_BRIDGE };

/* Texts in the order in which they were said, each once. */
struct words {
	const char *items[LINK_WORDS];
	size_t n;
};

struct route {
	const char *to, *via, *from;   /* addresses; NULL: everywhere, nowhere, any */
	const char *metric, *mtu, *table; /* numbers, or NULL */
	const char *type, *scope;      /* words of systemd.network(5), or NULL */
	bool on_link;                  /* the gateway is there, though no network on the link holds it */
};

struct link {
	enum link_kind kind;
	const char *id;                /* what other links call it */
	const char *name;              /* what the kernel is to call it; NULL: as it is called */
	const char *mac;               /* of a card: which one it is */
	const char *match_name, *match_driver; /* in their place: patterns */
	const char *set_mac, *mtu;
	bool optional;                 /* nobody waits for it */
	bool dhcp4, dhcp6, manual;     /* manual: it is not brought up */
	int accept_ra;                 /* 1, 0; -1: as ever */
	const char *link_local;        /* "no", "ipv4", "ipv6", "yes"; NULL: as ever */
	struct words addresses, dns, search;
	struct route routes[LINK_ROUTES];
	size_t n_routes;
	struct words dhcp4_settings, dhcp6_settings; /* lines KEY=VALUE of [DHCPv4], [DHCPv6] */
	struct words parameters;       /* lines KEY=VALUE of [Bond] or [Bridge] */
	const char *vlan_id, *vlan_of; /* of a VLAN: its number, and the link it is on, by its id */
	const char *master;            /* the bond or bridge that it is a port of, by its id */
	bool primary;                  /* of the bond's ports */
};

struct network {
	struct memory *memory;
	struct remarks *remarks;
	struct link links[LINKS_MAX];
	size_t n_links;
	struct words dns, search;      /* for links that name none */
};

/* A new link, or the one of that id, which then gets the kind; NULL (and a remark) for a name that is none, or too many. */
struct link *link_add(struct network *network, const struct value *said, enum link_kind kind, const char *id);

/* The link of that id; NULL when there is none. */
struct link *link_find(struct network *network, const char *id);

/* The name of the link's device, as far as the seed says it; NULL when only its card is known. */
const char *link_device(const struct link *link);

/* Adds a text that is there once; a remark when there are too many. */
void words_add(struct network *network, const struct value *said, struct words *words, const char *text);

/* The same for each text of `value`, which is a list, or texts with spaces between, of addresses or of domains. */
void words_add_addresses(struct network *network, struct words *words, const struct value *value);
void words_add_domains(struct network *network, struct words *words, const struct value *value);

/* Adds an address with its prefix. */
void link_add_address(struct network *network, struct link *link, const struct value *said, const struct address *address);

/* Adds a route; one that goes nowhere is a remark. */
void link_add_route(struct network *network, struct link *link, const struct value *said, const struct route *route);

/* Adds the route to everywhere. Its gateway is on the link, whether or not an address of the link has it in its network. */
void link_add_gateway(struct network *network, struct link *link, const struct value *said, const char *metric);

/* Texts that are what they should be, as they are written in files; NULL, with a remark when there is a text. */
const char *link_number(struct network *network, const struct value *value, unsigned long max);
const char *link_mac(struct network *network, const struct value *value);
const char *link_pattern(struct network *network, const struct value *value);
const char *link_name(struct network *network, const struct value *value);

/* The address of a text, printed; with `networks` it may have a prefix. */
const char *link_address(struct network *network, const struct value *value, bool networks);

#endif

#include "machine/seed/cards.h"

#include <dirent.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "machine/command.h"

#define DEVICES "/sys/class/net"

enum { CARDS_MAX = 256, SETTLE_SECONDS = 60 };

struct card {
	char name[IFNAMSIZ], mac[18];  /* "" when it has none of its own */
};

struct cards {
	int socket;
	struct card cards[CARDS_MAX];
	size_t n;
};

/* The address that the card was made with; VLANs, bonds and bridges have none. */
static void cards_ask_mac(int socket, struct card *card)
{
	struct {
		struct ethtool_perm_addr head;
		unsigned char bytes[32];
	} address = {.head = {.cmd = ETHTOOL_GPERMADDR, .size = 32}};
	struct ifreq request = {.ifr_data = (void *)&address};
	unsigned char *bytes = address.head.data, any = 0;

	memcpy(request.ifr_name, card->name, IFNAMSIZ);
	if (ioctl(socket, SIOCETHTOOL, &request) < 0 || address.head.size != 6)
		return;
	for (size_t i = 0; i < 6; i++)
		any |= bytes[i];
	if (any)
		snprintf(card->mac, sizeof card->mac, "%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2], bytes[3],
			 bytes[4], bytes[5]);
}

static int cards_open(struct cards *cards)
{
	DIR *folder = opendir(DEVICES);
	struct dirent *entry;

	if (!folder)
		return -errno;
	cards->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	while (cards->socket >= 0 && cards->n < CARDS_MAX && (entry = readdir(folder))) {
		struct card *card = &cards->cards[cards->n];

		if (entry->d_name[0] == '.' || strlen(entry->d_name) >= IFNAMSIZ)
			continue;
		strcpy(card->name, entry->d_name);
		cards_ask_mac(cards->socket, card);
		cards->n++;
	}
	closedir(folder);
	return cards->socket < 0 ? -errno : 0;
}

static struct card *cards_find(struct cards *cards, const char *mac, const char *name)
{
	for (size_t i = 0; i < cards->n; i++)
		if (strcmp(mac ? cards->cards[i].mac : cards->cards[i].name, mac ? mac : name) == 0)
			return &cards->cards[i];
	return NULL;
}

static int cards_call(struct cards *cards, struct card *card, const char *name)
{
	struct ifreq request = {0};

	memcpy(request.ifr_name, card->name, IFNAMSIZ);
	snprintf(request.ifr_newname, IFNAMSIZ, "%s", name);
	if (ioctl(cards->socket, SIOCSIFNAME, &request) < 0)
		return -errno;
	snprintf(card->name, IFNAMSIZ, "%s", name);
	return 0;
}

/* Whoever has the name gets another one: its own is given to it in its turn, if the seed has one for it. */
static int cards_make_way(struct cards *cards, const char *name)
{
	struct card *card = cards_find(cards, NULL, name);
	char other[IFNAMSIZ];

	if (!card)
		return 0;
	for (unsigned i = 0; i < CARDS_MAX; i++) {
		snprintf(other, sizeof other, "seed%u", i);
		if (!cards_find(cards, NULL, other))
			return cards_call(cards, card, other);
	}
	return -EEXIST;
}

static void cards_rename_one(struct network *network, struct cards *cards, const struct link *link)
{
	struct card *card = cards_find(cards, link->mac, NULL);
	int r;

	if (!card) {
		remark(network->remarks, "network-config: no network card has the address %s", link->mac);
		return;
	}
	if (!link->name || strcmp(card->name, link->name) == 0)
		return;
	r = cards_make_way(cards, link->name);
	if (r == 0)
		r = cards_call(cards, card, link->name);
	if (r < 0)
		remark(network->remarks, "network-config: '%s' cannot be called '%s': %s", card->name, link->name,
		       strerror(-r));
}

void cards_rename(struct network *network)
{
	static const char *const settle[] = {"udevadm", "settle", "--timeout=60", NULL};
	struct cards cards = {.socket = -1};
	bool any = false;
	int r;

	for (size_t i = 0; i < network->n_links; i++)
		any = any || (network->links[i].kind == LINK_NIC && network->links[i].mac);
	if (!any)
		return;
	command_run(settle, SETTLE_SECONDS + 5, NULL, 0); /* too late is not too bad: names are looked at now */
	r = cards_open(&cards);
	if (r < 0)
		remark(network->remarks, "network cards cannot be asked for their addresses: %s", strerror(-r));
	for (size_t i = 0; r == 0 && i < network->n_links; i++)
		if (network->links[i].kind == LINK_NIC && network->links[i].mac)
			cards_rename_one(network, &cards, &network->links[i]);
	if (cards.socket >= 0)
		close(cards.socket);
}

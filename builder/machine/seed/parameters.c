/* https://cloudinit.readthedocs.io/en/latest/reference/network-config-format-v1.html,
 * https://netplan.readthedocs.io/en/stable/netplan-yaml/, systemd.netdev(5). */
#include "machine/seed/parameters.h"

#include <stdlib.h>
#include <string.h>

enum parameters_type { NUMBER, MILLISECONDS, SECONDS, TRUTH, WORD, ADDRESSES, MODE, RATE, PRIMARY, IGNORED };

static const struct parameter {
	enum link_kind kind;
	const char *first, *second;    /* version 1 without "bond-", version 2 */
	const char *key;               /* of systemd.netdev(5) */
	enum parameters_type type;
} parameters[] = {
	{LINK_BOND, "mode", "mode", "Mode", MODE},
	{LINK_BOND, "miimon", "mii-monitor-interval", "MIIMonitorSec", MILLISECONDS},
	{LINK_BOND, "lacp-rate", "lacp-rate", "LACPTransmitRate", RATE},
	{LINK_BOND, "xmit-hash-policy", "transmit-hash-policy", "TransmitHashPolicy", WORD},
	{LINK_BOND, "ad-select", "ad-select", "AdSelect", WORD},
	{LINK_BOND, "updelay", "up-delay", "UpDelaySec", MILLISECONDS},
	{LINK_BOND, "downdelay", "down-delay", "DownDelaySec", MILLISECONDS},
	{LINK_BOND, "min-links", "min-links", "MinLinks", NUMBER},
	{LINK_BOND, "fail-over-mac", "fail-over-mac-policy", "FailOverMACPolicy", WORD},
	{LINK_BOND, "primary", "primary", NULL, PRIMARY},
	{LINK_BOND, "primary-reselect", "primary-reselect-policy", "PrimaryReselectPolicy", WORD},
	{LINK_BOND, "num-grat-arp", "gratuitous-arp", "GratuitousARP", NUMBER},
	{LINK_BOND, "packets-per-slave", "packets-per-member", "PacketsPerSlave", NUMBER},
	{LINK_BOND, "all-slaves-active", "all-members-active", "AllSlavesActive", TRUTH},
	{LINK_BOND, "arp-interval", "arp-interval", "ARPIntervalSec", MILLISECONDS},
	{LINK_BOND, "arp-ip-target", "arp-ip-targets", "ARPIPTargets", ADDRESSES},
	{LINK_BOND, "arp-validate", "arp-validate", "ARPValidate", WORD},
	{LINK_BOND, "arp-all-targets", "arp-all-targets", "ARPAllTargets", WORD},
	{LINK_BOND, "resend-igmp", "resend-igmp", "ResendIGMP", NUMBER},
	{LINK_BOND, "lp-interval", "learn-packet-interval", "LearnPacketIntervalSec", SECONDS},
	{LINK_BOND, "slaves", NULL, NULL, IGNORED}, /* who they are is said elsewhere */
	{LINK_BRIDGE, "stp", "stp", "STP", TRUTH},
	{LINK_BRIDGE, "fd", "forward-delay", "ForwardDelaySec", SECONDS},
	{LINK_BRIDGE, "ageing", "ageing-time", "AgeingTimeSec", SECONDS},
	{LINK_BRIDGE, "maxage", "max-age", "MaxAgeSec", SECONDS},
	{LINK_BRIDGE, "hello", "hello-time", "HelloTimeSec", SECONDS},
	{LINK_BRIDGE, "bridgeprio", "priority", "Priority", NUMBER},
	{LINK_BRIDGE, "ports", NULL, NULL, IGNORED},
	{LINK_BRIDGE, "maxwait", NULL, NULL, IGNORED},
	{LINK_BRIDGE, "waitport", NULL, NULL, IGNORED},
};

/* Words that have a number, too. */
static const char *const modes[] = {"balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb",
				    "balance-alb"};
static const char *const rates[] = {"slow", "fast"};

static const char *parameters_word(const struct value *value, const char *const words[], size_t n)
{
	const char *text = value_text(value);

	for (size_t i = 0; text && i < n; i++)
		if (strcmp(text, words[i]) == 0 || (text[0] == (char)('0' + i) && !text[1]))
			return words[i];
	return NULL;
}

static const char *parameters_simple_word(const struct value *value)
{
	const char *text = value_text(value);

	return text && *text && strlen(text) < 32 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+-") == strlen(text)
		       ? text
		       : NULL;
}

static const char *parameters_addresses(struct network *network, const struct value *value)
{
	struct words words = {.n = 0};
	const char *text = "";

	words_add_addresses(network, &words, value);
	for (size_t i = 0; i < words.n; i++)
		text = memory_print(network->memory, "%s%s%s", text, i ? " " : "", words.items[i]);
	return *text ? text : NULL;
}

/* The value in systemd's words; NULL when it is none that there can be. */
static const char *parameters_value(struct network *network, const struct parameter *parameter, const struct value *value)
{
	const char *text = value_text(value);
	bool number = text && *text && strlen(text) < 10 && strspn(text, "0123456789") == strlen(text);

	switch (parameter->type) {
	case NUMBER:
		return number ? text : NULL;
	case MILLISECONDS:
		return number ? memory_print(network->memory, "%sms", text) : NULL;
	case SECONDS:
		return number ? memory_print(network->memory, "%ss", text) : NULL;
	case TRUTH:
		return value_truth(value) < 0 ? NULL : value_truth(value) ? "yes" : "no";
	case ADDRESSES:
		return parameters_addresses(network, value);
	case MODE:
		return parameters_word(value, modes, sizeof modes / sizeof *modes);
	case RATE:
		return parameters_word(value, rates, sizeof rates / sizeof *rates);
	default:
		return parameters_simple_word(value);
	}
}

/* Version 1 has the words of ifenslave(8) and bridge-utils-interfaces(5), in two spellings. */
static const char *parameters_first_word(struct network *network, enum link_kind kind, const char *key)
{
	const char *prefix = kind == LINK_BOND ? "bond-" : "bridge-";
	char *word = memory_copy(network->memory, key, strlen(key));

	for (char *at = word; *at; at++)
		if (*at == '_')
			*at = '-';
	return strncmp(word, prefix, strlen(prefix)) == 0 ? word + strlen(prefix) : word;
}

static const struct parameter *parameters_find(struct network *network, enum link_kind kind, const char *key, unsigned version)
{
	const char *word = version == 1 ? parameters_first_word(network, kind, key) : key;

	for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
		const char *there = version == 1 ? parameters[i].first : parameters[i].second;

		if (parameters[i].kind == kind && there && strcmp(there, word) == 0)
			return &parameters[i];
	}
	return NULL;
}

static void parameters_read_one(struct network *network, struct link *link, const struct value *value, unsigned version,
				const char **ret_primary)
{
	const struct parameter *parameter = parameters_find(network, link->kind, value->key, version);
	const char *text;

	if (!parameter) {
		value_remark(network->remarks, value, "'%s' of %s is not followed", value->key, link->id);
		return;
	}
	if (parameter->type == IGNORED)
		return;
	if (parameter->type == PRIMARY) {
		*ret_primary = link_name(network, value);
		return;
	}
	text = parameters_value(network, parameter, value);
	if (text)
		words_add(network, value, &link->parameters,
			  memory_print(network->memory, "%s=%s", parameter->key, text));
	else
		value_remark(network->remarks, value, "'%s' of %s is none that there can be", value->key, link->id);
}

void parameters_read(struct network *network, struct link *link, const struct value *map, unsigned version,
		     const char **ret_primary)
{
	*ret_primary = NULL;
	for (const struct value *value = map && map->kind == VALUE_MAP ? map->first : NULL; value; value = value->next)
		if (value->kind != VALUE_NONE)
			parameters_read_one(network, link, value, version, ret_primary);
}

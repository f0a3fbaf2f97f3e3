/* Where the machine runs on Proxmox VE, and as what: how it is written. What must hold of it is in proxmox_rules.c. Names are
 * as the API has them (formats pve-node, pve-storage-id, pve-poolid, pve-tag, … of its schema). */
#include <string.h>

#include "recipe/words/proxmox.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define DNS_LABEL "[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?"

enum { ID_MIN = 100, ID_MAX = 999999999, CORES_MAX = 8192, VLAN_MAX = 4094, ORDER_MAX = 9999, MTU_MIN = 64, MTU_MAX = 65520 };

static const struct rule node_rule = {"the name of a node: letters, digits and dashes", DNS_LABEL};
static const struct rule storage_rule = {"the name of a storage: a letter, then letters, digits, '_', '.' and '-'",
					 "[a-zA-Z][a-zA-Z0-9_.-]*[a-zA-Z0-9]"};
static const struct rule pool_rule = {"the name of a pool: letters, digits, '_', '.' and '-', with '/' for one in another",
				      "[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+){0,2}"};
static const struct rule bridge_rule = {"the name of a bridge, like vmbr0", "[A-Za-z0-9_.-]{1,15}"};
static const struct rule tag_rule = {"a tag: lower-case letters, digits, '_', '+', '.' and '-'", "[a-z0-9_][a-z0-9_+.-]*"};
static const struct rule ssh_rule = {"what ssh knows the machine by: a name, an address, or USER@NAME",
				     "[^-[:cntrl:][:space:]][^[:cntrl:][:space:]]*"};
static const struct rule cpu_rule = {"a CPU type of Proxmox, like host or x86-64-v2-AES",
				     "[A-Za-z0-9][A-Za-z0-9_.,;=+-]*"};
static const struct rule machine_rule = {"a machine type: q35, pc, or one with a version like pc-q35-9.0",
					 "q35|pc|pc-(q35|i440fx)-[0-9]+(\\.[0-9]+)+(\\+pve[0-9]+)?"};
static const struct rule serial_rule = {"a serial number: at most 20 letters, digits, '_', '.' and '-'",
					"[A-Za-z0-9_.-]{1,20}"};
static const struct rule mac_rule = {"the MAC address of one card, like BC:24:11:00:00:01 (its second digit is even)",
				     "[0-9A-Fa-f][02468ACEace](:[0-9A-Fa-f]{2}){5}"};
static const struct rule domain_rule = {"a domain, like home.example", DNS_LABEL "(\\." DNS_LABEL ")*"};

static const struct schema schema_node = {VALUE_TEXT, .rule = &node_rule};
static const struct schema schema_storage = {VALUE_TEXT, .rule = &storage_rule};
static const struct schema schema_pool = {VALUE_TEXT, .rule = &pool_rule};
static const struct schema schema_bridge = {VALUE_TEXT, .rule = &bridge_rule};
static const struct schema schema_tags = {VALUE_WORDS, .rule = &tag_rule};
static const struct schema schema_ssh = {VALUE_TEXT, .rule = &ssh_rule};
static const struct schema schema_cpu = {VALUE_TEXT, .rule = &cpu_rule};
static const struct schema schema_machine = {VALUE_TEXT, .rule = &machine_rule};
static const struct schema schema_serial = {VALUE_TEXT, .rule = &serial_rule};
static const struct schema schema_mac = {VALUE_TEXT, .rule = &mac_rule};
static const struct schema schema_domain = {VALUE_TEXT, .rule = &domain_rule};
static const struct schema schema_id = {VALUE_INT, .min = ID_MIN, .max = ID_MAX};
static const struct schema schema_cores = {VALUE_INT, .min = 1, .max = CORES_MAX};
static const struct schema schema_vlan = {VALUE_INT, .min = 1, .max = VLAN_MAX};
static const struct schema schema_mtu = {VALUE_INT, .min = MTU_MIN, .max = MTU_MAX};
static const struct schema schema_order = {VALUE_INT, .min = 1, .max = ORDER_MAX};
static const char *const bios_choices[] = {"seabios", "ovmf", NULL};
static const struct schema schema_bios = {VALUE_TEXT, .choices = bios_choices};

/* --- sizes ----------------------------------------------------------------------------------------------------------- */

/* Proxmox has whole units of them alone. */
static int words_proxmox_decode_units(struct decoder *decoder, const struct node *node, const char *path, uint64_t unit,
				uint64_t least, const char *expected, uint64_t *out)
{
	uint64_t bytes;

	if (node->type != NODE_SCALAR || size_parse(node->text, &bytes) < 0 || bytes % unit || bytes < least)
		return problem_expected(decoder, node, path, expected);
	*out = bytes;
	return 0;
}

static int words_proxmox_decode_memory(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	return words_proxmox_decode_units(decoder, node, path, MIB, 16 * MIB,
					  "a size in whole MiB, like 512M or 4G, of at least 16M", out);
}

static int words_proxmox_decode_swap(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	return words_proxmox_decode_units(decoder, node, path, MIB, 0, "a size in whole MiB, like 512M, or 0", out);
}

static int words_proxmox_decode_volume(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	return words_proxmox_decode_units(decoder, node, path, GIB, GIB, "a size in whole GiB, like 8G", out);
}

static const struct schema schema_memory = {VALUE_SIZE, .decode = words_proxmox_decode_memory};
static const struct schema schema_swap = {VALUE_SIZE, .decode = words_proxmox_decode_swap};
static const struct schema schema_volume = {VALUE_SIZE, .decode = words_proxmox_decode_volume};

/* --- disks, mounts, network cards ------------------------------------------------------------------------------------ */

static const struct field disk_fields[] = {
	{"size", &schema_volume, 0, WORD_OF(proxmox_disk, size), 0,
	 "size in whole GiB (of `system` what the image has, of disks with `role: state` 8G, with `role: key` 1G)"},
	{"storage", &schema_storage, 0, WORD_OF(proxmox_disk, storage), 0, "storage that it lies on (the machine's)"},
	{"serial", &schema_serial, 0, WORD_OF(proxmox_disk, serial), 0, "what the machine knows it by (its name)"},
	{"backup", &word_bool, 0, WORD_OF(proxmox_disk, backup), 0, "part of Proxmox's backups (true)"},
	{"discard", &word_bool, 0, WORD_OF(proxmox_disk, discard), 0, "what the machine frees is free on the storage (true)"},
	{"ssd", &word_bool, 0, WORD_OF(proxmox_disk, ssd), 0, "the machine takes it for an SSD (false)"},
	WORD_END,
};
static const struct schema schema_disk = {VALUE_RECORD, .fields = disk_fields};

static void words_proxmox_prepare_disk(void *element)
{
	*(struct proxmox_disk *)element = (struct proxmox_disk){.backup = true, .discard = true};
}

static const struct schema schema_disks = {
	VALUE_TABLE, .element = &schema_disk, .size = sizeof(struct proxmox_disk), .key_rule = &word_rule_name,
	.key_offset = WORD_OF(proxmox_disk, name), .pos_offset = WORD_OF(proxmox_disk, pos),
	.prepare = words_proxmox_prepare_disk,
};

static const struct field mount_fields[] = {
	{"size", &schema_volume, 0, WORD_OF(proxmox_mount, size), 0, "size in whole GiB (4G)"},
	{"storage", &schema_storage, 0, WORD_OF(proxmox_mount, storage), 0, "storage that it lies on (the container's)"},
	{"backup", &word_bool, 0, WORD_OF(proxmox_mount, backup), 0, "part of Proxmox's backups (true)"},
	WORD_END,
};
static const struct schema schema_mount = {VALUE_RECORD, .fields = mount_fields};

static void words_proxmox_prepare_mount(void *element)
{
	*(struct proxmox_mount *)element = (struct proxmox_mount){.size = PROXMOX_MOUNT_SIZE, .backup = true};
}

static const struct schema schema_mounts = {
	VALUE_TABLE, .element = &schema_mount, .size = sizeof(struct proxmox_mount), .key_rule = &word_rule_path,
	.key_offset = WORD_OF(proxmox_mount, path), .pos_offset = WORD_OF(proxmox_mount, pos),
	.prepare = words_proxmox_prepare_mount,
};

static const struct field nic_fields[] = {
	{"bridge", &schema_bridge, FIELD_REQUIRED, WORD_OF(proxmox_nic, bridge), 0, "bridge that it is on"},
	{"vlan", &schema_vlan, 0, WORD_OF(proxmox_nic, vlan), 0, "VLAN tag (none)"},
	{"mac", &schema_mac, 0, WORD_OF(proxmox_nic, mac), 0, "MAC address (chosen by Proxmox, once)"},
	{"firewall", &word_bool, 0, WORD_OF(proxmox_nic, firewall), 0, "Proxmox's own firewall sees its traffic (false)"},
	{"mtu", &schema_mtu, 0, WORD_OF(proxmox_nic, mtu), 0, "longest packet (the bridge's)"},
	{"address", &word_line, 0, WORD_OF(proxmox_nic, address), 0, "IPv4 address with its prefix length, or dhcp"},
	{"gateway", &word_line, 0, WORD_OF(proxmox_nic, gateway), 0, "default route of IPv4"},
	{"address6", &word_line, 0, WORD_OF(proxmox_nic, address6), 0,
	 "IPv6 address with its prefix length, dhcp, or auto"},
	{"gateway6", &word_line, 0, WORD_OF(proxmox_nic, gateway6), 0, "default route of IPv6"},
	WORD_END,
};
static const struct schema schema_nic = {VALUE_RECORD, .fields = nic_fields};

static int words_proxmox_decode_nics(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct { struct proxmox_nic *items; size_t count; } *table = out;

	if (node->type != NODE_LIST)
		return problem_expected(decoder, node, path, "a list of maps with a 'bridge'");
	for (size_t i = 0; i < node->count; i++) {
		struct proxmox_nic *nic = arena_push(decoder->arena, table->items, table->count);

		nic->pos = node->items[i]->pos;
		decode(decoder, &schema_nic, node->items[i], path, nic);
	}
	return err_result(decoder->err);
}

static const struct schema schema_nics = {VALUE_LIST, .element = &schema_nic, .decode = words_proxmox_decode_nics};

/* --- what has no word ------------------------------------------------------------------------------------------------ */

static const struct rule option_rule = {"a text on one line", "[^[:cntrl:]]+"};
static const struct rule option_key_rule = {"a setting of Proxmox's, like usb0 or hostpci0", "[a-z][a-z0-9_-]*"};
static const struct schema schema_option = {VALUE_TEXT, .rule = &option_rule};
static const struct schema schema_options = {
	VALUE_TABLE, .element = &schema_option, .size = sizeof(struct proxmox_option), .key_rule = &option_key_rule,
	.key_offset = WORD_OF(proxmox_option, key),
	.pos_offset = WORD_OF(proxmox_option, pos),
};

/* --- the machine ----------------------------------------------------------------------------------------------------- */

static const struct field proxmox_fields[] = {
	{"node", &schema_node, FIELD_REQUIRED, WORD_OF(proxmox, node), 0, "node of the cluster that it runs on"},
	{"vmid", &schema_id, FIELD_REQUIRED, WORD_OF(proxmox, vmid), 0, "id of the machine or container"},
	{"sparevmid", &schema_id, 0, WORD_OF(proxmox, spare_vmid), 0,
	 "of a container: id that its replacement gets, and by turns the other"},
	{"ssh", &schema_ssh, 0, WORD_OF(proxmox, ssh), 0, "what ssh knows it by (the recipe's name)"},
	{"images", &schema_storage, FIELD_REQUIRED, WORD_OF(proxmox, images), 0, "storage that images are uploaded to"},
	{"storage", &schema_storage, FIELD_REQUIRED, WORD_OF(proxmox, storage), 0, "storage that its disks lie on"},
	{"pool", &schema_pool, 0, WORD_OF(proxmox, pool), 0, "pool that it is in"},
	{"cores", &schema_cores, 0, WORD_OF(proxmox, cores), 0, "processor cores (1)"},
	{"memory", &schema_memory, 0, WORD_OF(proxmox, memory), 0, "memory in whole MiB (1G)"},
	{"swap", &schema_swap, 0, WORD_OF(proxmox, swap), 0, "of a container: swap in whole MiB (0)"},
	{"cpu", &schema_cpu, 0, WORD_OF(proxmox, cpu), 0, "of a virtual machine: CPU type (host)"},
	{"machine", &schema_machine, 0, WORD_OF(proxmox, machine), 0, "of a virtual machine: machine type (Proxmox's default)"},
	{"bios", &schema_bios, 0, WORD_OF(proxmox, bios), 0, "of a virtual machine: what it starts with (seabios)"},
	{"disks", &schema_disks, 0, WORD_OF(proxmox, disks), WORD_OF(proxmox, n_disks),
	 "of a virtual machine: `system`, those of the layout, and further ones by a name of yours"},
	{"rootfs", &schema_volume, 0, WORD_OF(proxmox, rootfs), 0, "of a container: size of its root in whole GiB (8G)"},
	{"mounts", &schema_mounts, 0, WORD_OF(proxmox, mounts), WORD_OF(proxmox, n_mounts),
	 "of a container: volumes that outlive it, by their path in it (each path of `state`)"},
	{"nesting", &word_bool, 0, WORD_OF(proxmox, nesting), 0,
	 "of a container: it may mount what systemd and containers in it need (true)"},
	{"nics", &schema_nics, 0, WORD_OF(proxmox, nics), WORD_OF(proxmox, n_nics),
	 "network cards, in their order: net0, net1, …"},
	{"nameservers", &word_plain_list, 0, WORD_OF(proxmox, nameservers), 0, "addresses of name servers (the node's)"},
	{"searchDomain", &schema_domain, 0, WORD_OF(proxmox, search_domain), 0, "domain of names without a dot (the node's)"},
	{"tags", &schema_tags, 0, WORD_OF(proxmox, tags), 0, "tags that it has beside `aether`"},
	{"onboot", &word_bool, 0, WORD_OF(proxmox, onboot), 0, "started with the node (true)"},
	{"agent", &word_bool, 0, WORD_OF(proxmox, agent), 0, "of a virtual machine: it has QEMU's guest agent (true)"},
	{"protection", &word_bool, 0, WORD_OF(proxmox, protection), 0, "Proxmox does not let it be removed (false)"},
	{"order", &schema_order, 0, WORD_OF(proxmox, order), 0, "when it is started with the node, small first (any time)"},
	{"options", &schema_options, 0, WORD_OF(proxmox, options), WORD_OF(proxmox, n_options),
	 "settings of Proxmox's that have no word here, as they are: `usb0`, `hostpci0`, `kvm`"},
	WORD_END,
};

static int words_proxmox_decode(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	static const struct schema schema_fields = {VALUE_RECORD, .fields = proxmox_fields};
	struct proxmox *proxmox = out;

	*proxmox = (struct proxmox){
		.cores = 1, .memory = GIB, .cpu = "host", .bios = "seabios", .rootfs = 8 * GIB,
		.nesting = true, .onboot = true, .agent = true, .pos = node->pos,
	};
	return decode(decoder, &schema_fields, node, path, proxmox);
}

const struct schema word_proxmox = {VALUE_RECORD, .fields = proxmox_fields, .decode = words_proxmox_decode,
				    .check = proxmox_check};

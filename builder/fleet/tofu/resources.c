#include "fleet/tofu/resources.h"

#include <string.h>

#include "fleet/tofu/body.h"
#include "fleet/tofu/expression.h"
#include "fleet/tofu/files.h"

#define OF_MACHINE(member) offsetof(struct proxmox, member)
#define OF_NIC(member) offsetof(struct proxmox_nic, member)
#define OF_DISK(member) offsetof(struct proxmox_disk, member)
#define OF_MOUNT(member) offsetof(struct proxmox_mount, member)

/* --- what both are --------------------------------------------------------------------------------------------------- */

static const struct attribute common_attributes[] = {
	{NULL, "node_name", "node", ATTRIBUTE_TEXT, OF_MACHINE(node)},
	{NULL, "vm_id", "vmid", ATTRIBUTE_NUMBER, OF_MACHINE(vmid)},
	{NULL, "pool_id", "pool", ATTRIBUTE_TEXT, OF_MACHINE(pool)},
	{NULL, "protection", NULL, ATTRIBUTE_FLAG, OF_MACHINE(protection)},
	{"startup", "order", "order", ATTRIBUTE_NUMBER, OF_MACHINE(order)},
	{0},
};

static const struct attribute nic_attributes[] = {
	{NULL, "bridge", "bridge", ATTRIBUTE_TEXT, OF_NIC(bridge)},
	{NULL, "vlan_id", "vlan", ATTRIBUTE_NUMBER, OF_NIC(vlan)},
	{NULL, "mac_address", "mac", ATTRIBUTE_TEXT, OF_NIC(mac)},
	{NULL, "firewall", NULL, ATTRIBUTE_FLAG, OF_NIC(firewall)},
	{NULL, "mtu", "mtu", ATTRIBUTE_NUMBER, OF_NIC(mtu)},
	{0},
};

static const struct attribute address_attributes[] = {
	{"ipv4", "address", "address", ATTRIBUTE_TEXT, OF_NIC(address)},
	{"ipv4", "gateway", "gateway", ATTRIBUTE_TEXT, OF_NIC(gateway)},
	{"ipv6", "address", "address6", ATTRIBUTE_TEXT, OF_NIC(address6)},
	{"ipv6", "gateway", "gateway6", ATTRIBUTE_TEXT, OF_NIC(gateway6)},
	{0},
};

static const struct attribute dns_attributes[] = {
	{"dns", "domain", "searchDomain", ATTRIBUTE_TEXT, OF_MACHINE(search_domain)},
	{"dns", "servers", NULL, ATTRIBUTE_TEXTS, OF_MACHINE(nameservers)},
	{0},
};

/* A file being made. */
struct draft {
	struct arena *arena;
	const struct resource *resource;
	const struct proxmox *proxmox;
	struct jval *object;         /* the resource */
};

static struct attribute_source resources_source(const struct draft *draft)
{
	return (struct attribute_source){draft->proxmox, draft->resource->words, draft->resource->facts};
}

static struct attribute_source resources_nic_source(const struct draft *draft, size_t i)
{
	const struct node *nics = node_get(draft->resource->words, "nics");
	bool known = nics && nics->type == NODE_LIST && i < nics->count;

	return (struct attribute_source){&draft->proxmox->nics[i], known ? nics->items[i] : NULL, draft->resource->facts};
}

/* Of a disk or mount, whose storage is the machine's where it says none of its own. */
static struct attribute_source resources_volume_source(const struct draft *draft, const char *table, const char *name,
						       const void *record)
{
	const struct node *words = node_get(node_get(draft->resource->words, table), name);

	return (struct attribute_source){record, node_get(words, "storage") ? words : draft->resource->words,
					 draft->resource->facts};
}

/* "${local.aether_images.NAME.VALUE}" */
static const char *resources_of_image(const struct draft *draft, const char *value)
{
	const char *image = expression_part(draft->arena, "local." RESOURCES_IMAGES, draft->resource->image);

	return arena_printf(draft->arena, "${%s.%s}", image, value);
}

/* `name` is what the list is called; the cards of a container have names, too. */
static void resources_set_nics(const struct draft *draft, const char *name)
{
	struct jval *array = jval_new_array();

	for (size_t i = 0; i < draft->proxmox->n_nics; i++) {
		const struct attribute_source source = resources_nic_source(draft, i);
		struct jval *nic = jval_new_object();

		if (draft->resource->container)
			jval_set(nic, "name", jval_text(arena_printf(draft->arena, "eth%zu", i)));
		body_set(draft->arena, nic, nic_attributes, &source);
		jval_add(array, nic);
	}
	jval_set(draft->object, name, array);
}

static bool resources_has_address(const struct proxmox_nic *nic)
{
	return nic->address || nic->gateway || nic->address6 || nic->gateway6;
}

/* The n-th block is of the n-th card; what follows the last card that has an address is left out. An empty block is more than
 * the provider can read, so a card without one has an empty address. */
static void resources_set_addresses(const struct draft *draft, struct jval *initialization)
{
	struct jval *array = jval_new_array();
	size_t n = draft->proxmox->n_nics;

	while (n > 0 && !resources_has_address(&draft->proxmox->nics[n - 1]))
		n--;
	for (size_t i = 0; i < n; i++) {
		const struct attribute_source source = resources_nic_source(draft, i);
		struct jval *block = jval_new_object(), *empty;

		body_set(draft->arena, block, address_attributes, &source);
		if (!resources_has_address(&draft->proxmox->nics[i])) {
			empty = jval_new_object();
			jval_set(empty, "address", jval_text(""));
			jval_set(block, "ipv4", empty);
		}
		jval_add(array, block);
	}
	if (n)
		jval_set(initialization, "ip_config", array);
	else
		jval_free(array);
}

static bool resources_has_seed(const struct proxmox *proxmox)
{
	bool has = proxmox->search_domain || proxmox->nameservers.count;

	for (size_t i = 0; i < proxmox->n_nics; i++)
		has |= resources_has_address(&proxmox->nics[i]);
	return has;
}

static void resources_set_initialization(const struct draft *draft, struct jval *initialization)
{
	const struct attribute_source source = resources_source(draft);

	resources_set_addresses(draft, initialization);
	body_set(draft->arena, initialization, dns_attributes, &source);
	jval_set(draft->object, "initialization", initialization);
}

/* Ours are sorted, and so they come back from Proxmox. */
static void resources_set_tags(const struct draft *draft)
{
	struct jval *array = jval_new_array();
	struct strv tags = {0};

	for (size_t i = 0; i < draft->proxmox->tags.count; i++)
		strv_push(draft->arena, &tags, draft->proxmox->tags.items[i]);
	strv_push(draft->arena, &tags, "aether");
	strv_sort(&tags);
	for (size_t i = 0; i < tags.count; i++)
		jval_add(array, jval_text(expression_literal(draft->arena, tags.items[i])));
	jval_set(draft->object, "tags", array);
}

static void resources_set_lifecycle(const struct draft *draft, const char *const *ours)
{
	struct jval *lifecycle = jval_new_object(), *array = jval_new_array();

	for (; *ours; ours++)
		jval_add(array, jval_text(*ours));
	jval_set(lifecycle, "prevent_destroy", jval_bool(true));
	jval_set(lifecycle, "ignore_changes", array);
	jval_set(draft->object, "lifecycle", lifecycle);
}

/* An object with one value, or a list of one value. */
static struct jval *resources_object_of(const char *name, struct jval *value)
{
	struct jval *object = jval_new_object();

	jval_set(object, name, value);
	return object;
}

static struct jval *resources_list_of(struct jval *value)
{
	struct jval *array = jval_new_array();

	jval_add(array, value);
	return array;
}

/* --- virtual machines ------------------------------------------------------------------------------------------------- */

static const struct attribute machine_attributes[] = {
	{NULL, "on_boot", NULL, ATTRIBUTE_FLAG, OF_MACHINE(onboot)},
	{NULL, "bios", "bios", ATTRIBUTE_TEXT, OF_MACHINE(bios)},
	{NULL, "machine", "machine", ATTRIBUTE_TEXT, OF_MACHINE(machine)},
	{"agent", "enabled", NULL, ATTRIBUTE_FLAG, OF_MACHINE(agent)},
	{"cpu", "cores", "cores", ATTRIBUTE_NUMBER, OF_MACHINE(cores)},
	{"cpu", "type", "cpu", ATTRIBUTE_TEXT, OF_MACHINE(cpu)},
	{"memory", "dedicated", NULL, ATTRIBUTE_MIB, OF_MACHINE(memory)},
	{0},
};

static const struct attribute disk_attributes[] = {
	{NULL, "datastore_id", "storage", ATTRIBUTE_TEXT, OF_DISK(storage)},
	{NULL, "size", NULL, ATTRIBUTE_GIB, OF_DISK(size)},
	{NULL, "serial", NULL, ATTRIBUTE_TEXT, OF_DISK(serial)},
	{NULL, "backup", NULL, ATTRIBUTE_FLAG, OF_DISK(backup)},
	{NULL, "ssd", NULL, ATTRIBUTE_FLAG, OF_DISK(ssd)},
	{NULL, "discard", NULL, ATTRIBUTE_DISCARD, OF_DISK(discard)},
	{0},
};

/* The system's disk has the image, and where the recipe says no size, the image's, rounded up to what the provider can say. */
static void resources_set_system(const struct draft *draft, struct jval *object, const struct proxmox_disk *disk)
{
	bool imports = provider_has(&draft->resource->provider, PROVIDER_IMPORT_FROM);
	const char *image = expression_part(draft->arena, "local." RESOURCES_IMAGES, draft->resource->image);

	jval_set(object, imports ? "import_from" : "file_id",
		 jval_text(resources_of_image(draft, imports ? "proxmox.volid" : "proxmox.legacy_volid")));
	if (!disk->size)
		jval_set(object, "size",
			 jval_text(arena_printf(draft->arena, "${ceil(%s.virtual_size / %llu)}", image, 1ULL << 30)));
}

static void resources_set_disks(const struct draft *draft)
{
	struct jval *array = jval_new_array();

	for (size_t i = 0; i < draft->proxmox->n_disks; i++) {
		const struct proxmox_disk *record = &draft->proxmox->disks[i];
		const struct attribute_source source = resources_volume_source(draft, "disks", record->name, record);
		struct jval *disk = jval_new_object();

		jval_set(disk, "interface", jval_text(arena_printf(draft->arena, "scsi%zu", i)));
		body_set(draft->arena, disk, disk_attributes, &source);
		jval_set(disk, "iothread", jval_bool(true));
		if (i == 0)
			resources_set_system(draft, disk, record);
		jval_add(array, disk);
	}
	jval_set(draft->object, "disk", array);
}

/* An object on the machine's storage. */
static struct jval *resources_object_on_storage(const struct draft *draft)
{
	static const struct attribute storage[] = {
		{NULL, "datastore_id", "storage", ATTRIBUTE_TEXT, OF_MACHINE(storage)}, {0}};
	const struct attribute_source source = resources_source(draft);
	struct jval *object = jval_new_object();

	body_set(draft->arena, object, storage, &source);
	return object;
}

static void resources_set_efi(const struct draft *draft)
{
	struct jval *efi = resources_object_on_storage(draft);

	jval_set(efi, "type", jval_text("4m"));
	jval_set(efi, "pre_enrolled_keys", jval_bool(false));
	jval_set(draft->object, "efi_disk", efi);
}

static void resources_set_seed(const struct draft *draft)
{
	struct jval *seed = resources_object_on_storage(draft);

	jval_set(seed, "interface", jval_text("ide2"));
	resources_set_initialization(draft, seed);
}

static void resources_set_machine(const struct draft *draft)
{
	static const char *const ours[] = {"disk[0]", "node_name", "description", "tags", NULL};
	static const char *const ours_with_seed[] = {
		"disk[0]", "initialization[0].user_data_file_id", "node_name", "description", "tags", NULL};
	const struct attribute_source source = resources_source(draft);
	const struct proxmox *proxmox = draft->proxmox;

	jval_set(draft->object, "name", jval_text(draft->resource->name));
	body_set(draft->arena, draft->object, machine_attributes, &source);
	jval_set(draft->object, "operating_system", resources_object_of("type", jval_text("l26")));
	jval_set(draft->object, "scsi_hardware", jval_text("virtio-scsi-single"));
	if (proxmox->bios && strcmp(proxmox->bios, "ovmf") == 0)
		resources_set_efi(draft);
	resources_set_disks(draft);
	jval_set(draft->object, "boot_order", resources_list_of(jval_text("scsi0")));
	resources_set_nics(draft, "network_device");
	jval_set(draft->object, "serial_device", resources_object_of("device", jval_text("socket")));
	if (resources_has_seed(proxmox))
		resources_set_seed(draft);
	if (provider_has(&draft->resource->provider, PROVIDER_KEEP_UNREFERENCED))
		jval_set(draft->object, "delete_unreferenced_disks_on_destroy", jval_bool(false));
	resources_set_lifecycle(draft, resources_has_seed(proxmox) ? ours_with_seed : ours);
}

/* --- containers ------------------------------------------------------------------------------------------------------- */

static const struct attribute container_attributes[] = {
	{NULL, "start_on_boot", NULL, ATTRIBUTE_FLAG, OF_MACHINE(onboot)},
	{"features", "nesting", NULL, ATTRIBUTE_FLAG, OF_MACHINE(nesting)},
	{"cpu", "cores", "cores", ATTRIBUTE_NUMBER, OF_MACHINE(cores)},
	{"memory", "dedicated", NULL, ATTRIBUTE_MIB, OF_MACHINE(memory)},
	{"memory", "swap", NULL, ATTRIBUTE_MIB, OF_MACHINE(swap)},
	{"disk", "datastore_id", "storage", ATTRIBUTE_TEXT, OF_MACHINE(storage)},
	{"disk", "size", NULL, ATTRIBUTE_GIB, OF_MACHINE(rootfs)},
	{0},
};

static const struct attribute mount_attributes[] = {
	{NULL, "path", NULL, ATTRIBUTE_TEXT, OF_MOUNT(path)},
	{NULL, "volume", "storage", ATTRIBUTE_TEXT, OF_MOUNT(storage)},
	{NULL, "size", NULL, ATTRIBUTE_GIB_TEXT, OF_MOUNT(size)},
	{NULL, "backup", NULL, ATTRIBUTE_FLAG, OF_MOUNT(backup)},
	{0},
};

static void resources_set_mounts(const struct draft *draft)
{
	struct jval *array = jval_new_array();

	for (size_t i = 0; i < draft->proxmox->n_mounts; i++) {
		const struct proxmox_mount *record = &draft->proxmox->mounts[i];
		const struct attribute_source source = resources_volume_source(draft, "mounts", record->path, record);
		struct jval *mount = jval_new_object();

		body_set(draft->arena, mount, mount_attributes, &source);
		jval_add(array, mount);
	}
	jval_set(draft->object, "mount_point", array);
}

/* A reimage goes to the other id and takes the mount points along: what stays under this one is stopped, and must not be
 * started or completed by OpenTofu. */
static void resources_set_container(const struct draft *draft)
{
	static const char *const ours[] = {
		"operating_system[0].template_file_id", "node_name", "description", "tags", "started", "start_on_boot",
		"mount_point", NULL};
	const struct attribute_source source = resources_source(draft);
	struct jval *system = resources_object_of("template_file_id", jval_text(resources_of_image(draft, "proxmox.volid")));

	jval_set(system, "type", jval_text("debian"));
	jval_set(draft->object, "operating_system", system);
	jval_set(draft->object, "unprivileged", jval_bool(true));
	body_set(draft->arena, draft->object, container_attributes, &source);
	resources_set_mounts(draft);
	resources_set_nics(draft, "network_interface");
	resources_set_initialization(draft, resources_object_of("hostname", jval_text(draft->resource->name)));
	resources_set_lifecycle(draft, ours);
}

/* --- the files -------------------------------------------------------------------------------------------------------- */

/* Labels begin with a letter or '_'. */
static const char *resources_label(struct arena *arena, const char *name)
{
	return arena_printf(arena, "%s%s", *name >= '0' && *name <= '9' ? "_" : "", name);
}

const char *resource_print(struct arena *arena, const struct resource *resource)
{
	struct draft draft = {arena, resource, resource->proxmox, jval_new_object()};
	const struct attribute_source source = resources_source(&draft);
	const char *type = resource->container ? "proxmox_virtual_environment_container" : "proxmox_virtual_environment_vm";
	_cleanup_jval_ struct jval *top = resources_object_of("//", jval_text(FILES_MARK));

	body_set(arena, draft.object, common_attributes, &source);
	resources_set_tags(&draft);
	if (resource->container)
		resources_set_container(&draft);
	else
		resources_set_machine(&draft);
	jval_set(top, "resource",
		 resources_object_of(type, resources_object_of(resources_label(arena, resource->name), draft.object)));
	return arena_printf(arena, "%s\n", jval_print(arena, top, true));
}

const char *resources_print_locals(struct arena *arena, const char *images)
{
	const char *read = arena_printf(arena, "${jsondecode(file(\"${path.module}/%s\")).images}",
					expression_literal(arena, images));
	_cleanup_jval_ struct jval *top = resources_object_of("//", jval_text(FILES_MARK));

	jval_set(top, "locals", resources_object_of(RESOURCES_IMAGES, jval_text(read)));
	return arena_printf(arena, "%s\n", jval_print(arena, top, true));
}

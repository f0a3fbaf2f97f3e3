#include "fleet/proxmox/settings_private.h"

#include <inttypes.h>
#include <string.h>

#include "fleet/proxmox/mark.h"

#define SETTINGS_GIB (UINT64_C(1) << 30)
#define SETTINGS_MIB (UINT64_C(1) << 20)

enum { SETTINGS_SYSTEM = 0 };

/* --- parts ------------------------------------------------------------------------------------------------------------ */

const char *settings_tags(struct arena *arena, const struct proxmox *words)
{
	_cleanup_buf_ struct buf text = {0};
	struct strv tags = {0};

	strv_push(arena, &tags, MARK_TAG);
	for (size_t i = 0; i < words->tags.count; i++)
		strv_push(arena, &tags, words->tags.items[i]);
	strv_sort(&tags);
	for (size_t i = 0; i < tags.count; i++)
		buf_printf(&text, "%s%s", i ? ";" : "", tags.items[i]);
	return arena_strndup(arena, text.data, text.size);
}

/* What a disk is allocated with: "local-lvm:8,discard=on,serial=state"; `volume`: "STORE:0,import-from=…" or "STORE:8". */
static const char *settings_disk(struct arena *arena, const struct proxmox_disk *disk, const char *volume)
{
	return arena_printf(arena, "%s,iothread=1%s%s%s%s%s", volume, disk->discard ? ",discard=on" : "",
			    disk->ssd ? ",ssd=1" : "", disk->backup ? "" : ",backup=0", disk->serial ? ",serial=" : "",
			    disk->serial ? disk->serial : "");
}

const char *settings_new_disk(struct arena *arena, const struct proxmox_disk *disk)
{
	return settings_disk(arena, disk, arena_printf(arena, "%s:%" PRIu64, disk->storage, disk->size / SETTINGS_GIB));
}

const char *settings_new_mount(struct arena *arena, const struct proxmox_mount *mount)
{
	return arena_printf(arena, "%s:%" PRIu64 ",mp=%s,backup=%d", mount->storage, mount->size / SETTINGS_GIB, mount->path,
			    mount->backup);
}

static void settings_put(struct buf *text, const char *key, const char *value)
{
	if (value)
		buf_printf(text, ",%s=%s", key, value);
}

static void settings_put_nic_rest(struct buf *text, const struct proxmox_nic *nic)
{
	settings_put(text, "bridge", nic->bridge);
	if (nic->vlan)
		buf_printf(text, ",tag=%" PRId64, nic->vlan);
	if (nic->firewall)
		buf_printf(text, ",firewall=1");
	if (nic->mtu)
		buf_printf(text, ",mtu=%" PRId64, nic->mtu);
}

/* `mac`: the recipe's, else the one that the machine has; NULL: Proxmox chooses. */
const char *settings_nic(struct arena *arena, const struct proxmox_nic *nic, bool container, size_t i, const char *mac)
{
	_cleanup_buf_ struct buf text = {0};

	if (!container) {
		buf_printf(&text, "virtio%s%s", mac ? "=" : "", mac ? mac : "");
		settings_put_nic_rest(&text, nic);
		return arena_strndup(arena, text.data, text.size);
	}
	buf_printf(&text, "name=eth%zu", i);
	settings_put_nic_rest(&text, nic);
	settings_put(&text, "hwaddr", mac);
	settings_put(&text, "ip", nic->address);
	settings_put(&text, "gw", nic->gateway);
	settings_put(&text, "ip6", nic->address6);
	settings_put(&text, "gw6", nic->gateway6);
	buf_puts(&text, ",type=veth");
	return arena_strndup(arena, text.data, text.size);
}

/* What the seed says of a card; NULL: nothing. */
const char *settings_ipconfig(struct arena *arena, const struct proxmox_nic *nic)
{
	_cleanup_buf_ struct buf text = {0};

	settings_put(&text, "ip", nic->address);
	settings_put(&text, "gw", nic->gateway);
	settings_put(&text, "ip6", nic->address6);
	settings_put(&text, "gw6", nic->gateway6);
	return text.size ? arena_strndup(arena, text.data + 1, text.size - 1) : NULL;
}

/* Whether the machine gets a seed: only where there is something to tell it. */
static bool settings_has_seed(const struct proxmox *words)
{
	for (size_t i = 0; i < words->n_nics; i++)
		if (words->nics[i].address || words->nics[i].address6)
			return true;
	return words->nameservers.count || words->search_domain;
}

/* --- what is the same for both, and is compared ------------------------------------------------------------------------ */

/* Keys with a value of their own. Those whose value is NULL are not said. */
void settings_common(struct arena *arena, const struct proxmox *words, bool container, struct form *form)
{
	form_add(arena, form, "cores", "%" PRId64, words->cores);
	form_add(arena, form, "memory", "%" PRIu64, words->memory / SETTINGS_MIB);
	if (container)
		form_add(arena, form, "swap", "%" PRIu64, words->swap / SETTINGS_MIB);
	if (!container && words->cpu)
		form_add(arena, form, "cpu", "%s", words->cpu);
	if (!container)
		form_add(arena, form, "agent", "enabled=%d", words->agent);
	if (words->nameservers.count)
		form_add(arena, form, "nameserver", "%s", strv_join(arena, &words->nameservers, " "));
	if (words->search_domain)
		form_add(arena, form, "searchdomain", "%s", words->search_domain);
	form_add(arena, form, "onboot", "%d", words->onboot);
	if (words->order)
		form_add(arena, form, "startup", "order=%" PRId64, words->order);
	if (words->protection)
		form_add(arena, form, "protection", "1");
	for (size_t i = 0; i < words->n_options; i++)
		form_add(arena, form, words->options[i].key, "%s", words->options[i].value);
}

static void settings_nics(struct arena *arena, const struct proxmox *words, bool container, struct form *form)
{
	for (size_t i = 0; i < words->n_nics; i++) {
		const struct proxmox_nic *nic = &words->nics[i];
		const char *seed = container ? NULL : settings_ipconfig(arena, nic);

		form_add(arena, form, arena_printf(arena, "net%zu", i), "%s", settings_nic(arena, nic, container, i, nic->mac));
		if (seed)
			form_add(arena, form, arena_printf(arena, "ipconfig%zu", i), "%s", seed);
	}
}

static void settings_name(struct arena *arena, const struct proxmox *words, const char *key, const char *name,
			  const char *description, struct form *form)
{
	form_add(arena, form, "vmid", "%" PRId64, words->vmid);
	form_add(arena, form, key, "%s", name);
	form_add(arena, form, "tags", "%s", settings_tags(arena, words));
	if (words->pool)
		form_add(arena, form, "pool", "%s", words->pool);
	if (description)
		form_add(arena, form, "description", "%s", description);
}

/* --- new machines ----------------------------------------------------------------------------------------------------- */

struct form settings_of_vm(struct arena *arena, const struct proxmox *words, const char *name, const char *image,
			   const char *description)
{
	struct form form = {0};

	settings_name(arena, words, "name", name, description, &form);
	form_add(arena, &form, "ostype", "l26");
	form_add(arena, &form, "bios", "%s", words->bios);
	if (words->machine)
		form_add(arena, &form, "machine", "%s", words->machine);
	if (strcmp(words->bios, "ovmf") == 0)
		form_add(arena, &form, "efidisk0", "%s:1,efitype=4m,pre-enrolled-keys=0", words->storage);
	form_add(arena, &form, "scsihw", "virtio-scsi-single"); /* the default has no driver in the image's kernel */
	form_add(arena, &form, "serial0", "socket");
	settings_common(arena, words, false, &form);
	for (size_t i = 0; i < words->n_disks; i++) {
		const struct proxmox_disk *disk = &words->disks[i];
		const char *imported = arena_printf(arena, "%s:0,import-from=%s", disk->storage, image);

		form_add(arena, &form, arena_printf(arena, "scsi%zu", i), "%s",
			 i == SETTINGS_SYSTEM ? settings_disk(arena, disk, imported) : settings_new_disk(arena, disk));
	}
	form_add(arena, &form, "boot", "order=scsi0");
	settings_nics(arena, words, false, &form);
	if (settings_has_seed(words))
		form_add(arena, &form, "ide2", "%s:cloudinit", words->storage);
	return form;
}

struct form settings_of_container(struct arena *arena, const struct proxmox *words, const char *name, const char *image,
				  const char *description)
{
	struct form form = {0};

	settings_name(arena, words, "hostname", name, description, &form);
	form_add(arena, &form, "ostemplate", "%s", image);
	form_add(arena, &form, "unprivileged", "1");
	if (words->nesting)
		form_add(arena, &form, "features", "nesting=1");
	form_add(arena, &form, "rootfs", "%s:%" PRIu64, words->storage, words->rootfs / SETTINGS_GIB);
	settings_common(arena, words, true, &form);
	for (size_t i = 0; i < words->n_mounts; i++)
		form_add(arena, &form, arena_printf(arena, "mp%zu", i), "%s", settings_new_mount(arena, &words->mounts[i]));
	settings_nics(arena, words, true, &form);
	return form;
}

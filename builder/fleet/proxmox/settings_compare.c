#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fleet/proxmox/drive.h"
#include "fleet/proxmox/mark.h"
#include "fleet/proxmox/settings_private.h"

enum { SETTINGS_NICS_MAX = 32, SETTINGS_SCSI_MAX = 31, SETTINGS_MOUNTS_MAX = 256 };

struct settings_comparison {
	struct arena *arena;
	const struct proxmox *words;
	const struct config *config;
	bool container;
	struct settings_change *changes;
	size_t n, added; /* `added`: disks and mount points, whose keys are taken */
};

static void settings_differ(struct settings_comparison *c, enum settings_kind kind, const char *key, const char *was,
			    const char *value, uint64_t gib)
{
	struct settings_change *change = arena_push(c->arena, c->changes, c->n);

	*change = (struct settings_change){kind, key, was, value, gib};
}

/* --- texts ------------------------------------------------------------------------------------------------------------ */

/* Keys whose value is a list of options: the recipe says the first of them (whose name may be left out), the others are
 * somebody else's and stay. */
static const struct {
	const char *key, *option;
} settings_lists[] = {{"agent", "enabled"}, {"cpu", "cputype"}, {"memory", "current"}, {"startup", "order"}};

/* What holds where a configuration does not have the key. */
static const struct {
	const char *key, *value;
	bool vm_only; /* a container without "cores" has all of them */
} settings_defaults[] = {
	{"agent", "0", false},	{"cores", "1", true},	{"memory", "512", false},
	{"onboot", "0", false}, {"swap", "512", false}, {"protection", "0", false},
};

static const char *settings_option(const char *key)
{
	for (size_t i = 0; i < sizeof settings_lists / sizeof *settings_lists; i++)
		if (strcmp(settings_lists[i].key, key) == 0)
			return settings_lists[i].option;
	return NULL;
}

/* What of a key's value is compared: "1" of "enabled=1,type=virtio" and of "1". NULL: nothing that the recipe could say. */
static const char *settings_value(const struct settings_comparison *c, const char *key, const char *text)
{
	const char *option = settings_option(key);
	struct drive list;

	for (size_t i = 0; !text && i < sizeof settings_defaults / sizeof *settings_defaults; i++)
		if (strcmp(settings_defaults[i].key, key) == 0 && !(settings_defaults[i].vm_only && c->container))
			return settings_defaults[i].value;
	if (!text || !option)
		return text;
	list = drive_parse(c->arena, text);
	return *list.volid ? list.volid : drive_option(&list, option);
}

/* What the recipe says, with the options that others have added. */
static const char *settings_with_others(struct settings_comparison *c, const char *key, const char *said, const char *kept)
{
	const char *option = settings_option(key);
	struct drive list = drive_parse(c->arena, kept && option ? kept : "");
	_cleanup_buf_ struct buf text = {0};

	buf_puts(&text, said);
	for (size_t i = 0; i < list.options.count; i++)
		if (!text_has_prefix(list.options.items[i], arena_printf(c->arena, "%s=", option)))
			buf_printf(&text, ",%s", list.options.items[i]);
	return arena_strndup(c->arena, text.data, text.size);
}

static void settings_compare_text(struct settings_comparison *c, const char *key, const char *said)
{
	const char *kept = config_get(c->config, key), *is = settings_value(c, key, kept);

	if (!is || strcmp(is, settings_value(c, key, said)) != 0)
		settings_differ(c, SETTINGS_SET, key, kept, settings_with_others(c, key, said, kept), 0);
}

/* Tags that others added stay. */
static void settings_compare_tags(struct settings_comparison *c)
{
	const char *kept = config_get(c->config, "tags");
	struct strv there = config_tags(c->arena, c->config), all = {0};
	_cleanup_buf_ struct buf text = {0};
	bool lacks = false;

	for (size_t i = 0; i < there.count; i++)
		strv_push(c->arena, &all, there.items[i]);
	for (size_t i = 0; i <= c->words->tags.count; i++) {
		const char *tag = i ? c->words->tags.items[i - 1] : MARK_TAG;

		if (strv_has(&there, tag))
			continue;
		strv_push(c->arena, &all, tag);
		lacks = true;
	}
	strv_sort(&all);
	for (size_t i = 0; i < all.count; i++)
		buf_printf(&text, "%s%s", i ? ";" : "", all.items[i]);
	if (lacks)
		settings_differ(c, SETTINGS_SET, "tags", kept, arena_strndup(c->arena, text.data, text.size), 0);
}

/* --- cards ------------------------------------------------------------------------------------------------------------ */

/* The MAC address of a card as it is: "virtio=BC:24:…,bridge=…" or "…,hwaddr=BC:24:…". */
static const char *settings_mac(const struct drive *nic)
{
	static const char *const models[] = {"virtio", "hwaddr", "e1000", "vmxnet3", "rtl8139", "e1000e", "macaddr"};

	for (size_t i = 0; i < sizeof models / sizeof *models; i++)
		if (drive_option(nic, models[i]))
			return drive_option(nic, models[i]);
	return NULL;
}

/* The options of a card, sorted, without those that say what is so anyway: others (OpenTofu's provider) write them down. */
static struct drive settings_options(struct arena *arena, const char *text)
{
	static const char *const idle[] = {"firewall=0", "link_down=0", "ip=manual", "ip6=manual"};
	struct drive all = drive_parse(arena, text), said = {.volid = all.volid};

	for (size_t i = 0; i < all.options.count; i++) {
		bool says = true;

		for (size_t j = 0; j < sizeof idle / sizeof *idle; j++)
			says = says && strcmp(all.options.items[i], idle[j]) != 0;
		if (says)
			strv_push(arena, &said.options, all.options.items[i]);
	}
	strv_sort(&said.options);
	return said;
}

/* Whether two lists of options say the same, whatever the order. */
static bool settings_same_options(struct arena *arena, const char *a, const char *b)
{
	struct drive x = settings_options(arena, a), y = settings_options(arena, b);

	if (x.options.count != y.options.count || strcmp(x.volid, y.volid) != 0)
		return false;
	for (size_t i = 0; i < x.options.count; i++)
		if (strcasecmp(x.options.items[i], y.options.items[i]) != 0)
			return false;
	return true;
}

/* Whether an option of a card is one that the recipe's words say, or could. */
static bool settings_is_said(const char *option)
{
	static const char *const said[] = {
		"virtio", "e1000",  "e1000e", "vmxnet3", "rtl8139", "macaddr", "model", "name", "bridge", "tag", "firewall",
		"mtu",	  "hwaddr", "ip",     "gw",	 "ip6",	    "gw6",     "type",
	};

	for (size_t i = 0; i < sizeof said / sizeof *said; i++)
		if (strncmp(option, said[i], strlen(said[i])) == 0 && option[strlen(said[i])] == '=')
			return true;
	return false;
}

/* What others have added to a card (rate, queues, trunks) stays. */
static const char *settings_nic_with_others(struct arena *arena, const char *said, const struct drive *had)
{
	for (size_t i = 0; i < had->options.count; i++)
		if (!settings_is_said(had->options.items[i]))
			said = arena_printf(arena, "%s,%s", said, had->options.items[i]);
	return said;
}

static void settings_compare_nic(struct settings_comparison *c, size_t i)
{
	const char *key = arena_printf(c->arena, "net%zu", i), *kept = config_get(c->config, key);
	const struct proxmox_nic *nic = &c->words->nics[i];
	struct drive had = drive_parse(c->arena, kept ? kept : "");
	const char *mac = nic->mac ? nic->mac : settings_mac(&had);
	const char *said = settings_nic_with_others(c->arena, settings_nic(c->arena, nic, c->container, i, mac), &had);
	const char *seed = c->container ? NULL : settings_ipconfig(c->arena, nic);

	if (!kept || !settings_same_options(c->arena, said, kept))
		settings_differ(c, SETTINGS_SET, key, kept, said, 0);
	key = arena_printf(c->arena, "ipconfig%zu", i);
	kept = config_get(c->config, key);
	if (seed && (!kept || !settings_same_options(c->arena, seed, kept)))
		settings_differ(c, SETTINGS_SET, key, kept, seed, 0);
}

static void settings_compare_nics(struct settings_comparison *c)
{
	for (size_t i = 0; i < c->words->n_nics; i++)
		settings_compare_nic(c, i);
	for (size_t i = c->words->n_nics; i < SETTINGS_NICS_MAX; i++) {
		const char *key = arena_printf(c->arena, "net%zu", i), *kept = config_get(c->config, key);

		if (kept)
			settings_differ(c, SETTINGS_KEPT, key, kept, "the recipe has no such card", 0);
	}
}

/* --- disks and mount points --------------------------------------------------------------------------------------------- */

static void settings_compare_size(struct settings_comparison *c, const char *key, const struct drive *drive, uint64_t size)
{
	const char *text = drive_option(drive, "size");
	uint64_t is = 0;

	if (!size || !text || size_parse(text, &is) < 0 || is == size)
		return;
	if (is < size)
		settings_differ(c, SETTINGS_GROW, key, text, size_format(c->arena, size), (size + (1U << 30) - 1) >> 30);
	else
		settings_differ(
			c, SETTINGS_KEPT, key, text,
			arena_printf(c->arena, "disks do not become smaller: the recipe says %s", size_format(c->arena, size)),
			0);
}

static const char *settings_free_key(struct settings_comparison *c, const char *stem, size_t max)
{
	size_t skip = c->added;

	for (size_t i = 0; i < max; i++) {
		const char *key = arena_printf(c->arena, "%s%zu", stem, i);

		if (!config_get(c->config, key) && skip-- == 0)
			return key;
	}
	return NULL;
}

static void settings_add(struct settings_comparison *c, const char *stem, size_t max, const char *value)
{
	const char *key = settings_free_key(c, stem, max);

	c->added++;
	if (key)
		settings_differ(c, SETTINGS_ADD, key, NULL, value, 0);
}

static void settings_compare_disks(struct settings_comparison *c)
{
	for (size_t i = 0; i < c->words->n_disks; i++) {
		const struct proxmox_disk *disk = &c->words->disks[i];
		const char *key = i == 0			     ? drive_system(c->arena, c->config)
				  : strcmp(disk->name, "state") == 0 ? drive_state(c->arena, c->config)
								     : drive_of_serial(c->arena, c->config, disk->serial);
		struct drive drive;

		if (!key && i > 0)
			settings_add(c, "scsi", SETTINGS_SCSI_MAX, settings_new_disk(c->arena, disk));
		if (!key)
			continue;
		drive = drive_parse(c->arena, config_get(c->config, key));
		settings_compare_size(c, key, &drive, disk->size);
	}
}

static const char *settings_find_mount(struct settings_comparison *c, const char *path, struct drive *ret_drive)
{
	for (size_t i = 0; i < c->config->n_entries; i++) {
		const char *key = c->config->entries[i].key, *is;

		if (!text_has_prefix(key, "mp"))
			continue;
		*ret_drive = drive_parse(c->arena, c->config->entries[i].value);
		is = drive_option(ret_drive, "mp");
		if (is && strcmp(is, path) == 0)
			return key;
	}
	return NULL;
}

static void settings_compare_mounts(struct settings_comparison *c)
{
	const char *root = config_get(c->config, "rootfs");
	struct drive drive = drive_parse(c->arena, root ? root : "");

	settings_compare_size(c, "rootfs", &drive, c->words->rootfs);
	for (size_t i = 0; i < c->words->n_mounts; i++) {
		const struct proxmox_mount *mount = &c->words->mounts[i];
		const char *key = settings_find_mount(c, mount->path, &drive);

		if (key)
			settings_compare_size(c, key, &drive, mount->size);
		else
			settings_add(c, "mp", SETTINGS_MOUNTS_MAX, settings_new_mount(c->arena, mount));
	}
}

struct settings_change *settings_compare(struct arena *arena, const struct proxmox *words, bool container,
					 const struct config *config, size_t *ret_n)
{
	struct settings_comparison c = {.arena = arena, .words = words, .config = config, .container = container};
	struct form form = {0};

	settings_common(arena, words, container, &form);
	for (size_t i = 0; i < form.n_fields; i++)
		settings_compare_text(&c, form.fields[i].name, form.fields[i].value);
	settings_compare_tags(&c);
	settings_compare_nics(&c);
	if (container)
		settings_compare_mounts(&c);
	else
		settings_compare_disks(&c);
	*ret_n = c.n;
	return c.changes;
}

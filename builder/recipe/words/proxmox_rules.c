/* Where the machine runs: what must hold of it. Its disks and mounts are in proxmox_volumes.c, its network cards in
 * proxmox_nics.c. */
#include <inttypes.h>
#include <string.h>

#include "recipe/words/proxmox.h"

/* --- words of one kind ----------------------------------------------------------------------------------------------- */

static const struct {
	const char *key;
	unsigned kind;
	const char *why;             /* what the other kind has, or lacks */
} of_one_kind[] = {
	{"sparevmid", KIND_LXC, "a virtual machine keeps its id, and needs no other"},
	{"swap", KIND_LXC, "a virtual machine has no swap of the node's"},
	{"rootfs", KIND_LXC, "a virtual machine has 'disks'"},
	{"mounts", KIND_LXC, "a virtual machine has 'disks'"},
	{"nesting", KIND_LXC, "a virtual machine needs no leave to mount anything"},
	{"cpu", KIND_VM, "a container has the node's own processors"},
	{"machine", KIND_VM, "a container has no machine of its own"},
	{"bios", KIND_VM, "a container starts without one"},
	{"disks", KIND_VM, "a container has 'rootfs' and 'mounts'"},
	{"agent", KIND_VM, "a container is reached without an agent"},
};

static void proxmox_check_kind(struct decoder *decoder, const struct node *node)
{
	unsigned kind = decoder->recipe->kind;

	for (size_t i = 0; i < node->count; i++)
		for (size_t w = 0; w < sizeof of_one_kind / sizeof *of_one_kind; w++) {
			const char *other = recipe_kind_name(of_one_kind[w].kind);

			if (of_one_kind[w].kind == kind || strcmp(node->keys[i], of_one_kind[w].key) != 0)
				continue;
			err_at(decoder->err, -EINVAL, &node->key_pos[i],
			       problem_path(decoder->arena, "proxmox", node->keys[i]), "%s", of_one_kind[w].why);
			err_hint(decoder->err, "leave it out, or move it below '%s': '%s: { proxmox: { %s: … } }'", other,
				 other, node->keys[i]);
		}
}

/* --- who it is ------------------------------------------------------------------------------------------------------- */

static void proxmox_check_name(struct decoder *decoder, const struct node *root)
{
	static const struct rule dns_rule = {NULL, "[a-z0-9]([a-z0-9-]*[a-z0-9])?"};
	struct recipe *recipe = decoder->recipe;
	const struct node *name = node_get(root, "name");

	if (!recipe->proxmox.ssh)
		recipe->proxmox.ssh = recipe->name;
	if (!name || problem_known(decoder, "name") || decode_matches(&dns_rule, recipe->name))
		return;
	err_at(decoder->err, -EINVAL, &name->pos, "name",
	       "'%s' is not a name of DNS, which a machine on Proxmox must have: it ends in a dash", recipe->name);
	err_hint(decoder->err, "end it with a letter or a digit");
}

static void proxmox_check_spare(struct decoder *decoder, const struct node *node)
{
	const struct proxmox *proxmox = &decoder->recipe->proxmox;

	if (proxmox->spare_vmid && proxmox->spare_vmid == proxmox->vmid) {
		err_at(decoder->err, -EINVAL, &node_get(node, "sparevmid")->pos, "proxmox.sparevmid",
		       "the id %" PRId64 " is that of 'vmid'", proxmox->vmid);
		err_hint(decoder->err, "a container and its replacement exist side by side for a while: name an id that is "
				       "free");
	}
}

static void proxmox_settle_tags(struct decoder *decoder, struct proxmox *proxmox)
{
	struct strv tags = {0};

	strv_sort(&proxmox->tags);
	for (size_t i = 0; i < proxmox->tags.count; i++)
		if (strcmp(proxmox->tags.items[i], "aether") != 0 && !strv_has(&tags, proxmox->tags.items[i]))
			strv_push(decoder->arena, &tags, proxmox->tags.items[i]);
	proxmox->tags = tags;
}

/* --- settings without a word ------------------------------------------------------------------------------------------ */

/* What a word says, or nobody but deploy; a `#` stands for a number. */
static const struct {
	const char *key, *word;      /* NULL: none */
} proxmox_taken[] = {
	{"vmid", "vmid"},	  {"name", NULL},	    {"hostname", NULL},	     {"tags", "tags"},
	{"pool", "pool"},	  {"description", NULL},    {"bios", "bios"},	     {"machine", "machine"},
	{"cores", "cores"},	  {"memory", "memory"},	    {"swap", "swap"},	     {"cpu", "cpu"},
	{"agent", "agent"},	  {"nameserver", "nameservers"}, {"searchdomain", "searchDomain"}, {"onboot", "onboot"},
	{"startup", "order"},	  {"protection", "protection"}, {"scsihw", NULL},   {"boot", NULL},
	{"bootdisk", NULL},	  {"scsi#", "disks"},	    {"virtio#", "disks"},    {"sata#", "disks"},
	{"ide#", NULL},		  {"efidisk#", "bios"},	    {"net#", "nics"},	     {"ipconfig#", "nics"},
	{"rootfs", "rootfs"},	  {"mp#", "mounts"},	    {"unused#", NULL},	     {"ostemplate", NULL},
	{"features", "nesting"},  {"unprivileged", NULL},   {"template", NULL},	     {"hotplug", NULL},
	{"digest", NULL},	  {"delete", NULL},	    {"revert", NULL},	     {"force", NULL},
	{"restore", NULL},	  {"archive", NULL},	    {"start", NULL},	     {"lock", NULL},
	{"skiplock", NULL}, {"serial0", NULL}, {"storage", "storage"},   {"cipassword", NULL},    {"password", NULL},
};

static bool proxmox_is_key(const char *key, const char *pattern)
{
	size_t stem = strcspn(pattern, "#");

	if (!pattern[stem])
		return strcmp(key, pattern) == 0;
	return strncmp(key, pattern, stem) == 0 && key[stem] && strspn(key + stem, "0123456789") == strlen(key + stem);
}

static void proxmox_check_option(struct decoder *decoder, const struct proxmox_option *option)
{
	const char *path = problem_path(decoder->arena, "proxmox.options", option->key);

	for (size_t i = 0; i < sizeof proxmox_taken / sizeof *proxmox_taken; i++) {
		const char *word = proxmox_taken[i].word;

		if (!proxmox_is_key(option->key, proxmox_taken[i].key))
			continue;
		err_at(decoder->err, -EINVAL, &option->pos, path, "deploy sets '%s' itself", option->key);
		err_hint(decoder->err, word ? "say it by 'proxmox.%s'" : "leave it out", word);
	}
	if (strcmp(option->key, "tpmstate0") != 0)
		return;
	err_at(decoder->err, -EINVAL, &option->pos, path,
	       "each deploy would make the machine another TPM, and the keys in the one that it has would be lost");
	err_hint(decoder->err, "give the machine its TPM once, by hand: 'qm set VMID --tpmstate0 STORAGE:1,version=v2.0'");
}

void proxmox_check(struct decoder *decoder, const struct node *root)
{
	const struct node *node = node_get(root, "proxmox");
	struct recipe *recipe = decoder->recipe;
	struct proxmox *proxmox = &recipe->proxmox;

	if (!node || problem_known(decoder, "proxmox") || problem_known(decoder, "kinds"))
		return;
	if (recipe->kinds == KIND_TOOLS)
		err_at(decoder->err, -EINVAL, &node->pos, "proxmox", "a recipe of the kind 'tools' does not run anywhere");
	if (recipe->kind == KIND_TOOLS)
		return;
	proxmox_check_kind(decoder, node);
	proxmox_check_name(decoder, root);
	proxmox_check_spare(decoder, node);
	for (size_t i = 0; i < proxmox->n_options; i++)
		proxmox_check_option(decoder, &proxmox->options[i]);
	proxmox_settle_tags(decoder, proxmox);
	word_check_addresses(decoder, &proxmox->nameservers, node_get(node, "nameservers"), "proxmox.nameservers", false);
	proxmox_check_nics(decoder, proxmox, node_get(node, "nics"));
	if (recipe->kind == KIND_VM)
		proxmox_check_disks(decoder, proxmox);
	else
		proxmox_check_mounts(decoder, proxmox);
}

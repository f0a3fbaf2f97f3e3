/* What a machine has to have for its stacks: programs that make and open devices, which are packages of the image; and drivers
 * of the kernel, which the initrd has for what is early. */
#include <string.h>

#include "contract/stack.h"
#include "plan/config.h"
#include "plan/stack.h"

/* A node of `kind`, with the word `key` of this value (NULL: any, and also without it). */
static const struct need {
	const char *kind, *key, *value;
	const char *what;            /* for people; NULL: no package */
	const char *packages[6];
	bool if_made;                /* for making alone: not for what came with the image */
	const char *modules[8], *modules_maybe[6];
} needs[] = {
	{STACK_GPT, NULL, NULL, "a partition table made by the machine", {"fdisk"}, true, {NULL}, {NULL}},
	{STACK_LUKS, NULL, NULL, "an encrypted volume", {"cryptsetup-bin"}, false, {"dm_crypt"},
	 {"aes_generic", "aesni_intel", "xts", "algif_skcipher", "sha256_generic", "sha512_generic"}},
	{STACK_LUKS, "key", STACK_KEY_TPM2, "a volume that the TPM unlocks",
	 {"systemd-cryptsetup", "libtss2-esys-3.0.2-0t64", "libtss2-mu-4.0.1-0t64", "libtss2-rc0t64",
	  "libtss2-tcti-device0t64"}, false, {NULL}, {"tpm_crb", "tpm_tis"}},
	{STACK_VG, NULL, NULL, "a volume group", {"lvm2"}, false, {"dm_mod"}, {NULL}},
	{STACK_LV, "type", "thin-pool", "a pool of thin volumes", {"thin-provisioning-tools"}, false, {"dm_thin_pool"}, {NULL}},
	{STACK_LV, "type", "raid0", NULL, {NULL}, false, {"raid0", "dm_raid"}, {NULL}},
	{STACK_LV, "type", "raid1", NULL, {NULL}, false, {"raid1", "dm_raid"}, {NULL}},
	{STACK_LV, "type", "raid5", NULL, {NULL}, false, {"raid456", "dm_raid"}, {NULL}},
	{STACK_LV, "type", "raid6", NULL, {NULL}, false, {"raid456", "dm_raid"}, {NULL}},
	{STACK_LV, "type", "raid10", NULL, {NULL}, false, {"raid10", "dm_raid"}, {NULL}},
	{STACK_MD, NULL, NULL, "an array", {"mdadm"}, false, {"md_mod"}, {NULL}},
	{STACK_MD, "level", "0", NULL, {NULL}, false, {"raid0"}, {NULL}},
	{STACK_MD, "level", "1", NULL, {NULL}, false, {"raid1"}, {NULL}},
	{STACK_MD, "level", "4", NULL, {NULL}, false, {"raid456"}, {NULL}},
	{STACK_MD, "level", "5", NULL, {NULL}, false, {"raid456"}, {NULL}},
	{STACK_MD, "level", "6", NULL, {NULL}, false, {"raid456"}, {NULL}},
	{STACK_MD, "level", "10", NULL, {NULL}, false, {"raid10"}, {NULL}},
	{STACK_FS, "format", "ext4", "an ext4 file system made by the machine", {"e2fsprogs"}, true, {"ext4"}, {NULL}},
	{STACK_FS, "format", "xfs", "an xfs file system made by the machine", {"xfsprogs"}, true, {"xfs"}, {NULL}},
	{STACK_FS, "format", "btrfs", "a btrfs file system made by the machine", {"btrfs-progs"}, true, {"btrfs"}, {NULL}},
	{STACK_FS, "format", "f2fs", "an f2fs file system made by the machine", {"f2fs-tools"}, true, {"f2fs"}, {NULL}},
	{STACK_FS, "format", "vfat", "a vfat file system made by the machine", {"dosfstools"}, true, {"vfat"}, {NULL}},
	{STACK_SWAP, "random", NULL, "swap with a random key", {"cryptsetup-bin"}, false, {NULL}, {NULL}},
};

static bool stack_needs_is_for(const struct need *need, const struct stack_node *node)
{
	const char *word = need->key ? stack_word(node, need->key) : NULL;

	return strcmp(need->kind, node->kind) == 0 &&
	       (!need->key || (word && (!need->value || strcmp(word, need->value) == 0)));
}

/* Whether a node came with the image: the appliance made it, or mkfs with the partition. */
static bool stack_needs_is_there(const struct stack *stack, const struct stack_node *node)
{
	const struct stack_node *base = node->on.count ? stack_find(stack, node->on.items[0]) : NULL;

	return node->in_image || (base && strcmp(base->kind, STACK_PLACE) == 0 && stack_word(base, STACK_MADE));
}

static void stack_needs_modules(struct arena *arena, struct strv *list, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n && names[i]; i++)
		if (!strv_has(list, names[i]))
			strv_push(arena, list, names[i]);
}

static void stack_needs_node(struct arena *arena, struct plan *plan, const struct stack_node *node, struct err *err)
{
	const bool there = stack_needs_is_there(&plan->stack, node);

	for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
		const struct need *need = &needs[i];

		if (!stack_needs_is_for(need, node))
			continue;
		for (size_t p = 0; p < sizeof need->packages / sizeof *need->packages && need->packages[p]; p++)
			if (!there || !need->if_made)
				config_needs(plan, need->packages[p], &node->pos, need->what, err);
		if (!node->early)
			continue;
		stack_needs_modules(arena, &plan->modules, need->modules, sizeof need->modules / sizeof *need->modules);
		stack_needs_modules(arena, &plan->modules_maybe, need->modules_maybe,
				    sizeof need->modules_maybe / sizeof *need->modules_maybe);
	}
}

/* (Disks and places are there; and /var is a mount.) */
static bool stack_needs_is_made_early(const struct stack *stack, const struct stack_node *node)
{
	return node->early && node->on.count && strcmp(node->kind, STACK_VAR) != 0 && !stack_needs_is_there(stack, node);
}

int stack_needs_make(struct arena *arena, struct plan *plan, struct err *err)
{
	bool made = false;

	for (size_t i = 0; i < plan->stack.n_nodes; i++) {
		stack_needs_node(arena, plan, &plan->stack.nodes[i], err);
		made |= stack_needs_is_made_early(&plan->stack, &plan->stack.nodes[i]);
	}
	if (made) /* it is made on a shadow, which is a loop device */
		stack_needs_modules(arena, &plan->modules, (const char *const[]){"loop"}, 1);
	return err_result(err);
}

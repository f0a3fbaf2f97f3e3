/* Programs that make, open and grow what is on a machine's disks: packages of its image, asked for before anything is built. */
#include <string.h>

#include "contract/stack.h"
#include "plan/config.h"
#include "plan/stack.h"

/* A node of `kind`, with the word `key` (NULL: any) of this value (NULL: any). Drivers of the kernel come with the kernel. */
static const struct need {
	const char *kind, *key, *value;
	const char *what;            /* for people */
	const char *packages[6];
} needs[] = {
	{STACK_GPT, NULL, NULL, "a partition table made by the machine", {"fdisk"}},
	{STACK_LUKS, NULL, NULL, "an encrypted volume", {"cryptsetup-bin"}},
	{STACK_LUKS, "key", STACK_KEY_TPM2, "a volume that the TPM unlocks",
	 {"systemd-cryptsetup", "libtss2-esys-3.0.2-0t64", "libtss2-mu-4.0.1-0t64", "libtss2-rc0t64",
	  "libtss2-tcti-device0t64"}},
	{STACK_VG, NULL, NULL, "a volume group", {"lvm2"}},
	{STACK_LV, "type", "thin-pool", "a pool of thin volumes", {"thin-provisioning-tools"}},
	{STACK_MD, NULL, NULL, "an array", {"mdadm"}},
	{STACK_FS, "format", "ext4", "an ext4 file system on a stack", {"e2fsprogs"}},
	{STACK_FS, "format", "xfs", "an xfs file system on a stack", {"xfsprogs"}},
	{STACK_FS, "format", "btrfs", "a btrfs file system on a stack", {"btrfs-progs"}},
	{STACK_FS, "format", "f2fs", "an f2fs file system on a stack", {"f2fs-tools"}},
	{STACK_FS, "format", "vfat", "a vfat file system on a stack", {"dosfstools"}},
	{STACK_SWAP, "random", NULL, "swap with a random key", {"cryptsetup-bin"}},
};

static bool stack_needs_is_for(const struct need *need, const struct stack_node *node)
{
	const char *word = need->key ? stack_word(node, need->key) : NULL;

	return strcmp(need->kind, node->kind) == 0 &&
	       (!need->key || (word && (!need->value || strcmp(word, need->value) == 0)));
}

int stack_needs_make(const struct plan *plan, struct err *err)
{
	for (size_t n = 0; n < plan->stack.n_nodes; n++)
		for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
			const struct stack_node *node = &plan->stack.nodes[n];

			if (!stack_needs_is_for(&needs[i], node))
				continue;
			for (const char *const *package = needs[i].packages; *package; package++)
				config_needs(plan, *package, &node->pos, needs[i].what, err);
		}
	return err_result(err);
}

/* From disks as a recipe says them to what the machine and the appliance are told. */
#include "suite.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "contract/stack.h"
#include "disk_words.h"
#include "host/proc.h"
#include "plan/json.h"
#include "scratch.h"

enum { MIB = 1 << 20, DISKS = 4 };

struct layout_words {
	struct recipe_disk disks[DISKS];
	struct recipe_vg vg;
	struct recipe_array array;
	struct recipe_nodev nodev;
};

/* What a layout comes to. */
static struct layout_case {
	struct layout_words words;
	const char *stack;           /* STACK_FILE with blanks for tabs; NULL: none */
	const char *fstab;           /* NULL: none */
	const char *state_on;
} cases[] = {
	/* What machines have had from the beginning has no stack. */
	{{.disks = {SYSTEM(PART("state", FS("ext4", AT("/var")), .grow = true))}},
	 NULL, NULL, "partition"},
	{{.disks = {BARE, {"state", "state", "state", .content = FS("ext4", AT("/var"))}}},
	 NULL, NULL, "disk"},
	{{.disks = {BARE, {"var", "state", NULL, .content = FS("ext4", AT("/var"))}}},
	 NULL, NULL, "disk"},
	/* Nor has what mkfs makes in the image and /etc/fstab mounts. */
	{{.disks = {SYSTEM(PART("data", FS("xfs", AT("/srv"), .mount_options = WORDS("noatime")), .grow = true),
						   PART("swap", SWAP(5, .discard = "once")), PART("swap2", SWAP(-1, )),
						   PART("flash", FS("f2fs", AT("/srv/flash")), .grow = true))}},
	 NULL,
	 "PARTUUID=* /srv xfs noatime,x-systemd.device-timeout=300s,x-systemd.growfs 0 0\n"
	 "PARTUUID=* none swap pri=5,discard=once,x-systemd.device-timeout=300s 0 0\n"
	 "PARTUUID=* none swap defaults,x-systemd.device-timeout=300s 0 0\n"
	 "PARTUUID=* /srv/flash f2fs defaults,x-systemd.device-timeout=300s 0 0\n", NULL},
	{{.disks = {SYSTEM(PART("data", BTRFS({.name = "@srv", .mountpoint = "/srv",
								      .mount_options = WORDS("compress=zstd")},
								     {.name = "@", .mountpoint = NULL})))},
	  .nodev = {"/srv/tmp", "tmpfs", NULL, .mount_options = WORDS("size=64M")}},
	 NULL,
	 "PARTUUID=* /srv btrfs subvol=/@srv,compress=zstd,x-systemd.device-timeout=300s 0 0\n"
	 "tmpfs /srv/tmp tmpfs size=64M 0 0\n", NULL},
	/* /var on another file system of the system's disk: made with the image, and opened by the machine. */
	{{.disks = {SYSTEM(PART("var", FS("xfs", AT("/var"), .mount_options = WORDS("noatime", "inode64")),
							.grow = true))}},
	 "place place-var label=var made early\n"
	 "fs fs-place-var on=place-var format=xfs label=var grow early\n"
	 "var var on=fs-place-var options=noatime,inode64 early\n", NULL, "stack"},
	{{.disks = {SYSTEM(PART("state", BTRFS({.name = "@var", .mountpoint = "/var"},
								       {.name = "@home", .mountpoint = "/home"})))}},
	 "place place-state label=state made early\n"
	 "fs fs-place-state on=place-state format=btrfs label=state early\n"
	 "subvolume subvolume-place-state.@var on=fs-place-state path=@var\n"
	 "subvolume subvolume-place-state.@home on=fs-place-state path=@home\n"
	 "var var on=fs-place-state subvolume=@var early\n",
	 "PARTUUID=* /home btrfs subvol=/@home,x-systemd.device-timeout=300s 0 0\n", "stack"},
	/* Encrypted: never in the image. */
	{{.disks = {SYSTEM(PART("state", LUKS("state", FS("ext4", AT("/var")), .tpm2 = true, .recovery_key = true,
					       .pcrs = WORDS("7", "11"), .allow_discards = true), .grow = true))}},
	 "place place-state label=state early\n"
	 "luks luks-state on=place-state name=state key=tpm2 pcrs=7+11 recovery discard early\n"
	 "fs fs-luks-state on=luks-state format=ext4 label=state grow early\n"
	 "var var on=fs-luks-state early\n", NULL, "stack"},
	{{.disks = {BARE,
	   {"data", "data", "data-1", .content = LUKS("vault", FS("xfs", AT("/srv/vault"),
								  .extra_args = WORDS("-m", "reflink=0")),
						     .secret = "vault", .format_args = WORDS("--pbkdf=pbkdf2"),
						     .open_args = WORDS("--readonly"))}}},
	 "disk disk-data serial=data-1 role=data\n"
	 "luks luks-vault on=disk-data name=vault key=secret secret=vault arg=--pbkdf=pbkdf2 open=--readonly late\n"
	 "fs fs-luks-vault on=luks-vault format=xfs label=vault arg=-m arg=reflink=0 grow late\n",
	 "/run/aether/disks/luks-vault /srv/vault xfs defaults,nofail,x-systemd.after=aether-disks-late.service,"
	 "x-systemd.before=sysinit.target,x-systemd.growfs 0 0\n", NULL},
	{{.disks = {BARE,
	   {"state", "state", "state", .content = LUKS("state", FS("ext4", AT("/var")), .key_disk = "usb")},
	   {.name = "usb", .role = "key", .serial = "usb"}}},
	 "disk disk-usb serial=usb role=key early\n"
	 "disk disk-state serial=state role=state early\n"
	 "luks luks-state on=disk-state name=state key=disk disk=disk-usb early\n"
	 "fs fs-luks-state on=luks-state format=ext4 label=state grow early\n"
	 "var var on=fs-luks-state early\n", NULL, "stack"},
	{{.disks = {SYSTEM(PART("s", SWAP(0, .random_encryption = true)))}},
	 "place place-s label=s\n"
	 "swap swap-place-s on=place-s random priority=0\n", NULL, NULL},
	/* LVM on the system's disk alone comes with the image; with another disk, the machine makes all of it. */
	{{.disks = {SYSTEM(PART("pv", PV("main"), .grow = true))},
	  .vg = {"main", LVS(LV("var", "linear", FS("ext4", AT("/var")), .size = 512 * MIB),
		       LV("swap", "linear", SWAP(-1, ), .size = 64 * MIB),
		       LV("srv", "linear", FS("ext4", AT("/srv")), .percent = 100))}},
	 "place place-pv label=pv made early\n"
	 "vg vg-main on=place-pv name=main early\n"
	 "lv lv-main.var on=vg-main name=var type=linear size=536870912 early\n"
	 "fs fs-lv-main.var on=lv-main.var format=ext4 label=var early\n"
	 "var var on=fs-lv-main.var early\n"
	 "lv lv-main.swap on=vg-main name=swap type=linear size=67108864\n"
	 "swap swap-lv-main.swap on=lv-main.swap label=swap\n"
	 "lv lv-main.srv on=vg-main name=srv type=linear percent=100\n"
	 "fs fs-lv-main.srv on=lv-main.srv format=ext4 label=srv grow\n",
	 "/run/aether/disks/lv-main.srv /srv ext4 defaults,nofail,x-systemd.after=aether-disks.service,"
	 "x-systemd.before=local-fs.target,x-systemd.growfs 0 0\n", "stack"},
	{{.disks = {SYSTEM(PART("pv", PV("all"))), {"more", "data", "more", .content = PV("all")}},
	  .vg = {"all", LVS(LV("t", "thin", FS("btrfs", AT("/var")), .pool = "pool", .size = 1024 * MIB),
		      LV("pool", "thin-pool", NOTHING, .percent = 80, .extra_args = WORDS("--chunksize", "64k")),
		      LV("m", "raid1", NOTHING, .size = 8 * MIB))}},
	 "place place-pv label=pv early\n"
	 "disk disk-more serial=more role=data early\n"
	 "vg vg-all on=place-pv on=disk-more name=all early\n"
	 "lv lv-all.pool on=vg-all name=pool type=thin-pool percent=80 arg=--chunksize arg=64k early\n"
	 "lv lv-all.m on=vg-all name=m type=raid1 size=8388608\n"
	 "lv lv-all.t on=vg-all name=t type=thin size=1073741824 pool=pool early\n"
	 "fs fs-lv-all.t on=lv-all.t format=btrfs label=t early\n"
	 "var var on=fs-lv-all.t early\n", NULL, "stack"},
	/* RAID, with tables on its members. */
	{{.disks = {BARE,
	   {"one", "data", "one", .content = GPT(PART("boot", NOTHING, .size = 8 * MIB), PART("r", MEMBER("raid"), .grow = true,
							.attributes = 0x8000000000000000, .uuid = "0A"))},
	   {"two", "data", "two", .content = GPT(PART("a", NOTHING, .start = 4 * MIB, .end = 16 * MIB, .alignment = 4 * MIB),
						 PART("r", MEMBER("raid"), .end = 10 * MIB, .end_from_last = true,
						      .grow = true))}},
	  .array = {"raid", 1, "1.2", .content = FS("ext4", AT("/srv/data"))}},
	 "disk disk-one serial=one role=data\n"
	 "gpt gpt-disk-one on=disk-one\n"
	 "part part-one.boot on=gpt-disk-one number=1 label=boot type=0FC63DAF-8483-4772-8E79-3D69D8477DE4 "
	 "start=1048576 size=8388608\n"
	 "part part-one.r on=gpt-disk-one number=2 label=r type=0FC63DAF-8483-4772-8E79-3D69D8477DE4 uuid=0A start=9437184 "
	 "attributes=8000000000000000 grow\n"
	 "disk disk-two serial=two role=data\n"
	 "gpt gpt-disk-two on=disk-two\n"
	 "part part-two.a on=gpt-disk-two number=1 label=a type=0FC63DAF-8483-4772-8E79-3D69D8477DE4 "
	 "start=4194304 size=12582912\n"
	 "part part-two.r on=gpt-disk-two number=2 label=r type=0FC63DAF-8483-4772-8E79-3D69D8477DE4 start=16777216 "
	 "before-end=10485760 grow\n"
	 "md md-raid on=part-one.r on=part-two.r name=raid level=1 metadata=1.2\n"
	 "fs fs-md-raid on=md-raid format=ext4 label=raid grow\n",
	 "/run/aether/disks/md-raid /srv/data ext4 defaults,nofail,x-systemd.after=aether-disks.service,"
	 "x-systemd.before=local-fs.target,x-systemd.growfs 0 0\n", NULL},
	/* A state disk that is not as those from the beginning; a bind mount from it. */
	{{.disks = {BARE, {"state", "state", "s1", .content = FS("ext4", AT("/var"))}},
	  .nodev = {"/srv", "bind", "/var/lib/my data"}},
	 "disk disk-state serial=s1 role=state early\n"
	 "fs fs-disk-state on=disk-state format=ext4 label=state grow early\n"
	 "var var on=fs-disk-state early\n",
	 "/var/lib/my\\040data /srv none bind,x-systemd.requires-mounts-for=/var/lib/my\\040data 0 0\n", "stack"},
};
enum { N_CASES = sizeof cases / sizeof *cases };

static const char *const all_packages[] = {
	"btrfs-progs", "cryptsetup-bin", "e2fsprogs", "fdisk", "libtss2-esys-3.0.2-0t64", "libtss2-mu-4.0.1-0t64",
	"libtss2-rc0t64", "libtss2-tcti-device0t64", "linux-image-amd64", "lvm2", "mdadm", "systemd-cryptsetup",
	"systemd-repart",
	"thin-provisioning-tools", "xfsprogs",
};
enum { N_PACKAGES = sizeof all_packages / sizeof *all_packages };

/* Plans a layout with all packages but one (NULL: all). */
static int plan_of(struct layout_words *words, const char *without, struct plan **ret_plan, struct err *err)
{
	struct debian_package *packages = arena_array(scratch_arena(), struct debian_package, N_PACKAGES);
	struct lock *lock = arena_new_of(scratch_arena(), struct lock);
	struct recipe *recipe = arena_new_of(scratch_arena(), struct recipe);
	static const struct plan_programs programs = {
		.disks = "/aether-disks", .disks_sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	};
	size_t n = 0;

	for (size_t i = 0; i < N_PACKAGES; i++)
		if (!without || strcmp(all_packages[i], without) != 0)
			packages[n++] = (struct debian_package){.name = all_packages[i], .version = "1", .arch = "amd64",
								.sha256 = "a0"};
	*lock = (struct lock){.image = {packages, n}, .numbered = true};
	*recipe = (struct recipe){
		.path = "a.recipe", .root = "/", .name = "a", .kinds = KIND_VM, .kind = KIND_VM, .timezone = "UTC",
		.disks = words->disks, .vgs = &words->vg, .n_vgs = words->vg.name != NULL, .arrays = &words->array,
		.n_arrays = words->array.name != NULL, .nodevs = &words->nodev, .n_nodevs = words->nodev.mountpoint != NULL,
	};
	while (recipe->n_disks < DISKS && words->disks[recipe->n_disks].name)
		recipe->n_disks++;
	return plan_make(scratch_arena(), recipe, NULL, lock, &programs, ret_plan, err);
}

static struct plan *planned(struct layout_case *layout)
{
	struct plan *plan = NULL;
	struct err err = {0};

	ck_assert_msg(plan_of(&layout->words, NULL, &plan, &err) == 0, "%s", err.count ? err.first->text : "?");
	return plan;
}

static const struct plan_file *file_of(const struct plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->n_files; i++)
		if (strcmp(plan->files[i].path, path) == 0)
			return &plan->files[i];
	return NULL;
}

static void assert_text(const struct plan *plan, const char *path, const char *expected)
{
	const struct plan_file *file = file_of(plan, path);
	char *text = arena_strdup(scratch_arena(), file ? file->text : "");

	for (char *c = text; *c; c++)
		*c = *c == '\t' ? ' ' : *c;
	for (char *id = text; (id = strstr(id, "PARTUUID=")); id += strlen("PARTUUID=")) {
		id[9] = '*';
		memmove(id + 10, id + 9 + 36, strlen(id + 9 + 36) + 1);
	}
	ck_assert_str_eq(text, expected ? expected : "");
	ck_assert((file != NULL) == (expected != NULL));
}

/* --- what it comes to ------------------------------------------------------------------------------------------------ */

static bool has_kind(const struct plan *plan, const char *kind)
{
	for (size_t i = 0; i < plan->stack.n_nodes; i++)
		if (strcmp(plan->stack.nodes[i].kind, kind) == 0)
			return true;
	return false;
}

START_TEST(a_layout_becomes_a_stack_and_a_table_of_mounts)
{
	const struct plan *plan = planned(&cases[_i]);

	assert_text(plan, STACK_FILE, cases[_i].stack);
	assert_text(plan, "/etc/fstab", cases[_i].fstab);
	ck_assert_pstr_eq(plan->state_on, cases[_i].state_on);
	ck_assert((file_of(plan, STACK_PROGRAM) != NULL) == (cases[_i].stack != NULL));
	ck_assert((file_of(plan, "/usr/lib/systemd/system/" STACK_UNIT) != NULL) == (cases[_i].stack != NULL));
	ck_assert((file_of(plan, "/usr/lib/systemd/system/" STACK_UNIT_LATE) != NULL) ==
		  (cases[_i].stack && strstr(cases[_i].stack, " late\n")));
	ck_assert((file_of(plan, "/etc/udev/rules.d/69-lvm.rules") != NULL) == has_kind(plan, STACK_VG));
	ck_assert((file_of(plan, "/etc/mdadm/mdadm.conf") != NULL) == has_kind(plan, STACK_MD));
}
END_TEST

/* Whoever reads it needs no look ahead; and what comes with the image stands on nothing that does not. */
START_TEST(a_node_comes_after_all_that_it_stands_on)
{
	const struct stack *stack = &planned(&cases[_i])->stack;

	for (size_t i = 0; i < stack->n_nodes; i++)
		for (size_t k = 0; k < stack->nodes[i].on.count; k++) {
			const struct stack_node *on = stack_find(stack, stack->nodes[i].on.items[k]);

			ck_assert(on && on < &stack->nodes[i]);
			ck_assert(!stack->nodes[i].in_image || on->in_image);
			ck_assert(!stack->nodes[i].early || on->early);
		}
}
END_TEST

/* A partition of the system's disk: what is in the image, and who makes it. */
static const struct { int of; const char *content, *node, *made; bool deterministic; } partitions[] = {
	{0, "ext4", NULL, "image", true},
	{3, "xfs", NULL, "image", true},
	{4, "btrfs", NULL, "image", false},
	{5, "xfs", NULL, "image", true},
	{7, "empty", "place-state", "first boot", false},
	{10, "empty", "place-s", "first boot", false},
	{11, "stack", "place-pv", "appliance", false},
	{12, "empty", "place-pv", "first boot", false},
};

START_TEST(a_partition_is_made_in_the_image_where_it_can_be)
{
	const struct disk_partition *part = &planned(&cases[partitions[_i].of])->layout.partitions[0];

	ck_assert_str_eq(disk_content_name(part->content), partitions[_i].content);
	ck_assert_pstr_eq(part->node, partitions[_i].node);
	ck_assert_str_eq(disk_made(part), partitions[_i].made);
	ck_assert_int_eq(disk_is_deterministic(part), partitions[_i].deterministic);
}
END_TEST

/* --- what the image needs -------------------------------------------------------------------------------------------- */

static const struct { int of; const char *package, *what; } needed[] = {
	{7, "cryptsetup-bin", "an encrypted volume"}, {7, "systemd-cryptsetup", "a volume that the TPM unlocks"},
	{7, "libtss2-tcti-device0t64", "a volume that the TPM unlocks"},
	{7, "e2fsprogs", "an ext4 file system on a stack"},
	{8, "xfsprogs", "an xfs file system on a stack"}, {10, "cryptsetup-bin", "swap with a random key"},
	{11, "lvm2", "a volume group"}, {12, "thin-provisioning-tools", "a pool of thin volumes"},
	{12, "btrfs-progs", "a btrfs file system on a stack"}, {13, "mdadm", "an array"},
	{13, "fdisk", "a partition table made by the machine"},
	{5, "xfsprogs", "an xfs file system on a stack"}, {11, "e2fsprogs", "an ext4 file system on a stack"},
	{3, "xfsprogs", NULL}, {8, "systemd-cryptsetup", NULL}, {8, "e2fsprogs", NULL}, /* not needed there */
};

START_TEST(a_stack_needs_the_packages_that_make_and_open_it)
{
	struct plan *plan;
	struct err err = {0};
	int r = plan_of(&cases[needed[_i].of].words, needed[_i].package, &plan, &err);

	ck_assert_int_eq(r < 0, needed[_i].what != NULL);
	if (r < 0) {
		ck_assert_str_eq(err.first->text, arena_printf(scratch_arena(), "%s needs the package '%s'", needed[_i].what,
							       needed[_i].package));
		ck_assert_uint_eq(err.count, 1);
	}
	err_free(&err);
}
END_TEST

/* --- what cannot be -------------------------------------------------------------------------------------------------- */

static struct { struct layout_words words; const char *problem; } wrong[] = {
	{{.disks = {SYSTEM(PART("pv", PV("a")))}, .vg = {"b", LVS(LV("x", "linear", NOTHING, .size = MIB))}},
	 "there is no volume group 'a'"},
	{{.disks = {BARE, {"d", "data", "d", .content = PV("a")}},
	  .vg = {"a", LVS(LV("x", "linear", PV("a"), .size = MIB))}}, "'a' would stand on itself"},
	{{.disks = {BARE,
	   {"d", "data", "d", .content = GPT(PART("a", NOTHING, .grow = true), PART("b", NOTHING, .size = MIB))}}},
	 "nobody knows where 'b' begins: what is before it has the rest of the disk"},
	{{.disks = {BARE,
	   {"d", "data", "d", .content = GPT(PART("a", NOTHING, .start = 8 * MIB, .end = 4 * MIB))}}},
	 "'a' would end before it begins"},
};

START_TEST(a_stack_that_cannot_be_is_refused)
{
	struct plan *plan;
	struct err err = {0};

	ck_assert_int_lt(plan_of(&wrong[_i].words, NULL, &plan, &err), 0);
	ck_assert_str_eq(err.first->text, wrong[_i].problem);
	err_free(&err);
}
END_TEST

START_TEST(ids_that_come_to_the_same_are_told_apart)
{
	struct layout_words words = {
		.disks = {SYSTEM(PART("data", NOTHING)),
		 {"d", "data", "d", .content = BTRFS({.name = "a/b"}, {.name = "a_b"}, {.name = "a b"})}},
	};
	struct plan *plan;
	struct err err = {0};

	ck_assert_int_eq(plan_of(&words, NULL, &plan, &err), 0);
	ck_assert_str_eq(plan->stack.nodes[2].id, "subvolume-disk-d.a_b");
	ck_assert_str_eq(plan->stack.nodes[3].id, "subvolume-disk-d.a_b@2");
	ck_assert_str_eq(plan->stack.nodes[4].id, "subvolume-disk-d.a_b@3");
}
END_TEST

/* --- what has changed -------------------------------------------------------------------------------------------------- */

#define OTHER(was, is, what, name, field) {{.disks = {SYSTEM(was)}}, {.disks = {SYSTEM(is)}}, what, name, field}
#define ONE(...) PART("a", NOTHING, __VA_ARGS__)
#define VAULT(...) PART("a", LUKS("vault", FS("ext4", AT("/srv")), __VA_ARGS__))

static struct { struct layout_words was, is; const char *what, *name, *field; } changes[] = {
	OTHER(ONE(), ONE(.hybrid = true, .mbr_type = 0xc), "partition", "a", "hybrid"),
	OTHER(ONE(.hybrid = true), ONE(.hybrid = true, .mbr_active = true), "partition", "a", "hybrid"),
	OTHER(ONE(), ONE(.alignment = 4 * MIB), "partition", "a", "alignment"),
	OTHER(ONE(), ONE(.attributes = 4), "partition", "a", "attributes"),
	OTHER(ONE(), ONE(.end = 40 * MIB), "partition", "a", "end"),
	OTHER(ONE(.end = 40 * MIB), ONE(.end = 40 * MIB, .end_from_last = true), "partition", "a", "before_end"),
	OTHER(ONE(), PART("a", SWAP(-1, )), "partition", "a", "content"),
	OTHER(PART("a", BTRFS({.name = "b"})), PART("a", BTRFS({.name = "c"})), "partition", "a", "subvolumes"),
	OTHER(ONE(), VAULT(.console = true), "partition", "a", "device"),
	OTHER(ONE(), VAULT(.console = true), "device", "luks-vault", ""),
	OTHER(VAULT(.console = true), VAULT(.tpm2 = true), "device", "luks-vault", "with"),
	OTHER(VAULT(.console = true), VAULT(.secret = "a"), "device", "fs-luks-vault", "late"),
	{{.disks = {SYSTEM(PART("a", PV("g")))}, .vg = {.name = "g"}},
	 {.disks = {SYSTEM(PART("a", PV("g"))), {"d", "data", "d", .content = PV("g")}}, .vg = {.name = "g"}},
	 "device", "vg-g", "in_image"},
	{{.disks = {SYSTEM(PART("a", PV("g")))}, .vg = {.name = "g"}},
	 {.disks = {SYSTEM(PART("a", PV("g"))), {"d", "data", "d", .content = PV("g")}}, .vg = {.name = "g"}},
	 "device", "vg-g", "on"},
	OTHER(PART("a", FS("ext4", AT("/srv"))), PART("a", FS("ext4", AT("/var"))), "setting", "state_on", ""),
};

static bool is_told(const struct plan_change *told, size_t n, const char *what, const char *name, const char *field)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(told[i].what, what) != 0 || strcmp(told[i].name, name) != 0)
			continue;
		for (size_t f = 0; f < told[i].n_fields; f++)
			if (strcmp(told[i].fields[f].name, field) == 0)
				return true;
		return !*field;
	}
	return false;
}

START_TEST(another_layout_is_told_by_text_json_and_comparison)
{
	struct plan *was = NULL, *is = NULL;
	struct plan_change *told = NULL;
	struct err err = {0};
	size_t n = 0;

	ck_assert_int_eq(plan_of(&changes[_i].was, NULL, &was, &err), 0);
	ck_assert_int_eq(plan_of(&changes[_i].is, NULL, &is, &err), 0);
	{
		_cleanup_jval_ struct jval *old = plan_json(was), *new = plan_json(is);

		plan_compare(scratch_arena(), old, new, &told, &n);
	}
	ck_assert_str_ne(was->text, is->text);
	ck_assert(is_told(told, n, changes[_i].what, changes[_i].name, changes[_i].field));
}
END_TEST

/* --- judged by systemd ------------------------------------------------------------------------------------------------ */

/* What waits for a device that udev never announces is an emergency after 90 seconds. */
START_TEST(systemd_waits_for_no_device_of_a_stack)
{
	static const char GENERATOR[] = "/usr/lib/systemd/system-generators/systemd-fstab-generator";
	const char *out = scratch(), *argv[] = {GENERATOR, out, out, out, NULL}, *unit;
	const char *env[] = {arena_printf(scratch_arena(), "SYSTEMD_FSTAB=%s", scratch_path("fstab")),
			     "SYSTEMD_PROC_CMDLINE=quiet", "SYSTEMD_LOG_TARGET=console", NULL};
	const struct plan *plan = planned(&cases[13]);
	_cleanup_buf_ struct buf output = {0};
	struct err err = {0};

	if (access(GENERATOR, X_OK) != 0)
		return;
	ck_assert_int_eq(file_publish(scratch_path("fstab"), file_of(plan, "/etc/fstab")->text,
				      strlen(file_of(plan, "/etc/fstab")->text), 0644, &err), 0);
	ck_assert_int_eq(proc_check(&(struct proc){.argv = argv, .env = env, .output = &output}, &err), 0);
	unit = scratch_text("srv-data.mount");
	ck_assert_ptr_nonnull(strstr(unit, "What=/run/aether/disks/md-raid\n"));
	ck_assert_ptr_nonnull(strstr(unit, "After=aether-disks.service\n"));
	ck_assert_ptr_nonnull(strstr(unit, "Before=local-fs.target\n"));
	ck_assert_ptr_null(strstr(unit, ".device"));
	ck_assert_ptr_null(strstr(unit, "fsck"));
}
END_TEST

#define N(table) (sizeof(table) / sizeof *(table))
LOOP_SUITE(stack_plan, a_layout_becomes_a_stack_and_a_table_of_mounts, N_CASES)
LOOP_SUITE(stack_plan_order, a_node_comes_after_all_that_it_stands_on, N_CASES)
LOOP_SUITE(stack_plan_partitions, a_partition_is_made_in_the_image_where_it_can_be, N(partitions))
LOOP_SUITE(stack_plan_needs, a_stack_needs_the_packages_that_make_and_open_it, N(needed))
LOOP_SUITE(stack_plan_wrong, a_stack_that_cannot_be_is_refused, N(wrong))
LOOP_SUITE(stack_plan_changes, another_layout_is_told_by_text_json_and_comparison, N(changes))
SUITE(stack_plan_more, ids_that_come_to_the_same_are_told_apart, systemd_waits_for_no_device_of_a_stack)

/* Where a machine runs and what guards it: what is not said has a default, and nothing of it is in the plan. What is refused
 * stands in tests/reject/recipes/proxmox-*. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "plan/plan.h"
#include "plan/print.h"
#include "recipe/recipe.h"
#include "recipes.h"
#include "scratch.h"

#define FROM "from: base.recipe\n"
#define TWO_DISKS                                                                                                              \
	"partitions: { disk: { main: { content: { partitions: !remove [state] } },\n"                                          \
	"  state: { role: state, content: { type: filesystem, format: ext4, mountpoint: /var } } } }\n"
#define NEEDED "node: pve, vmid: 1002, images: cephfs, storage: local-lvm"
#define PLACE "proxmox: { " NEEDED " }\n"
#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

enum { MIB = 1 << 20, GIB = 1 << 30 };

/* "NAME SIZE STORAGE SERIAL" of each disk, one a line. */
static const char *disks_of(const struct recipe *recipe)
{
	const char *text = "";

	for (size_t i = 0; i < recipe->proxmox.n_disks; i++) {
		const struct proxmox_disk *disk = &recipe->proxmox.disks[i];

		text = arena_printf(scratch_arena(), "%s%s %s %s %s%s%s%s\n", text, disk->name,
				    size_format(scratch_arena(), disk->size), disk->storage, disk->serial ? disk->serial : "-",
				    disk->backup ? " backup" : "", disk->discard ? " discard" : "", disk->ssd ? " ssd" : "");
	}
	return text;
}

/* "PATH SIZE STORAGE" of each mount, one a line. */
static const char *mounts_of(const struct recipe *recipe)
{
	const char *text = "";

	for (size_t i = 0; i < recipe->proxmox.n_mounts; i++) {
		const struct proxmox_mount *mount = &recipe->proxmox.mounts[i];

		text = arena_printf(scratch_arena(), "%s%s %s %s%s\n", text, mount->path,
				    size_format(scratch_arena(), mount->size), mount->storage, mount->backup ? " backup" : "");
	}
	return text;
}

/* --- defaults -------------------------------------------------------------------------------------------------------- */

START_TEST(who_says_nothing_of_it_has_no_place)
{
	const struct recipe *recipe = recipes_load(FROM);

	ck_assert_ptr_null(recipe->proxmox.node);
	ck_assert_uint_eq(recipe->proxmox.n_disks, 0);
	ck_assert(!recipe->guard.said);
}
END_TEST

START_TEST(a_place_has_defaults)
{
	const struct recipe *recipe = recipes_load(FROM TWO_DISKS PLACE);
	const struct proxmox *proxmox = &recipe->proxmox;

	ck_assert_str_eq(proxmox->node, "pve");
	ck_assert_int_eq(proxmox->vmid, 1002);
	ck_assert_int_eq(proxmox->spare_vmid, 0);
	ck_assert_str_eq(proxmox->ssh, "base");
	ck_assert_ptr_null(proxmox->pool);
	ck_assert_int_eq(proxmox->cores, 1);
	ck_assert_uint_eq(proxmox->memory, GIB);
	ck_assert_uint_eq(proxmox->swap, 0);
	ck_assert_str_eq(proxmox->cpu, "host");
	ck_assert_ptr_null(proxmox->machine);
	ck_assert_str_eq(proxmox->bios, "seabios");
	ck_assert(proxmox->onboot && proxmox->agent && proxmox->nesting && !proxmox->protection);
	ck_assert_int_eq(proxmox->order, 0);
	ck_assert_uint_eq(proxmox->n_nics, 0);
	ck_assert_uint_eq(proxmox->tags.count, 0);
	ck_assert_int_eq(proxmox->pos.line, 4);
}
END_TEST

START_TEST(guard_has_defaults)
{
	const struct recipe *recipe = recipes_load(FROM PLACE "guard: {}\n");

	ck_assert(recipe->guard.said);
	ck_assert_uint_eq(recipe->guard.after_ms, 5 * 60000);
	ck_assert_int_eq(recipe->guard.tries, 2);
	ck_assert_uint_eq(recipe->guard.cool_down_ms, 15 * 60000);
	recipe = recipes_load(FROM PLACE "guard: { after: 90, tries: 1, coolDown: 2h }\n");
	ck_assert_uint_eq(recipe->guard.after_ms, 90000);
	ck_assert_int_eq(recipe->guard.tries, 1);
	ck_assert_uint_eq(recipe->guard.cool_down_ms, 7200000);
}
END_TEST

START_TEST(a_tree_of_tools_passes_it_over)
{
	recipes_write("both.recipe", FROM "kinds: [vm, tools]\nproxmox: { " NEEDED ", swap: 1G }\nguard: {}\n");
	ck_assert_uint_eq(recipes_load_as("from: both.recipe\n", KIND_TOOLS)->proxmox.n_disks, 0);
}
END_TEST

/* --- disks and mounts ------------------------------------------------------------------------------------------------ */

/* Words below `proxmox` of a machine with a disk for its state, and the disks that it gets. */
static const struct {
	const char *words, *disks;
} disks[] = {
	{"", "system 0 local-lvm - backup discard\nstate 8G local-lvm state backup discard\n"},
	{"disks: { state: { size: 128G, ssd: true } }",
	 "system 0 local-lvm - backup discard\nstate 128G local-lvm state backup discard ssd\n"},
	{"disks: { b: { size: 1T, storage: slow, backup: false }, system: { size: 8G, discard: false },\n"
	 "  a: { size: 2G, serial: A.1 }, state: { storage: fast, serial: state } }",
	 "system 8G local-lvm - backup\nstate 8G fast state backup discard\nb 1T slow b discard\n"
	 "a 2G local-lvm A.1 backup discard\n"},
};

START_TEST(the_system_comes_first_then_the_state)
{
	const struct recipe *recipe =
		recipes_load(arena_printf(scratch_arena(), FROM TWO_DISKS "proxmox: { " NEEDED ", %s }\n", disks[_i].words));

	ck_assert_str_eq(disks_of(recipe), disks[_i].disks);
	ck_assert(!recipe->proxmox.one_disk);
}
END_TEST

START_TEST(a_layout_of_one_disk_gets_no_other_for_the_state)
{
	const struct recipe *recipe =
		recipes_load(FROM "proxmox: { " NEEDED ", disks: { system: { size: 32G }, data: { size: 1G } } }\n");

	ck_assert(recipe->proxmox.one_disk);
	ck_assert_str_eq(disks_of(recipe), "system 32G local-lvm - backup discard\ndata 1G local-lvm data backup discard\n");
}
END_TEST

/* `state` and `mounts` of a container, and the mounts that it gets. */
static const struct {
	const char *state, *mounts, *expected;
} mounts[] = {
	{"[]", "{}", "/var/lib/aether 4G local-lvm backup\n"},
	{"[/var/lib/a, /srv]", "{ /srv: { size: 1T, storage: slow, backup: false } }",
	 "/srv 1T slow\n/var/lib/a 4G local-lvm backup\n/var/lib/aether 4G local-lvm backup\n"},
	{"[/opt/a/b, /opt/a/c]", "{ /opt/a: {}, /var/lib/aether: { size: 1G } }",
	 "/opt/a 4G local-lvm backup\n/var/lib/aether 1G local-lvm backup\n"},
	{"[/srv/a/b, /srv/a, /srv/ab, /var/lib/aether/x]", "{}",
	 "/srv/a 4G local-lvm backup\n/srv/ab 4G local-lvm backup\n/var/lib/aether 4G local-lvm backup\n"},
};

START_TEST(each_path_of_the_state_lies_in_one_mount)
{
	const struct recipe *recipe = recipes_load_container(
		arena_printf(scratch_arena(), "state: %s\nproxmox: { " NEEDED ", sparevmid: 1003, mounts: %s }\n",
			     mounts[_i].state, mounts[_i].mounts));

	ck_assert_str_eq(mounts_of(recipe), mounts[_i].expected);
	ck_assert_uint_eq(recipe->proxmox.n_disks, 0);
	ck_assert_int_eq(recipe->proxmox.spare_vmid, 1003);
	ck_assert_uint_eq(recipe->proxmox.rootfs, 8ULL * GIB);
}
END_TEST

START_TEST(a_container_has_words_of_its_own)
{
	const struct recipe *recipe = recipes_load_container(
		"vm: { proxmox: { bios: ovmf } }\n"
		"lxc: { proxmox: { swap: 0, rootfs: 2G, nesting: false } }\nproxmox: { " NEEDED ", memory: 1.5G }\n");

	ck_assert_uint_eq(recipe->proxmox.swap, 0);
	ck_assert_uint_eq(recipe->proxmox.memory, 1536ULL * MIB);
	ck_assert_uint_eq(recipe->proxmox.rootfs, 2ULL * GIB);
	ck_assert(!recipe->proxmox.nesting);
	ck_assert_str_eq(recipe->proxmox.bios, "seabios");
}
END_TEST

/* --- cards, lists, facts --------------------------------------------------------------------------------------------- */

START_TEST(cards_keep_their_order_and_are_appended)
{
	recipes_write("m.recipe", "proxmox: { nics: [{ bridge: vmbr0, address: 10.0.2.2/24, gateway: 10.0.2.1,\n"
				  "  address6: 'fd00::2/64', gateway6: 'fe80::1' }] }\n");

	const struct recipe *recipe =
		recipes_load(FROM "use: m.recipe\nproxmox: { " NEEDED ",\n"
				  "  nics: [{ bridge: vmbr1, vlan: 7, mac: 'bc:24:11:00:0a:01', firewall: true,\n"
				  "    mtu: 9000 }] }\n");
	const struct proxmox_nic *nics = recipe->proxmox.nics;

	ck_assert_uint_eq(recipe->proxmox.n_nics, 2);
	ck_assert_str_eq(nics[0].bridge, "vmbr0");
	ck_assert_str_eq(nics[0].address, "10.0.2.2/24");
	ck_assert_str_eq(nics[0].gateway6, "fe80::1");
	ck_assert_ptr_null(nics[0].mac);
	ck_assert_int_eq(nics[0].vlan, 0);
	ck_assert_int_eq(nics[0].mtu, 0);
	ck_assert(!nics[0].firewall);
	ck_assert_str_eq(nics[1].mac, "BC:24:11:00:0A:01");
	ck_assert_int_eq(nics[1].vlan, 7);
	ck_assert_int_eq(nics[1].mtu, 9000);
	ck_assert(nics[1].firewall);
	ck_assert_ptr_null(nics[1].address);
}
END_TEST

START_TEST(tags_are_sorted_without_our_own)
{
	const struct recipe *recipe = recipes_load(FROM "proxmox: { " NEEDED ", tags: [web, aether, edge, web] }\n");

	ck_assert_str_eq(recipes_words(&recipe->proxmox.tags), "edge web");
}
END_TEST

START_TEST(facts_say_where_a_machine_runs)
{
	recipes_write("facts.yaml", "box: { id: 1002, node: oracle, memory: 4G, disk: 128G, address: 10.0.2.2/24 }\n");
	recipes_write("m.recipe", "facts: facts.yaml\nproxmox: { node: '${vars.at.node}', vmid: '${vars.at.id}',\n"
				  "  images: cephfs, storage: ceph, memory: '${vars.at.memory}',\n"
				  "  disks: { state: { size: '${vars.at.disk}' } },\n"
				  "  nics: [{ bridge: vmbr0, address: '${vars.at.address}' }] }\n");

	const struct recipe *recipe = recipes_load(FROM TWO_DISKS "use: m.recipe\nvars: { at: '${facts.box}' }\n");

	ck_assert_str_eq(recipe->proxmox.node, "oracle");
	ck_assert_int_eq(recipe->proxmox.vmid, 1002);
	ck_assert_uint_eq(recipe->proxmox.memory, 4ULL * GIB);
	ck_assert_uint_eq(recipe->proxmox.disks[1].size, 128ULL * GIB);
	ck_assert_str_eq(recipe->proxmox.nics[0].address, "10.0.2.2/24");
}
END_TEST

/* --- the plan -------------------------------------------------------------------------------------------------------- */

static struct debian_package packages[] = {
	{"base-files", "13", "amd64", "a0", "pool/a", 1, LAYER_BASE, 0},
	{"curl", "1", "amd64", "b0", "pool/b", 1, LAYER_PARENT, 0},
	{"libc6", "2", "amd64", "a1", "pool/c", 1, LAYER_BASE, 0},
	{"linux-image-cloud-amd64", "6", "amd64", "c0", "pool/f", 1, LAYER_PARENT, 0},
	{"openssh-server", "1", "amd64", "b1", "pool/d", 1, LAYER_PARENT, 0},
	{"sudo", "1", "amd64", "b2", "pool/e", 1, LAYER_PARENT, 0},
};

static const char *plan_of(const char *words)
{
	static const struct plan_programs programs = {
		.init = "/lib/init",
		.init_sha256 = DIGEST,
		.agent = "/lib/agent",
		.agent_sha256 = DIGEST,
	};
	struct lock lock = {.path = "x.lock", .epoch = 1700000000, .image = {packages, sizeof packages / sizeof *packages}};
	_cleanup_buf_ struct buf text = {0};
	struct plan *plan = NULL;
	struct err err = {0};

	if (plan_make(scratch_arena(), recipes_load(words), NULL, &lock, &programs, &plan, &err) < 0) {
		err_print(&err, stderr);
		ck_abort_msg("it can be planned");
	}
	err_free(&err);
	plan_print(&text, plan);
	return arena_strdup(scratch_arena(), text.data);
}

START_TEST(nothing_of_it_is_in_the_plan)
{
	const char *without = plan_of(FROM TWO_DISKS "kernelArgs: quiet\n");

	ck_assert_ptr_nonnull(strstr(without, "quiet"));
	ck_assert_str_eq(plan_of(FROM TWO_DISKS "kernelArgs: quiet\n"
						"proxmox: { " NEEDED ", cores: 8, disks: { data: { size: 1T } }, tags: web,\n"
						"  nics: [{ bridge: vmbr0, address: 10.0.2.2/24 }], nameservers: 10.0.2.1 }\n"
						"guard: { after: 1m }\n"),
			 without);
}
END_TEST

START_TEST(every_disk_of_the_layout_is_there_by_itself)
{
	const struct recipe *recipe = recipes_load(
		FROM "partitions: { disk: { main: { content: { partitions: !remove [state] } },\n"
		     "  key: { role: key },\n"
		     "  media: { serial: MEDIA, content: { type: filesystem, format: xfs, mountpoint: /srv/media } },\n"
		     "  left: { content: { type: mdraid, name: var } }, right: { content: { type: mdraid, name: var } } },\n"
		     "  mdadm: { var: { content: { type: luks, name: var, keyDisk: key, content: {\n"
		     "    type: filesystem, format: ext4, mountpoint: /var } } } } }\n"
		     "proxmox: { " NEEDED ", disks: { own: { size: 1G }, media: { size: 2T, storage: slow },\n"
		     "  right: { size: 16G } } }\n");

	ck_assert_str_eq(disks_of(recipe), "system 0 local-lvm - backup discard\n"
					   "left 8G local-lvm left backup discard\n"
					   "right 16G local-lvm right backup discard\n"
					   "media 2T slow MEDIA backup discard\n"
					   "key 1G local-lvm key backup discard\n"
					   "own 1G local-lvm own backup discard\n");
	ck_assert(!recipe->proxmox.one_disk);
}
END_TEST

SUITE(proxmox_words, every_disk_of_the_layout_is_there_by_itself, who_says_nothing_of_it_has_no_place, a_place_has_defaults,
      guard_has_defaults,
      a_tree_of_tools_passes_it_over, a_layout_of_one_disk_gets_no_other_for_the_state, a_container_has_words_of_its_own,
      cards_keep_their_order_and_are_appended, tags_are_sorted_without_our_own, facts_say_where_a_machine_runs,
      nothing_of_it_is_in_the_plan)
LOOP_SUITE(proxmox_disks, the_system_comes_first_then_the_state, sizeof disks / sizeof *disks)
LOOP_SUITE(proxmox_mounts, each_path_of_the_state_lies_in_one_mount, sizeof mounts / sizeof *mounts)

/* Disks as recipes say them: what is read, what is filled in, what stands on what. What is refused stands in
 * tests/reject/recipes/disks-*. */
#include "suite.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "recipe/recipe.h"
#include "recipes.h"
#include "scratch.h"

#define FROM "from: base.recipe\n"
#define EMPTY "main: { content: { partitions: !remove [state] } },\n"

/* --- all that was read, as text -------------------------------------------------------------------------------------- */

static void put_content(struct buf *out, const struct recipe_content *content);

static void put_words(struct buf *out, const char *name, const struct strv *words)
{
	if (words->count)
		buf_printf(out, " %s=%s", name, strv_join(scratch_arena(), words, "+"));
}

static void put_text(struct buf *out, const char *name, const char *text)
{
	if (text)
		buf_printf(out, " %s=%s", name, text);
}

static void put_number(struct buf *out, const char *name, uint64_t number)
{
	if (number)
		buf_printf(out, " %s=%s", name, size_format(scratch_arena(), number));
}

static void put_luks(struct buf *out, const struct recipe_luks *luks)
{
	put_text(out, "file", luks->key_file);
	put_text(out, "disk", luks->key_disk);
	put_text(out, "secret", luks->secret);
	put_words(out, "pcrs", &luks->pcrs);
	put_words(out, "format", &luks->format_args);
	put_words(out, "open", &luks->open_args);
	buf_printf(out, "%s%s%s%s%s", luks->tpm2 ? " tpm2" : "", luks->console ? " console" : "", luks->recovery_key
		   ? " recovery" : "",
		   luks->allow_discards ? " discards" : "", luks->bypass_workqueues ? " no-queues" : "");
}

static void put_partition(struct buf *out, const struct recipe_partition *partition)
{
	buf_printf(out, "\n  %s %s %s", partition->name, partition->label, partition->type);
	put_number(out, "size", partition->size);
	put_number(out, "start", partition->start);
	put_number(out, "end", partition->end);
	put_number(out, "align", partition->alignment);
	if (partition->attributes)
		buf_printf(out, " bits=%" PRIx64, partition->attributes);
	if (partition->hybrid)
		buf_printf(out, " mbr=%x%s", partition->mbr_type, partition->mbr_active ? "*" : "");
	buf_printf(out, "%s%s:", partition->end_from_last ? " from-last" : "", partition->grow ? " grow" : "");
	put_content(out, &partition->content);
}

static void put_content(struct buf *out, const struct recipe_content *content)
{
	static const char *const types[] = {"none", "filesystem", "root", "swap", "btrfs", "luks", "pv", "md", "gpt"};

	buf_printf(out, " %s", types[content->type]);
	put_text(out, "format", content->format);
	put_text(out, "at", content->mountpoint);
	put_text(out, "name", content->name);
	put_words(out, "options", &content->mount_options);
	put_words(out, "args", &content->extra_args);
	if (content->type == CONTENT_SWAP)
		buf_printf(out, " %s%" PRId64 " %s", content->random_encryption ? "random " : "", content->priority,
			   content->discard ? content->discard : "-");
	for (size_t i = 0; i < content->n_subvolumes; i++) {
		buf_printf(out, "\n    @%s", content->subvolumes[i].name);
		put_text(out, "at", content->subvolumes[i].mountpoint);
		put_words(out, "options", &content->subvolumes[i].mount_options);
		put_words(out, "args", &content->subvolumes[i].extra_args);
	}
	if (content->type == CONTENT_LUKS) {
		put_luks(out, &content->luks);
		put_content(out, content->inner);
	}
	for (size_t i = 0; i < content->n_partitions; i++)
		put_partition(out, &content->partitions[i]);
}

static const char *layout_of(const struct recipe *recipe)
{
	_cleanup_buf_ struct buf out = {0};

	for (size_t i = 0; i < recipe->n_disks; i++) {
		buf_printf(&out, "%s %s %s:", recipe->disks[i].name, recipe->disks[i].role,
			   recipe->disks[i].serial ? recipe->disks[i].serial : "-");
		put_content(&out, &recipe->disks[i].content);
		buf_puts(&out, "\n");
	}
	for (size_t i = 0; i < recipe->n_vgs; i++)
		for (size_t v = 0; v < recipe->vgs[i].n_lvs; v++) {
			const struct recipe_lv *lv = &recipe->vgs[i].lvs[v];

			buf_printf(&out, "%s/%s %s", recipe->vgs[i].name, lv->name, lv->type);
			put_text(&out, "pool", lv->pool);
			put_number(&out, "size", lv->size);
			buf_printf(&out, " %" PRId64 "%%", lv->percent);
			put_words(&out, "args", &lv->extra_args);
			put_content(&out, &lv->content);
			buf_puts(&out, "\n");
		}
	for (size_t i = 0; i < recipe->n_arrays; i++) {
		buf_printf(&out, "%s level=%" PRId64 " %s", recipe->arrays[i].name, recipe->arrays[i].level,
			   recipe->arrays[i].metadata);
		put_words(&out, "args", &recipe->arrays[i].extra_args);
		put_content(&out, &recipe->arrays[i].content);
		buf_puts(&out, "\n");
	}
	for (size_t i = 0; i < recipe->n_nodevs; i++) {
		buf_printf(&out, "%s %s %s", recipe->nodevs[i].mountpoint, recipe->nodevs[i].type, recipe->nodevs[i].device);
		put_words(&out, "options", &recipe->nodevs[i].mount_options);
		buf_puts(&out, "\n");
	}
	return arena_strdup(scratch_arena(), out.data ? out.data : "");
}

/* --- words ----------------------------------------------------------------------------------------------------------- */

/* What one disk holds, and as what it is read. */
static const struct {
	const char *content, *read;
} contents[] = {
	{"type: filesystem, format: xfs, device: /dev/x, mountpoint: /srv, mountOptions: noatime, extraArgs: [-f]",
	 " filesystem format=xfs at=/srv options=noatime args=-f"},
	{"type: btrfs, mountpoint: /srv, subvolumes: { b: { mountpoint: /srv/b, mountOptions: [noatime], extraArgs: [-p] }, "
	 "/a/c: {}, /a: {} }",
	 " btrfs format=btrfs at=/srv\n    @a\n    @a/c\n    @b at=/srv/b options=noatime args=-p"},
	{"type: swap", " swap -1 -"},
	{"type: swap, randomEncryption: true, priority: 5, discardPolicy: both, extraArgs: [-L, a], mountOptions: nofail",
	 " swap options=nofail args=-L+a random 5 both"},
	{"type: luks, name: c, tpm2: true, initrdUnlock: false, content: { type: swap }",
	 " luks name=c tpm2 recovery swap -1 -"},
	{"type: luks, name: c, tpm2: { pcrs: [7, 11] }, recoveryKey: false, settings: { allowDiscards: true, bypassWorkqueues: "
	 "true },\n"
	 "  extraFormatArgs: --pbkdf=pbkdf2, extraOpenArgs: [--timeout, 10], content: { type: filesystem, format: ext4 }",
	 " luks name=c pcrs=7+11 format=--pbkdf=pbkdf2 open=--timeout+10 tpm2 discards no-queues filesystem format=ext4"},
	{"type: luks, name: c, tpm2: {}, content: { type: swap }", " luks name=c tpm2 recovery swap -1 -"},
	{"type: luks, name: c, tpm2: false, console: true, content: { type: swap }", " luks name=c console recovery swap -1 -"},
	{"type: luks, name: c, keyFile: /var/lib/k, content: { type: swap }",
	 " luks name=c file=/var/lib/k recovery swap -1 -"},
	{"type: gpt, partitions: { a: { size: 100%, content: { type: swap } }, b: { size: 1G }, c: { size: 2G, priority: 0, "
	 "label: x } }",
	 " gpt\n  b b 8300 size=1G: none\n  c x 8300 size=2G: none\n  a a 8200 grow: swap -1 -"},
	{"type: gpt, partitions: { a: { end: -0, content: { type: lvm_pv, vg: vg } } } } } }, lvm_vg: { vg: { lvs: { "
	 "v: { size: 1G }",
	 " gpt\n  a a E6D6D379-F507-44C2-A23C-238F2A3DF928 grow: pv name=vg"},
	{"type: gpt, partitions: { a: { start: 1M, end: 3M, attributes: [2, 63], alignment: 4096 }, "
	 "b: { size: 1G, alignment: 0, device: x } }",
	 " gpt\n  a a 8300 start=1M end=3M align=2M bits=8000000000000004: none\n  b b 8300 size=1G: none"},
	{"type: gpt, partitions: { a: { end: +1G, content: { type: swap, randomEncryption: true } } }",
	 " gpt\n  a a 8300 size=1G: swap random -1 -"},
};

START_TEST(a_disk_holds_what_is_written)
{
	const char *text = arena_printf(scratch_arena(), FROM "partitions: { disk: { x: { type: disk, device: /dev/x, content: "
					"{\n  %s } } } }\n",
					contents[_i].content);
	const struct recipe *recipe = recipes_load(text);
	_cleanup_buf_ struct buf out = {0};

	ck_assert_str_eq(recipe->disks[1].name, "x");
	ck_assert_str_eq(recipe->disks[1].role, "data");
	put_content(&out, &recipe->disks[1].content);
	ck_assert_str_eq(out.data, contents[_i].read);
}
END_TEST

START_TEST(the_disk_of_the_system_has_more_words)
{
	const struct recipe *recipe = recipes_load(
		FROM "partitions: { disk: { main: { imageSize: 8G, content: { partitions: {\n"
		     "  a: { priority: 5, end: -1G, hybrid: { mbrPartitionType: '0x0c', mbrBootableFlag: true } } } } } } }\n");
	const struct recipe_partition *last = &recipe->disks[0].content.partitions[4];
	_cleanup_buf_ struct buf out = {0};

	put_partition(&out, last);
	ck_assert_str_eq(out.data, "\n  a a 8300 end=1G mbr=c* from-last: none");
}
END_TEST

/* Groups, arrays and mounts without a device. */
START_TEST(what_is_made_of_several_is_in_the_order_of_making)
{
	const struct recipe *recipe = recipes_load(
		FROM "partitions: { disk: {\n" EMPTY
		     "  a: { content: { type: mdraid, name: md } }, b: { content: { type: mdraid, name: md } } },\n"
		     "  mdadm: { md: { type: mdadm, level: 1, metadata: 1, extraArgs: [--bitmap=none], "
		     "    content: { type: lvm_pv, vg: vg } } },\n"
		     "  lvm_vg: { vg: { type: lvm_vg, lvs: {\n"
		     "    rest: { size: 100%, content: { type: filesystem, format: ext4, mountpoint: /var } },\n"
		     "    thin: { size: 2G, lvm_type: thinlv, pool: pool, priority: 0 },\n"
		     "    half: { size: 50%FREE, extraArgs: [-Wn] },\n"
		     "    pool: { size: 1G, lvm_type: thin-pool, priority: 3 } } } },\n"
		     "  nodev: { /tmp: { type: nodev, fsType: tmpfs, mountOptions: size=1G },\n"
		     "    /srv/a: { fsType: none, device: /var/a, mountOptions: ['rbind,ro', bind] } } }\n");

	ck_assert_str_eq(strstr(layout_of(recipe), "\na state") + 1,
			 "a state a: md name=md\n"
			 "b state b: md name=md\n"
			 "vg/half linear 50% args=-Wn none\n"
			 "vg/pool thin-pool size=1G 0% none\n"
			 "vg/rest linear 100% filesystem format=ext4 at=/var\n"
			 "vg/thin thin pool=pool size=2G 0% none\n"
			 "md level=1 1.2 args=--bitmap=none pv name=vg\n"
			 "/tmp tmpfs tmpfs options=size=1G\n"
			 "/srv/a bind /var/a options=rbind+ro\n");
}
END_TEST

/* --- roles and serial numbers ---------------------------------------------------------------------------------------- */

static const struct {
	const char *disks, *others, *roles; /* NAME=ROLE/SERIAL */
} roles[] = {
	{"", "", "main=system/-"},
	{EMPTY "var: { content: { type: filesystem, format: ext4, mountpoint: /var } }", "", "main=system/- var=state/state"},
	{EMPTY "var: { serial: v, content: { type: filesystem, format: ext4, mountpoint: /var, mountOptions: [noatime] } }", "",
	 "main=system/- var=state/v"},
	{EMPTY "var: { content: { type: filesystem, format: xfs, mountpoint: /var } }", "", "main=system/- var=state/var"},
	{EMPTY "var: { serial: VAR, role: state, content: { type: btrfs, subvolumes: { '@var': { mountpoint: /var } } } }", "",
	 "main=system/- var=state/VAR"},
	{EMPTY "a: { content: { type: gpt, partitions: { p: { size: 100%, content: { type: luks, name: c, keyDisk: k, content: "
	 "{\n"
	       "  type: filesystem, format: ext4, mountpoint: /var } } } } } }, k: { role: key }", "",
	 "main=system/- a=state/a k=key/k"},
	{EMPTY "a: { content: { type: lvm_pv, vg: vg } }, b: { content: { type: luks, name: b, tpm2: true, content: { type: "
	 "lvm_pv, vg: vg } } },\n"
	       "c: { content: { type: swap } }",
	 "lvm_vg: { vg: { lvs: { v: { size: 100%, content: { type: filesystem, format: f2fs, mountpoint: /var } } } } }",
	 "main=system/- a=state/a b=state/b c=data/c"},
	{"d: { role: data, content: { type: gpt, partitions: {} } }", "", "main=system/- d=data/d"},
};

START_TEST(disks_have_the_role_of_what_is_on_them)
{
	const struct recipe *recipe = recipes_load(arena_printf(
		scratch_arena(), FROM "partitions: { disk: { %s },\n  %s }\n", roles[_i].disks, roles[_i].others));
	const char *text = "";

	for (size_t i = 0; i < recipe->n_disks; i++)
		text = arena_printf(scratch_arena(), "%s%s%s=%s/%s", text, i ? " " : "", recipe->disks[i].name,
				    recipe->disks[i].role,
				    recipe->disks[i].serial ? recipe->disks[i].serial : "-");
	ck_assert_str_eq(text, roles[_i].roles);
}
END_TEST

/* --- mounts ---------------------------------------------------------------------------------------------------------- */

START_TEST(all_mounts_are_known_and_whether_they_keep)
{
	const struct recipe *recipe = recipes_load(
		FROM "state: [/srv/a, /srv/kept]\n"
		     "partitions: { disk: { a: { content: { type: luks, name: c, tpm2: true, content: { type: btrfs,\n"
		     "  subvolumes: { '@a': { mountpoint: /srv/a } } } } } },\n"
		     "  nodev: { /srv/lost: { fsType: bind, device: /tmp/x }, /tmp: { fsType: tmpfs }, /srv/kept: { fsType: "
			     "bind, device: /home/x } } }\n");
	const char *text = "";

	for (size_t i = 0; i < recipe->n_mounts; i++)
		text = arena_printf(scratch_arena(), "%s%s: %s%s\n", text, recipe->mounts[i].mountpoint, recipe->mounts[i].what,
				    recipe->mounts[i].keeps ? ", keeps" : "");
	ck_assert_str_eq(text, "/var: the partition 'state', keeps\n"
			       "/srv/a: the subvolume '@a' of the encrypted volume 'c', keeps\n"
			       "/tmp: memory\n"
			       "/srv/lost: the folder '/tmp/x'\n"
			       "/srv/kept: the folder '/home/x', keeps\n");
}
END_TEST

LOOP_SUITE(layouts_contents, a_disk_holds_what_is_written, sizeof contents / sizeof *contents)
LOOP_SUITE(layouts_roles, disks_have_the_role_of_what_is_on_them, sizeof roles / sizeof *roles)
SUITE(layouts, the_disk_of_the_system_has_more_words, what_is_made_of_several_is_in_the_order_of_making,
      all_mounts_are_known_and_whether_they_keep)

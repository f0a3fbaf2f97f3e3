/* What of a machine is otherwise than its recipe says, one thing at a time. */
#include "suite.h"

#include <string.h>

#include "fleet/proxmox/settings.h"
#include "recipes.h"
#include "scratch.h"

#define NEEDED "node: n, images: local, storage: local"
#define TWO_DISKS                                                                                                              \
	"from: base.recipe\npartitions: { disk: { main: { content: { partitions: !remove [state] } },\n"                       \
	"  state: { role: state, content: { type: filesystem, format: ext4, mountpoint: /var } } } }\n"

/* A machine that is as its recipe says, but for a row's part. */
#define VM_JSON                                                                                                                \
	"\"cores\":1,\"memory\":\"1024\",\"cpu\":\"host\",\"agent\":\"enabled=1\",\"onboot\":1,\"tags\":\"aether\","           \
	"\"boot\":\"order=scsi0\",\"scsi0\":\"local:200/a.qcow2,size=1667M\",\"scsi1\":\"local:200/"                           \
	"b.raw,serial=state,size=8G\""
#define LXC_JSON                                                                                                               \
	"\"cores\":1,\"memory\":1024,\"swap\":0,\"onboot\":1,\"tags\":\"aether\",\"rootfs\":\"local:1/a.raw,size=8G\","        \
	"\"mp0\":\"local:1/b.raw,mp=/srv,size=4G\",\"mp1\":\"local:1/c.raw,mp=/var/lib/aether,size=4G\""

/* "KIND KEY: WAS -> VALUE" of each change, one a line. */
static const char *told(const struct settings_change *changes, size_t n)
{
	static const char *const kinds[] = {"set", "grow", "add", "kept"};
	const char *text = "";

	for (size_t i = 0; i < n; i++)
		text = arena_printf(scratch_arena(), "%s%s %s: %s -> %s%s\n", text, kinds[changes[i].kind], changes[i].key,
				    changes[i].was ? changes[i].was : "-", changes[i].value,
				    changes[i].gib ? arena_printf(scratch_arena(), " (%ju)", (uintmax_t)changes[i].gib) : "");
	return text;
}

/* The configuration above with what a row says instead; null: without that key. */
static struct config config_of(bool container, const char *json)
{
	const char *base = container ? "{" LXC_JSON "}" : "{" VM_JSON "}";
	_cleanup_jval_ struct jval *all = NULL, *instead = NULL;
	struct err err = {0};
	struct strv keys;

	json = arena_printf(scratch_arena(), "{%s}", json);
	ck_assert_int_eq(jval_read("the test", base, strlen(base), &all, &err), 0);
	ck_assert_msg(jval_read("the row", json, strlen(json), &instead, &err) == 0, "%s", json);
	keys = jval_keys(scratch_arena(), instead);
	for (size_t i = 0; i < keys.count; i++)
		jval_set(all, keys.items[i], jval_take(instead, keys.items[i]));
	return config_read(scratch_arena(), all);
}

static void check(const struct recipe *recipe, bool container, const char *json, const char *changes)
{
	struct config config = config_of(container, json);
	struct settings_change *is;
	size_t n;

	is = settings_compare(scratch_arena(), &recipe->proxmox, container, &config, &n);
	ck_assert_str_eq(told(is, n), changes);
}

static const struct row {
	const char *words, *json, *changes;
} vms[] = {
	{"", "", ""},
	/* how it is written is no difference */
	{"", "\"agent\":1", ""},
	{"", "\"agent\":\"1\",\"memory\":1024,\"onboot\":true", ""},
	{"", "\"agent\":\"enabled=1,fstrim_cloned_disks=1,type=virtio\"", ""},
	{"", "\"cpu\":\"cputype=host,flags=+aes\",\"memory\":\"current=1024\"", ""},
	{"agent: false", "\"agent\":0", ""},
	{"agent: false", "\"agent\":null", ""},
	{"onboot: false, memory: 512M", "\"onboot\":null,\"memory\":null,\"cores\":null", ""},
	{"order: 3", "\"startup\":\"order=3,up=30\"", ""},
	{"tags: [b, a]", "\"tags\":\"a;aether;b\"", ""},
	{"tags: [b, a]", "\"tags\":\"z,b a aether\"", ""},
	{"", "\"startup\":\"order=3\",\"protection\":1,\"nameserver\":\"1.1.1.1\",\"numa\":1", ""}, /* not the recipe's */
	{"nics: [{ bridge: vmbr0 }]", "\"net0\":\"bridge=vmbr0,virtio=BC:24:11:00:00:01,firewall=0,link_down=0\"", ""},
	{"nics: [{ bridge: vmbr0 }]", "\"net0\":\"virtio=BC:24:11:00:00:01,bridge=vmbr0,queues=2,rate=10\"", ""},
	{"nics: [{ bridge: vmbr0, mac: 'bc:24:11:00:0a:01' }]", "\"net0\":\"virtio=bc:24:11:00:0a:01,bridge=vmbr0\"", ""},
	{"nics: [{ bridge: vmbr0, address: dhcp }]",
	 "\"net0\":\"virtio=BC:24:11:00:00:01,bridge=vmbr0\",\"ipconfig0\":\"ip=dhcp\"", ""},
	/* keys */
	{"cores: 4", "", "set cores: 1 -> 4\n"},
	{"memory: 2G", "", "set memory: 1024 -> 2048\n"},
	{"cpu: x86-64-v2-AES", "\"cpu\":\"host,flags=+aes\"", "set cpu: host,flags=+aes -> x86-64-v2-AES,flags=+aes\n"},
	{"", "\"cpu\":null", "set cpu: - -> host\n"},
	{"", "\"agent\":\"0,fstrim_cloned_disks=1\"",
	 "set agent: 0,fstrim_cloned_disks=1 -> enabled=1,fstrim_cloned_disks=1\n"},
	{"", "\"agent\":\"enabled=0\"", "set agent: enabled=0 -> enabled=1\n"},
	{"", "\"agent\":null", "set agent: - -> enabled=1\n"},
	{"onboot: false", "", "set onboot: 1 -> 0\n"},
	{"", "\"onboot\":null", "set onboot: - -> 1\n"},
	{"order: 3", "", "set startup: - -> order=3\n"},
	{"order: 3", "\"startup\":\"order=2,up=30\"", "set startup: order=2,up=30 -> order=3,up=30\n"},
	{"order: 3", "\"startup\":\"up=30\"", "set startup: up=30 -> order=3,up=30\n"},
	{"protection: true", "", "set protection: - -> 1\n"},
	{"nameservers: [10.0.0.1, 'fd00::1'], searchDomain: a.example", "\"nameserver\":\"10.0.0.1\"",
	 "set nameserver: 10.0.0.1 -> 10.0.0.1 fd00::1\nset searchdomain: - -> a.example\n"},
	{"tags: [b, a]", "\"tags\":\"z;b\"", "set tags: z;b -> a;aether;b;z\n"},
	{"", "\"tags\":null", "set tags: - -> aether\n"},
	{"tags: [b]", "\"tags\":\"\"", "set tags:  -> aether;b\n"},
	/* cards: the address that it has stays */
	{"nics: [{ bridge: vmbr0 }]", "", "set net0: - -> virtio,bridge=vmbr0\n"},
	{"nics: [{ bridge: vmbr1, vlan: 7 }]", "\"net0\":\"virtio=BC:24:11:00:00:01,bridge=vmbr0\"",
	 "set net0: virtio=BC:24:11:00:00:01,bridge=vmbr0 -> virtio=BC:24:11:00:00:01,bridge=vmbr1,tag=7\n"},
	{"nics: [{ bridge: vmbr1 }]", "\"net0\":\"virtio=BC:24:11:00:00:01,bridge=vmbr0,rate=10\"",
	 "set net0: virtio=BC:24:11:00:00:01,bridge=vmbr0,rate=10 -> virtio=BC:24:11:00:00:01,bridge=vmbr1,rate=10\n"},
	{"nics: [{ bridge: vmbr0 }]", "\"net0\":\"e1000=BC:24:11:00:00:01,bridge=vmbr0\"",
	 "set net0: e1000=BC:24:11:00:00:01,bridge=vmbr0 -> virtio=BC:24:11:00:00:01,bridge=vmbr0\n"},
	{"nics: [{ bridge: vmbr0, mac: 'BC:24:11:00:00:02' }]", "\"net0\":\"virtio=BC:24:11:00:00:01,bridge=vmbr0\"",
	 "set net0: virtio=BC:24:11:00:00:01,bridge=vmbr0 -> virtio=BC:24:11:00:00:02,bridge=vmbr0\n"},
	{"nics: [{ bridge: vmbr0, firewall: true }]", "\"net0\":\"virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=0\"",
	 "set net0: virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=0 -> virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1\n"},
	{"nics: [{ bridge: vmbr0, address: 10.0.0.2/24 }]",
	 "\"net0\":\"virtio=BC:24:11:00:00:01,bridge=vmbr0\",\"ipconfig0\":\"ip=dhcp\"",
	 "set ipconfig0: ip=dhcp -> ip=10.0.0.2/24\n"},
	{"", "\"net1\":\"virtio=BC:24:11:00:00:01,bridge=vmbr0\"",
	 "kept net1: virtio=BC:24:11:00:00:01,bridge=vmbr0 -> the recipe has no such card\n"},
	/* disks */
	{"disks: { system: { size: 2G } }", "", "grow scsi0: 1667M -> 2G (2)\n"},
	{"disks: { state: { size: 128G } }", "", "grow scsi1: 8G -> 128G (128)\n"},
	{"disks: { state: { size: 4G } }", "", "kept scsi1: 8G -> disks do not become smaller: the recipe says 4G\n"},
	{"disks: { state: { size: 1T } }", "\"scsi1\":\"local:200/b.raw,serial=state,size=1024G\"", ""},
	{"disks: { state: { size: 9G } }", "\"scsi1\":\"local:200/b.raw,serial=state\"", ""}, /* nothing is known */
	{"disks: { state: { size: 9G } }", "\"scsi1\":null,\"virtio3\":\"local:200/b.raw,size=8G\"",
	 "grow virtio3: 8G -> 9G (9)\n"},
	{"", "\"scsi1\":null", "add scsi1: - -> local:8,iothread=1,discard=on,serial=state\n"},
	{"disks: { data: { size: 2G }, more: { size: 3G, storage: ceph } }", "",
	 "add scsi2: - -> local:2,iothread=1,discard=on,serial=data\nadd scsi3: - -> "
	 "ceph:3,iothread=1,discard=on,serial=more\n"},
	{"disks: { data: { size: 2G }, more: { size: 3G } }", "\"scsi2\":\"local:200/c.raw,serial=more,size=1G\"",
	 "add scsi3: - -> local:2,iothread=1,discard=on,serial=data\ngrow scsi2: 1G -> 3G (3)\n"},
	{"disks: { data: { size: 2G } }",
	 "\"scsi1\":\"local:200/b.raw,size=8G\",\"scsi2\":\"local:200/c.raw,serial=data,size=2G\"", ""},
	{"", "\"scsi1\":\"local:200/c.raw,serial=data,size=1G\"",
	 "add scsi2: - -> local:8,iothread=1,discard=on,serial=state\n"},
};

START_TEST(of_a_virtual_machine_this_differs)
{
	const struct row *row = &vms[_i];

	check(recipes_load(arena_printf(scratch_arena(), TWO_DISKS "proxmox: { " NEEDED ", vmid: 200, %s }\n", row->words)),
	      false, row->json, row->changes);
}
END_TEST

static const struct row containers[] = {
	{"", "", ""},
	{"", "\"cores\":null", "set cores: - -> 1\n"}, /* it has all of them */
	{"swap: 512M", "\"swap\":null", ""},
	{"", "\"swap\":null", "set swap: - -> 0\n"},
	{"memory: 512M", "\"memory\":null", ""},
	{"rootfs: 9G", "", "grow rootfs: 8G -> 9G (9)\n"},
	{"rootfs: 2G", "", "kept rootfs: 8G -> disks do not become smaller: the recipe says 2G\n"},
	{"mounts: { /srv: { size: 8G } }", "", "grow mp0: 4G -> 8G (8)\n"},
	{"mounts: { /opt: { size: 1G }, /mnt: { size: 2G, backup: false } }", "",
	 "add mp2: - -> local:1,mp=/opt,backup=1\nadd mp3: - -> local:2,mp=/mnt,backup=0\n"},
	{"", "\"mp0\":null", "add mp0: - -> local:4,mp=/srv,backup=1\n"},
	{"nics: [{ bridge: vmbr0, address: dhcp }]",
	 "\"net0\":\"name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:01,ip=dhcp,ip6=manual,type=veth\"", ""},
	{"nics: [{ bridge: vmbr1, address: dhcp }]",
	 "\"net0\":\"name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:01,ip=dhcp,type=veth\"",
	 "set net0: name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:01,ip=dhcp,type=veth -> "
	 "name=eth0,bridge=vmbr1,hwaddr=BC:24:11:00:00:01,ip=dhcp,type=veth\n"},
};

START_TEST(of_a_container_this_differs)
{
	const struct row *row = &containers[_i];

	check(recipes_load_container(
		      arena_printf(scratch_arena(), "state: [/srv]\nproxmox: { " NEEDED ", vmid: 200, %s }\n", row->words)),
	      true, row->json, row->changes);
}
END_TEST

LOOP_SUITE(proxmox_compare_vms, of_a_virtual_machine_this_differs, sizeof vms / sizeof *vms)
LOOP_SUITE(proxmox_compare_containers, of_a_container_this_differs, sizeof containers / sizeof *containers)

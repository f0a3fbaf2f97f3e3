/* What a machine of a recipe is made with, to the letter, and that Proxmox's answer to that is no change. */
#include "suite.h"

#include <string.h>

#include "fleet/proxmox/settings.h"
#include "proxmoxes.h"
#include "recipes.h"
#include "scratch.h"

#define NEEDED "node: n, images: local, storage: local"
#define TWO_DISKS                                                                                                              \
	"from: base.recipe\npartitions: { disk: { main: { content: { partitions: !remove [state] } },\n"                       \
	"  state: { role: state, content: { type: filesystem, format: ext4, mountpoint: /var } } } }\n"
#define VM TWO_DISKS "proxmox: { " NEEDED ", vmid: 200"
#define NICS                                                                                                                  \
	"nics: [{ bridge: vmbr0, address: 10.9.9.200/24, gateway: 10.9.9.1, address6: 'fd09::200/64', gateway6: 'fd09::1' },"  \
	"  { bridge: vmbr0, address: dhcp, address6: auto }],\n"                                                            \
	"  nameservers: [10.9.9.1, 'fd09::1'], searchDomain: home.example"
#define LXC "state: [/var/lib/unbound]\nproxmox: { " NEEDED ", vmid: 1027"

/* "name=value" of each field, one a line. */
static const char *lines_of(const struct form *form)
{
	const char *text = "";

	for (size_t i = 0; i < form->n_fields; i++)
		text = arena_printf(scratch_arena(), "%s%s=%s\n", text, form->fields[i].name, form->fields[i].value);
	return text;
}

/* --- virtual machines --------------------------------------------------------------------------------------------------- */

#define BEGIN(bios)                                                                                                            \
	"vmid=200\nname=gateway\ntags=aether\ndescription=a mark\nostype=l26\n" bios "scsihw=virtio-scsi-single\n"             \
	"serial0=socket\n"
#define DISKS                                                                                                                  \
	"scsi0=local:0,import-from=local:import/a.qcow2,iothread=1,discard=on\n"                                               \
	"scsi1=local:8,iothread=1,discard=on,serial=state\nboot=order=scsi0\n"

static const struct {
	const char *words, *form;
} vms[] = {
	{"", BEGIN("bios=seabios\n") "cores=1\nmemory=1024\ncpu=host\nagent=enabled=1\nonboot=1\n" DISKS},
	{"cores: 4, memory: 1.5G, cpu: x86-64-v2-AES, agent: false, onboot: false, order: 3, protection: true",
	 BEGIN("bios=seabios\n") "cores=4\nmemory=1536\ncpu=x86-64-v2-AES\nagent=enabled=0\nonboot=0\nstartup=order=3\n"
				 "protection=1\n" DISKS},
	{"bios: ovmf, machine: q35",
	 BEGIN("bios=ovmf\nmachine=q35\nefidisk0=local:1,efitype=4m,pre-enrolled-keys=0\n") "cores=1\nmemory=1024\ncpu="
											    "host\nagent=enabled=1\nonboot="
											    "1\n" DISKS},
	{"disks: { system: { size: 8G, discard: false }, state: { size: 128G, storage: ceph, ssd: true, backup: false },\n"
	 "  data: { size: 1T, serial: WD.1 } }",
	 BEGIN("bios=seabios\n") "cores=1\nmemory=1024\ncpu=host\nagent=enabled=1\nonboot=1\n"
				 "scsi0=local:0,import-from=local:import/a.qcow2,iothread=1\n"
				 "scsi1=ceph:128,iothread=1,discard=on,ssd=1,backup=0,serial=state\n"
				 "scsi2=local:1024,iothread=1,discard=on,serial=WD.1\nboot=order=scsi0\n"},
	{NICS, BEGIN("bios=seabios\n") "cores=1\nmemory=1024\ncpu=host\nagent=enabled=1\nnameserver=10.9.9.1 fd09::1\n"
				       "searchdomain=home.example\nonboot=1\n" DISKS
				       "net0=virtio,bridge=vmbr0\nipconfig0=ip=10.9.9.200/24,gw=10.9.9.1,ip6=fd09::200/"
				       "64,gw6=fd09::1\n"
				       "net1=virtio,bridge=vmbr0\nipconfig1=ip=dhcp,ip6=auto\nide2=local:cloudinit\n"},
	{"nics: [{ bridge: vmbr1, vlan: 7, mac: 'bc:24:11:00:0a:01', firewall: true, mtu: 9000 }]",
	 BEGIN("bios=seabios\n") "cores=1\nmemory=1024\ncpu=host\nagent=enabled=1\nonboot=1\n" DISKS
				 "net0=virtio=BC:24:11:00:0A:01,bridge=vmbr1,tag=7,firewall=1,mtu=9000\n"},
	{"nics: [{ bridge: vmbr1 }, { bridge: vmbr2, address6: 'fd00::2/64' }]",
	 BEGIN("bios=seabios\n") "cores=1\nmemory=1024\ncpu=host\nagent=enabled=1\nonboot=1\n" DISKS
				 "net0=virtio,bridge=vmbr1\nnet1=virtio,bridge=vmbr2\nipconfig1=ip6=fd00::2/"
				 "64\nide2=local:cloudinit\n"},
};

START_TEST(a_virtual_machine_is_made_so)
{
	const struct recipe *recipe = recipes_load(arena_printf(scratch_arena(), VM ", %s }\n", vms[_i].words));
	struct form form = settings_of_vm(scratch_arena(), &recipe->proxmox, "gateway", "local:import/a.qcow2", "a mark");

	ck_assert_str_eq(lines_of(&form), vms[_i].form);
}
END_TEST

START_TEST(a_pool_tags_and_one_disk)
{
	const struct recipe *recipe =
		recipes_load("from: base.recipe\nproxmox: { " NEEDED ", vmid: 200, pool: a/b, tags: [web, a+b] }\n");
	struct form form = settings_of_vm(scratch_arena(), &recipe->proxmox, "gateway", "local:import/a.qcow2", NULL);
	const char *lines = lines_of(&form);

	ck_assert_ptr_nonnull(strstr(lines, "tags=a+b;aether;web\npool=a/b\nostype=l26\n"));
	ck_assert_ptr_null(strstr(lines, "description="));
	ck_assert_ptr_null(strstr(lines, "scsi1="));
}
END_TEST

/* --- containers --------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *words, *form;
} containers[] = {
	{"",
	 "vmid=1027\nhostname=resolver\ntags=aether\ndescription=a mark\nostemplate=local:vztmpl/r.tar.zst\nunprivileged=1\n"
	 "features=nesting=1\nrootfs=local:8\ncores=1\nmemory=1024\nswap=0\nonboot=1\n"
	 "mp0=local:4,mp=/var/lib/unbound,backup=1\nmp1=local:4,mp=/var/lib/aether,backup=1\n"},
	{"nesting: false, rootfs: 2G, memory: 512M, swap: 1G, onboot: false, order: 2,\n"
	 "  mounts: { /var/lib/unbound: { size: 1T, storage: ceph, backup: false } }",
	 "vmid=1027\nhostname=resolver\ntags=aether\ndescription=a mark\nostemplate=local:vztmpl/r.tar.zst\nunprivileged=1\n"
	 "rootfs=local:2\ncores=1\nmemory=512\nswap=1024\nonboot=0\nstartup=order=2\n"
	 "mp0=ceph:1024,mp=/var/lib/unbound,backup=0\nmp1=local:4,mp=/var/lib/aether,backup=1\n"},
	{"nics: [{ bridge: vmbr0, vlan: 7, firewall: true, mtu: 1400, mac: 'bc:24:11:00:0a:01', address: 10.9.9.27/24,\n"
	 "  gateway: 10.9.9.1, address6: 'fd09::27/64', gateway6: 'fd09::1' }, { bridge: vmbr1, address: dhcp }]",
	 "vmid=1027\nhostname=resolver\ntags=aether\ndescription=a mark\nostemplate=local:vztmpl/r.tar.zst\nunprivileged=1\n"
	 "features=nesting=1\nrootfs=local:8\ncores=1\nmemory=1024\nswap=0\nonboot=1\n"
	 "mp0=local:4,mp=/var/lib/unbound,backup=1\nmp1=local:4,mp=/var/lib/aether,backup=1\n"
	 "net0=name=eth0,bridge=vmbr0,tag=7,firewall=1,mtu=1400,hwaddr=BC:24:11:00:0A:01,ip=10.9.9.27/24,gw=10.9.9.1,"
	 "ip6=fd09::27/64,gw6=fd09::1,type=veth\nnet1=name=eth1,bridge=vmbr1,ip=dhcp,type=veth\n"},
};

START_TEST(a_container_is_made_so)
{
	const struct recipe *recipe =
		recipes_load_container(arena_printf(scratch_arena(), LXC ", %s }\n", containers[_i].words));
	struct form form =
		settings_of_container(scratch_arena(), &recipe->proxmox, "resolver", "local:vztmpl/r.tar.zst", "a mark");

	ck_assert_str_eq(lines_of(&form), containers[_i].form);
}
END_TEST

/* --- right after ---------------------------------------------------------------------------------------------------------- */

/* What Proxmox VE 9.2 answered, right after such a machine was made. */
static const struct {
	const char *words;
	bool container;
	const char *json;
} answers[] = {
	{VM ", tags: gen-1, disks: { state: { size: 1G } }, " NICS " }\n", false,
	 "{\"ostype\":\"l26\",\"cipassword\":\"**********\",\"vga\":\"serial0\",\"boot\":\"order=scsi0\",\"cores\":1,"
	 "\"smbios1\":\"uuid=e3271617-bbf8-4809-8346-9bd680f570db\","
	 "\"scsi0\":\"local:200/vm-200-disk-0.qcow2,discard=on,iothread=1,size=1667M,ssd=1\","
	 "\"meta\":\"creation-qemu=7.2.22,ctime=1795667093\",\"name\":\"gateway\","
	 "\"ipconfig0\":\"ip=10.9.9.200/24,gw=10.9.9.1,ip6=fd09::200/64,gw6=fd09::1\","
	 "\"scsi1\":\"local:200/vm-200-disk-1.raw,size=1G\",\"net1\":\"virtio=BC:24:11:8F:D1:BD,bridge=vmbr0\","
	 "\"cpu\":\"host\",\"ide2\":\"local:200/vm-200-cloudinit.qcow2,media=cdrom\",\"tags\":\"aether;gen-1\","
	 "\"net0\":\"virtio=BC:24:11:E1:73:24,bridge=vmbr0\",\"serial0\":\"socket\",\"searchdomain\":\"home.example\","
	 "\"kvm\":0,\"description\":\"aether generation 1\",\"memory\":\"1024\",\"scsihw\":\"virtio-scsi-single\","
	 "\"onboot\":1,\"agent\":\"enabled=1\",\"ipconfig1\":\"ip=dhcp,ip6=auto\","
	 "\"digest\":\"0635b03fd4567016d301296a201740045890e36a\",\"nameserver\":\"10.9.9.1 fd09::1\",\"ciuser\":\"ops\"}"},
	{"state: [/var/lib/unbound]\nproxmox: { " NEEDED ", vmid: 1027, memory: 512M, rootfs: 4G, order: 2, tags: gen-1,\n"
	 "  mounts: { /var/lib/aether: { size: 1G }, /var/lib/unbound: { size: 1G } },\n"
	 "  nameservers: [10.9.9.1, 'fd09::1'], searchDomain: home.example, nics: [{ bridge: vmbr0, address: 10.9.9.27/24,\n"
	 "  gateway: 10.9.9.1, address6: 'fd09::27/64', gateway6: 'fd09::1' }, { bridge: vmbr0, address: dhcp, address6: auto "
	 "},\n"
	 "  { bridge: vmbr0, address6: dhcp }] }\n",
	 true,
	 "{\"net2\":\"name=eth2,bridge=vmbr0,hwaddr=BC:24:11:99:CF:E5,ip=manual,ip6=dhcp,type=veth\","
	 "\"mp1\":\"local:1027/vm-1027-disk-2.raw,mp=/var/lib/unbound,backup=1,size=1G\",\"timezone\":\"Europe/Zurich\","
	 "\"net0\":\"name=eth0,bridge=vmbr0,gw=10.9.9.1,gw6=fd09::1,hwaddr=BC:24:11:86:E3:16,ip=10.9.9.27/24,"
	 "ip6=fd09::27/64,type=veth\",\"tags\":\"aether;gen-1\",\"digest\":\"cc9bb5bb82755b25152240f561602fd671f67f76\","
	 "\"arch\":\"amd64\",\"startup\":\"order=2\","
	 "\"net1\":\"name=eth1,bridge=vmbr0,hwaddr=BC:24:11:4D:2C:34,ip=dhcp,ip6=auto,type=veth\","
	 "\"features\":\"nesting=1\",\"ostype\":\"debian\",\"description\":\"aether\\n\",\"searchdomain\":\"home.example\","
	 "\"cores\":1,\"unprivileged\":1,\"rootfs\":\"local:1027/vm-1027-disk-0.raw,size=4G\","
	 "\"mp0\":\"local:1027/vm-1027-disk-1.raw,mp=/var/lib/aether,backup=1,size=1G\",\"hostname\":\"resolver\","
	 "\"memory\":512,\"nameserver\":\"10.9.9.1 fd09::1\",\"onboot\":1,\"swap\":0}"},
};

START_TEST(what_was_just_made_is_as_the_recipe_says)
{
	const struct recipe *recipe =
		answers[_i].container ? recipes_load_container(answers[_i].words) : recipes_load(answers[_i].words);
	struct config config = proxmoxes_config(answers[_i].json);
	struct settings_change *changes;
	size_t n;

	changes = settings_compare(scratch_arena(), &recipe->proxmox, answers[_i].container, &config, &n);
	ck_assert_msg(n == 0, "%s: %s, not %s", changes[0].key, changes[0].was, changes[0].value);
}
END_TEST

SUITE(proxmox_pool, a_pool_tags_and_one_disk)
LOOP_SUITE(proxmox_vms, a_virtual_machine_is_made_so, sizeof vms / sizeof *vms)
LOOP_SUITE(proxmox_containers, a_container_is_made_so, sizeof containers / sizeof *containers)
LOOP_SUITE(proxmox_answers, what_was_just_made_is_as_the_recipe_says, sizeof answers / sizeof *answers)

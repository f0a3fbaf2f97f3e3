/* What a machine's description and configuration say: the mark of a generation, drives, what is pending. */
#include "suite.h"

#include <string.h>

#include "fleet/proxmox/drive.h"
#include "fleet/proxmox/mark.h"
#include "proxmoxes.h"
#include "scratch.h"

#define MARK "<!-- aether {\"name\":\"gateway\",\"generation\":7,\"root_hash\":\"ab12\",\"volume\":\"local:200/a.qcow2\"} -->"

static const struct mark sample = {
	.name = "gateway",
	.now = {7, "ab12", "local:200/a.qcow2"},
	.previous = {0, "", ""},
	.deploy = "",
	.by = "",
};

static void check_mark(const struct mark *is, const struct mark *expected)
{
	ck_assert_str_eq(is->name, expected->name);
	ck_assert_uint_eq(is->now.number, expected->now.number);
	ck_assert_str_eq(is->now.root_hash, expected->now.root_hash);
	ck_assert_str_eq(is->now.volume, expected->now.volume);
	ck_assert_uint_eq(is->previous.number, expected->previous.number);
	ck_assert_str_eq(is->previous.root_hash, expected->previous.root_hash);
	ck_assert_str_eq(is->previous.volume, expected->previous.volume);
	ck_assert_str_eq(is->deploy, expected->deploy);
	ck_assert_str_eq(is->by, expected->by);
	ck_assert_int_eq(is->since, expected->since);
	ck_assert_uint_eq(is->waits.count, expected->waits.count);
	for (size_t i = 0; i < is->waits.count; i++)
		ck_assert_str_eq(is->waits.items[i], expected->waits.items[i]);
}

/* --- the mark --------------------------------------------------------------------------------------------------------- */

/* What stands around a mark, and what is there after one was written. */
static const struct {
	const char *before, *after;
} descriptions[] = {
	{NULL, MARK},
	{"", MARK},
	{"Ask Ann first.", "Ask Ann first.\n\n" MARK},
	{"Ask Ann first.\n", "Ask Ann first.\n\n" MARK},
	{"<!-- aether {} -->", MARK},
	{"a\n<!-- aether {\"name\":\"x\"} -->\nb\n", "a\n" MARK "\nb\n"},
	{"a <!-- aether {no JSON} --> b", "a " MARK " b"},
	{"<!-- aether-like {} -->", "<!-- aether-like {} -->\n\n" MARK},
	{"unclosed: <!-- aether {", "unclosed: <!-- aether {\n\n" MARK},
	{"the end alone: } -->", "the end alone: } -->\n\n" MARK},
	{"unclosed: <!-- aether { and <!-- aether {\"name\":\"x\"} --> b", "unclosed: <!-- aether { and " MARK " b"},
	{"*\xc3\xa4* <b>&amp;</b> %s %n", "*\xc3\xa4* <b>&amp;</b> %s %n\n\n" MARK},
};

START_TEST(what_else_a_description_says_stays)
{
	const char *text = mark_write(scratch_arena(), descriptions[_i].before, &sample);
	struct mark mark = mark_read(scratch_arena(), text);

	ck_assert_str_eq(text, descriptions[_i].after);
	check_mark(&mark, &sample);
	ck_assert_str_eq(mark_write(scratch_arena(), text, &sample), text);
}
END_TEST

static const char *const hostile[] = {
	"plain", "\"", "\\", "{", "}", "} -->", "<!-- aether {", "<!-- aether {} -->", "-->", "--\xc3\xa4", "%s%n", "&<>'",
};

START_TEST(a_mark_says_again_what_it_was_told)
{
	const char *waits[] = {"cores", hostile[_i]};
	const struct mark mark = {
		.name = hostile[_i],
		.now = {1000000000, hostile[_i], "x"},
		.previous = {6, "cd34", hostile[_i]},
		.deploy = "20261128T060000-1",
		.by = hostile[_i],
		.since = INT64_C(1795667093),
		.waits = {waits, 2},
	};
	const char *text = mark_write(scratch_arena(), "before", &mark);
	struct mark again = mark_read(scratch_arena(), text);

	check_mark(&again, &mark);
	text = mark_write(scratch_arena(), text, &sample);
	ck_assert_str_eq(text, "before\n\n" MARK);
}
END_TEST

/* Nobody of us would say it so. */
static const char *const strange[] = {
	NULL,
	"",
	"a description",
	"<!-- aether {",
	"<!-- aether {} ->",
	"<!-- aether {no JSON} -->",
	"<!-- aether {\"name\":1,\"generation\":\"7\",\"root_hash\":{},\"volume\":[],\"previous\":[]} -->",
	"<!-- aether {\"deploy\":5,\"waits\":[5]} -->",
	"<!-- aether {\"generation\":-1} -->",
	"<!-- aether {\"generation\":1000000001,\"deploy\":{\"since\":-5}} -->",
	"<!-- aether {\"generation\":1.5,\"previous\":{\"generation\":1e3}} -->",
};

START_TEST(a_strange_mark_is_none)
{
	static const struct mark nothing = {"", {0, "", ""}, {0, "", ""}, "", "", "", 0, {0}};
	struct mark mark = mark_read(scratch_arena(), strange[_i]);

	check_mark(&mark, &nothing);
}
END_TEST

START_TEST(control_signs_of_a_mark_are_not_passed_on)
{
	struct mark mark = mark_read(scratch_arena(), "<!-- aether {\"name\":\"a\\u001b[31mb\\n\"} -->");

	ck_assert_str_eq(mark.name, "a [31mb ");
}
END_TEST

/* --- drives ----------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *text, *volid, *size, *printed;
} drives[] = {
	{"local:200/a.qcow2,discard=on,iothread=1,size=4G", "local:200/a.qcow2", "4G", "new,discard=on,iothread=1"},
	{"file=local-lvm:vm-1-disk-0,size=8G,serial=state", "local-lvm:vm-1-disk-0", "8G", "new,serial=state"},
	{"discard=on,file=local-lvm:vm-1-disk-0", "local-lvm:vm-1-disk-0", NULL, "new,discard=on"},
	{"volume=local:1/a.raw,mp=/srv,backup=1,size=1G", "local:1/a.raw", "1G", "new,mp=/srv,backup=1"},
	{"none,media=cdrom", "none", NULL, "new"},
	{"local:0,import-from=local:import/a.qcow2,format=raw", "local:0", NULL, "new"},
	{"local:1/a.raw", "local:1/a.raw", NULL, "new"},
	{"local:1/a.raw,,size=,", "local:1/a.raw", "", "new"},
	{"virtio=BC:24:11:00:00:01,bridge=vmbr0", "", NULL, "new,virtio=BC:24:11:00:00:01,bridge=vmbr0"},
	{"local:1/a.raw,sizes=1,resize=2", "local:1/a.raw", NULL, "new,sizes=1,resize=2"},
	{"", "", NULL, "new"},
	{",", "", NULL, "new"},
};

START_TEST(a_drive_is_taken_apart_and_said_again)
{
	struct drive drive = drive_parse(scratch_arena(), drives[_i].text);

	ck_assert_str_eq(drive.volid, drives[_i].volid);
	ck_assert_pstr_eq(drive_option(&drive, "size"), drives[_i].size);
	ck_assert_str_eq(drive_print(scratch_arena(), "new", &drive), drives[_i].printed);
}
END_TEST

#define SYSTEM "\"scsi0\":\"local:200/vm-200-disk-0.qcow2,size=1667M\""
#define STATE "\"scsi1\":\"local:200/vm-200-disk-1.raw,serial=state,size=8G\""
#define SEED "\"ide2\":\"local:200/vm-200-cloudinit.qcow2,media=cdrom\""

/* A configuration, and which of its disks is the system's, which the state's. */
static const struct {
	const char *json, *system, *state;
} machines[] = {
	{"{\"boot\":\"order=scsi0\"," SYSTEM "," STATE "," SEED "}", "scsi0", "scsi1"},
	{"{\"boot\":\"order=net0;ide2;scsi0\",\"net0\":\"virtio\"," SYSTEM "," SEED "}", "scsi0", NULL},
	{"{\"bootdisk\":\"virtio0\",\"virtio0\":\"local-lvm:vm-1-disk-0,size=8G\"," STATE "}", "virtio0", "scsi1"},
	{"{\"boot\":\"c\",\"bootdisk\":\"scsi0\"," SYSTEM ",\"sata0\":\"local:1/b.raw\"}", "scsi0", "sata0"},
	/* the system's disk was taken away */
	{"{\"boot\":\"order=scsi0\"," STATE "}", NULL, "scsi1"},
	{"{\"boot\":\"order=\"," STATE "}", NULL, "scsi1"},
	{"{" STATE "}", NULL, "scsi1"},
	{"{\"boot\":\"order=scsi0\",\"scsi1\":\"local:1/b.raw\"}", NULL, NULL},
	{"{\"boot\":\"order=scsi0;scsi1\"," STATE "}", NULL, "scsi1"},
	{"{\"bootdisk\":\"scsi0\",\"scsi1\":\"local:1/b.raw\"}", NULL, NULL},
	{"{\"boot\":\"order=ide2;scsi0\"," SYSTEM "," SEED "}", "scsi0", NULL},
	{"{\"boot\":\"order=scsi1;scsi0\"," SYSTEM "," STATE "}", NULL, "scsi1"},
	{"{\"boot\":\"order=virtio0\",\"virtio0\":\"file=local-lvm:vm-1-disk-0\"," SYSTEM "," STATE "}", "virtio0", "scsi1"},
	{"{" SYSTEM "," SEED ",\"ide0\":\"none,media=cdrom\",\"scsihw\":\"virtio-scsi-single\"}", "scsi0", NULL},
	{"{" SYSTEM ",\"efidisk0\":\"local:1/e.raw\",\"tpmstate0\":\"local:1/t.raw\",\"unused0\":\"local:1/u.raw\"}", "scsi0",
	 NULL},
	{"{" SYSTEM ",\"scsi1\":\"local:1/b.raw\"}", NULL, NULL},
	{"{\"boot\":\"order=scsi0\"," SYSTEM ",\"scsi1\":\"local:1/b.raw\",\"scsi2\":\"local:1/c.raw\"}", "scsi0", NULL},
	{"{\"boot\":\"order=scsi0\"," SYSTEM ",\"scsi1\":\"local:1/b.raw,serial=data\"}", "scsi0", NULL},
	{"{\"boot\":\"order=scsi0\"," SYSTEM ",\"scsi1\":\"local:1/b.raw,serial=data\",\"scsi2\":\"local:1/c.raw\"}", "scsi0",
	 "scsi2"},
	{"{\"boot\":\"order=scsi0\",\"scsi0\":\"local:1/a.raw,serial=state\",\"scsi1\":\"local:1/b.raw\"}", NULL, "scsi0"},
	{"{\"boot\":\"order=ide2\"," SEED "}", NULL, NULL},
	{"{}", NULL, NULL},
};

START_TEST(system_and_state_are_told_apart_or_not_at_all)
{
	struct config config = proxmoxes_config(machines[_i].json);

	ck_assert_pstr_eq(drive_system(scratch_arena(), &config), machines[_i].system);
	ck_assert_pstr_eq(drive_state(scratch_arena(), &config), machines[_i].state);
}
END_TEST

static const struct {
	const char *key, *text;
	bool is_key, is_disk;
} keys[] = {
	{"scsi0", "local:1/a.raw", true, true},
	{"virtio15", "local:1/a.raw", true, true},
	{"sata1", "local:1/a.raw,media=disk", true, true},
	{"ide2", "local:1/c.qcow2,media=cdrom", true, false},
	{"ide2", "none,media=cdrom", true, false},
	{"ide2", "none", true, false},
	{"scsi0", "", true, false},
	{"scsihw", "virtio-scsi-single", false, false},
	{"scsi", "local:1/a.raw", false, false},
	{"scsi0x", "local:1/a.raw", false, false},
	{"efidisk0", "local:1/a.raw", false, false},
	{"unused0", "local:1/a.raw", false, false},
};

START_TEST(a_disk_is_known_by_its_key_and_medium)
{
	struct drive drive = drive_parse(scratch_arena(), keys[_i].text);

	ck_assert_int_eq(drive_is_key(keys[_i].key), keys[_i].is_key);
	ck_assert_int_eq(drive_is_disk(keys[_i].key, &drive), keys[_i].is_disk);
}
END_TEST

/* --- configurations --------------------------------------------------------------------------------------------------- */

START_TEST(a_configuration_is_read_whatever_the_types)
{
	struct config config = proxmoxes_config("{\"cores\":2,\"memory\":\"1024\",\"kvm\":0,\"onboot\":true,\"odd\":{},"
						"\"lxc\":[[\"a\",\"b\"]],\"none\":null,\"digest\":\"0635\","
						"\"scsi0\":\"local:1/a.raw,size=1G\","
						"\"unused0\":\"local:1/b.raw\",\"unused10\":\"local:1/c.raw\","
						"\"ide2\":\"none,media=cdrom\"}");
	struct strv volumes = config_volumes(scratch_arena(), &config);

	ck_assert_str_eq(config_get(&config, "cores"), "2");
	ck_assert_str_eq(config_get(&config, "memory"), "1024");
	ck_assert_str_eq(config_get(&config, "kvm"), "0");
	ck_assert_str_eq(config_get(&config, "onboot"), "1");
	ck_assert_ptr_null(config_get(&config, "odd"));
	ck_assert_str_eq(config_get(&config, "lxc"), "");
	ck_assert_ptr_null(config_get(&config, "none"));
	ck_assert_ptr_null(config_get(&config, "digest"));
	ck_assert_str_eq(config.digest, "0635");
	ck_assert(strv_has(&volumes, "local:1/a.raw") && strv_has(&volumes, "local:1/b.raw") &&
		  strv_has(&volumes, "local:1/c.raw"));
	ck_assert_str_eq(drive_unused(&config, "local:1/c.raw"), "unused10");
	ck_assert_ptr_null(drive_unused(&config, "local:1/a.raw"));
	ck_assert_ptr_null(drive_unused(&config, "local:1/c"));
}
END_TEST

START_TEST(what_is_pending_is_told_from_what_is)
{
	static const char json[] =
		"[{\"key\":\"cores\",\"value\":1},{\"key\":\"memory\",\"value\":512,\"pending\":1024},"
		"{\"key\":\"scsi0\",\"value\":\"a\",\"pending\":\"b\"},"
		"{\"key\":\"net1\",\"value\":\"x\",\"delete\":1},{\"key\":\"net2\",\"value\":\"x\",\"delete\":2},"
		"{\"key\":\"net3\",\"value\":\"x\",\"delete\":0},{\"pending\":\"no key\"},7]";
	_cleanup_jval_ struct jval *data = NULL;
	struct config config;
	struct err err = {0};

	ck_assert_int_eq(jval_read("the test", json, strlen(json), &data, &err), 0);
	config = config_read_pending(scratch_arena(), data);
	ck_assert_uint_eq(config.n_entries, 4);
	ck_assert_str_eq(config_get(&config, "memory"), "1024");
	ck_assert_str_eq(config_get(&config, "scsi0"), "b");
	ck_assert_str_eq(config_get(&config, "net1"), "");
	ck_assert_str_eq(config_get(&config, "net2"), "");
	ck_assert_uint_eq(config_read_pending(scratch_arena(), NULL).n_entries, 0);
}
END_TEST

SUITE(proxmox_config, control_signs_of_a_mark_are_not_passed_on, a_configuration_is_read_whatever_the_types,
      what_is_pending_is_told_from_what_is)
LOOP_SUITE(proxmox_mark_place, what_else_a_description_says_stays, sizeof descriptions / sizeof *descriptions)
LOOP_SUITE(proxmox_mark_hostile, a_mark_says_again_what_it_was_told, sizeof hostile / sizeof *hostile)
LOOP_SUITE(proxmox_mark_strange, a_strange_mark_is_none, sizeof strange / sizeof *strange)
LOOP_SUITE(proxmox_drives, a_drive_is_taken_apart_and_said_again, sizeof drives / sizeof *drives)
LOOP_SUITE(proxmox_machines, system_and_state_are_told_apart_or_not_at_all, sizeof machines / sizeof *machines)
LOOP_SUITE(proxmox_keys, a_disk_is_known_by_its_key_and_medium, sizeof keys / sizeof *keys)

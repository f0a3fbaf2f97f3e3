/* What is written for OpenTofu: templates of its JSON, which generation is the image, the resource of a machine. */
#include "suite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "fleet/tofu/expression.h"
#include "fleet/tofu/files.h"
#include "fleet/tofu/images.h"
#include "fleet/tofu/resources.h"
#include "scratch.h"

#define GIB (UINT64_C(1) << 30)
#define SHA "3f9c2a1b7d1000000000000000000000000000000000000000000000000000aa"
#define OTHER_SHA "000c2a1b7d1000000000000000000000000000000000000000000000000000aa"

static struct arena *arena;

/* The part of a text that `path` leads to, its words with blanks between them, as JSON in one line; "" when there is none. */
static const char *part(const char *text, const char *path)
{
	_cleanup_jval_ struct jval *top = NULL;
	const struct jval *at;
	char *rest = arena_strdup(arena, path), *word;
	struct err err = {0};

	ck_assert_int_eq(jval_read("text", text, strlen(text), &top, &err), 0);
	for (at = top; at && (word = strsep(&rest, " "));)
		at = *word >= '0' && *word <= '9' ? jval_item(at, strtoul(word, NULL, 10)) : jval_get(at, word);
	return at ? jval_print(arena, at, false) : "";
}

/* --- templates ------------------------------------------------------------------------------------------------------- */

START_TEST(a_text_means_itself)
{
	static const struct { const char *text, *literal; } rows[] = {
		{"", ""}, {"plain $ % { }", "plain $ % { }"}, {"${a}", "$${a}"}, {"%{if}", "%%{if}"}, {"$${a}", "$$${a}"},
		{"a${", "a$${"}, {"\"\\", "\"\\"},
	};

	arena = arena_new();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_str_eq(expression_literal(arena, rows[i].text), rows[i].literal);
}
END_TEST

START_TEST(facts_are_named_by_the_users_local)
{
	static const struct { const char *written, *expression; } rows[] = {
		{"${facts.gateway.id}", "${local.vm.gateway.id}"},
		{"${facts.hosts.0.address}/24", "${local.vm.hosts[0].address}/24"},
		{"${facts.a-b.7up}", "${local.vm.a-b[\"7up\"]}"}, {"${facts.a}${facts.b}", "${local.vm.a}${local.vm.b}"},
		{"$${x} ${facts.a} %{y}", "$${x} ${local.vm.a} %%{y}"}, {"$ { ${facts.a}", "$ { ${local.vm.a}"},
	};

	arena = arena_new();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_str_eq(expression_of_facts(arena, rows[i].written, "vm"), rows[i].expression);
}
END_TEST

START_TEST(a_local_value_has_a_name)
{
	static const struct { const char *text; bool is; } rows[] = {
		{"vm", true}, {"_v", true}, {"facts.vm-2", true}, {"a1.b", true}, {"", false}, {"1a", false}, {"a.", false},
		{".a", false}, {"a..b", false}, {"a b", false}, {"a}", false}, {"a.1", false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_msg(expression_is_path(rows[i].text) == rows[i].is, "%s", rows[i].text);
}
END_TEST

START_TEST(a_provider_knows_what_its_version_has)
{
	static const struct { const char *version; bool imports, keeps; } rows[] = {
		{NULL, true, true}, {"0.71.0", false, false}, {"0.78", false, false}, {"0.79", true, false},
		{"0.87.1", true, false}, {"0.88.0", true, true}, {"0.113", true, true}, {"1.0.0", true, true},
	};
	static const char *const wrong[] = {
		"", "0", "0.0", "71", "v0.71", "0.71.", "0.71.0.1", "0.71-rc1", " 0.71", "-1.2", "0.x",
	};
	struct provider provider;
	struct err err = {0};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ck_assert_int_eq(provider_read(rows[i].version, &provider, &err), 0);
		ck_assert_int_eq(provider_has(&provider, PROVIDER_IMPORT_FROM), rows[i].imports);
		ck_assert_int_eq(provider_has(&provider, PROVIDER_KEEP_UNREFERENCED), rows[i].keeps);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		ck_assert_msg(provider_read(wrong[i], &provider, &err) == -EINVAL, "%s", wrong[i]);
		err_free(&err);
	}
}
END_TEST

/* --- images ---------------------------------------------------------------------------------------------------------- */

/* Generations 1 … of a shelf, a letter each: u untried, g good, b bad; a capital: uploaded. */
static struct generation *generations_of(const char *letters, const char *kind, struct upload *uploads, size_t n_uploads)
{
	static struct deployment deployments[] = {
		{.host = "a", .verdict = VERDICT_GOOD}, {.host = "a", .verdict = VERDICT_BAD}};
	struct generation *generations = arena_array(arena, struct generation, strlen(letters) + 1);
	struct manifest *manifest = arena_new_of(arena, struct manifest);

	manifest->kind = kind;
	manifest->image = (struct manifest_image){"gateway.qcow2", "qcow2", "zstd", 5000, 3 * GIB, SHA};
	for (size_t i = 0; letters[i]; i++) {
		generations[i] = (struct generation){.name = "gateway", .number = (unsigned)i + 1, .manifest = manifest};
		if (strchr("gGbB", letters[i])) {
			generations[i].record.deployments = &deployments[strchr("bB", letters[i]) != NULL];
			generations[i].record.n_deployments = 1;
		}
		if (strchr("UGB", letters[i])) {
			generations[i].record.uploads = uploads;
			generations[i].record.n_uploads = n_uploads;
		}
	}
	return generations;
}

START_TEST(the_image_is_the_newest_that_was_uploaded_and_is_not_bad)
{
	static const struct { const char *letters; unsigned current, previous; } rows[] = {
		{"", 0, 0}, {"u", 0, 0}, {"U", 1, 0}, {"B", 0, 0}, {"GU", 2, 1}, {"GUu", 2, 1}, {"GBU", 3, 1}, {"GUB", 2, 1},
		{"GuU", 3, 1}, {"GgU", 3, 1}, {"BB", 0, 0}, {"GBB", 1, 0}, {"UGUGU", 5, 4}, {"bU", 2, 0},
	};
	struct upload upload = {"smith", "cephfs:import/a.qcow2", 5000, SHA, 1};

	arena = arena_new();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *letters = rows[i].letters;
		struct image image = {0};
		bool found = image_pick(generations_of(letters, "vm", &upload, 1), strlen(letters), &image);

		ck_assert_msg(found == (rows[i].current > 0), "%s", letters);
		ck_assert_msg(!found || image.current->number == rows[i].current, "%s", letters);
		ck_assert_msg((image.previous ? image.previous->number : 0) == rows[i].previous, "%s", letters);
	}
}
END_TEST

START_TEST(the_place_is_what_has_the_very_bytes)
{
	static const struct {
		const char *kind;
		struct upload uploads[4];
		const char *place;
	} rows[] = {
		{"vm", {{"a", "s:import/x", 1, SHA, 1}, {"a", "s:iso/x", 1, SHA, 2}},
		 "{\"node\":\"a\",\"volid\":\"s:import/x\",\"legacy_volid\":\"s:iso/x\"}"},
		{"vm", {{"a", "s:import/x", 1, SHA, 1}, {"b", "s:iso/x", 1, SHA, 2}},
		 "{\"node\":\"a\",\"volid\":\"s:import/x\",\"legacy_volid\":null}"},
		{"vm", {{"a", "s:import/x", 1, SHA, 1}, {"b", "t:import/x", 1, SHA, 2}, {"a", "s:iso/x", 1, SHA, 3}},
		 "{\"node\":\"b\",\"volid\":\"t:import/x\",\"legacy_volid\":null}"},
		{"vm", {{"b", "s:iso/x", 1, SHA, 2}}, "{\"node\":\"b\",\"volid\":null,\"legacy_volid\":\"s:iso/x\"}"},
		{"vm", {{"a", "s:import/x", 1, OTHER_SHA, 1}, {"b", "s:vztmpl/x", 1, SHA, 2}}, ""},
		{"lxc", {{"a", "s:vztmpl/x", 1, SHA, 1}, {"a", "s:iso/x", 1, SHA, 2}},
		 "{\"node\":\"a\",\"volid\":\"s:vztmpl/x\",\"legacy_volid\":null}"},
	};

	arena = arena_new();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct upload uploads[4];
		struct image image;
		size_t n = 0;

		memcpy(uploads, rows[i].uploads, sizeof uploads);
		while (n < 4 && uploads[n].node)
			n++;
		if (image_pick(generations_of("U", rows[i].kind, uploads, n), 1, &image))
			ck_assert_str_eq(part(images_print(arena, &image, 1), "images gateway proxmox"), rows[i].place);
		else
			ck_assert_str_eq("", rows[i].place);
	}
}
END_TEST

START_TEST(the_file_of_images_says_what_is_expected)
{
	struct upload upload = {"smith", "cephfs:import/a.qcow2", 5000, SHA, 1700000000};
	const char *text;
	struct image image;

	arena = arena_new();
	ck_assert(image_pick(generations_of("GU", "vm", &upload, 1), 2, &image));
	text = images_print(arena, &image, 1);
	ck_assert_str_eq(part(text, "schema"), "1");
	ck_assert_str_eq(part(text, "images gateway"),
			 "{\"kind\":\"vm\",\"arch\":\"amd64\",\"generation\":2,\"format\":\"qcow2\",\"sha256\":\"" SHA "\","
			 "\"size\":5000,\"virtual_size\":3221225472,\"proxmox\":{\"node\":\"smith\","
			 "\"volid\":\"cephfs:import/a.qcow2\",\"legacy_volid\":null},"
			 "\"previous\":{\"generation\":1,\"volid\":\"cephfs:import/a.qcow2\"}}");
	ck_assert_ptr_null(strstr(text, "1700000000"));
	ck_assert(image_pick(generations_of("U", "vm", &upload, 1), 1, &image));
	ck_assert_str_eq(part(images_print(arena, &image, 1), "images gateway previous"), "null");
}
END_TEST

/* --- resources ------------------------------------------------------------------------------------------------------- */

/* Everything that a machine may have; and a machine that has as little as there can be. */
static struct proxmox_disk disks[] = {
	{.name = "system", .storage = "ceph", .backup = true, .discard = true},
	{.name = "state", .size = 8 * GIB, .storage = "ceph", .serial = "state", .backup = true, .discard = true},
	{.name = "logs", .size = 1024 * GIB, .storage = "slow", .serial = "logs", .ssd = true},
};
static struct proxmox_mount mounts[] = {
	{.path = "/var/lib/a", .size = 4 * GIB, .storage = "ceph", .backup = true},
	{.path = "/srv", .size = GIB, .storage = "slow"},
};
static struct proxmox_nic nics[] = {
	{.bridge = "vmbr0", .mac = "BC:24:11:00:00:01"},
	{.bridge = "vmbr1", .vlan = 2, .firewall = true, .mtu = 9000, .address = "10.0.2.7/24", .gateway = "10.0.2.1",
	 .address6 = "auto"},
	{.bridge = "vmbr2"},
};
static const char *tags[] = {"alpha", "zulu"}, *nameservers[] = {"10.0.2.1", "fd00::1"};
static const struct proxmox whole = {
	.node = "smith", .vmid = 107, .spare_vmid = 207, .ssh = "gateway", .images = "cephfs", .storage = "ceph", .pool = "net",
	.cores = 2, .memory = 4 * GIB, .swap = GIB / 2, .cpu = "host", .machine = "q35", .bios = "ovmf", .disks = disks,
	.n_disks = 3, .rootfs = 8 * GIB, .mounts = mounts, .n_mounts = 2, .nesting = true, .nics = nics, .n_nics = 3,
	.nameservers = {nameservers, 2}, .search_domain = "home.example", .tags = {tags, 2}, .onboot = true, .agent = true,
	.order = 3,
};
static const struct proxmox least = {
	.node = "smith", .vmid = 100, .images = "local", .storage = "local", .cores = 1, .memory = GIB, .cpu = "host",
	.bios = "seabios", .disks = disks, .n_disks = 1, .rootfs = 8 * GIB, .protection = true,
};

static const struct {
	const struct proxmox *proxmox;
	bool container;
	const char *name, *version;
	const char *path, *value;
} parts[] = {
	{&whole, false, "gateway", NULL, "node_name", "\"smith\""},
	{&whole, false, "gateway", NULL, "vm_id", "107"},
	{&whole, false, "gateway", NULL, "name", "\"gateway\""},
	{&whole, false, "gateway", NULL, "pool_id", "\"net\""},
	{&whole, false, "gateway", NULL, "tags", "[\"aether\",\"alpha\",\"zulu\"]"},
	{&whole, false, "gateway", NULL, "startup", "{\"order\":3}"},
	{&whole, false, "gateway", NULL, "on_boot", "true"},
	{&whole, false, "gateway", NULL, "agent", "{\"enabled\":true}"},
	{&whole, false, "gateway", NULL, "cpu", "{\"cores\":2,\"type\":\"host\"}"},
	{&whole, false, "gateway", NULL, "memory", "{\"dedicated\":4096}"},
	{&whole, false, "gateway", NULL, "bios", "\"ovmf\""},
	{&whole, false, "gateway", NULL, "machine", "\"q35\""},
	{&whole, false, "gateway", NULL, "efi_disk", "{\"datastore_id\":\"ceph\",\"type\":\"4m\",\"pre_enrolled_keys\":false}"},
	{&whole, false, "gateway", NULL, "scsi_hardware", "\"virtio-scsi-single\""},
	{&whole, false, "gateway", NULL, "boot_order", "[\"scsi0\"]"},
	{&whole, false, "gateway", NULL, "disk 0",
	 "{\"interface\":\"scsi0\",\"datastore_id\":\"ceph\",\"backup\":true,\"ssd\":false,\"discard\":\"on\","
	 "\"iothread\":true,"
	 "\"import_from\":\"${local.aether_images.gateway.proxmox.volid}\","
	 "\"size\":\"${ceil(local.aether_images.gateway.virtual_size / 1073741824)}\"}"},
	{&whole, false, "gateway", "0.71.0", "disk 0 file_id", "\"${local.aether_images.gateway.proxmox.legacy_volid}\""},
	{&whole, false, "gateway", "0.71.0", "disk 0 import_from", ""},
	{&whole, false, "gateway", NULL, "disk 1",
	 "{\"interface\":\"scsi1\",\"datastore_id\":\"ceph\",\"size\":8,\"serial\":\"state\",\"backup\":true,\"ssd\":false,"
	 "\"discard\":\"on\",\"iothread\":true}"},
	{&whole, false, "gateway", NULL, "disk 2",
	 "{\"interface\":\"scsi2\",\"datastore_id\":\"slow\",\"size\":1024,\"serial\":\"logs\",\"backup\":false,\"ssd\":true,"
	 "\"discard\":\"ignore\",\"iothread\":true}"},
	{&whole, false, "gateway", NULL, "disk 3", ""},
	{&whole, false, "gateway", NULL, "network_device 0",
	 "{\"bridge\":\"vmbr0\",\"mac_address\":\"BC:24:11:00:00:01\",\"firewall\":false}"},
	{&whole, false, "gateway", NULL, "network_device 1",
	 "{\"bridge\":\"vmbr1\",\"vlan_id\":2,\"firewall\":true,\"mtu\":9000}"},
	{&whole, false, "gateway", NULL, "initialization",
	 "{\"datastore_id\":\"ceph\",\"interface\":\"ide2\",\"ip_config\":[{\"ipv4\":{\"address\":\"\"}},"
	 "{\"ipv4\":{\"address\":\"10.0.2.7/24\",\"gateway\":\"10.0.2.1\"},\"ipv6\":{\"address\":\"auto\"}}],"
	 "\"dns\":{\"domain\":\"home.example\",\"servers\":[\"10.0.2.1\",\"fd00::1\"]}}"},
	{&whole, false, "gateway", NULL, "delete_unreferenced_disks_on_destroy", "false"},
	{&whole, false, "gateway", "0.87.0", "delete_unreferenced_disks_on_destroy", ""},
	{&whole, false, "gateway", NULL, "lifecycle",
	 "{\"prevent_destroy\":true,\"ignore_changes\":[\"disk[0]\",\"initialization[0].user_data_file_id\",\"node_name\","
	 "\"description\",\"tags\"]}"},
	{&least, false, "7up", NULL, "disk 0 import_from", "\"${local.aether_images[\\\"7up\\\"].proxmox.volid}\""},
	{&least, false, "7up", NULL, "initialization", ""},
	{&least, false, "7up", NULL, "efi_disk", ""},
	{&least, false, "7up", NULL, "machine", ""},
	{&least, false, "7up", NULL, "startup", ""},
	{&least, false, "7up", NULL, "pool_id", ""},
	{&least, false, "7up", NULL, "protection", "true"},
	{&least, false, "7up", NULL, "agent", "{\"enabled\":false}"},
	{&least, false, "7up", NULL, "lifecycle ignore_changes", "[\"disk[0]\",\"node_name\",\"description\",\"tags\"]"},
	{&whole, true, "gateway", NULL, "vm_id", "107"},
	{&whole, true, "gateway", NULL, "name", ""},
	{&whole, true, "gateway", NULL, "start_on_boot", "true"},
	{&whole, true, "gateway", NULL, "unprivileged", "true"},
	{&whole, true, "gateway", NULL, "features", "{\"nesting\":true}"},
	{&whole, true, "gateway", NULL, "operating_system",
	 "{\"template_file_id\":\"${local.aether_images.gateway.proxmox.volid}\",\"type\":\"debian\"}"},
	{&whole, true, "gateway", NULL, "memory", "{\"dedicated\":4096,\"swap\":512}"},
	{&whole, true, "gateway", NULL, "disk", "{\"datastore_id\":\"ceph\",\"size\":8}"},
	{&whole, true, "gateway", NULL, "mount_point",
	 "[{\"path\":\"/var/lib/a\",\"volume\":\"ceph\",\"size\":\"4G\",\"backup\":true},"
	 "{\"path\":\"/srv\",\"volume\":\"slow\",\"size\":\"1G\",\"backup\":false}]"},
	{&whole, true, "gateway", NULL, "network_interface 0",
	 "{\"name\":\"eth0\",\"bridge\":\"vmbr0\",\"mac_address\":\"BC:24:11:00:00:01\",\"firewall\":false}"},
	{&whole, true, "gateway", NULL, "initialization hostname", "\"gateway\""},
	{&whole, true, "gateway", NULL, "lifecycle ignore_changes",
	 "[\"operating_system[0].template_file_id\",\"node_name\",\"description\",\"tags\",\"started\",\"start_on_boot\","
	 "\"mount_point\"]"},
	{&least, true, "gateway", NULL, "initialization", "{\"hostname\":\"gateway\"}"},
};

static const char *print(const struct proxmox *proxmox, bool container, const char *name, const char *version)
{
	struct resource resource = {.name = name, .image = name, .container = container, .proxmox = proxmox};
	struct err err = {0};

	ck_assert_int_eq(provider_read(version, &resource.provider, &err), 0);
	return resource_print(arena, &resource);
}

START_TEST(a_resource_has_each_part)
{
	arena = arena_new();
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		const char *text = print(parts[i].proxmox, parts[i].container, parts[i].name, parts[i].version);
		const char *type = parts[i].container ? "container" : "vm", *digit = *parts[i].name == '7' ? "_" : "";
		const char *path = arena_printf(arena, "resource proxmox_virtual_environment_%s %s%s %s", type, digit,
						parts[i].name, parts[i].path);

		ck_assert_str_eq(part(text, path), parts[i].value);
	}
	ck_assert_str_eq(part(resources_print_locals(arena, "a.json"), "locals"),
			 "{\"aether_images\":\"${jsondecode(file(\\\"${path.module}/a.json\\\")).images}\"}");
}
END_TEST

/* Only a value that is taken as it is may be named: a MAC address is not, when its case was changed. */
START_TEST(values_from_facts_are_named_where_they_are_the_same)
{
	static const char yaml[] = "{ node: smith, vmid: 107, pool: net, storage: ceph, nics: [ {}, { address: 10.0.2.7/24 },"
				   " { bridge: vmbr3 } ] }";
	struct resource resource = {.name = "gateway", .image = "gateway", .proxmox = &whole, .facts = "vm"};
	struct node *words, *address;
	struct err err = {0};
	const char *text;

	arena = arena_new();
	ck_assert_int_eq(yaml_read(arena, "words", yaml, sizeof yaml - 1, &words, &err), 0);
	node_get(words, "vmid")->written = "${facts.gateway.id}";
	node_get(words, "storage")->written = "${facts.storage}";
	address = node_get(node_get(words, "nics")->items[1], "address");
	address->written = "${facts.gateway.address}/24";
	node_get(node_get(words, "nics")->items[2], "bridge")->written = "${facts.bridge}";
	resource.words = words;
	text = resource_print(arena, &resource);
#define MACHINE "resource proxmox_virtual_environment_vm gateway "
	ck_assert_str_eq(part(text, MACHINE "vm_id"), "\"${local.vm.gateway.id}\"");
	ck_assert_str_eq(part(text, MACHINE "node_name"), "\"smith\"");
	ck_assert_str_eq(part(text, MACHINE "disk 1 datastore_id"), "\"${local.vm.storage}\"");
	ck_assert_str_eq(part(text, MACHINE "disk 2 datastore_id"), "\"slow\"");
	ck_assert_str_eq(part(text, MACHINE "efi_disk datastore_id"), "\"${local.vm.storage}\"");
	ck_assert_str_eq(part(text, MACHINE "initialization ip_config 1 ipv4 address"), "\"${local.vm.gateway.address}/24\"");
	ck_assert_str_eq(part(text, MACHINE "network_device 2 bridge"), "\"vmbr2\"");
	resource.facts = NULL;
	ck_assert_ptr_null(strstr(resource_print(arena, &resource), "local.vm"));
}
END_TEST

/* --- files ----------------------------------------------------------------------------------------------------------- */

START_TEST(only_our_own_files_are_replaced)
{
	static const char ours[] = "{\"//\": \"" FILES_MARK "\", \"resource\": {}}";
	static const char *const others[] = {
		"", "{}", "[]", "not JSON", "{\"resource\": {}}", "{\"schema\": 2, \"images\": {}}", "{\"//\": \"mine\"}",
	};
	const char *path = scratch_path("x.tf.json");
	struct err err = {0};
	bool changed = false;

	ck_assert_int_eq(tofu_file_put(path, ours, &changed, &err), 0);
	ck_assert(changed);
	ck_assert_int_eq(tofu_file_put(path, ours, &changed, &err), 0);
	ck_assert(!changed);
	ck_assert_int_eq(tofu_file_put(path, "{\"schema\": 1, \"images\": {}}", &changed, &err), 0);
	ck_assert(changed);
	ck_assert_int_eq(tofu_file_put(path, ours, &changed, &err), 0);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		ck_assert_int_eq(file_write(path, others[i], strlen(others[i]), 0644, &err), 0);
		ck_assert_msg(tofu_file_check(path, &err) == -EEXIST, "%s", others[i]);
		err_free(&err);
		ck_assert_int_eq(tofu_file_put(path, ours, &changed, &err), -EEXIST);
		err_free(&err);
	}
}
END_TEST

SUITE(tofu, a_text_means_itself, facts_are_named_by_the_users_local, a_local_value_has_a_name,
      a_provider_knows_what_its_version_has, the_image_is_the_newest_that_was_uploaded_and_is_not_bad,
      the_place_is_what_has_the_very_bytes, the_file_of_images_says_what_is_expected, a_resource_has_each_part,
      values_from_facts_are_named_where_they_are_the_same, only_our_own_files_are_replaced)

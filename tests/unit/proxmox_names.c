/* Names and lines that Proxmox and we exchange: forms, uploads, volumes, progress of tasks. */
#include "suite.h"

#include <errno.h>
#include <string.h>

#include "fleet/proxmox/storage.h"
#include "fleet/proxmox/task.h"
#include "fleet/proxmox/upload.h"
#include "proxmoxes.h"
#include "scratch.h"

#define DIGEST "3f9c2a1b7d1000112233445566778899aabbccddeeff00112233445566778899"

/* --- forms ------------------------------------------------------------------------------------------------------------ */

static const struct {
	const char *value, *printed;
} values[] = {
	{"", ""},
	{"AZaz09-._~", "AZaz09-._~"},
	{"local:0,import-from=local:import/x.qcow2", "local%3A0%2Cimport-from%3Dlocal%3Aimport%2Fx.qcow2"},
	{"a b+c&d=e%f\n", "a%20b%2Bc%26d%3De%25f%0A"},
	{"\xc3\xa4;", "%C3%A4%3B"},
	{"<!-- x -->", "%3C%21--%20x%20--%3E"},
};

START_TEST(what_is_sent_is_encoded)
{
	struct client client = {.arena = scratch_arena()};
	struct form form = {0};

	form_add(scratch_arena(), &form, "a", "%s", values[_i].value);
	ck_assert_str_eq(form_print(scratch_arena(), &form), arena_printf(scratch_arena(), "a=%s", values[_i].printed));
	ck_assert_str_eq(client_escape(&client, values[_i].value), values[_i].printed);
}
END_TEST

START_TEST(a_form_keeps_its_order_and_what_is_said_twice)
{
	struct form form = {0};

	ck_assert_str_eq(form_print(scratch_arena(), &form), "");
	ck_assert_str_eq(form_print(scratch_arena(), NULL), "");
	form_add(scratch_arena(), &form, "command", "/bin/true");
	form_add(scratch_arena(), &form, "command", "%d", 7);
	form_add(scratch_arena(), &form, "a:b", "x");
	ck_assert_str_eq(form_print(scratch_arena(), &form), "command=%2Fbin%2Ftrue&command=7&a%3Ab=x");
}
END_TEST

/* --- uploads ---------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *file;
	bool legacy;
	const char *content, *name; /* name NULL: Proxmox takes none such */
} images[] = {
	{"gateway.qcow2", false, "import", "gateway-7-3f9c2a1b7d10.qcow2"},
	{"gateway.qcow2", true, "iso", "gateway-7-3f9c2a1b7d10.qcow2.img"},
	{"gateway.raw", false, "import", "gateway-7-3f9c2a1b7d10.raw"},
	{"gateway.raw", true, "iso", "gateway-7-3f9c2a1b7d10.img"},
	{"gateway.tar.zst", false, "vztmpl", "gateway-7-3f9c2a1b7d10.tar.zst"},
	{"gateway.tar.zst", true, "vztmpl", "gateway-7-3f9c2a1b7d10.tar.zst"},
	{"gateway.tar.xz", false, "vztmpl", "gateway-7-3f9c2a1b7d10.tar.xz"},
	{"gateway.tar.gz", false, "vztmpl", "gateway-7-3f9c2a1b7d10.tar.gz"},
	{"gateway.vhdx", false, "import", NULL},
	{"gateway.tar", false, "import", NULL},
	{"gateway.qcow2.zst", false, "import", NULL},
};

START_TEST(an_upload_is_named_by_its_content)
{
	struct manifest manifest = {.name = "gateway", .image = {.file = images[_i].file, .sha256 = DIGEST}};
	const struct generation generation = {.name = "gateway.lxc", .number = 7, .manifest = &manifest};
	const char *name = NULL, *recipe;
	struct err err = {0};
	unsigned number;
	int r = upload_name(scratch_arena(), &generation, images[_i].legacy, &name, &err);

	ck_assert_str_eq(upload_content(&generation, images[_i].legacy), images[_i].content);
	if (!images[_i].name) {
		proxmoxes_refused(r, -ENOTSUP, &err, "build it as qcow2");
		return;
	}
	ck_assert_int_eq(r, 0);
	ck_assert_str_eq(name, images[_i].name);
	ck_assert_int_eq(upload_parse_name(scratch_arena(), name, &recipe, &number), 0);
	ck_assert_str_eq(recipe, "gateway");
	ck_assert_uint_eq(number, 7);
}
END_TEST

static const struct {
	const char *name, *recipe; /* recipe NULL: not a name of ours */
	unsigned number;
} names[] = {
	{"a-1-0123456789ab.qcow2", "a", 1},
	{"a-b-2-1000000000-0123456789ab.qcow2", "a-b-2", 1000000000},
	{"a-1-2-0123456789ab.tar.zst", "a-1", 2},
	{"a.b-1-0123456789ab.qcow2.img", "a.b", 1},
	{"a-0-0123456789ab.qcow2", NULL, 0},
	{"a-01-0123456789ab.qcow2", NULL, 0},
	{"a-1000000001-0123456789ab.qcow2", NULL, 0},
	{"a-99999999999999999999999-0123456789ab.qcow2", NULL, 0},
	{"a-1-0123456789a.qcow2", NULL, 0},
	{"a-1-0123456789abc.qcow2", NULL, 0},
	{"a-1-0123456789AB.qcow2", NULL, 0},
	{"a-1-0123456789ab", NULL, 0},
	{"a-1-0123456789ab.", NULL, 0},
	{"a-1-0123456789ab.iso", NULL, 0},
	{"a-1-0123456789ab.qcow2.iso", NULL, 0},
	{"a1-0123456789ab.qcow2", NULL, 0},
	{"a--0123456789ab.qcow2", NULL, 0},
	{"-1-0123456789ab.qcow2", NULL, 0},
	{"1-0123456789ab.qcow2", NULL, 0},
	{"-0123456789ab.qcow2", NULL, 0},
	{"debian-13-generic-amd64.qcow2", NULL, 0},
	{"a-+1-0123456789ab.qcow2", NULL, 0},
	{"", NULL, 0},
};

START_TEST(what_we_did_not_name_is_not_ours)
{
	const char *recipe = "untouched";
	unsigned number = 5;
	int r = upload_parse_name(scratch_arena(), names[_i].name, &recipe, &number);

	ck_assert_msg(r == (names[_i].recipe ? 0 : -EINVAL), "%s: %d", names[_i].name, r);
	ck_assert_str_eq(recipe, names[_i].recipe ? names[_i].recipe : "untouched");
	ck_assert_uint_eq(number, names[_i].recipe ? names[_i].number : 5);
}
END_TEST

/* --- volumes ---------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *volid, *storage, *content, *file;
} volids[] = {
	{"local:import/a-1.qcow2", "local", "import", "a-1.qcow2"},
	{"local:200/vm-200-disk-0.qcow2", "local", "200", "vm-200-disk-0.qcow2"},
	{"local-lvm:vm-200-disk-0", "local-lvm", "", "vm-200-disk-0"},
	{"local:201/base-201-disk-0.raw/200/vm-200-disk-0.qcow2", "local", "201", "vm-200-disk-0.qcow2"},
	{"none", "none", "", "none"},
	{"", "", "", ""},
};

START_TEST(a_volume_tells_where_it_lies)
{
	ck_assert_str_eq(volid_storage(scratch_arena(), volids[_i].volid), volids[_i].storage);
	ck_assert_str_eq(volid_content(scratch_arena(), volids[_i].volid), volids[_i].content);
	ck_assert_str_eq(volid_file(volids[_i].volid), volids[_i].file);
}
END_TEST

static const struct {
	const char *content, *wanted;
	bool has;
} contents[] = {
	{"import", "import", true},
	{"iso,vztmpl,import", "import", true},
	{"iso,vztmpl,import", "vztmpl", true},
	{"iso,vztmpl,backup", "import", false},
	{"imports,my-import", "import", false},
	{"", "import", false},
};

START_TEST(a_storage_has_what_its_list_says)
{
	const struct storage storage = {.name = "local", .content = contents[_i].content};
	struct err err = {0};
	int r = storage_has(&storage, contents[_i].wanted, &err);

	if (contents[_i].has)
		ck_assert_int_eq(r, 0);
	else
		proxmoxes_refused(r, -ENOTSUP, &err,
				  *contents[_i].content ? arena_printf(scratch_arena(), "pvesm set local --content %s,import",
								       contents[_i].content)
							: "pvesm set local --content import");
}
END_TEST

/* --- tasks ------------------------------------------------------------------------------------------------------------ */

static const struct {
	const char *line;
	int percent;
} lines[] = {
	{"transferred 0.0 B of 1.6 GiB (0.00%)", 0},
	{"transferred 1.2 GiB of 1.6 GiB (75.00%)", 75},
	{"transferred 1.6 GiB of 1.6 GiB (100.00%)", 100},
	{"a (b) c (12.9%) d", 12},
	{"(101%)", -1},
	{"(-1%)", -1},
	{"(nan%)", -1},
	{"(inf%)", -1},
	{"(1e400%)", -1},
	{"(50)", -1},
	{"(%)", -1},
	{"(", -1},
	{"Formatting '/var/lib/vz/images/200/x.raw', fmt=raw size=1073741824", -1},
	{"", -1},
};

START_TEST(a_line_of_a_log_tells_how_much_is_done)
{
	ck_assert_int_eq(task_percent(lines[_i].line), lines[_i].percent);
}
END_TEST

static const struct {
	const char *upid, *node;
} upids[] = {
	{"UPID:n:00003248:00029F7F:6B07B1D2:vzcreate:1027:tofu@pve!tf:", "n"},
	{"UPID:pve-1:", "pve-1"},
	{"UPID::0:", NULL},
	{"UPID:n", NULL},
	{"UPID", NULL},
	{"", NULL},
	{"upid:n:", NULL},
};

START_TEST(a_task_names_its_node)
{
	struct client client = {.arena = scratch_arena()};
	const char *node = task_node(&client, upids[_i].upid);

	ck_assert_pstr_eq(node, upids[_i].node);
}
END_TEST

SUITE(proxmox_forms, a_form_keeps_its_order_and_what_is_said_twice)
LOOP_SUITE(proxmox_encoding, what_is_sent_is_encoded, sizeof values / sizeof *values)
LOOP_SUITE(proxmox_upload_names, an_upload_is_named_by_its_content, sizeof images / sizeof *images)
LOOP_SUITE(proxmox_upload_parse, what_we_did_not_name_is_not_ours, sizeof names / sizeof *names)
LOOP_SUITE(proxmox_volids, a_volume_tells_where_it_lies, sizeof volids / sizeof *volids)
LOOP_SUITE(proxmox_contents, a_storage_has_what_its_list_says, sizeof contents / sizeof *contents)
LOOP_SUITE(proxmox_percents, a_line_of_a_log_tells_how_much_is_done, sizeof lines / sizeof *lines)
LOOP_SUITE(proxmox_upids, a_task_names_its_node, sizeof upids / sizeof *upids)

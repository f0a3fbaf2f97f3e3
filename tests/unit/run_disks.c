/* Which disks a machine is started with, beside that of its image. */
#include "suite.h"

#include <string.h>

#include "artifact/manifest.h"
#include "base/file.h"
#include "run/qemu/command.h"
#include "run/target.h"
#include "scratch.h"

static const struct { const char *plan, *serials; } plans[] = {
	{NULL, "state"}, /* nothing is known */
	{"{}", ""},
	{"{\"state_on\": \"disk\"}", "state"},
	{"{\"state_on\": \"partition\"}", ""},
	{"{\"state_on\": \"stack\", \"devices\": [{\"id\": \"disk-a\", \"with\": [\"serial=a-1\", \"role=data\"]}, "
	 "{\"id\": \"fs-disk-a\", \"with\": [\"format=xfs\"]}, {\"id\": \"disk-b\", \"with\": [\"serial=B_2\"]}]}", "a-1 B_2"},
	{"{\"state_on\": \"disk\", \"devices\": [{\"id\": \"disk-a\", \"with\": [\"serial=a\"]}]}", "state a"},
	{"{\"devices\": [{\"with\": [\"serial=../a\", \"serial=a,b\", \"serial=\", 7, null]}, "
	 "{\"with\": \"serial=a\"}, 3]}", ""},
};

static void put(const char *name, const char *text)
{
	struct err err = {0};

	ck_assert_int_eq(file_publish(scratch_path(name), text, strlen(text), 0644, &err), 0);
}

START_TEST(a_machine_gets_the_disks_that_its_plan_tells_of)
{
	const struct manifest manifest = {
		.tool = "a", .tool_version = "1", .name = "a", .kind = "vm", .key = "k",
		.image = {.file = "a.raw", .format = "raw", .compression = "none", .sha256 = "s"},
	};
	struct target target;
	struct err err = {0};

	put("a.raw", "");
	if (plans[_i].plan) {
		put("manifest.json", manifest_print(scratch_arena(), &manifest));
		put("plan.json", plans[_i].plan);
	}
	ck_assert_int_eq(target_find(scratch_arena(), scratch_path("a.raw"), &target, &err), 0);
	ck_assert_str_eq(strv_join(scratch_arena(), &target.disks, " "), plans[_i].serials);
}
END_TEST

START_TEST(each_disk_is_a_file_and_a_device_with_its_serial_number)
{
	static const struct forwards no_ports;
	struct qemu qemu = {.name = "a", .forwards = &no_ports,
			    .disks = {(const char *[]){"state", "data-1"}, 2}};
	const char *const *words = qemu_command(scratch_arena(), &qemu);
	const char *line = "";

	for (; *words; words++)
		line = arena_printf(scratch_arena(), "%s%s ", line, *words);
	ck_assert_ptr_nonnull(strstr(line, "-drive file=state.raw,if=none,id=further0,format=raw"));
	ck_assert_ptr_nonnull(strstr(line, "-device virtio-blk-pci,drive=further0,serial=state "));
	ck_assert_ptr_nonnull(strstr(line, "-drive file=disk-data-1.raw,if=none,id=further1,format=raw"));
	ck_assert_ptr_nonnull(strstr(line, "-device virtio-blk-pci,drive=further1,serial=data-1 "));
}
END_TEST

LOOP_SUITE(run_disks, a_machine_gets_the_disks_that_its_plan_tells_of, sizeof plans / sizeof *plans)
SUITE(run_disks_command, each_disk_is_a_file_and_a_device_with_its_serial_number)

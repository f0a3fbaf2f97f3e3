/* libguestfs's appliance as far as nothing is launched: what is missing, what the processes say to each other, deadlines. A
 * stand-in takes the place of the child with the library. */
#include "suite.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "edge/appliance_host.h"
#include "edge/appliance_wire.h"
#include "host/accel.h"
#include "scratch.h"

/* --- what is missing ------------------------------------------------------------------------------------------------- */

static void put(const char *name, mode_t mode)
{
	struct err err = {0};

	ck_assert_int_eq(folder_make(path_folder(scratch_arena(), scratch_path(name)), 0755, &err), 0);
	ck_assert_int_eq(file_write(scratch_path(name), "", 0, mode, &err), 0);
}

static const struct { const char *there[3], *says, *hint; } hosts[] = {
	{{NULL}, "there is no 'qemu-system-x86_64'", "apt-get install qemu-system-x86"},
	{{"bin/qemu-system-x86_64"}, "libguestfs needs a kernel", "apt-get install linux-image-cloud-amd64"},
	{{"bin/qemu-system-x86_64", "boot/vmlinuz-6.1"}, "libguestfs needs a kernel", "linux-image-cloud-amd64"},
	{{"bin/qemu-system-x86_64", "boot/vmlinuz-6.1", "modules/6.2/modules.dep"}, "libguestfs needs a kernel", ""},
	{{"bin/qemu-system-x86_64", "boot/config-6.1", "modules/6.1/modules.dep"}, "libguestfs needs a kernel", ""},
	{{"bin/qemu-system-x86_64", "boot/vmlinuz-6.1", "modules/6.1/modules.dep"}, NULL, NULL},
};

START_TEST(what_the_host_lacks_is_told_with_its_package)
{
	const char *path = arena_printf(scratch_arena(), "/nowhere::%s", scratch_path("bin"));
	struct appliance_host host = {path, scratch_path("boot"), scratch_path("modules")};
	struct err err = {0};
	int r;

	for (size_t i = 0; i < 3 && hosts[_i].there[i]; i++)
		put(hosts[_i].there[i], 0755);
	r = appliance_host_check(&host, &err);
	ck_assert_int_eq(r, hosts[_i].says ? -ENOENT : 0);
	ck_assert_uint_eq(err.count, hosts[_i].says ? 1 : 0);
	if (hosts[_i].says) {
		ck_assert_msg(strstr(err.first->text, hosts[_i].says) != NULL, "%s", err.first->text);
		ck_assert_msg(strstr(err.first->hint, hosts[_i].hint) != NULL, "%s", err.first->hint);
	}
	err_free(&err);
}
END_TEST

START_TEST(what_the_library_is_told_by_its_environment_is_not_looked_for)
{
	setenv("LIBGUESTFS_HV", "/opt/qemu", 1);
	setenv("SUPERMIN_KERNEL", "/opt/kernel", 1);
	ck_assert_ptr_null(appliance_host_here().path);
	ck_assert_ptr_null(appliance_host_here().boot);
	unsetenv("LIBGUESTFS_HV");
	unsetenv("SUPERMIN_KERNEL");
	ck_assert_ptr_nonnull(appliance_host_here().path);
	ck_assert_str_eq(appliance_host_here().boot, "/boot");
}
END_TEST

static int never(struct appliance *appliance, void *data, struct err *err)
{
	(void)appliance;
	(void)data;
	return err_set(err, -EINVAL, "this must not run");
}

static const char *new_folder(const char *name)
{
	struct err err = {0};

	ck_assert_int_eq(folder_make(scratch_path(name), 0755, &err), 0);
	return scratch_path(name);
}

static struct appliance_options options_of(void)
{
	return (struct appliance_options){.cache = new_folder("cache"), .work = new_folder("work")};
}

START_TEST(a_library_that_is_not_there_is_told_with_its_package)
{
	const struct appliance_options options = options_of();
	struct appliance_start start = {.options = &options, .work = never, .child = appliance_child,
					.kept = options.cache, .library = "libguestfs.so.none"};
	struct err err = {0};
	bool launched = true;

	ck_assert_int_eq(appliance_try(&start, 60, &launched, &err), -ENOENT);
	ck_assert(!launched);
	ck_assert_ptr_nonnull(strstr(err.first->text, "libguestfs is not installed: libguestfs.so.none"));
	ck_assert_str_eq(err.first->hint, "apt-get install libguestfs0");
	start.library = "libc.so.6"; /* one without its functions */
	err_free(&err);
	ck_assert_int_eq(appliance_try(&start, 60, &launched, &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.first->text, "it has no 'guestfs_create_flags'"));
	err_free(&err);
}
END_TEST

/* --- messages -------------------------------------------------------------------------------------------------------- */

START_TEST(messages_arrive_whole_however_they_are_cut)
{
	struct buf came = {0}, part = {0};
	enum wire_kind kind = WIRE_KINDS;
	struct { uint32_t kind, size; char text[5]; } message = {WIRE_SAID, 5, "hello"};

	for (size_t i = 0; i < 13; i++) {
		buf_add(&came, (const char *)&message + i, 1);
		ck_assert_int_eq(appliance_wire_take(&came, &kind, &part), i == 12);
	}
	ck_assert_int_eq(kind, WIRE_SAID);
	ck_assert_uint_eq(part.size, 5);
	ck_assert_str_eq(part.data, "hello");
	ck_assert_uint_eq(came.size, 0);
	message.kind = WIRE_KINDS;
	buf_add(&came, &message, 13);
	ck_assert_int_eq(appliance_wire_take(&came, &kind, &part), -EBADMSG);
	came.size = 0;
	message.kind = WIRE_SAID;
	message.size = WIRE_PART_MAX + 1;
	buf_add(&came, &message, 13);
	ck_assert_int_eq(appliance_wire_take(&came, &kind, &part), -EBADMSG);
	buf_free(&came);
	buf_free(&part);
}
END_TEST

/* --- the stand-in ---------------------------------------------------------------------------------------------------- */

static int wrong(const struct appliance_start *start, struct err *err)
{
	const struct pos pos = {"a.recipe", 3, 5};

	appliance_wire_send(start->wire, WIRE_LAUNCHED, NULL, 0);
	err_at(err, -ENOSPC, &pos, "partitions.x", "too small");
	err_wrap(err, "while making it");
	err_hint(err, "make it larger");
	return err_set(err, -EINVAL, "and another");
}

START_TEST(errors_of_the_work_come_back_as_they_were)
{
	const struct appliance_options options = options_of();
	struct appliance_start start = {.options = &options, .child = wrong};
	struct err err = {0};
	bool launched = false;

	ck_assert_int_eq(appliance_try(&start, 60, &launched, &err), -EINVAL);
	ck_assert(launched);
	ck_assert_uint_eq(err.count, 2);
	ck_assert_str_eq(err.first->file, "a.recipe");
	ck_assert_uint_eq(err.first->line, 3);
	ck_assert_uint_eq(err.first->column, 5);
	ck_assert_str_eq(err.first->path, "partitions.x");
	ck_assert_str_eq(err.first->text, "too small");
	ck_assert_str_eq(err.first->context, "while making it");
	ck_assert_str_eq(err.first->hint, "make it larger");
	ck_assert_str_eq(err.last->text, "and another");
	ck_assert_ptr_null(err.last->file);
	err_free(&err);
}
END_TEST

static int failing_start(const struct appliance_start *start, struct err *err)
{
	appliance_wire_send(start->wire, WIRE_SAID, "a long log\nKernel panic\r\n", 25);
	return err_set(err, -EIO, "it does not start");
}

START_TEST(the_end_of_the_log_is_with_a_start_that_fails)
{
	const struct appliance_options options = options_of();
	struct appliance_start start = {.options = &options, .child = failing_start};
	struct err err = {0};
	bool launched = true;

	ck_assert_int_eq(appliance_try(&start, 60, &launched, &err), -EIO);
	ck_assert(!launched);
	ck_assert_str_eq(err.first->text, "it does not start");
	ck_assert_str_eq(err.first->context, "the end of the appliance's log:\n| a long log\nKernel panic");
	err_free(&err);
}
END_TEST

/* Its QEMU: a process of its group, that would outlive it. */
static void start_hypervisor(const struct appliance_start *start)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct err ignored = {0};
	pid_t pid = fork();
	const char *number;

	if (pid == 0) {
		close(start->wire); /* as the library does in those it starts */
		while (true)
			pause();
	}
	number = arena_printf(arena, "%d", (int)pid);
	file_write(arena_printf(arena, "%s/hypervisor", (const char *)start->data), number, strlen(number), 0644, &ignored);
	file_write(arena_printf(arena, "%s/file", start->folder), number, strlen(number), 0644, &ignored);
}

static int hanging_start(const struct appliance_start *start, struct err *err)
{
	(void)err;
	start_hypervisor(start);
	while (true)
		pause();
	return 0;
}

static int hanging_work(const struct appliance_start *start, struct err *err)
{
	appliance_wire_send(start->wire, WIRE_LAUNCHED, NULL, 0);
	return hanging_start(start, err);
}

static int dying_work(const struct appliance_start *start, struct err *err)
{
	(void)err;
	appliance_wire_send(start->wire, WIRE_LAUNCHED, NULL, 0);
	start_hypervisor(start);
	raise(SIGKILL);
	return 0;
}

static int silent_end(const struct appliance_start *start, struct err *err)
{
	(void)err;
	start_hypervisor(start);
	_exit(0);
	return 0;
}

static const struct {
	int (*child)(const struct appliance_start *start, struct err *err);
	int code;
	const char *says;
} ends[] = {
	{hanging_start, -ETIME, "libguestfs's appliance took too long while it started and was ended"},
	{hanging_work, -ETIME, "libguestfs's appliance took too long at its work and was ended"},
	{dying_work, -ECHILD, "libguestfs's appliance ended by signal 9 at its work"},
	{silent_end, -EIO, "libguestfs's appliance ended while it started without a word"},
};

/* A process that was killed is there until its new parent has looked. */
static bool is_gone(pid_t pid)
{
	_cleanup_buf_ struct buf text = {0};
	const char *path = arena_printf(scratch_arena(), "/proc/%d/stat", (int)pid), *state;
	struct err ignored = {0};

	if (file_read(path, 4096, &text, &ignored) < 0) {
		err_free(&ignored);
		return true;
	}
	state = strrchr(text.data, ')');
	return state && state[2] == 'Z';
}

START_TEST(nothing_is_left_of_a_child_that_does_not_end_well)
{
	struct appliance_options options = options_of();
	struct appliance_start start = {.options = &options, .child = ends[_i].child, .data = (void *)scratch()};
	struct err err = {0};
	bool launched = false;
	pid_t hypervisor;

	options.work_seconds = 1;
	ck_assert_int_eq(appliance_try(&start, 1, &launched, &err), ends[_i].code);
	ck_assert_str_eq(err.first->text, ends[_i].says);
	ck_assert_int_eq(rmdir(options.work), 0); /* it is empty */
	hypervisor = (pid_t)atoi(scratch_text("hypervisor"));
	ck_assert_int_gt(hypervisor, 1);
	for (int i = 0; i < 100 && !is_gone(hypervisor); i++)
		usleep(20000);
	ck_assert(is_gone(hypervisor));
	err_free(&err);
}
END_TEST

/* --- with KVM and without -------------------------------------------------------------------------------------------- */

static int starts_emulated(const struct appliance_start *start, struct err *err)
{
	if (!start->emulated)
		return err_set(err, -EIO, "KVM hangs");
	appliance_wire_send(start->wire, WIRE_LAUNCHED, NULL, 0);
	return 0;
}

static int starts_never(const struct appliance_start *start, struct err *err)
{
	return err_set(err, -EIO, "%s hangs", start->emulated ? "TCG" : "KVM");
}

START_TEST(what_was_remembered_of_kvm_is_heeded)
{
	const struct appliance_options options = options_of();
	struct appliance_start start = {.options = &options, .child = starts_emulated};
	struct err err = {0};

	accel_remember(options.cache, false);
	ck_assert_int_eq(accel_known(options.cache).accel, ACCEL_TCG);
	ck_assert_int_eq(appliance_try_both(&start, 60, &err), 0);
	ck_assert(start.emulated);
}
END_TEST

START_TEST(kvm_gets_the_blame_only_when_it_is_kvm_that_fails)
{
	const struct appliance_options options = options_of();
	struct appliance_start start = {.options = &options, .child = starts_never};
	struct accel_choice before = accel_known(options.cache);
	struct err err = {0};

	ck_assert_int_eq(appliance_try_both(&start, 60, &err), -EIO);
	ck_assert_str_eq(err.first->text, "TCG hangs");
	ck_assert_int_eq(accel_known(options.cache).accel, before.accel); /* nothing was learnt of it */
	err_free(&err);
	start = (struct appliance_start){.options = &options, .child = starts_emulated};
	ck_assert_int_eq(appliance_try_both(&start, 60, &err), 0);
	ck_assert_int_eq(accel_known(options.cache).accel, ACCEL_TCG);
}
END_TEST

SUITE(appliance, what_the_library_is_told_by_its_environment_is_not_looked_for,
      a_library_that_is_not_there_is_told_with_its_package, messages_arrive_whole_however_they_are_cut,
      errors_of_the_work_come_back_as_they_were, the_end_of_the_log_is_with_a_start_that_fails,
      what_was_remembered_of_kvm_is_heeded, kvm_gets_the_blame_only_when_it_is_kvm_that_fails)
LOOP_SUITE(appliance_hosts, what_the_host_lacks_is_told_with_its_package, sizeof hosts / sizeof *hosts)
LOOP_SUITE(appliance_ends, nothing_is_left_of_a_child_that_does_not_end_well, sizeof ends / sizeof *ends)

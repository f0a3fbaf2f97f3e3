#include "keeper/handover.h"
#include "keeper/keyring.h"
#include "run/qemu/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "host/accel.h"
#include "host/signals.h"
#include "run/qemu/firmware.h"
#include "run/qemu/guest_agent.h"
#include "run/qemu/seed.h"

/* A kernel on real hardware is never silent for so long before its first program; a hanging one is silent for ever. */
enum { SILENCE_MS = 30000, LOOK_MS = 300, OFF_MS = 90000, OFF_EARLY_MS = 20000, KILL_MS = 5000, CONSOLE_BYTES_MAX = 16 << 20 };

static const uint64_t MEMORY_BYTES = UINT64_C(1) << 30, STATE_DISK_BYTES = UINT64_C(2) << 30;

/* --- what it is made of ---------------------------------------------------------------------------------------------- */

static int qemu_machine_no_program(int r, const char *package, struct err *err)
{
	return r == -ENOENT ? err_hint(err, "install the package '%s'", package) : r;
}

static int qemu_machine_image_size(const struct machine *machine, uint64_t *ret_bytes, struct err *err)
{
	const char *argv[] = {"qemu-img", "info", "-f", machine->spec->target->format, "--output=json",
			      machine->spec->target->image, NULL};
	_cleanup_buf_ struct buf text = {0};
	_cleanup_jval_ struct jval *facts = NULL;
	int r = proc_check(&(struct proc){.argv = argv, .output = &text, .deadline_s = 60}, err);

	if (r < 0)
		return qemu_machine_no_program(r, "qemu-utils", err);
	r = jval_read("the output of qemu-img", text.data, text.size, &facts, err);
	if (r == 0)
		*ret_bytes = (uint64_t)jval_get_number(facts, "virtual-size");
	return r;
}

static int qemu_machine_create_disk(const struct machine *machine, uint64_t bytes, struct err *err)
{
	const struct target *target = machine->spec->target;
	const char *argv[] = {
		"qemu-img", "create", "-q", "-f", "qcow2", "-F", target->format, "-b", target->image,
		workdir_path(&machine->place, machine->arena, MACHINE_DISK),
		arena_printf(machine->arena, "%" PRIu64, (bytes + 511) / 512 * 512), NULL,
	};

	return proc_check(&(struct proc){.argv = argv, .deadline_s = 60}, err);
}

/* An empty disk, which the machine makes its state of, or what else it is for. */
static int qemu_machine_make_further(const struct machine *machine, const char *serial, struct err *err)
{
	uint64_t bytes = machine->spec->disk_bytes ? machine->spec->disk_bytes : STATE_DISK_BYTES;
	const char *path = workdir_path(&machine->place, machine->arena, qemu_disk_file(machine->arena, serial));
	_cleanup_fd_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	return fd < 0 || ftruncate(fd, (off_t)(bytes / 512 * 512)) < 0 ? err_sys(err, -errno, "cannot make '%s'", path) : 0;
}

/* A fresh disk over the image, in place of one that a failed start has left; and the others, or room for the state. */
static int qemu_machine_make_disk(const struct machine *machine, struct err *err)
{
	const struct strv *further = &machine->spec->target->disks;
	uint64_t image_bytes = 0, bytes = machine->spec->disk_bytes;
	int r = qemu_machine_image_size(machine, &image_bytes, err);

	for (size_t i = 0; r == 0 && i < further->count; i++)
		r = qemu_machine_make_further(machine, further->items[i], err);
	if (further->count)
		bytes = image_bytes;
	if (r < 0)
		return r;
	if (bytes == 0)
		bytes = image_bytes + STATE_DISK_BYTES;
	if (bytes < image_bytes)
		return err_set(err, -EINVAL, "a disk of %s is too small for an image of %s",
			       size_format_human(machine->arena, bytes), size_format_human(machine->arena, image_bytes));
	return qemu_machine_create_disk(machine, bytes, err);
}

static int qemu_machine_make_firmware(const struct machine *machine, const char **ret_code, struct err *err)
{
	const char *path = workdir_path(&machine->place, machine->arena, MACHINE_VARIABLES);
	_cleanup_buf_ struct buf variables = {0};
	const struct firmware *firmware;
	int r;

	*ret_code = NULL;
	if (!machine->spec->uefi)
		return 0;
	r = firmware_find(&firmware, err);
	if (r == 0)
		r = file_read(firmware->variables, 64 << 20, &variables, err);
	if (r == 0)
		r = file_write(path, variables.data, variables.size, 0600, err);
	if (r == 0)
		*ret_code = firmware->code;
	return r;
}

/* Before anything is made for it. */
static int qemu_machine_find_program(struct err *err)
{
	const char *argv[] = {QEMU, "--version", NULL};
	int r = proc_check(&(struct proc){.argv = argv, .deadline_s = 60}, err);

	return r < 0 ? qemu_machine_no_program(r, "qemu-system-x86", err) : 0;
}

/* --- power on -------------------------------------------------------------------------------------------------------- */

/* Its own process group: Ctrl-C is for us, not for it. Unless the terminal is its console: then it has to be in ours. */
static int qemu_machine_leave_group(void *data)
{
	(void)data;
	return setpgid(0, 0) < 0 ? -errno : 0;
}

static bool qemu_machine_has_ended(const struct machine *machine)
{
	return signals_wait(machine->qemu.alive, POLLIN, 0) == 1;
}

static int qemu_machine_ended(struct machine *machine, struct err *err)
{
	const char *said = guest_tail(machine->arena, workdir_path(&machine->place, machine->arena, "qemu.log"));
	const char *console = guest_tail(machine->arena, workdir_path(&machine->place, machine->arena, MACHINE_CONSOLE));

	err_set(err, -ECHILD, "the machine has ended%s%s", *said ? "; output of QEMU: " : "", said);
	if (*console)
		err_wrap(err, "| %s", console);
	return -ECHILD;
}

static int qemu_machine_power_on(struct machine *machine, const struct qemu *qemu, struct err *err)
{
	const char *log = workdir_path(&machine->place, machine->arena, "qemu.log");
	_cleanup_fd_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	_cleanup_fd_ int out = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	const int streams[3] = {qemu->console ? 0 : null, qemu->console ? 1 : out, out};
	const struct proc proc = {.argv = qemu_command(machine->arena, qemu),
				  .cwd = machine->place.folder,
				  .prepare = qemu->console ? NULL : qemu_machine_leave_group};
	int64_t deadline_ms;
	int r;

	if (null < 0 || out < 0)
		return err_sys(err, -errno, "cannot write '%s'", log);
	r = proc_launch(&proc, streams, &machine->qemu, err);
	machine->started_ms = clock_ms();
	deadline_ms = machine->started_ms + SILENCE_MS;
	while (r == 0 && (r = wire_open(machine->place.folder, MACHINE_AGENT, &machine->agent)) < 0) {
		if (qemu_machine_has_ended(machine))
			return qemu_machine_ended(machine, err);
		if (clock_ms() > deadline_ms)
			return err_sys(err, r, "QEMU does not open its socket for the guest agent");
		r = signals_wait(-1, 0, clock_ms() + 50);
		if (r < 0)
			return err_set(err, r, "stopped");
	}
	return r;
}

static void qemu_machine_power_cut(struct machine *machine)
{
	wire_close(&machine->agent);
	proc_kill(&machine->qemu);
}

/* Looks on while KVM is on trial: 1 when the guest lives, 0 when it does not, -EINTR. */
static int qemu_machine_watch(struct machine *machine)
{
	const char *path = workdir_path(&machine->place, machine->arena, MACHINE_CONSOLE);
	int64_t heard_ms = clock_ms();
	size_t had = 0;
	int r;

	while (clock_ms() < heard_ms + SILENCE_MS) {
		_cleanup_buf_ struct buf console = {0};
		struct err ignored = {0};

		if (file_read(path, CONSOLE_BYTES_MAX, &console, &ignored) == 0 && console.size != had)
			heard_ms = clock_ms();
		err_free(&ignored);
		had = console.size;
		if (console.data && accel_shows_life(console.data))
			return 1;
		r = guest_agent_sync(&machine->agent, clock_ms() + LOOK_MS);
		if (r == 0)
			return 1;
		if (r == -EPIPE)
			return 0;
		if (r == -EINTR)
			return r;
	}
	return 0;
}

static int qemu_machine_start_trial(struct machine *machine, struct qemu *qemu, struct err *err)
{
	const char *cache = machine->spec->cache;
	struct err failure = {0};
	int r = qemu_machine_power_on(machine, qemu, &failure);

	if (r == 0)
		r = qemu_machine_watch(machine);
	else if (r == -ECHILD)
		r = 0;
	if (r == 0)
		log_warn("KVM does not work on this host: %s; starting again with TCG, which is slow",
			 failure.first ? failure.first->text : "the guest does not start under it");
	if (r < 0 && failure.first)
		err_take(err, &failure);
	else if (r < 0)
		err_set(err, r, "stopped");
	err_free(&failure);
	if (r >= 0)
		accel_remember(cache, r == 1);
	if (r != 0)
		return r < 0 ? r : 0;
	qemu_machine_power_cut(machine);
	machine->accel = qemu->accel = ACCEL_TCG;
	r = qemu_machine_make_disk(machine, err);
	return r == 0 ? qemu_machine_power_on(machine, qemu, err) : r;
}

/* Where the operator has an identity of that machine, it gets it as the machine itself would. */
static int qemu_machine_make_identity(struct machine *machine, bool *ret_made, struct err *err)
{
	const char *name = machine->spec->target->name, *path = keyring_path(machine->arena, name, KEYRING_IDENTITY);

	*ret_made = path && path_exists(path);
	return *ret_made ? handover_disc(name, workdir_path(&machine->place, machine->arena, MACHINE_IDENTITY), err) : 0;
}

int machine_start(struct arena *arena, const struct machine_spec *spec, struct machine *machine, struct err *err)
{
	struct qemu qemu = {
		.name = spec->target->name, .disks = spec->target->disks, .console = spec->console,
		.forwards = spec->forwards,
		.memory_bytes = spec->memory_bytes ? spec->memory_bytes : MEMORY_BYTES,
	};
	struct accel_choice choice;
	int r;

	*machine = (struct machine){.arena = arena, .spec = spec, .agent.fd = -1, .place.fd = -1, .qemu.alive = -1};
	r = qemu_machine_find_program(err);
	if (r == 0)
		r = accel_choose(spec->cache, spec->accel, &choice, err);
	if (r == 0)
		r = workdir_make(arena, spec->cache, spec->target->name, spec->keep, &machine->place, err);
	if (r == 0)
		r = qemu_machine_make_disk(machine, err);
	if (r == 0)
		r = qemu_machine_make_firmware(machine, &qemu.firmware, err);
	if (r == 0)
		r = seed_write(workdir_path(&machine->place, arena, MACHINE_SEED), spec->target->name, spec->seed, err);
	if (r == 0)
		r = qemu_machine_make_identity(machine, &qemu.identity, err);
	if (r < 0)
		return r;
	machine->accel = qemu.accel = choice.accel;
	return choice.on_trial ? qemu_machine_start_trial(machine, &qemu, err)
			       : qemu_machine_power_on(machine, &qemu, err);
}

/* --- while it runs --------------------------------------------------------------------------------------------------- */

int machine_wait(struct machine *machine, int64_t deadline_ms, struct err *err)
{
	const char *console;
	int r = guest_agent_sync(&machine->agent, deadline_ms);

	machine->up = r == 0;
	if (r == -EPIPE)
		return qemu_machine_ended(machine, err);
	if (r == -EINTR)
		return err_set(err, r, "stopped");
	if (r == 0)
		return 0;
	console = guest_tail(machine->arena, workdir_path(&machine->place, machine->arena, MACHINE_CONSOLE));
	err_set(err, r, "the machine did not come up in time: its guest agent does not answer");
	return err_wrap(err, "| %s", *console ? console : "(its console is empty)");
}

int machine_wait_off(struct machine *machine)
{
	int r;

	while ((r = signals_wait(machine->qemu.alive, POLLIN, clock_ms() + 3600000)) == 0)
		;
	return r < 0 ? r : 0;
}

/* Sends the ACPI power button by QEMU's monitor. */
static int qemu_machine_press_button(const struct machine *machine, int64_t deadline_ms)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct wire wire = {.fd = -1};
	const char *line;
	int r = wire_open(machine->place.folder, MACHINE_MONITOR, &wire);

	if (r == 0)
		r = wire_line(&wire, arena, deadline_ms, &line); /* its greeting */
	if (r == 0)
		r = wire_request(&wire, "qmp_capabilities", NULL, deadline_ms);
	if (r == 0)
		r = wire_line(&wire, arena, deadline_ms, &line);
	if (r == 0)
		r = wire_request(&wire, "system_powerdown", NULL, deadline_ms);
	if (r == 0)
		r = wire_line(&wire, arena, deadline_ms, &line);
	wire_close(&wire);
	return r;
}

void machine_power_off(struct machine *machine)
{
	int64_t deadline_ms = clock_ms() + KILL_MS;
	int r = -ENOTCONN;

	if (machine->qemu.pid <= 0 || qemu_machine_has_ended(machine))
		return;
	log_step("powering off");
	if (machine->up)
		r = guest_agent_power_off(&machine->agent, deadline_ms);
	if (r < 0 && r != -EINTR)
		r = qemu_machine_press_button(machine, deadline_ms);
	deadline_ms = clock_ms() + (machine->up ? OFF_MS : OFF_EARLY_MS); /* a boot loader ignores the power button */
	if (r == 0 && signals_wait(machine->qemu.alive, POLLIN, deadline_ms) == 0)
		log_warn("the machine does not power off: it is stopped now");
	log_step(NULL);
}

void machine_close(struct machine *machine)
{
	qemu_machine_power_cut(machine);
	workdir_close(&machine->place);
}

/* --- as a guest ------------------------------------------------------------------------------------------------------ */

static int qemu_machine_run_command(void *data, struct arena *arena, const char *const *argv, uint64_t timeout_ms,
				    struct guest_said *ret_said, struct err *err)
{
	struct machine *machine = data;

	return guest_agent_run(&machine->agent, arena, argv, timeout_ms, ret_said, err);
}

static const char *qemu_machine_console(void *data, struct arena *arena)
{
	const struct machine *machine = data;

	return guest_tail(arena, workdir_path(&machine->place, arena, MACHINE_CONSOLE));
}

struct guest machine_guest(struct machine *machine)
{
	return (struct guest){machine, qemu_machine_run_command, qemu_machine_console};
}

#include "run/qemu/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "contract/image.h"

static void qemu_command_put(struct arena *arena, struct strv *words, const char *option, const char *value)
{
	strv_push(arena, words, option);
	if (value)
		strv_push(arena, words, value);
}

/* A comma in a value ends it unless it is doubled. */
static const char *qemu_command_escape(struct arena *arena, const char *value)
{
	char *out = arena_alloc(arena, 2 * strlen(value) + 1), *at = out;

	for (; *value; value++) {
		*at++ = *value;
		if (*value == ',')
			*at++ = ',';
	}
	return out;
}

/* Two emulated processors corrupt guests that use cmpxchg16b (QEMU before 10), or lose the timer of one now and then, and the
 * guest hangs in its boot (QEMU 10). */
static const char *qemu_command_processors(const struct qemu *qemu)
{
	return qemu->accel == ACCEL_KVM ? "2" : "1";
}

static void qemu_command_put_processors(struct arena *arena, struct strv *words, const struct qemu *qemu)
{
	qemu_command_put(arena, words, "-accel", qemu->accel == ACCEL_KVM ? "kvm" : "tcg");
	qemu_command_put(arena, words, "-cpu", qemu->accel == ACCEL_KVM ? "host" : "max");
	qemu_command_put(arena, words, "-smp", qemu_command_processors(qemu));
	qemu_command_put(arena, words, "-m", arena_printf(arena, "%" PRIu64, qemu->memory_bytes >> 20));
}

static void qemu_command_put_firmware(struct arena *arena, struct strv *words, const struct qemu *qemu)
{
	qemu_command_put(arena, words, "-machine", qemu->firmware ? "q35" : "pc");
	if (!qemu->firmware)
		return;
	qemu_command_put(arena, words, "-drive",
			 arena_printf(arena, "if=pflash,format=raw,readonly=on,file=%s",
				      qemu_command_escape(arena, qemu->firmware)));
	qemu_command_put(arena, words, "-drive", "if=pflash,format=raw,file=" MACHINE_VARIABLES);
}

const char *qemu_disk_file(struct arena *arena, const char *serial)
{
	return strcmp(serial, STATE_SERIAL) == 0 ? MACHINE_STATE : arena_printf(arena, MACHINE_OTHER, serial);
}

/* What is thrown away need not be flushed. */
static void qemu_command_put_disks(struct arena *arena, struct strv *words, const struct qemu *qemu)
{
	qemu_command_put(arena, words, "-drive",
			 "file=" MACHINE_DISK ",if=none,id=disk,format=qcow2,cache=unsafe,discard=unmap");
	qemu_command_put(arena, words, "-device", "virtio-blk-pci,drive=disk,bootindex=0");
	for (size_t i = 0; i < qemu->disks.count; i++) {
		const char *serial = qemu->disks.items[i];

		qemu_command_put(arena, words, "-drive",
				 arena_printf(arena, "file=%s,if=none,id=further%zu,format=raw,cache=unsafe,discard=unmap",
					      qemu_disk_file(arena, serial), i));
		qemu_command_put(arena, words, "-device",
				 arena_printf(arena, "virtio-blk-pci,drive=further%zu,serial=%s", i, serial));
	}
	qemu_command_put(arena, words, "-drive", "file=" MACHINE_SEED ",if=none,id=seed,format=raw,readonly=on");
	qemu_command_put(arena, words, "-device", "virtio-blk-pci,drive=seed");
	if (!qemu->identity)
		return;
	/* it can be written to: the machine wipes it when it has taken what is on it */
	qemu_command_put(arena, words, "-drive", "file=" MACHINE_IDENTITY ",if=none,id=identity,format=raw,cache=unsafe");
	qemu_command_put(arena, words, "-device", "virtio-blk-pci,drive=identity");
}

static void qemu_command_put_network(struct arena *arena, struct strv *words, const struct qemu *qemu)
{
	const char *network = "user,id=net";

	for (size_t i = 0; i < qemu->forwards->count; i++)
		network = arena_printf(arena, "%s,hostfwd=tcp:127.0.0.1:%u-:%u", network, qemu->forwards->items[i].host,
				       qemu->forwards->items[i].guest);
	qemu_command_put(arena, words, "-netdev", network);
	qemu_command_put(arena, words, "-device", "virtio-net-pci,netdev=net,mac=52:54:00:12:34:56");
}

static void qemu_command_put_talk(struct arena *arena, struct strv *words, const struct qemu *qemu)
{
	qemu_command_put(arena, words, "-display", "none");
	qemu_command_put(arena, words, "-vga", "std"); /* the boot loader writes on a screen */
	if (qemu->console) {
		qemu_command_put(arena, words, "-chardev",
				 "stdio,id=console,mux=on,signal=off,logfile=" MACHINE_CONSOLE);
		qemu_command_put(arena, words, "-mon", "chardev=console");
	} else {
		qemu_command_put(arena, words, "-chardev", "file,id=console,path=" MACHINE_CONSOLE);
	}
	qemu_command_put(arena, words, "-serial", "chardev:console");
	qemu_command_put(arena, words, "-qmp", "unix:" MACHINE_MONITOR ",server=on,wait=off");
	qemu_command_put(arena, words, "-device", "virtio-serial-pci");
	qemu_command_put(arena, words, "-chardev", "socket,id=agent,path=" MACHINE_AGENT ",server=on,wait=off");
	qemu_command_put(arena, words, "-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0");
	qemu_command_put(arena, words, "-device", "virtio-rng-pci");
}

const char *const *qemu_command(struct arena *arena, const struct qemu *qemu)
{
	struct strv words = {0};

	qemu_command_put(arena, &words, QEMU, "-nodefaults");
	qemu_command_put(arena, &words, "-no-user-config", NULL);
	qemu_command_put(arena, &words, "-name", qemu_command_escape(arena, qemu->name));
	qemu_command_put_processors(arena, &words, qemu);
	qemu_command_put_firmware(arena, &words, qemu);
	qemu_command_put_disks(arena, &words, qemu);
	qemu_command_put_network(arena, &words, qemu);
	qemu_command_put_talk(arena, &words, qemu);
	*arena_push(arena, words.items, words.count) = NULL;
	return words.items;
}

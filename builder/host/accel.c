#include "host/accel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/log.h"

static const char DEVICE[] = "/dev/kvm", BOOT_ID[] = "/proc/sys/kernel/random/boot_id", MEMORY[] = "accelerator";

enum { MEMORY_BYTES_MAX = 4096 };

/* The line that the memory has when KVM works, or does not, on this boot of this host. */
static const char *accel_line_of(struct arena *arena, bool works)
{
	_cleanup_buf_ struct buf id = {0};
	struct err ignored = {0};

	if (file_read(BOOT_ID, MEMORY_BYTES_MAX, &id, &ignored) < 0)
		buf_puts(&id, "unknown\n");
	err_free(&ignored);
	return arena_printf(arena, "kvm %s on boot %s", works ? "works" : "hangs", id.data);
}

static bool accel_remembers(const char *cache, bool works)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = {0};
	struct err ignored = {0};
	const char *path = arena_printf(arena, "%s/%s", cache, MEMORY);
	bool does = file_read(path, MEMORY_BYTES_MAX, &text, &ignored) == 0 && text.data &&
		    strcmp(text.data, accel_line_of(arena, works)) == 0;

	err_free(&ignored);
	return does;
}

void accel_remember(const char *cache, bool works)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *line = accel_line_of(arena, works);
	struct err ignored = {0};

	file_publish(arena_printf(arena, "%s/%s", cache, MEMORY), line, strlen(line), 0644, &ignored);
	err_free(&ignored);
}

struct accel_choice accel_known(const char *cache)
{
	_cleanup_fd_ int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return (struct accel_choice){.accel = ACCEL_TCG, .why = strerror(errno)};
	if (accel_remembers(cache, false))
		return (struct accel_choice){.accel = ACCEL_TCG};
	return (struct accel_choice){.accel = ACCEL_KVM, .on_trial = !accel_remembers(cache, true)};
}

int accel_choose(const char *cache, const char *asked, struct accel_choice *ret_choice, struct err *err)
{
	if (asked && strcmp(asked, "kvm") != 0 && strcmp(asked, "tcg") != 0) {
		err_set(err, -EINVAL, "unknown accelerator '%s'", asked);
		return err_hint(err, "choose one of: kvm, tcg");
	}
	if (asked) {
		*ret_choice = (struct accel_choice){.accel = strcmp(asked, "kvm") == 0 ? ACCEL_KVM : ACCEL_TCG};
		return 0;
	}
	*ret_choice = accel_known(cache);
	if (ret_choice->why)
		log_note("KVM is not available (%s: %s): the machine is emulated, which is slow", DEVICE, ret_choice->why);
	else if (ret_choice->accel == ACCEL_TCG)
		log_note("KVM did not work on this host before: the machine is emulated, which is slow "
			 "('--accel kvm' tries again)");
	return 0;
}

/* A kernel that hangs may have printed before; what counts is that a program runs on it: our own init, an initrd,
 * systemd. */
bool accel_shows_life(const char *console)
{
	static const char *const signs[] = {"aether-init", "Run /init as init process", "Run /sbin/init as init process",
					    "systemd[1]", "login:"};

	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
		if (strstr(console, signs[i]))
			return true;
	return false;
}

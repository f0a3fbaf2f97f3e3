#include "machine/agent/judge.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/agent/boot.h"
#include "machine/agent/health.h"
#include "machine/agent/metrics.h"
#include "machine/agent/replug.h"
#include "machine/agent/restart.h"
#include "machine/command.h"
#include "machine/hex.h"
#include "machine/lines.h"
#include "machine/verity.h"

#define ROOM "/run/aether"

enum { UP_SECONDS = 900, WAIT_SECONDS = 30, PAUSE_US = 1000000 };

static void judge_publish(const char *verdict, const char *reason)
{
	char text[1024], flat[800];

	snprintf(flat, sizeof flat, "%s", reason);
	lines_flatten(flat);
	snprintf(text, sizeof text, "verdict=%s\nreason=%s\n", verdict, flat);
	if (make_folder(ROOM, 0755) < 0 || write_whole(ROOM, "health", text) < 0)
		say("cannot write " ROOM "/health");
}

void judge_verdict(char *verdict, size_t verdict_size, char *reason, size_t reason_size)
{
	char text[1024];

	snprintf(verdict, verdict_size, "unknown");
	*reason = 0;
	if (read_line(ROOM "/health", text, sizeof text) <= 0)
		return;
	lines_get(text, "verdict", verdict, verdict_size);
	lines_get(text, "reason", reason, reason_size);
}

void judge_forget(void)
{
	unlink(ROOM "/health");
}

/* How long a boot may take: AETHER_BOOT_SECONDS, which a drop-in of the unit may set. */
static long judge_boot_seconds(void)
{
	const char *text = getenv("AETHER_BOOT_SECONDS");
	long seconds = text ? strtol(text, NULL, 10) : 0;

	return seconds > 0 ? seconds : UP_SECONDS;
}

/* Waits until systemd has started what it was to start. */
static bool judge_wait_until_up(char *reason, size_t size)
{
	static const char *const argv[] = {"systemctl", "is-system-running", "--wait", NULL};
	int64_t began_ms = uptime_ms();
	char state[64];

	for (;;) {
		/* When that is late it is asked again, because it may wait for what never comes. */
		command_run(argv, WAIT_SECONDS, state, sizeof state);
		if (strcmp(state, "running") == 0 || strcmp(state, "degraded") == 0)
			return true;
		if (strcmp(state, "maintenance") == 0) {
			snprintf(reason, size, "the machine came up in emergency mode");
			return false;
		}
		if (strcmp(state, "stopping") == 0)
			exit(EXIT_SUCCESS); /* the machine is being shut down: no verdict */
		if ((uptime_ms() - began_ms) / 1000 >= judge_boot_seconds()) {
			snprintf(reason, size, "the machine was not up after %ld seconds", judge_boot_seconds());
			return false;
		}
		usleep(PAUSE_US);
	}
}

static bool judge_is_healthy(char *reason, size_t size)
{
	static struct health health;

	if (!judge_wait_until_up(reason, size))
		return false;
	health_read(&health);
	if (health_wait(&health, NULL))
		return true;
	health_reason(&health, reason, size);
	return false;
}

/* Reads the root from its first block to its last, so that the kernel verifies each: what is damaged is to come out
 * while there is a way back, and not months later, when that block is first read. (Then the kernel restarts the
 * machine by itself, and the loader has counted the try.) */
static bool judge_is_sound(char *reason, size_t size)
{
	static char chunk[1 << 20];
	char device[32], path[64];
	int64_t at = 0;
	ssize_t n;
	int fd;

	if (!root_device(device))
		return true;
	snprintf(path, sizeof path, "/dev/%s", device);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	do {
		n = fd < 0 ? -errno : read_all(fd, chunk, sizeof chunk, at);
		if (n > 0)
			posix_fadvise(fd, at, n, POSIX_FADV_DONTNEED);
		at += n > 0 ? n : 0;
	} while (n > 0);
	if (n < 0)
		snprintf(reason, size, "the root cannot be read at byte %lld: %s", (long long)at, strerror((int)-n));
	if (fd >= 0)
		close(fd);
	return n == 0;
}

/* A slot was on trial, but the other one runs: the slot did not boot far enough to record why. */
static void judge_other(struct boot *boot)
{
	struct slot *other = boot->other;
	char reason[sizeof other->failed_reason];

	boot_lock(BOOT_WAIT);
	boot_reload(boot);
	if (other && other->refused) {
		snprintf(reason, sizeof reason, "%s", other->failed_reason);
		boot_condemn(boot, other, reason);
		say("slot %c is bad: %s", other->letter, reason);
	} else if (other && other->state == SLOT_TRIAL && other->tries_left < SLOT_TRIES) {
		unsigned tries = SLOT_TRIES - other->tries_left;

		snprintf(reason, sizeof reason,
			 "it did not come up: started %u time%s, but never reached its health checks", tries,
			 tries == 1 ? "" : "s");
		boot_condemn(boot, other, reason);
		say("slot %c is bad: %s", other->letter, reason);
	}
	boot_unlock();
}

static void judge_restart(void)
{
	static const char *const gently[] = {"systemctl", "--no-block", "reboot", NULL};
	static const char *const at_once[] = {"systemctl", "--force", "--force", "reboot", NULL};

	command_run(gently, 60, NULL, 0);
	sleep(180); /* a unit that has not stopped by then will not stop */
	command_run(at_once, 60, NULL, 0);
}

/* Without another slot to go to, a bad one is better than a machine that restarts for ever. */
static void judge_condemn(struct boot *boot, const char *reason)
{
	bool way_back = boot->other && boot->other->state == SLOT_GOOD;

	boot_condemn(boot, boot->running, reason);
	say("this generation is bad, %s: %s", way_back ? "going back" : "with no slot to go back to", reason);
	if (way_back)
		judge_restart();
}

/* What becomes of a generation on trial. */
static void judge_running(struct boot *boot, bool healthy, const char *reason)
{
	boot_lock(BOOT_WAIT);
	boot_reload(boot);
	if (boot->running->state == SLOT_TRIAL && healthy)
		boot_bless(boot, boot->running);
	else if (boot->running->state == SLOT_TRIAL)
		judge_condemn(boot, reason);
	boot_unlock();
}

/* After a restart of user space the verified device of the root before is still there, and would keep what is written to
 * its slot from being seen. */
static void judge_forget_before(const struct boot *boot)
{
	uint8_t root_hash[ROOT_HASH_BYTES];

	if (boot->other && hex_parse(boot->other->root_hash, strlen(boot->other->root_hash), root_hash, sizeof root_hash) == 0)
		verity_close(root_hash); /* (mostly there is none) */
}

static void judge_count(const struct boot *boot, const char *verdict)
{
	int r = metrics_write(boot, verdict);

	if (r < 0)
		say("cannot write " METRICS_ROOM "/" METRICS_NAME ": %s", strerror(-r));
}

int judge_main(int argc, char **argv)
{
	static struct boot boot;
	char reason[512] = "";
	bool healthy;

	(void)argc;
	(void)argv;
	judge_publish(JUDGE_WAITING, "");
	if (access(RESTART_ROOM "/" RESTART_COUNT, F_OK) == 0)
		replug();
	boot_open(&boot, BOOT_LOOK);
	if (boot.running)
		judge_other(&boot);
	judge_forget_before(&boot);
	judge_count(&boot, JUDGE_WAITING);
	healthy = judge_is_healthy(reason, sizeof reason);
	if (healthy && boot.store == &boot_esp && boot.running->state == SLOT_TRIAL)
		healthy = judge_is_sound(reason, sizeof reason);
	if (!healthy) {
		say("the machine is not healthy: %s", reason);
		judge_publish(JUDGE_BAD, reason);
	}
	if (boot.running)
		judge_running(&boot, healthy, reason);
	if (healthy)
		judge_publish(JUDGE_GOOD, "");
	judge_count(&boot, healthy ? JUDGE_GOOD : JUDGE_BAD);
	return healthy ? EXIT_SUCCESS : EXIT_FAILURE;
}

#include "machine/agent/health.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "contract/image.h"
#include "machine/command.h"
#include "machine/lines.h"
#include "machine/root/root.h"
#include "machine/say.h"

enum { CHECK_SECONDS = 10, COMMAND_SECONDS = 30, PAUSE_US = 2000000 };

/* --- one kind each: 0 when it holds; else says why in `reason` -------------------------------------------------------- */

static bool agent_health_unit_holds(char *const *words, char *reason, size_t size)
{
	const char *const argv[] = {"systemctl", "is-active", words[1], NULL};

	return command_run(argv, CHECK_SECONDS, reason, size) == 0;
}

/* A user's systemd is asked as that user, by its socket. */
static bool agent_health_user_unit_holds(char *const *words, char *reason, size_t size)
{
	char folder[64];
	const char *const argv[] = {"runuser", "-u", words[2], "--", "env", folder,
				    "systemctl", "--user", "is-active", words[1], NULL};

	snprintf(folder, sizeof folder, "XDG_RUNTIME_DIR=/run/user/%s", words[3]);
	return command_run(argv, CHECK_SECONDS, reason, size) == 0;
}

static bool agent_health_connects(const struct sockaddr *address, socklen_t size)
{
	struct pollfd poll_fd = {.fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
				 .events = POLLOUT};
	int error = 0;
	socklen_t error_size = sizeof error;

	if (poll_fd.fd < 0)
		return false;
	if (connect(poll_fd.fd, address, size) < 0) {
		error = errno;
		if (error == EINPROGRESS)
			error = poll(&poll_fd, 1, CHECK_SECONDS * 1000) != 1 ? ETIMEDOUT
				: getsockopt(poll_fd.fd, SOL_SOCKET, SO_ERROR, &error, &error_size) < 0 ? errno : error;
	}
	close(poll_fd.fd);
	errno = error;
	return error == 0;
}

static bool agent_health_tcp_holds(char *const *words, char *reason, size_t size)
{
	uint16_t port = htons((uint16_t)strtoul(words[1], NULL, 10));
	struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = port, .sin6_addr = IN6ADDR_LOOPBACK_INIT};

	if (agent_health_connects((struct sockaddr *)&ipv4, sizeof ipv4) ||
	    agent_health_connects((struct sockaddr *)&ipv6, sizeof ipv6))
		return true;
	snprintf(reason, size, "%s", strerror(errno));
	return false;
}

/* The service's own answer is checked, not its identity: certificates are not verified. */
static bool agent_health_http_holds(char *const *words, char *reason, size_t size)
{
	const char *const argv[] = {"curl", "--silent", "--show-error", "--insecure", "--noproxy", "*", "--max-time", "10",
				    "--output", "/dev/null", "--write-out", "\n%{http_code}", words[2], NULL};
	int status = command_run(argv, CHECK_SECONDS + 2, reason, size);

	if (status == 0 && strcmp(reason, words[1]) == 0)
		return true;
	if (status == 0) {
		char seen[16];

		snprintf(seen, sizeof seen, "%s", reason);
		snprintf(reason, size, "it answers with HTTP status %s", seen);
	}
	return false;
}

static bool agent_health_command_holds(char *const *words, char *reason, size_t size)
{
	int status = command_run((const char *const *)words + 1, COMMAND_SECONDS, reason, size);
	size_t n = strlen(reason);

	if (status == -ETIME)
		snprintf(reason, size, "it did not end within %d seconds", COMMAND_SECONDS);
	else if (status < 0)
		snprintf(reason, size, "it cannot be run: %s", strerror(-status));
	else if (status > 0)
		snprintf(reason + n, size - n, "%sexit status %d", n ? "; " : "", status);
	return status == 0;
}

static bool agent_health_running_holds(char *const *words, char *reason, size_t size)
{
	const char *const argv[] = {"systemctl", "is-system-running", NULL};

	(void)words;
	return command_run(argv, CHECK_SECONDS, reason, size) == 0;
}

/* Where /var is, as the initrd found it (root/root.h): in memory is a machine that forgets. */
static bool agent_health_state_holds(char *const *words, char *reason, size_t size)
{
	(void)words;
	lines_read(ROOT_STATE_FILE, ROOT_STATE_PROBLEM, reason, size);
	return !*reason;
}

static const struct kind {
	const char *name;
	size_t min_words, max_words;
	bool (*holds)(char *const *words, char *reason, size_t size);
} kinds[] = {
	{HEALTH_TYPE_UNIT, 2, 2, agent_health_unit_holds},
	{HEALTH_TYPE_USER_UNIT, 4, 4, agent_health_user_unit_holds},
	{HEALTH_TYPE_TCP, 2, 2, agent_health_tcp_holds},
	{HEALTH_TYPE_HTTP, 3, 3, agent_health_http_holds},
	{HEALTH_TYPE_COMMAND, 2, CHECK_WORDS, agent_health_command_holds},
	{"running", 1, 1, agent_health_running_holds},
	{"state", 1, 1, agent_health_state_holds},
};

static const struct kind *agent_health_kind_of(const char *name)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

/* --- all of them ------------------------------------------------------------------------------------------------------ */

int health_parse(struct health *health)
{
	char *text = health->text, *fields[CHECK_WORDS + 1];
	int n;

	health->n_checks = 0;
	while ((n = lines_fields(&text, fields, CHECK_WORDS + 1)) > 0) {
		const struct kind *kind = n > 1 ? agent_health_kind_of(fields[1]) : NULL;
		struct check *check = &health->checks[health->n_checks];
		size_t n_words = (size_t)n - 1;
		char *end;

		if (!kind || health->n_checks == CHECKS || n_words < kind->min_words || n_words > kind->max_words)
			return -EINVAL;
		*check = (struct check){.kind = kind, .timeout_ms = strtoul(fields[0], &end, 10)};
		if (*end || end == fields[0])
			return -EINVAL;
		memcpy(check->words, fields + 1, n_words * sizeof *fields);
		health->n_checks++;
	}
	return n;
}

void health_read(struct health *health)
{
	static const char no_checks[] = "120000\trunning\n", state[] = "0\tstate\n";
	int n = read_line(HEALTH_FILE, health->text, sizeof health->text - sizeof state);

	if (n == 0)
		n = snprintf(health->text, sizeof health->text, no_checks);
	if (n > 0 && access(ROOT_STATE_FILE, F_OK) == 0)
		snprintf(health->text + n, sizeof health->text - (size_t)n, "%s%s",
			 health->text[n - 1] == '\n' ? "" : "\n", state);
	if (n < 0 || health_parse(health) < 0)
		die("cannot read /usr/lib/aether/health: %s", n < 0 ? strerror(-n) : "its format is not valid");
}

/* Asks all once. Returns how many hold; *ret_late: one that does not has had its time. */
static size_t agent_health_ask(struct health *health, long long passed_ms, bool *ret_late)
{
	size_t holding = 0;

	*ret_late = false;
	for (size_t i = 0; i < health->n_checks; i++) {
		struct check *check = &health->checks[i];

		*check->reason = 0;
		check->holds = check->kind->holds(check->words, check->reason, sizeof check->reason);
		holding += check->holds;
		*ret_late |= !check->holds && passed_ms >= (long long)check->timeout_ms;
	}
	return holding;
}

bool health_wait(struct health *health, void (*told)(const struct health *health))
{
	long long start = uptime_ms();
	bool late = false;

	for (;;) {
		size_t holding = agent_health_ask(health, uptime_ms() - start, &late);

		if (told)
			told(health);
		if (holding == health->n_checks || late)
			return holding == health->n_checks;
		usleep(PAUSE_US);
	}
}

void check_print(const struct check *check, char *out, size_t size)
{
	size_t at = 0;

	*out = 0;
	for (char *const *word = check->words; *word && at < size; word++)
		at += (size_t)snprintf(out + at, size - at, "%s%s", word == check->words ? "" : " ", *word);
}

void health_reason(const struct health *health, char *out, size_t size)
{
	char words[200];

	*out = 0;
	for (size_t i = 0; i < health->n_checks; i++) {
		const struct check *check = &health->checks[i];

		if (check->holds)
			continue;
		check_print(check, words, sizeof words);
		snprintf(out, size, "%s: %s", words, *check->reason ? check->reason : "it failed");
		return;
	}
}

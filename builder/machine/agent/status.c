#include "machine/agent/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract/agent.h"
#include "machine/agent/boot.h"
#include "machine/agent/health.h"
#include "machine/agent/judge.h"
#include "machine/agent/restart.h"
#include "machine/agent/secrets_said.h"
#include "machine/lines.h"
#include "machine/quote.h"
#include "machine/remark_files.h"
#include "machine/root/root.h"

enum { WAIT_MS = 5000, WAIT_STEP_US = 100000 };

static bool agent_status_wants(int argc, char **argv, const char *option)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], option) == 0)
			return true;
	return false;
}

static void agent_status_put_pair(const char *key, const char *text, const char *end)
{
	printf("\"%s\": ", key);
	quote_print(text, stdout);
	fputs(end, stdout);
}

/* --- status ---------------------------------------------------------------------------------------------------------- */

static void agent_status_put_slot(const struct slot *slot)
{
	printf("{\"" STATUS_SLOT "\": \"%c\", \"" STATUS_STATE "\": \"%s\", ", slot->letter, slot_state_name(slot->state));
	agent_status_put_pair(STATUS_ROOT_HASH, slot->root_hash, ", ");
	agent_status_put_pair(STATUS_GENERATION, slot->generation, ", ");
	printf("\"" STATUS_TRIES_LEFT "\": %u, \"" STATUS_SIZE "\": %llu}", slot->tries_left,
	       (unsigned long long)slot->size_bytes);
}

static void agent_status_put_failure(const struct slot *slot)
{
	if (!slot) {
		fputs("null", stdout);
		return;
	}
	printf("{\"" STATUS_WHEN "\": %lld, \"" STATUS_SLOT "\": \"%c\", ", strtoll(slot->failed_when, NULL, 10), slot->letter);
	agent_status_put_pair(STATUS_ROOT_HASH, slot->root_hash, ", ");
	agent_status_put_pair(STATUS_GENERATION, slot->generation, ", ");
	agent_status_put_pair(STATUS_REASON, slot->failed_reason, "}");
}

static void agent_status_put_state(void)
{
	char on[64];

	lines_read(ROOT_STATE_FILE, ROOT_STATE_ON, on, sizeof on);
	agent_status_put_pair(STATUS_STATE_ON, on, ", ");
}

static void agent_status_put_remark(const char *line, void *data)
{
	bool *first = data;

	fputs(*first ? "" : ", ", stdout);
	quote_print(line, stdout);
	*first = false;
}

static void agent_status_put_remarks(const struct boot *boot)
{
	bool first = true;

	fputs(", \"" STATUS_REMARKS "\": [", stdout);
	if (*boot->remark)
		agent_status_put_remark(boot->remark, &first);
	remarks_each("", agent_status_put_remark, &first);
	putchar(']');
}

static void agent_status_say_remark(const char *line, void *data)
{
	(void)data;
	printf("note: %s\n", line);
}

static void agent_status_put_json(const struct boot *boot, const char *boot_id, const char *health, const char *reason)
{
	const struct slot *running = boot->running;
	const char slot[] = {running ? running->letter : 0, 0};

	putchar('{');
	agent_status_put_pair(STATUS_NAME, boot->name, ", ");
	agent_status_put_pair(STATUS_KIND, boot->kind, ", ");
	agent_status_put_pair(STATUS_FORMAT, boot->format, ", ");
	agent_status_put_pair(STATUS_BOOT_ID, boot_id, ", ");
	agent_status_put_pair(STATUS_SLOT, slot, ", ");
	agent_status_put_pair(STATUS_GENERATION, running ? running->generation : "", ", ");
	agent_status_put_pair(STATUS_ROOT_HASH, boot->root_hash, ", ");
	agent_status_put_pair(STATUS_STATE, running ? slot_state_name(running->state) : "", ", ");
	printf("\"" STATUS_TRIES_LEFT "\": %u, ", running ? running->tries_left : 0);
	printf("\"" STATUS_IMAGE_EPOCH "\": %lld, ", strtoll(boot->epoch, NULL, 10));
	agent_status_put_state();
	agent_status_put_pair(STATUS_HEALTH, health, ", ");
	agent_status_put_pair(STATUS_HEALTH_REASON, reason, ", \"" STATUS_SLOTS "\": [");
	for (size_t i = 0; i < boot->n_slots; i++) {
		fputs(i ? ", " : "", stdout);
		agent_status_put_slot(&boot->slots[i]);
	}
	fputs("], \"" STATUS_FAILURE "\": ", stdout);
	agent_status_put_failure(boot_latest_failure(boot));
	agent_status_put_remarks(boot);
	secrets_said_put_json(stdout);
	puts("}");
}

static void agent_status_put_plain(const struct boot *boot, const char *health, const char *reason)
{
	printf("%s (%s), health: %s%s%s\n", boot->name, boot->kind, health, *reason ? ": " : "", reason);
	for (size_t i = 0; i < boot->n_slots; i++) {
		const struct slot *slot = &boot->slots[i];

		printf("%c slot %c  %-5s  generation %-4s  root %.16s", slot == boot->running ? '*' : ' ', slot->letter,
		       slot_state_name(slot->state), *slot->generation ? slot->generation : "-",
		       *slot->root_hash ? slot->root_hash : "-");
		if (slot->state == SLOT_TRIAL)
			printf("  %u tries left", slot->tries_left);
		puts("");
		if (*slot->failed_reason)
			printf("         %s\n", slot->failed_reason);
	}
	if (*boot->remark)
		agent_status_say_remark(boot->remark, NULL);
	secrets_said_put_plain(stdout);
	remarks_each("", agent_status_say_remark, NULL);
}

/* Whoever waits for a verdict need not log in again and again for it: a while of that is here. */
static void agent_status_await_verdict(void)
{
	char verdict[16], reason[800];

	for (int64_t began_ms = uptime_ms(); uptime_ms() - began_ms < WAIT_MS; usleep(WAIT_STEP_US)) {
		judge_verdict(verdict, sizeof verdict, reason, sizeof reason);
		if (strcmp(verdict, JUDGE_GOOD) == 0 || strcmp(verdict, JUDGE_BAD) == 0)
			return;
	}
}

int status_main(int argc, char **argv)
{
	static struct boot boot;
	char boot_id[64], health[16], reason[800];

	if (agent_status_wants(argc, argv, AGENT_WAIT)) {
		puts(""); /* whoever asks knows by it that he got through */
		fflush(stdout);
		agent_status_await_verdict();
	}
	boot_open(&boot, BOOT_LOOK);
	boot_start_id(&boot, boot_id, sizeof boot_id);
	judge_verdict(health, sizeof health, reason, sizeof reason);
	if (agent_status_wants(argc, argv, AGENT_JSON))
		agent_status_put_json(&boot, boot_id, health, reason);
	else
		agent_status_put_plain(&boot, health, reason);
	return EXIT_SUCCESS;
}

/* --- health ---------------------------------------------------------------------------------------------------------- */

int health_main(int argc, char **argv)
{
	static struct health health;
	bool json = agent_status_wants(argc, argv, AGENT_JSON), all;

	health_read(&health);
	all = health_wait(&health, NULL);
	if (json)
		printf("{\"" HEALTH_ALL "\": %s, \"" HEALTH_CHECKS "\": [", all ? "true" : "false");
	for (size_t i = 0; i < health.n_checks; i++) {
		const struct check *check = &health.checks[i];
		char words[400];

		check_print(check, words, sizeof words);
		if (json) {
			fputs(i ? ", {" : "{", stdout);
			agent_status_put_pair(HEALTH_CHECK, words, ", ");
			printf("\"" HEALTH_OK "\": %s, ", check->holds ? "true" : "false");
			agent_status_put_pair(HEALTH_REASON, check->reason, "}");
		} else {
			printf("%-6s %s%s%s\n", check->holds ? "ok" : "not ok", words, check->holds ? "" : ": ",
			       check->holds ? "" : check->reason);
		}
	}
	if (json)
		puts("]}");
	return all ? EXIT_SUCCESS : EXIT_FAILURE;
}

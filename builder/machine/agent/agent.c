/* aether-agent: what a machine does for its own generations. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/agent.h"
#include "machine/agent/boot.h"
#include "machine/agent/judge.h"
#include "machine/agent/move.h"
#include "machine/agent/restart.h"
#include "machine/agent/status.h"
#include "machine/agent/take.h"
#include "machine/seed/seed.h"

static int agent_rollback_main(int argc, char **argv)
{
	struct boot boot;

	(void)argc;
	(void)argv;
	boot_open(&boot, BOOT_CHANGE);
	if (!boot.other)
		die("this machine has no other slot to go back to");
	if (boot.running == &boot.base)
		die("no slot runs, but the root of the container, as a last resort: %s", boot.remark);
	if (boot.other->state != SLOT_GOOD)
		die("slot %c is %s: there is no good generation to go back to", boot.other->letter,
		    slot_state_name(boot.other->state));
	boot_condemn(&boot, boot.running, "rolled back by hand");
	printf("slot %c starts from the next boot on\n", boot.other->letter);
	return EXIT_SUCCESS;
}

static const struct command {
	const char *name, *arguments, *summary;
	int (*run)(int argc, char **argv);
} commands[] = {
	{AGENT_STATUS, "[--json] [--wait]", "shows slots, generations, tries left and the last failure", status_main},
	{AGENT_HEALTH, "[--json]", "runs the recipe's health checks until they pass or time out", health_main},
	{AGENT_JUDGE, "", "decides whether this boot is good (aether-health.service runs it)", judge_main},
	{AGENT_ROLLBACK, "", "marks this slot as bad: the other one starts from the next boot on", agent_rollback_main},
	{AGENT_TAKE, "[--dry-run] [--force]", "receives a generation from aether-build over stdin and stdout",
	 take_main},
	{AGENT_RESTART, "[--reboot]", "starts the generation on trial: user space alone, where that is enough", restart_main},
	{AGENT_MOVE_STATE, "", "moves /var to a disk of its own, at the next start", move_main},
	{AGENT_NEXT, "", "mounts the next root (aether-next.service runs it)", next_main},
	{AGENT_SEED, "[--from FOLDER] [--root FOLDER]", "follows the machine's seed (aether-seed.service runs it)", seed_main},
};

static int agent_usage(FILE *out)
{
	fputs("usage: aether-agent COMMAND\n\n", out);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		char left[64];

		snprintf(left, sizeof left, "%s %s", commands[i].name, commands[i].arguments);
		fprintf(out, "  %-38s %s\n", left, commands[i].summary);
	}
	return out == stdout ? EXIT_SUCCESS : 2;
}

int main(int argc, char **argv)
{
	say_as(AGENT, NULL);
	if (argc < 2)
		return agent_usage(stderr);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
		return agent_usage(stdout);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i].name, argv[1]) == 0)
			return commands[i].run(argc - 1, argv + 1);
	say("unknown command '%s'", argv[1]);
	return agent_usage(stderr);
}

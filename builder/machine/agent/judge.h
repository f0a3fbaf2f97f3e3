/* Judging a boot: the unit aether-health.service runs it at each. */
#ifndef MACHINE_AGENT_JUDGE_H
#define MACHINE_AGENT_JUDGE_H

#include <stddef.h>

/* Waits until the machine is up, then for the recipe's health checks. A generation on trial is good from then on, or
 * condemned: then the machine restarts into the slot it had before. Returns an exit status: 0 when the machine is
 * healthy. */
int judge_main(int argc, char **argv);

/* What the judge of this boot has come to: "unknown", JUDGE_…, and why it is bad. */
#define JUDGE_WAITING "waiting"
#define JUDGE_GOOD "good"
#define JUDGE_BAD "bad"
void judge_verdict(char *verdict, size_t verdict_size, char *reason, size_t reason_size);

/* No verdict is known any more: user space restarts. */
void judge_forget(void);

#endif

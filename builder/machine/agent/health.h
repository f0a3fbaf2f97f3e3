/* The recipe's health checks, as /usr/lib/aether/health has them: a line each, MILLISECONDS TYPE WORD…, of fields that
 * tabs separate (lines.h). A check may take that long until it holds, from when the machine is up. */
#ifndef MACHINE_AGENT_HEALTH_H
#define MACHINE_AGENT_HEALTH_H

#include <stdbool.h>
#include <stddef.h>

enum { CHECK_WORDS = 32, CHECKS = 64 };

struct check {
	const struct kind *kind;
	unsigned long timeout_ms;
	char *words[CHECK_WORDS + 1];  /* "tcp" "443"; NULL behind the last */
	bool holds;                    /* when it was looked at last */
	char reason[400];              /* why it does not */
};

struct health {
	char text[16384];              /* what the words are in */
	struct check checks[CHECKS];
	size_t n_checks;
};

/* Parses health->text. -EINVAL for what the builder does not write. Pure. */
int health_parse(struct health *health);

/* Reads the machine's checks; one that asks for nothing is asked whether it runs without failed units. Ends the program
 * when they cannot be read. */
void health_read(struct health *health);

/* Asks again and again until all checks hold at once, or one of them has not held within its time. Calls `told` (may be
 * NULL) after each round. Returns whether all hold. */
bool health_wait(struct health *health, void (*told)(const struct health *health));

/* The first check that does not hold, as a sentence: "tcp 443: connection refused"; "" when all hold. */
void health_reason(const struct health *health, char *out, size_t size);

/* A check's words in a line. */
void check_print(const struct check *check, char *out, size_t size);

#endif

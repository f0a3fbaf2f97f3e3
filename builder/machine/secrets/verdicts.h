/* SECRETS_STATUS: the state of each secret and template, as it was left by the last run. */
#ifndef MACHINE_SECRETS_VERDICTS_H
#define MACHINE_SECRETS_VERDICTS_H

#include <stdio.h>

#include "machine/secrets/declared.h"
#include "machine/secrets/here.h"

struct verdict_line {
	const char *name, *state, *reason;
};

struct verdicts {
	struct verdict_line *lines;
	size_t n_lines;
};

/* "good", "bad", "pending". */
const char *verdicts_name(enum verdict verdict);

/* Reads them; nothing is there before the first run. 0 or -errno. */
int verdicts_read(const struct here *here, struct verdicts *ret_verdicts);

/* The line of that name; NULL: there is none. */
const struct verdict_line *verdicts_find(const struct verdicts *verdicts, const char *name);

int verdicts_write(const struct here *here, const struct declared *declared);

/* Prints them: a line each, or as JSON, a list of objects. */
void verdicts_print(const struct verdicts *verdicts, bool json, FILE *out);

#endif

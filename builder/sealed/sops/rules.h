/* Which values of a file are encrypted: by a suffix or a regular expression on any key of the path. Of sops/ alone. */
#ifndef SEALED_SOPS_RULES_H
#define SEALED_SOPS_RULES_H

#include "sealed/sops/sops.h"

struct sops_rule {
	bool encrypted;              /* what matches is encrypted, and nothing else; or the other way round */
	const char *suffix;          /* or NULL: */
	const char *regex;           /* as Go has it */
	struct sops_regex *compiled;
};

/* Compiles `rule->regex`. FAULT_UNSUPPORTED for what Go's expressions have and ours have not. */
int sops_rule_compile(struct pool *pool, struct sops_rule *rule, struct fault *fault);

/* Frees what libc holds of it. */
void sops_rule_free(struct sops_rule *rule);

/* Whether one key of a path matches. */
bool sops_rule_matches(const struct sops_rule *rule, const char *key);

#endif

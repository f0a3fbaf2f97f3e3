/* What the words of `aether-build secrets` share. */
#ifndef VERB_SECRETS_H
#define VERB_SECRETS_H

#include "build/project.h"
#include "keeper/source.h"
#include "verb/options/host.h"
#include "verb/options/identity.h"

struct secrets_options {
	struct common_options common;
	struct project_options recipe;
	struct identity_options identity;
	struct host_options host;
	struct option_list add, remove;
	bool rotate, dry_run;
};

/* A recipe, and whoever opens its secrets. */
struct keeping {
	const struct secrets_options *options;
	struct project project;
	struct arena *arena;         /* the project's */
	const struct recipe *recipe;
	struct pool *pool;
	struct operator operator;
	struct sources sources;
};

/* Reads the recipe; its words are judged, not yet whether the machine could open what is for it. `options` is a struct
 * secrets_options. Ended by secrets_close(). */
int secrets_load(struct keeping *k, const void *options, const char *path, struct err *err);

/* Gets the operator's identities. */
int secrets_unlock(struct keeping *k, struct err *err);

void secrets_close(struct keeping *k);
#define _cleanup_keeping_ __attribute__((cleanup(secrets_close)))

/* Words that look and change nothing (struct verb_word has them). */
int secrets_list(const void *options, char *const *arguments, size_t n_arguments, struct err *err);
int secrets_check(const void *options, char *const *arguments, size_t n_arguments, struct err *err);

#endif

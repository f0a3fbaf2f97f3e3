/* The declaration of this machine's secrets (contract/secrets.h), and what came of each. */
#ifndef MACHINE_SECRETS_DECLARED_H
#define MACHINE_SECRETS_DECLARED_H

#include <stdbool.h>

#include "sealed/sops/sops.h"

struct texts {
	const char **items;
	size_t count;
};

enum verdict { VERDICT_BAD, VERDICT_PENDING, VERDICT_GOOD };

/* A part of a template: a text, or the value of a secret. */
struct part {
	const char *text;              /* or NULL: … */
	const char *secret;
};

/* A secret, or a file that is made of secrets. */
struct item {
	const char *name;              /* where it is, below SECRETS_RUN: a template's begins with SECRETS_RENDERED "/" */
	bool template, for_users, may_be_empty;
	unsigned mode;
	const char *owner, *group;

	bool sent;                     /* it comes from what was sent, else from a file of SOPS: */
	const char *file;
	enum sops_format format;
	struct texts keys;             /* none: the whole file */
	struct part *parts;            /* of a template */
	size_t n_parts;

	struct texts links, restart, reload, need;

	enum verdict verdict;
	const char *reason;            /* why it is not good; "" */
	enum fault_kind fault;
	struct bytes value;            /* when it is good */
	bool changed;                  /* against the generation before */
};

/* The hash of `user`'s password is the value of `secret`. */
struct password {
	const char *user, *secret;
};

struct declared {
	const char *machine;
	struct item *items;
	size_t n_items;
	struct password *passwords;
	size_t n_passwords;
};

enum { DECLARED_BYTES_MAX = 4 << 20, DECLARED_FIELDS_MAX = 256 };

/* Takes a text apart, which is copied. -EINVAL, and what is wrong with which line, for what no builder writes. Pure. */
int declared_read(struct pool *pool, struct bytes text, struct declared *ret_declared, char problem[200]);

/* The secret or template of that name, or NULL. */
struct item *declared_find(const struct declared *declared, const char *name);

/* Gives a verdict, and the reason: flattened, without a full stop. */
void declared_judge(struct pool *pool, struct item *item, enum verdict verdict, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif

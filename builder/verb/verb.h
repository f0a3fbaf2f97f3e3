/* A verb is what the program is told to do: one file each, one row of main's table. Options are one table too (options.c),
 * so that an option means the same wherever it is accepted. */
#ifndef VERB_VERB_H
#define VERB_VERB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

/* Which options a verb accepts; --json, --quiet, --cache and --help belong to all. */
enum verb_accepts {
	ACCEPTS_OUT = 1 << 0,
	ACCEPTS_FORMAT = 1 << 1,
	ACCEPTS_COMPRESS = 1 << 2,
	ACCEPTS_RECIPE = 1 << 3,     /* --allow-outside, --with-fakes */
	ACCEPTS_EXPIRED = 1 << 4,    /* --allow-expired-release */
	ACCEPTS_UPDATE = 1 << 5,
	ACCEPTS_KIND = 1 << 6,
	ACCEPTS_TEMPLATE = 1 << 7,   /* --format, of a template */
};

struct verb_options {
	const char *out;             /* --out FOLDER; never NULL, "out" unless said otherwise */
	const char *format;          /* --format NAME; NULL: the verb's own choice */
	const char *kind;            /* --kind NAME; NULL: the first one of the recipe */
	const char *compress;        /* --compress NAME; NULL: the verb's own choice */
	const char *cache;           /* --cache FOLDER; NULL: where cache_open() looks */
	const char *fakes;           /* --with-fakes FOLDER; NULL: none */
	bool json, quiet, help;
	bool allow_outside, allow_expired_release, update;
};

struct verb {
	const char *name, *arguments, *summary; /* for --help: `vm`, `RECIPE`, what it does in a line */
	unsigned accepts;            /* of enum verb_accepts */
	unsigned min_arguments, max_arguments; /* refused by main otherwise; max 0: any number */
	int (*run)(const struct verb_options *options, char *const *arguments, size_t n_arguments, struct err *err);
};

/* Reads `verb`'s options from `argv` (argv[0] is the verb itself) and moves its arguments to the end.
 * Returns the index of the first argument, or -EINVAL. */
int options_parse(const struct verb *verb, int argc, char **argv, struct verb_options *ret_options, struct err *err);

/* Prints the options of `verb`, one a line. */
void options_print(const struct verb *verb, FILE *out);

#endif

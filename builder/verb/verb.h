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
	ACCEPTS_GC = 1 << 8,         /* --keep, --dry-run */
	ACCEPTS_MARKDOWN = 1 << 9,
	ACCEPTS_START = 1 << 10,     /* of a machine or container: --uefi, --accel, --memory, --disk, --timeout, --keep */
	ACCEPTS_PORTS = 1 << 11,     /* of one that is worked with: --port, --console, --seed */
	ACCEPTS_HOST = 1 << 12,      /* --host, --ssh-config, --ssh-option */
	ACCEPTS_SWITCH = 1 << 13,    /* --dry-run, --force, --no-reboot */
	ACCEPTS_WAIT = 1 << 14,      /* --timeout, of a machine that restarts */
	ACCEPTS_EVICT = 1 << 15,     /* of the cache: --keep-days, --max-size, --even-named, --dry-run */
};

/* The values of an option that may be given more than once. */
struct option_list {
	const char *items[32];
	size_t count;
};

struct verb_options {
	const char *out;             /* --out FOLDER; never NULL, "out" unless said otherwise */
	const char *format;          /* --format NAME; NULL: the verb's own choice */
	const char *kind;            /* --kind NAME; NULL: the first one of the recipe */
	const char *compress;        /* --compress NAME; NULL: the verb's own choice */
	const char *cache;           /* --cache FOLDER; NULL: where cache_open() looks */
	const char *fakes;           /* --with-fakes FOLDER; NULL: none */
	const char *keep;            /* --keep N; NULL: not said */
	const char *keep_days, *max_size; /* --keep-days N, --max-size SIZE; NULL: not said */
	bool even_named;             /* --even-named */
	const char *accel, *memory, *disk, *timeout, *seed; /* --accel NAME and so on; NULL: what is usual */
	struct option_list ports;    /* --port, each time it is said */
	bool uefi, console, keep_machine;
	const char *host, *ssh_config; /* --host, --ssh-config; NULL: not said, the user's own */
	struct option_list ssh_options; /* --ssh-option, each time it is said */
	bool force, no_reboot;
	bool json, quiet, help, markdown, dry_run;
	bool allow_outside, allow_expired_release, update;
};

enum { ANY_NUMBER = 1 << 20 };

struct verb {
	const char *name, *arguments, *summary; /* for --help: `vm`, `RECIPE`, what it does in a line */
	unsigned accepts;            /* of enum verb_accepts */
	unsigned min_arguments, max_arguments; /* refused by main otherwise */
	int (*run)(const struct verb_options *options, char *const *arguments, size_t n_arguments, struct err *err);
};

/* Reads `verb`'s options from `argv` (argv[0] is the verb itself) and moves its arguments to the end.
 * Returns the index of the first argument, or -EINVAL. */
int options_parse(const struct verb *verb, int argc, char **argv, struct verb_options *ret_options, struct err *err);

/* Prints the options of `verb`, one a line. */
void options_print(const struct verb *verb, FILE *out);

#endif

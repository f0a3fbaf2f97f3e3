/* A verb is what the program is told to do: one file each, with its options and the struct they are read into. */
#ifndef VERB_VERB_H
#define VERB_VERB_H

#include <stddef.h>

#include "base/err.h"
#include "verb/options/options.h"

enum { ANY_NUMBER = 1 << 20 };

/* A verb of several: `host add NAME`. The word is the first argument. */
struct verb_word {
	const char *name, *arguments, *summary; /* the arguments behind it; what it does in a line */
	const char *takes;           /* which of the verb's options it heeds, a blank between two; others are refused */
	unsigned min_arguments, max_arguments;
	int (*run)(const void *options, char *const *arguments, size_t n_arguments, struct err *err);
};

struct verb {
	const char *name, *arguments, *summary; /* for --help: `vm`, `RECIPE`, what it does in a line */
	const struct option_group *options;     /* ended by a group without rows */
	size_t options_size; /* of the struct they are read into; its first member is struct common_options */
	unsigned min_arguments, max_arguments;  /* refused by main otherwise */
	const struct verb_word *words;          /* instead of `run`, ended by a nameless one; or NULL */
	/* `options` is that struct. */
	int (*run)(const void *options, char *const *arguments, size_t n_arguments, struct err *err);
};

/* All of them, in the order of --help; NULL at the end. */
extern const struct verb *const verbs[];

/* Reads `verb`'s options from `argv` (argv[0] is the verb itself) into `options`, of verb->options_size zeroed bytes, and moves
 * its arguments to the end. Returns the index of the first argument, or -EINVAL. */
int options_parse(const struct verb *verb, int argc, char **argv, void *options, struct err *err);

/* The word that the first of `n` arguments is, when what follows it and the options fit; NULL with an error. */
const struct verb_word *words_find(const struct verb *verb, const void *options, int n, char *const *arguments,
				   struct err *err);

/* Calls `visit` for each option of `verb`, in the order of --help. */
void options_each(const struct verb *verb, void (*visit)(const struct option *option, void *data), void *data);

#endif

/* Options: rows of a table, which say where in a verb's struct the value goes. A group of rows that several verbs
 * have is read into a struct of its own, which is a member of theirs. */
#ifndef VERB_OPTIONS_OPTIONS_H
#define VERB_OPTIONS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum option_type {
	OPTION_FLAG, /* bool */
	OPTION_TEXT, /* const char *; NULL: not given */
	OPTION_LIST, /* struct option_list: it may be given more than once */
};

struct option_list {
	const char *items[32];
	size_t count;
};

struct option {
	const char *name, *value, *help; /* `out`, `FOLDER` (NULL for a flag), a line */
	enum option_type type;
	size_t offset;
	const char *preset;              /* of a text: what it is when it is not given; may be NULL */
};

struct option_group {
	const struct option *rows;       /* ended by a nameless one */
	size_t base;                     /* where their struct is in the verb's */
};

/* Every verb has these; the first member of its struct. */
struct common_options {
	const char *cache;               /* --cache FOLDER */
	bool json, quiet, help;
};
extern const struct option common_options[];

/* Where generations are: every verb that publishes or looks for them. */
#define OPTION_OUT(T)                                                                                                  \
	{                                                                                                              \
		"out", "FOLDER", "folder of the generations (out)", OPTION_TEXT, offsetof(struct T, out), "out"        \
	}

#endif

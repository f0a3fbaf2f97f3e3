/* The image's own programs for disks (cryptsetup, lvm, mdadm, mkfs…), run with an environment of ours, and without a shell. */
#ifndef MACHINE_DISKS_PROGRAMS_H
#define MACHINE_DISKS_PROGRAMS_H

#include <stdbool.h>
#include <stddef.h>

#include "machine/disks/nodes.h"

enum { PROGRAM_WORDS = 128, PROGRAM_ROOM = 4096, PROGRAM_INPUT_MAX = 60000 };

struct program {
	const char *argv[PROGRAM_WORDS + 1];
	size_t n;
	char room[PROGRAM_ROOM];       /* of words that were made for it */
	size_t used;
	bool overflow;                 /* a word did not fit: it is not run */
	const void *input;             /* what it reads on stdin (a key is never a word: all see those); NULL: nothing */
	size_t input_size;             /* PROGRAM_INPUT_MAX at most */
	char *output;                  /* the begin of what it says on stdout goes there; NULL: it is dropped */
	size_t output_size;
	bool quiet;                    /* that it fails is an answer, and is not said */
};

/* Without udevd (in the initrd), programs make device nodes by themselves. */
void programs_set_udev(bool running);

/* Begins a call of the program at the absolute path. */
void program_begin(struct program *program, const char *path);

/* Adds a word, which is kept by the caller until the program has run. */
void program_add(struct program *program, const char *word);

/* Adds several words: up to the NULL. */
void program_add_all(struct program *program, const char *const *words);

/* Adds a word that is put together. */
void program_addf(struct program *program, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds the values of all words `key` of the node. */
void program_add_values(struct program *program, const struct node *node, const char *key);

/* Runs it: its exit status, or -errno; -ENOENT (and it was said which package brings it) when the image has no such program,
 * -ETIME when it took ten minutes. What it said is said when it fails. */
int program_run(struct program *program);

/* The same for those that have nothing to answer: 0, or -EIO for any status but 0. */
int program_do(struct program *program);

#endif

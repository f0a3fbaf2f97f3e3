/* A container's books: which slot starts, as GRUB's environment block says it of a machine (contract/esp.h). */
#ifndef MACHINE_BOOKS_H
#define MACHINE_BOOKS_H

enum { BOOKS_BYTES = 256 };

struct books {
	char good;                     /* 'a', 'b': starts */
	char trial;                    /* starts instead while there are tries; 0: none */
	unsigned tries;                /* 0 … SLOT_TRIES */
};

/* Reads the text of the books. -EINVAL for one that says no good slot, or a trial of the good one; what else it says is passed
 * over, and more tries than there can be are as many as there can be. Pure. */
int books_parse(const char *text, struct books *ret_books);

/* Writes them down. Pure. */
void books_print(const struct books *books, char out[BOOKS_BYTES]);

/* The books in the folder; -ENOENT when there are none. */
int books_read(const char *folder, struct books *ret_books);

/* Replaces them, durably, whole or not at all. 0 or negative errno. */
int books_write(const char *folder, const struct books *books);

#endif

#include "machine/books.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/box.h"
#include "contract/esp.h"
#include "machine/lines.h"
#include "machine/say.h"

/* The slot that a key names; 0 for none, or no slot. */
static char books_slot(const char *text, const char *key)
{
	char value[8];

	return lines_get(text, key, value, sizeof value) && (value[0] == 'a' || value[0] == 'b') && !value[1] ? value[0] : 0;
}

int books_parse(const char *text, struct books *ret_books)
{
	struct books books = {.good = books_slot(text, BOOKS_GOOD), .trial = books_slot(text, BOOKS_TRIAL)};
	char tries[8];

	if (!books.good || books.good == books.trial)
		return -EINVAL;
	if (books.trial && lines_get(text, BOOKS_TRIES, tries, sizeof tries))
		books.tries = (unsigned)strtoul(tries, NULL, 10);
	if (books.tries > SLOT_TRIES)
		books.tries = SLOT_TRIES;
	*ret_books = books;
	return 0;
}

void books_print(const struct books *books, char out[BOOKS_BYTES])
{
	int n = snprintf(out, BOOKS_BYTES, BOOKS_GOOD "=%c\n", books->good);

	if (books->trial)
		snprintf(out + n, BOOKS_BYTES - (size_t)n, BOOKS_TRIAL "=%c\n" BOOKS_TRIES "=%u\n", books->trial, books->tries);
}

int books_read(const char *folder, struct books *ret_books)
{
	char path[256], text[BOOKS_BYTES];
	int r;

	snprintf(path, sizeof path, "%s/" BOX_BOOKS, folder);
	r = read_line(path, text, sizeof text);
	return r < 0 ? r : books_parse(text, ret_books);
}

int books_write(const char *folder, const struct books *books)
{
	char text[BOOKS_BYTES];

	books_print(books, text);
	return write_whole(folder, BOX_BOOKS, text);
}

#include "inspect/newc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where the fields are, each of 8 hexadecimal digits. */
enum { NEWC_MAGIC = 6, NEWC_FILE_SIZE = 54, NEWC_NAME_SIZE = 94 };

static int newc_bad(const char *what, struct err *err)
{
	return err_set(err, -EBADMSG, "the archive that the appliance sends cannot be read: %s", what);
}

static bool newc_number(const char *digits, uint64_t *ret)
{
	char text[9] = {0}, *end;

	memcpy(text, digits, 8);
	*ret = strtoull(text, &end, 16);
	return strspn(text, "0123456789abcdefABCDEF") == 8 && !*end;
}

static size_t newc_rest(uint64_t size)
{
	return (size_t)(-size & 3);
}

static int newc_begin_name(struct newc *newc, struct err *err)
{
	uint64_t name;

	if (memcmp(newc->head, "070701", NEWC_MAGIC) != 0 || !newc_number(newc->head + NEWC_FILE_SIZE, &newc->left) ||
	    !newc_number(newc->head + NEWC_NAME_SIZE, &name) || name < 1 || name > NEWC_NAME_MAX)
		return newc_bad("there is no head where one should be", err);
	newc->name_size = (size_t)name + newc_rest(NEWC_HEAD + name);
	newc->padding = newc_rest(newc->left);
	free(newc->name);
	newc->name = calloc(1, newc->name_size + 1);
	if (!newc->name)
		return err_no_memory(err);
	newc->got = 0;
	newc->state = NEWC_IN_NAME;
	return 0;
}

static int newc_begin_file(struct newc *newc, struct err *err)
{
	if (strcmp(newc->name, "TRAILER!!!") == 0) {
		newc->state = NEWC_ENDED;
		return 0;
	}
	newc->state = NEWC_IN_FILE;
	return newc->begin(newc->data, newc->name, newc->left, err);
}

static int newc_end_file(struct newc *newc, struct err *err)
{
	newc->state = NEWC_IN_PADDING;
	return newc->end(newc->data, err);
}

/* Fills up to `size` bytes of `to`; true when all are there. */
static bool newc_gather(struct newc *newc, char *to, size_t size, const char **at, size_t *left)
{
	size_t n = size - newc->got < *left ? size - newc->got : *left;

	memcpy(to + newc->got, *at, n);
	newc->got += n;
	*at += n;
	*left -= n;
	return newc->got == size;
}

static int newc_take_file(struct newc *newc, const char **at, size_t *left, struct err *err)
{
	size_t n = newc->left < *left ? (size_t)newc->left : *left;
	int r = n ? newc->take(newc->data, *at, n, err) : 0;

	newc->left -= n;
	*at += n;
	*left -= n;
	return r < 0 ? r : newc->left ? 0 : newc_end_file(newc, err);
}

static void newc_skip_padding(struct newc *newc, const char **at, size_t *left)
{
	size_t n = newc->padding < *left ? newc->padding : *left;

	newc->padding -= n;
	*at += n;
	*left -= n;
	if (newc->padding)
		return;
	newc->got = 0;
	newc->state = NEWC_IN_HEAD;
}

int newc_feed(struct newc *newc, const void *bytes, size_t size, struct err *err)
{
	const char *at = bytes;
	int r = 0;

	while (r == 0 && size && newc->state != NEWC_ENDED) {
		if (newc->state == NEWC_IN_HEAD && newc_gather(newc, newc->head, NEWC_HEAD, &at, &size))
			r = newc_begin_name(newc, err);
		else if (newc->state == NEWC_IN_NAME && newc_gather(newc, newc->name, newc->name_size, &at, &size))
			r = newc_begin_file(newc, err);
		else if (newc->state == NEWC_IN_FILE)
			r = newc_take_file(newc, &at, &size, err);
		else if (newc->state == NEWC_IN_PADDING)
			newc_skip_padding(newc, &at, &size);
		if (r == 0 && newc->state == NEWC_IN_FILE && !newc->left)
			r = newc_end_file(newc, err);
	}
	return r;
}

void newc_free(struct newc *newc)
{
	free(newc->name);
	newc->name = NULL;
}

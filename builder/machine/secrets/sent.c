#include "machine/secrets/sent.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "contract/secrets.h"
#include "machine/lines.h"

enum { FIELDS = 3, DIGITS = 18 };

/* What is left to read. */
struct sending {
	struct pool *pool;
	const uint8_t *at;
	size_t left;
	char *fields[FIELDS];
	char *problem;                 /* 200 bytes */
};

static int sent_wrong(struct sending *from, const char *what)
{
	snprintf(from->problem, 200, "%s", what);
	return -EINVAL;
}

/* Decimal digits alone, as they are printed. */
static bool sent_number(const char *text, long long *ret_number)
{
	size_t n = strlen(text);

	if (n == 0 || n > DIGITS || strspn(text, "0123456789") != n || (n > 1 && *text == '0'))
		return false;
	*ret_number = 0;
	for (; *text; text++)
		*ret_number = *ret_number * 10 + (*text - '0');
	return true;
}

/* Cuts the next line into its fields; their number. A line of a value can be anything, so none is looked at before its time. */
static int sent_next(struct sending *from)
{
	const uint8_t *end = memchr(from->at, '\n', from->left);
	size_t n = end ? (size_t)(end - from->at) : 0;
	char *line;
	int count;

	if (!end)
		return sent_wrong(from, "it ends in the middle");
	line = (char *)(uintptr_t)pool_bytes(from->pool, from->at, n).data;
	from->at += n + 1;
	from->left -= n + 1;
	if (strlen(line) != n)
		return sent_wrong(from, "a line has a zero byte in it");
	count = lines_fields(&line, from->fields, FIELDS);
	return count > 0 ? count : sent_wrong(from, "a line is none of it");
}

/* A line WORD FIELD, which has to be there. */
static int sent_expect(struct sending *from, const char *word, const char **ret_field)
{
	int n = sent_next(from);

	if (n < 0)
		return n;
	if (n != 2 || strcmp(from->fields[0], word) != 0 || !*from->fields[1])
		return sent_wrong(from, "its first lines are not those of something that was sent");
	*ret_field = from->fields[1];
	return 0;
}

static int sent_read_head(struct sending *from, struct sent *sent)
{
	const char *version = NULL, *made = NULL;
	int r = sent_expect(from, SENT_HEAD, &version);

	if (r == 0 && strcmp(version, "1") != 0)
		return sent_wrong(from, "it is of a version that this machine does not know");
	if (r == 0)
		r = sent_expect(from, SENT_MACHINE, &sent->machine);
	if (r == 0)
		r = sent_expect(from, SENT_MADE, &made);
	if (r == 0 && !sent_number(made, &sent->made))
		return sent_wrong(from, "it does not say when it was made");
	return r;
}

/* secret NAME BYTES, and the bytes. */
static int sent_read_value(struct sending *from, struct sent *sent)
{
	long long size = 0;

	if (!*from->fields[1] || !sent_number(from->fields[2], &size))
		return sent_wrong(from, "a line is none of it");
	if ((unsigned long long)size >= from->left)
		return sent_wrong(from, "it ends in the middle");
	if (from->at[size] != '\n')
		return sent_wrong(from, "a value is not as long as it says");
	if (sent_find(sent, from->fields[1]))
		return sent_wrong(from, "a name is there twice");
	*pool_push(from->pool, sent->values, sent->n_values) =
		(struct sent_value){.name = from->fields[1], .value = pool_bytes(from->pool, from->at, (size_t)size)};
	from->at += size + 1;
	from->left -= (size_t)size + 1;
	return 0;
}

int sent_read(struct pool *pool, struct bytes plain, struct sent *ret_sent, char problem[200])
{
	struct sending from = {.pool = pool, .at = plain.data, .left = plain.size, .problem = problem};
	int r, n;

	_Static_assert(SENT_VERSION == 1, "sent_read_head() compares texts");
	*ret_sent = (struct sent){0};
	r = sent_read_head(&from, ret_sent);
	while (r == 0) {
		n = sent_next(&from);
		if (n < 0)
			return n;
		if (n == 1 && strcmp(from.fields[0], SENT_END) == 0)
			return from.left ? sent_wrong(&from, "something is behind its end") : 0;
		if (n != 3 || strcmp(from.fields[0], SENT_SECRET) != 0)
			return sent_wrong(&from, "a line is none of it");
		r = sent_read_value(&from, ret_sent);
	}
	return r;
}

const struct bytes *sent_find(const struct sent *sent, const char *name)
{
	for (size_t i = 0; i < sent->n_values; i++)
		if (strcmp(sent->values[i].name, name) == 0)
			return &sent->values[i].value;
	return NULL;
}

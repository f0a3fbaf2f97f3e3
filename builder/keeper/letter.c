#include "keeper/letter.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "contract/image.h"
#include "contract/secrets.h"

/* The room that lines need beside names and values. */
enum { LETTER_END = 128 };

/* A line of fields: a word, and what follows it. */
static void letter_line(struct letter *letter, const char *word, const char *field, const char *number)
{
	static const char special[] = FIELD_SPECIAL, escapes[] = FIELD_ESCAPES;

	growing_puts(&letter->text, word);
	if (field)
		growing_add(&letter->text, "\t", 1);
	for (const char *c = field; c && *c; c++) {
		const char *at = strchr(special, *c);

		if (at)
			growing_add(&letter->text, (const char[]){'\\', escapes[at - special]}, 2);
		else
			growing_add(&letter->text, c, 1);
	}
	if (number) {
		growing_add(&letter->text, "\t", 1);
		growing_puts(&letter->text, number);
	}
	growing_add(&letter->text, "\n", 1);
}

static const char *letter_number(struct letter *letter, int64_t number)
{
	return pool_printf(letter->text.pool, "%" PRId64, number);
}

void letter_begin(struct letter *letter, struct pool *pool, const char *name, int64_t made)
{
	*letter = (struct letter){.text.pool = pool};
	letter_line(letter, SENT_HEAD, letter_number(letter, SENT_VERSION), NULL);
	letter_line(letter, SENT_MACHINE, name, NULL);
	letter_line(letter, SENT_MADE, letter_number(letter, made), NULL);
}

int letter_add(struct letter *letter, const char *secret, struct bytes value, struct err *err)
{
	if (letter->text.size + value.size + 2 * strlen(secret) + LETTER_END > SENT_BYTES_MAX)
		return err_set(err, -EFBIG, "the values are more than %d MiB, with '%s' too", SENT_BYTES_MAX >> 20, secret);
	letter_line(letter, SENT_SECRET, secret, letter_number(letter, (int64_t)value.size));
	growing_add(&letter->text, value.data, value.size);
	growing_add(&letter->text, "\n", 1);
	letter->n++;
	return 0;
}

int letter_seal(struct letter *letter, const struct strv *recipients, struct bytes *ret_sealed, struct err *err)
{
	struct pool *pool = letter->text.pool;
	struct age_recipient *parsed = NULL;
	struct fault fault = {0};
	size_t n = 0;

	letter_line(letter, SENT_END, NULL, NULL);
	for (size_t i = 0; i < recipients->count; i++)
		if (age_recipient_read(recipients->items[i], pool_push(pool, parsed, n), &fault) < 0)
			return err_set(err, -EBADMSG, "'%s': %s", recipients->items[i], fault.text);
	if (age_seal(pool, growing_bytes(&letter->text), parsed, n, false, ret_sealed, &fault) < 0)
		return err_set(err, -EBADMSG, "cannot seal the values: %s", fault.text);
	return 0;
}

static int letter_check(const char *name, const struct strv *recipients, struct err *err)
{
	if (recipients->count)
		return 0;
	err_set(err, -ENOKEY, "%s has no recipient that its values could be sealed to", name);
	return err_hint(err,
			"take the machine's with 'aether-build host enroll %s HOST', or make one: 'aether-build host add %s'",
			name, name);
}

int letter_write(struct sources *sources, const char *name, const struct recipe_secret *secrets, size_t n_secrets,
		 const struct strv *recipients, int64_t made, struct bytes *ret_sealed, size_t *ret_n, struct err *err)
{
	struct letter letter;
	struct bytes value;
	int r;

	letter_begin(&letter, sources->operator->pool, name, made);
	for (size_t i = 0; i < n_secrets; i++) {
		struct err problem = {0};

		if (secrets[i].way != RECIPE_WAY_SEND)
			continue;
		r = source_value(sources, &secrets[i], &value, &problem);
		if (r == 0)
			letter_add(&letter, secrets[i].name, value, &problem);
		if (problem.count)
			err_wrap(&problem, "while opening the secret '%s'", secrets[i].name);
		err_take(err, &problem);
	}
	r = err_result(err);
	if (r == 0 && letter.n)
		r = letter_check(name, recipients, err);
	if (r == 0 && letter.n)
		r = letter_seal(&letter, recipients, ret_sealed, err);
	if (r == 0)
		*ret_n = letter.n;
	return r;
}

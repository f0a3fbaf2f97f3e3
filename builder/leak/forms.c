#include "leak/forms.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
const char FORM_LETTERS[] = LETTERS, FORM_BASE64[] = LETTERS "+/", FORM_BASE64_URL[] = LETTERS "-_";

/* --- what checks are made of ----------------------------------------------------------------------------------------- */

static bool forms_is_of(char c, const char *set)
{
	return c && strchr(set, c);
}

size_t form_run(const struct form_text *text, size_t from, const char *set, size_t max)
{
	size_t n = 0;

	while (n < max && from + n < text->size && forms_is_of(text->data[from + n], set))
		n++;
	return n;
}

bool form_stands(const struct form_text *text, size_t from, const char *word)
{
	size_t size = strlen(word);

	return from <= text->size && size <= text->size - from && memcmp(text->data + from, word, size) == 0;
}

bool form_begins(const struct form_text *text, size_t at, const char *set)
{
	return at == 0 || !forms_is_of(text->data[at - 1], set);
}

/* As many different bytes as chance gives three times out of four at the least, and none that follows its neighbour in the
 * alphabet all the time. */
bool form_is_random(const char *data, size_t size)
{
	bool seen[256] = {0};
	size_t different = 0, runs = 0, want = size < 12 ? size / 2 : size < 24 ? size * 2 / 5 : size < 64 ? 12 : 16;

	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)data[i];

		different += !seen[c];
		seen[c] = true;
		if (i) {
			int step = data[i] - data[i - 1];

			runs += step >= -1 && step <= 1;
		}
	}
	return different >= want && runs <= size / 2;
}

bool form_is_placeholder(const char *data, size_t size)
{
	static const char *const words[] = {
		"example", "password", "passwd", "secret", "changeme", "change_me", "your", "xxxx", "....", "****",
		"placeholder", "dummy",
	};

	for (size_t w = 0; w < sizeof words / sizeof *words; w++)
		for (size_t i = 0, length = strlen(words[w]); i + length <= size; i++)
			if (strncasecmp(data + i, words[w], length) == 0)
				return true;
	for (size_t i = 1; i < size; i++)
		if (data[i] != data[0])
			return false;
	return true;
}

/* --- files that are known by their names ----------------------------------------------------------------------------- */

/* A field of a line of shadow(5) that is a password: empty is none, `*` and `!` let nobody in. */
static bool forms_has_shadow(const char *data, size_t size)
{
	const char *end = data + size, *line = data, *stop;

	for (; line < end; line = stop + 1) {
		const char *field;

		stop = memchr(line, '\n', (size_t)(end - line));
		stop = stop ? stop : end;
		field = memchr(line, ':', (size_t)(stop - line));
		if (field && field + 1 < stop && !strchr("*!:x", field[1]))
			return true;
	}
	return false;
}

static bool forms_has_anything(const char *data, size_t size)
{
	(void)data;
	return size > 0;
}

/* A line that is neither empty nor a comment. */
static bool forms_has_line(const char *data, size_t size)
{
	bool begins = true;

	for (size_t i = 0; i < size; i++) {
		if (begins && data[i] == '#')
			while (i + 1 < size && data[i + 1] != '\n')
				i++;
		else if (!forms_is_of(data[i], " \t\r\n"))
			return true;
		else
			begins = data[i] == '\n' || begins;
	}
	return false;
}

static bool forms_has_word(const char *data, size_t size)
{
	return memmem(data, size, "password", 8) != NULL;
}

/* kerberos(5): version 5.2 of a keytab. */
static bool forms_has_keytab(const char *data, size_t size)
{
	return size > 6 && data[0] == 5 && data[1] == 2;
}

/* `tail` is the end of a path. */
static const struct file_form {
	struct form form;
	const char *tail;
	bool (*has)(const char *data, size_t size);
} file_forms[] = {
	{{"shadow", "the hash of a password", NULL, NULL, NULL}, "/etc/shadow", forms_has_shadow},
	{{"shadow", "the hash of a password", NULL, NULL, NULL}, "/etc/shadow-", forms_has_shadow},
	{{"shadow", "the hash of a password", NULL, NULL, NULL}, "/etc/gshadow", forms_has_shadow},
	{{"shadow", "the hash of a password", NULL, NULL, NULL}, "/etc/gshadow-", forms_has_shadow},
	{{"host-key", "a machine's own SSH key", NULL, NULL, NULL}, "/etc/ssh/ssh_host_rsa_key", forms_has_anything},
	{{"host-key", "a machine's own SSH key", NULL, NULL, NULL}, "/etc/ssh/ssh_host_ecdsa_key", forms_has_anything},
	{{"host-key", "a machine's own SSH key", NULL, NULL, NULL}, "/etc/ssh/ssh_host_ed25519_key", forms_has_anything},
	{{"host-key", "a machine's own SSH key", NULL, NULL, NULL}, "/etc/ssh/ssh_host_dsa_key", forms_has_anything},
	{{"random-seed", "a machine's own random seed", NULL, NULL, NULL}, "/random-seed", forms_has_anything},
	{{"random-seed", "a machine's own random seed", NULL, NULL, NULL}, "/var/lib/systemd/credential.secret",
	 forms_has_anything},
	{{"password-file", "passwords for other machines", NULL, NULL, NULL}, "/.netrc", forms_has_word},
	{{"password-file", "passwords for other machines", NULL, NULL, NULL}, "/.pgpass", forms_has_line},
	{{"password-file", "passwords for other machines", NULL, NULL, NULL}, "/.git-credentials", forms_has_line},
	{{"password-file", "passwords for other machines", NULL, NULL, NULL}, "/.my.cnf", forms_has_word},
	{{"vault-token", "a token of Vault or OpenBao", NULL, NULL, NULL}, "/.vault-token", forms_has_line},
	{{"keytab", "keys of Kerberos", NULL, NULL, NULL}, ".keytab", forms_has_keytab},
};
enum { N_FILES = sizeof file_forms / sizeof *file_forms };

const struct form *form_of_file(const char *path, const char *data, size_t size)
{
	for (size_t i = 0; i < N_FILES; i++)
		if (text_has_suffix(path, file_forms[i].tail) && file_forms[i].has(data, size))
			return &file_forms[i].form;
	return NULL;
}

/* --- names ----------------------------------------------------------------------------------------------------------- */

enum { NAMES_MAX = 64 };

static size_t forms_names(const char *names[NAMES_MAX])
{
	static const struct form *const tables[] = {form_keys, form_tokens, form_passwords};
	size_t n = 0;

	for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
		for (const struct form *form = tables[t]; form->name && n < NAMES_MAX; form++)
			names[n++] = form->name;
	for (size_t i = 0; i < N_FILES && n < NAMES_MAX; i++)
		names[n++] = file_forms[i].form.name;
	return n;
}

bool form_is_known(const char *name)
{
	const char *names[NAMES_MAX];
	size_t n = forms_names(names);

	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

const char *form_nearest(const char *name)
{
	const char *names[NAMES_MAX];
	size_t n = forms_names(names);

	return text_nearest(name, names, n);
}

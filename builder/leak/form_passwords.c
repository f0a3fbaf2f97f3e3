/* Passwords: hashes of them, and those in URLs. */
#include <ctype.h>
#include <string.h>

#include "leak/forms.h"

enum { URL_PART_MAX = 128, URL_PASSWORD_MIN = 4 };

/* --- hashes ---------------------------------------------------------------------------------------------------------- */

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define CRYPT LETTERS "./"

/* crypt(5): how many fields stand between a method and its hash, and how long that is (bcrypt's begins with the salt). */
static const struct method {
	const char *begins;
	unsigned fields, hash;
	bool options;                /* `rounds=…` may be a field more */
} methods[] = {
	{"$1$", 1, 22, false}, {"$5$", 1, 43, true}, {"$6$", 1, 86, true}, {"$y$", 2, 43, false}, {"$gy$", 2, 43, false},
	{"$7$", 1, 43, false}, {"$2a$", 1, 53, false}, {"$2b$", 1, 53, false}, {"$2y$", 1, 53, false}, {"$apr1$", 1, 22, false},
};

/* The anchor is a method with what stands before it: `:$6$`. */
static bool form_passwords_check_hash(const struct form_text *text, struct form_span *span)
{
	const struct method *method = NULL;
	size_t at = text->at + text->anchor, n;

	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (form_stands(text, text->at + 1, methods[i].begins))
			method = &methods[i];
	if (!method)
		return false;
	if (method->options && form_stands(text, at, "rounds=")) {
		at += strlen("rounds=");
		at += form_run(text, at, "0123456789", 9);
		if (!form_stands(text, at++, "$"))
			return false;
	}
	for (unsigned i = 0; i < method->fields; i++) {
		at += form_run(text, at, CRYPT, 64);
		if (!form_stands(text, at++, "$"))
			return false;
	}
	n = form_run(text, at, CRYPT, method->hash + 1);
	span->start = text->at + 1;
	span->end = at + n;
	return n == method->hash && form_is_random(text->data + at, n);
}

/* RFC 9106 and the PHC string format: parameters, salt, hash. */
static bool form_passwords_check_argon2(const struct form_text *text, struct form_span *span)
{
	static const char FIELD[] = LETTERS "+/,=-";
	size_t at = text->at + text->anchor, n = 0;

	for (unsigned i = 0; i < 3; i++) {
		at += form_run(text, at, FIELD, 128);
		if (!form_stands(text, at++, "$"))
			return false;
	}
	n = form_run(text, at, FORM_BASE64, 256);
	span->end = at + n;
	return n >= 20 && form_is_random(text->data + at, n < 64 ? n : 64);
}

/* RFC 2307: base64 of a digest and a salt. */
static bool form_passwords_check_ldap(const struct form_text *text, struct form_span *span)
{
	size_t at = text->at + text->anchor, n = form_run(text, at, FORM_BASE64, 256);

	span->end = at + n;
	return n >= 27 && form_is_random(text->data + at, 27);
}

/* --- URLs ------------------------------------------------------------------------------------------------------------ */

/* Whether the `%` at `i` begins an escape, and not a word of printf(3). */
static bool form_passwords_is_escape(const char *password, size_t size, size_t i)
{
	return i + 2 < size && isxdigit((unsigned char)password[i + 1]) && isxdigit((unsigned char)password[i + 2]);
}

/* Documentation, or a place where a program puts a password: `${PASSWORD}`, `<password>`, `%s`, `PASS`. */
static bool form_passwords_is_none(const char *password, size_t size)
{
	static const char *const words[] = {"pass", "pwd", "pw", "user", "secret", "token", "test",
					   "foo",  "bar", "abc", "123", "anon", "guest"};
	bool small = false;

	for (size_t i = 0; i < size; i++) {
		if (password[i] == '*' || (password[i] == '%' && !form_passwords_is_escape(password, size, i)))
			return true;
		small |= islower((unsigned char)password[i]) || isdigit((unsigned char)password[i]);
	}
	for (size_t w = 0; w < sizeof words / sizeof *words; w++)
		if (size < 12 && memmem(password, size, words[w], strlen(words[w])))
			return true;
	return !small || form_is_placeholder(password, size);
}

/* RFC 3986, section 3.2: `scheme://user:password@host`. The anchor is the scheme's last letter and `://`. */
static bool form_passwords_check_url(const struct form_text *text, struct form_span *span)
{
	static const char USER[] = LETTERS ".-_~%!$&'()*+,;=", PASSWORD[] = LETTERS ".-_~%!&*+,;=:";
	size_t at = text->at + text->anchor, user = form_run(text, at, USER, URL_PART_MAX), password, n;

	if (!form_stands(text, at + user, ":"))
		return false;
	password = at + user + 1;
	n = form_run(text, password, PASSWORD, URL_PART_MAX);
	span->start = text->at;
	while (span->start > 0 && text->at - span->start < 16 && isalnum((unsigned char)text->data[span->start - 1]))
		span->start--;
	span->end = password + n;
	if ((n == user && memcmp(text->data + at, text->data + password, n) == 0) || form_stands(text, password, "pserver:"))
		return false; /* `anonymous:anonymous`; a root of CVS */
	return n >= URL_PASSWORD_MIN && form_stands(text, password + n, "@") &&
	       form_run(text, password + n + 1, LETTERS "[", 1) && !form_passwords_is_none(text->data + password, n);
}

/* --- which ----------------------------------------------------------------------------------------------------------- */

#define ANCHORS(...) (const char *const[]){__VA_ARGS__, NULL}
/* A hash where files have them: a field, a value, a text in quotes, a word. */
#define AFTER(method) ":" method, "=" method, "\"" method, "'" method, " " method, "\t" method, "\n" method
#define SCHEME(letter) letter "://"

const struct form form_passwords[] = {
	{"password-hash", "the hash of a password",
	 ANCHORS(AFTER("$1$"), AFTER("$5$"), AFTER("$6$"), AFTER("$7$"), AFTER("$y$"), AFTER("$gy$"), AFTER("$2a$"),
		 AFTER("$2b$"), AFTER("$2y$"), AFTER("$apr1$")),
	 NULL, form_passwords_check_hash},
	{"password-hash", "the hash of a password", ANCHORS("$argon2id$", "$argon2i$", "$argon2d$"), NULL,
	 form_passwords_check_argon2},
	{"password-hash", "the hash of a password", ANCHORS("{SSHA}", "{SSHA512}", "{SSHA256}", "{SHA}"), NULL,
	 form_passwords_check_ldap},
	{"url-password", "a password in a URL",
	 ANCHORS(SCHEME("a"), SCHEME("b"), SCHEME("c"), SCHEME("d"), SCHEME("e"), SCHEME("f"), SCHEME("g"), SCHEME("h"),
		 SCHEME("i"), SCHEME("j"), SCHEME("k"), SCHEME("l"), SCHEME("m"), SCHEME("n"), SCHEME("o"), SCHEME("p"),
		 SCHEME("q"), SCHEME("r"), SCHEME("s"), SCHEME("t"), SCHEME("u"), SCHEME("v"), SCHEME("w"), SCHEME("x"),
		 SCHEME("y"), SCHEME("z"), SCHEME("0"), SCHEME("1"), SCHEME("2"), SCHEME("3"), SCHEME("4"), SCHEME("5"),
		 SCHEME("6"), SCHEME("7"), SCHEME("8"), SCHEME("9")),
	 NULL, form_passwords_check_url},
	{0},
};

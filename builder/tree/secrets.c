#include "tree/secrets.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

/* The shortest text by chance: an ejabberd or a database has passwords of 12 letters. The largest key is a database of NSS. */
enum { TOKEN_MIN = 12, QUOTED_MIN = 16, HASH_MIN = 20, TOKEN_MAX = 1024, BINARY_MAX = 65536 };

/* --- text by chance -------------------------------------------------------------------------------------------------- */

static bool tree_secrets_is_token_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("+/=_-", c));
}

/* Whether the `n` bytes look like nobody wrote them: letters and digits mixed, and changing between kinds more often than
 * words, versions, paths and dates do. */
static bool tree_secrets_is_random(const char *text, size_t n)
{
	size_t digits = 0, upper = 0, lower = 0, hex = 0, changes = 0, dashes = 0, slashes = 0;
	int last = 0;

	if (n < TOKEN_MIN || n > TOKEN_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];
		int kind = isdigit(c) ? 1 : isupper(c) ? 2 : islower(c) ? 3 : 4;

		digits += kind == 1;
		upper += kind == 2;
		lower += kind == 3;
		hex += isxdigit(c) != 0;
		dashes += c == '-' || c == '_';
		slashes += c == '/';
		changes += i > 0 && kind != last;
		last = kind;
	}
	if (hex + dashes == n && n - dashes >= 16 && digits && upper + lower)
		return digits < n - dashes && changes >= n / 8; /* hexadecimal; UUIDs */
	return digits && upper && lower && slashes <= n / 12 && dashes <= n / 8 && changes >= n / 3;
}

/* The only thing in the file is such a text, in one line or in several. */
static bool tree_secrets_is_whole(const char *data, size_t size)
{
	size_t n = 0, lines = 0;

	while (size && isspace((unsigned char)data[size - 1]))
		size--;
	while (n < size && (tree_secrets_is_token_char(data[n]) || data[n] == '\n'))
		lines += data[n++] == '\n';
	if (n == 0 || n < size || lines > 64)
		return false;
	n = strcspn(data, "\n");
	return tree_secrets_is_random(data, n < size ? n : size);
}

/* --- what is called a secret ----------------------------------------------------------------------------------------- */

static bool tree_secrets_says(const char *text, size_t n)
{
	static const char *const words[] = {"secret", "pass", "token", "cookie", "key", "salt", "hostid", "pw", "psk"};

	for (size_t w = 0; w < sizeof words / sizeof *words; w++)
		for (size_t i = 0, length = strlen(words[w]); i + length <= n; i++)
			if (strncasecmp(text + i, words[w], length) == 0)
				return true;
	return false;
}

/* A line like `KEY = "value"`, `key: value`, `secret "value";`: a name that speaks of a secret, and a text by chance
 * behind it. */
static bool tree_secrets_is_assigned(const char *line, size_t length)
{
	size_t start = strspn(line, " \t"), name = start;

	if (start >= length || strchr("#;", line[start]) || text_has_prefix(line + start, "//"))
		return false;
	while (name < length && !strchr("=: \t", line[name]))
		name++;
	for (size_t i = name; i < length;) {
		size_t n = 0;

		while (i + n < length && tree_secrets_is_token_char(line[i + n]) && !(n == 0 && line[i] == '='))
			n++;
		if (n && tree_secrets_says(line + start, i - start) && tree_secrets_is_random(line + i, n))
			return true;
		i += n ? n : 1;
	}
	return false;
}

/* The same with a text in quotes that may have any sign but a space in it: `$cfg['secret'] = 'a2rT1";M{[&W2yS40+Q';`. */
static bool tree_secrets_is_quoted(const char *line, size_t length)
{
	size_t start = strspn(line, " \t");

	if (start >= length || strchr("#;", line[start]) || text_has_prefix(line + start, "//"))
		return false;
	for (size_t i = start, n; i < length; i += n + 2) {
		while (i < length && line[i] != '\'' && line[i] != '"')
			i++;
		for (n = 0; i + 1 + n < length && line[i + 1 + n] != line[i] && isgraph((unsigned char)line[i + 1 + n]);)
			n++;
		if (n >= QUOTED_MIN && i + 1 + n < length && line[i + 1 + n] == line[i] &&
		    tree_secrets_says(line + start, i - start) && tree_secrets_is_random(line + i + 1, n))
			return true;
	}
	return false;
}

static bool tree_secrets_has_assigned(const char *data)
{
	for (const char *line = data; *line;) {
		size_t length = strcspn(line, "\n");

		if (tree_secrets_is_assigned(line, length) || tree_secrets_is_quoted(line, length))
			return true;
		line += length + (line[length] == '\n');
	}
	return false;
}

/* --- keys ------------------------------------------------------------------------------------------------------------ */

/* `-----BEGIN … PRIVATE KEY-----`, of OpenSSL, OpenSSH and PGP; and `DH PARAMETERS`. */
static bool tree_secrets_has_pem(const char *data, const char *what)
{
	for (const char *at = data; (at = strstr(at, "-----BEGIN ")); at++) {
		size_t line = strcspn(at, "\n");
		const char *words = strstr(at, what);

		if (words && words < at + line)
			return true;
	}
	return false;
}

/* What crypt(3), Apache and LDAP make of a password: `$6$SALT$TEXT`, `{SSHA}TEXT`. */
static bool tree_secrets_has_hash(const char *data)
{
	static const char *const starts[] = {
		"$1$", "$2a$", "$2b$", "$2y$", "$5$", "$6$", "$7$", "$gy$", "$y$", "$apr1$", "$argon2", "{SHA}", "{SSHA}",
	};
	static const char letters[] = "./+=,$0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
		for (const char *at = data; (at = strstr(at, starts[i])); at++)
			if (strspn(at + strlen(starts[i]), letters) >= HASH_MIN)
				return true;
	return false;
}

static bool tree_secrets_is_binary(const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)data[i] < 9 || (unsigned char)data[i] >= 0x7f)
			return true;
	return false;
}

static bool tree_secrets_is_named(const char *name)
{
	static const char *const ends[] = {
		"key", "key3.db", "key4.db", ".p12", ".pfx", "keytab", "secret", "cookie", "seed", "token",
	};

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (text_has_suffix(name, ends[i]))
			return true;
	return false;
}

const char *secrets_form(const char *path, const char *data, size_t size)
{
	static const char *const starts[] = {"PuTTY-User-Key-File-", "AGE-SECRET-KEY-", "SSH PRIVATE KEY FILE FORMAT"};
	const char *name = path_last(path);

	if (size == 0)
		return NULL;
	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
		if (text_has_prefix(data, starts[i]))
			return "a private key";
	if (tree_secrets_has_pem(data, "PRIVATE KEY"))
		return "a private key";
	if (tree_secrets_has_pem(data, "DH PARAMETERS-----"))
		return "parameters of a key exchange";
	if (text_has_suffix(name, ".cookie"))
		return "a cookie";
	if (tree_secrets_is_binary(data, size))
		return tree_secrets_is_named(name) && size <= BINARY_MAX ? "a key" : NULL;
	if (tree_secrets_has_hash(data))
		return "the hash of a password";
	if (tree_secrets_is_whole(data, size))
		return "a text made by chance";
	return tree_secrets_has_assigned(data) ? "a key or password made by chance" : NULL;
}

#include "recipe/sshkey.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "edge/digest.h"

enum { RSA_BITS_MIN = 1024, RSA_BITS_MAX = 16384, ED25519_BYTES = 32 };

/* What follows the type in the blob of a key (RFC 4253, 6.6; RFC 5656; PROTOCOL.u2f of OpenSSH). */
static const struct key_type {
	const char *name, *curve;    /* `curve`: of an ECDSA key */
	size_t bytes;                /* of the point, or of the Ed25519 key; 0: RSA */
	bool application;            /* of a security key */
} key_types[] = {
	{"ssh-ed25519", NULL, ED25519_BYTES, false},
	{"ssh-rsa", NULL, 0, false},
	{"ecdsa-sha2-nistp256", "nistp256", 65, false},
	{"ecdsa-sha2-nistp384", "nistp384", 97, false},
	{"ecdsa-sha2-nistp521", "nistp521", 133, false},
	{"sk-ssh-ed25519@openssh.com", NULL, ED25519_BYTES, true},
	{"sk-ecdsa-sha2-nistp256@openssh.com", "nistp256", 65, true},
};

static int sshkey_refuse(struct sshkey *key, const char *problem, const char *hint)
{
	key->problem = problem;
	key->hint = hint;
	return -EINVAL;
}

static const struct key_type *sshkey_type(const char *word, size_t length)
{
	for (size_t i = 0; i < sizeof key_types / sizeof *key_types; i++)
		if (strlen(key_types[i].name) == length && strncmp(key_types[i].name, word, length) == 0)
			return &key_types[i];
	return NULL;
}

/* --- the blob -------------------------------------------------------------------------------------------------------- */

struct blob {
	const uint8_t *at, *end;
};

/* A string of the SSH protocol: four bytes of length, then as many. */
static bool sshkey_take(struct blob *blob, const uint8_t **ret_data, size_t *ret_size)
{
	uint32_t size;

	if (blob->end - blob->at < 4)
		return false;
	size = (uint32_t)blob->at[0] << 24 | (uint32_t)blob->at[1] << 16 | (uint32_t)blob->at[2] << 8 | blob->at[3];
	if ((size_t)(blob->end - blob->at) - 4 < size)
		return false;
	*ret_data = blob->at + 4;
	*ret_size = size;
	blob->at += 4 + (size_t)size;
	return true;
}

static bool sshkey_takes_text(struct blob *blob, const char *text)
{
	const uint8_t *data;
	size_t size;

	return sshkey_take(blob, &data, &size) && size == strlen(text) && memcmp(data, text, size) == 0;
}

/* A positive number without needless zeros in front; its bits, or 0. */
static size_t sshkey_take_number(struct blob *blob)
{
	const uint8_t *data;
	size_t size, bits;

	if (!sshkey_take(blob, &data, &size) || size == 0 || (data[0] & 0x80))
		return 0;
	if (data[0] == 0) {
		if (size == 1 || !(data[1] & 0x80))
			return 0;
		data++;
		size--;
	}
	bits = size * 8;
	for (uint8_t top = data[0]; !(top & 0x80); top = (uint8_t)(top << 1))
		bits--;
	return bits;
}

static int sshkey_check_rsa(struct arena *arena, struct blob *blob, struct sshkey *key)
{
	size_t exponent = sshkey_take_number(blob), bits = sshkey_take_number(blob);

	if (exponent < 2 || bits == 0 || blob->at != blob->end)
		return sshkey_refuse(key, "its base64 text is not that of an RSA key", NULL);
	if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX)
		return sshkey_refuse(key, arena_printf(arena, "an RSA key of %zu bits is not accepted by sshd", bits),
				     "make another key: ssh-keygen -t ed25519");
	return 0;
}

static int sshkey_check_blob(struct arena *arena, const struct key_type *type, const char *base64, struct sshkey *key)
{
	size_t size = 0, length;
	char *bytes = strlen(base64) % 4 ? NULL : base64_decode(arena, base64, &size);
	struct blob blob = {(const uint8_t *)bytes, (const uint8_t *)bytes + size};
	const uint8_t *data;

	if (!bytes || !size)
		return sshkey_refuse(key, "what follows its type is not base64 text, or only a part of it",
				     "copy the whole line of the .pub file");
	if (!sshkey_takes_text(&blob, type->name))
		return sshkey_refuse(key,
				     arena_printf(arena, "its base64 text is not that of a key of the type '%s'", type->name),
				     "copy the whole line of the .pub file");
	if (!type->bytes)
		return sshkey_check_rsa(arena, &blob, key);
	if ((type->curve && !sshkey_takes_text(&blob, type->curve)) || !sshkey_take(&blob, &data, &length) ||
	    length != type->bytes || (type->curve && data[0] != 4) ||
	    (type->application && (!sshkey_take(&blob, &data, &length) || !length)) || blob.at != blob.end)
		return sshkey_refuse(key,
				     arena_printf(arena, "its base64 text is damaged: not a key of the type '%s'", type->name),
				     "copy the whole line of the .pub file");
	return 0;
}

/* --- options --------------------------------------------------------------------------------------------------------- */

static const char *const option_flags[] = {
	"restrict", "cert-authority", "port-forwarding", "no-port-forwarding", "agent-forwarding", "no-agent-forwarding",
	"X11-forwarding", "no-X11-forwarding", "pty", "no-pty", "user-rc", "no-user-rc", "touch-required", "no-touch-required",
	"verify-required", "no-verify-required",
};
static const char *const option_values[] = {
	"command", "principals", "from", "expiry-time", "environment", "permitopen", "permitlisten", "tunnel",
};

enum { N_FLAGS = sizeof option_flags / sizeof *option_flags, N_VALUES = sizeof option_values / sizeof *option_values };

static bool sshkey_is_one_of(const char *const *known, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(known[i], word) == 0)
			return true;
	return false;
}

static int sshkey_refuse_option(struct arena *arena, struct sshkey *key, const char *name, bool has_value)
{
	const char *known[N_FLAGS + N_VALUES], *near;

	if (sshkey_is_one_of(option_flags, N_FLAGS, name))
		return sshkey_refuse(key, arena_printf(arena, "the option '%s' has no value", name), NULL);
	if (!has_value && sshkey_is_one_of(option_values, N_VALUES, name))
		return sshkey_refuse(key, arena_printf(arena, "the option '%s' needs a value", name),
				     arena_printf(arena, "write %s=\"…\"", name));
	memcpy(known, option_flags, sizeof option_flags);
	memcpy(known + N_FLAGS, option_values, sizeof option_values);
	near = text_nearest(name, known, N_FLAGS + N_VALUES);
	return sshkey_refuse(key, arena_printf(arena, "'%s' is neither a type of key nor an option that sshd knows",
					       text_plain(arena, name)),
			     near ? arena_printf(arena, "did you mean '%s'?", near)
				  : "a line is: OPTIONS TYPE BASE64 COMMENT, like ssh-ed25519 AAAA… anna@example");
}

/* What sshd asks of a value, as far as one can see without a machine. */
static int sshkey_check_value(struct arena *arena, struct sshkey *key, const char *name, const char *value)
{
	size_t length = strlen(value), digits = strspn(value, "0123456789");
	const char *expected = NULL;

	if (!length)
		expected = "something between the quotes";
	else if (strcasecmp(name, "expiry-time") == 0 &&
		 ((digits != 8 && digits != 12 && digits != 14) || (value[digits] && strcmp(value + digits, "Z") != 0)))
		expected = "YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, and Z for UTC";
	else if (strcasecmp(name, "environment") == 0 && (*value == '=' || !strchr(value, '=')))
		expected = "NAME=value";
	else if (strcasecmp(name, "permitopen") == 0 && !strchr(value, ':'))
		expected = "HOST:PORT";
	else if (strcasecmp(name, "tunnel") == 0 && digits != length)
		expected = "a number";
	if (!expected)
		return 0;
	return sshkey_refuse(key, arena_printf(arena, "the option '%s' expects %s", name, expected), NULL);
}

/* A value in quotes, in which `\"` is a quote; *at is behind it. NULL when it does not end. */
static const char *sshkey_read_value(struct arena *arena, const char **at)
{
	char *value = arena_alloc(arena, strlen(*at) + 1), *to = value;

	for (++*at; **at && **at != '"'; ++*at) {
		if (**at == '\\' && (*at)[1] == '"')
			++*at;
		*to++ = **at;
	}
	if (!**at)
		return NULL;
	++*at;
	return value;
}

/* Reads options up to the blank behind them. */
static int sshkey_read_options(struct arena *arena, const char **at, struct sshkey *key)
{
	const char *start = *at, *principals = NULL;
	struct strv seen = {0};
	int r = 0;

	while (r == 0) {
		const char *name = arena_strndup(arena, *at, strcspn(*at, "=, \t\"")), *value = NULL;
		bool has_value;

		*at += strlen(name);
		has_value = **at == '=';
		if (!sshkey_is_one_of(has_value ? option_values : option_flags, has_value ? N_VALUES : N_FLAGS, name))
			return sshkey_refuse_option(arena, key, name, has_value);
		if (has_value && *++*at != '"')
			return sshkey_refuse(key,
					     arena_printf(arena, "the value of the option '%s' must be in double quotes", name),
					     arena_printf(arena, "write %s=\"…\"", name));
		value = has_value ? sshkey_read_value(arena, at) : NULL;
		if (has_value && !value)
			return sshkey_refuse(key, arena_printf(arena, "the quotes of the option '%s' do not end", name),
					     "a quote within quotes is \\\"");
		if (has_value)
			r = sshkey_check_value(arena, key, name, value);
		if (r == 0 && strv_has(&seen, name) && strcasecmp(name, "environment") != 0 && !text_has_prefix(name, "permit"))
			return sshkey_refuse(key, arena_printf(arena, "the option '%s' comes twice", name), NULL);
		strv_push(arena, &seen, name);
		key->authority |= strcasecmp(name, "cert-authority") == 0;
		principals = strcasecmp(name, "principals") == 0 ? name : principals;
		if (**at == ' ' || **at == '\t' || !**at)
			break;
		if (*(*at)++ != ',')
			return sshkey_refuse(key,
					     arena_printf(arena, "after the option '%s' a comma or a blank must follow", name),
					     NULL);
	}
	key->options = arena_strndup(arena, start, (size_t)(*at - start));
	if (r == 0 && principals && !key->authority)
		return sshkey_refuse(key, "the option 'principals' means nothing without 'cert-authority'", NULL);
	return r;
}

/* --- lines ----------------------------------------------------------------------------------------------------------- */

/* What people name that is no line of a public key. */
static const struct stranger {
	const char *prefix, *within, *problem, *hint;
} strangers[] = {
	{"-----BEGIN", "PRIVATE KEY", "this is a private key, which must not be in an image",
	 "name the .pub file that belongs to it"},
	{"PuTTY-User-Key-File", "", "this is a private key of PuTTY, which must not be in an image",
	 "export the public key: puttygen FILE -O public-openssh"},
	{"---- BEGIN SSH2", "", "this is a key in the form of RFC 4716", "convert it: ssh-keygen -i -f FILE"},
	{"-----BEGIN", "CERTIFICATE", "this is an X.509 certificate", "name a public key of OpenSSH, like ssh-ed25519 AAAA…"},
	{"-----BEGIN", "PUBLIC KEY", "this is a key in PEM form", "convert it: ssh-keygen -i -m PKCS8 -f FILE"},
	{"-----BEGIN", "", "this is PEM, and no public key of OpenSSH", "name a line like ssh-ed25519 AAAA…"},
	{"ssh-dss ", "", "this is a DSA key, which OpenSSH no longer accepts", "make another key: ssh-keygen -t ed25519"},
};

static int sshkey_check_type(struct arena *arena, const char *word, size_t length, struct sshkey *key)
{
	const char *name = text_plain(arena, arena_strndup(arena, word, length));

	if (strstr(name, "-cert-v0") && text_has_suffix(name, "@openssh.com"))
		return sshkey_refuse(key, "this is a certificate, and not a public key",
				     "name the .pub file of the key, without '-cert'");
	if (length && strspn(name, "0123456789") == length)
		return sshkey_refuse(key, "this is a key of version 1 of the protocol, which OpenSSH no longer accepts",
				     "make another key: ssh-keygen -t ed25519");
	return 0;
}

/* TYPE BASE64 COMMENT */
static int sshkey_read_key(struct arena *arena, const char *at, struct sshkey *key)
{
	size_t length = strcspn(at, " \t");
	const struct key_type *type = sshkey_type(at, length);
	int r = sshkey_check_type(arena, at, length, key);

	if (r < 0)
		return r;
	if (!type)
		return sshkey_refuse(key, length ? arena_printf(arena, "'%s' is not a type of key that sshd accepts",
								text_plain(arena, arena_strndup(arena, at, length)))
						 : "the key is missing",
				     "a line is: TYPE BASE64 COMMENT, like ssh-ed25519 AAAA… anna@example");
	key->type = type->name;
	at += length;
	at += strspn(at, " \t");
	return sshkey_check_blob(arena, type, arena_strndup(arena, at, strcspn(at, " \t")), key);
}

int sshkey_read(struct arena *arena, const char *line, bool options, struct sshkey *ret_key)
{
	const char *at = line + strspn(line, " \t"), *rest;
	struct sshkey ignored = {0};
	int r;

	*ret_key = (struct sshkey){.options = ""};
	if (strchr(line, '\r'))
		return sshkey_refuse(ret_key, "its line ends as on Windows, with a carriage return",
				     "save it with Unix line ends");
	if (!*at || *at == '#')
		return 1;
	for (const char *c = line; *c; c++)
		if (*c != '\t' && text_control(c))
			return sshkey_refuse(ret_key, "it has a control character", NULL);
	for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
		if (text_has_prefix(at, strangers[i].prefix) && strstr(at, strangers[i].within))
			return sshkey_refuse(ret_key, strangers[i].problem, strangers[i].hint);
	if (sshkey_type(at, strcspn(at, " \t")) || sshkey_check_type(arena, at, strcspn(at, " \t"), ret_key) < 0)
		return ret_key->problem ? -EINVAL : sshkey_read_key(arena, at, ret_key);
	rest = at;
	r = sshkey_read_options(arena, &rest, options ? ret_key : &ignored);
	rest += strspn(rest, " \t");
	if (options)
		return r < 0 ? r : sshkey_read_key(arena, rest, ret_key);
	if (r == 0 && sshkey_read_key(arena, rest, &ignored) == 0)
		return sshkey_refuse(ret_key,
				     arena_printf(arena, "it has options ('%s') as in authorized_keys, which sshd does not "
						  "understand here", ignored.options),
				     arena_printf(arena, "write the key alone: %s", rest));
	return sshkey_read_key(arena, at, ret_key);
}

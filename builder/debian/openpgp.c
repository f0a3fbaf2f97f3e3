#include "debian/openpgp.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "host/proc.h"

enum {
	KEY_BYTES_MAX = 1 << 20,
	TEXT_BYTES_MAX = 64 << 20,
	GPGV_SECONDS_MAX = 60,
};

/* --- armor -------------------------------------------------------------------------------------------------------- */

static int openpgp_base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* Decodes one line, whose bits may go on in the next. */
static int openpgp_add_base64(struct buf *binary, const char *line, size_t length, unsigned *bits, unsigned *n_bits)
{
	for (size_t i = 0; i < length; i++) {
		int digit = openpgp_base64_digit(line[i]);

		if (line[i] == '=' || line[i] == '\r' || line[i] == ' ' || line[i] == '\t')
			continue;
		if (digit < 0)
			return -EBADMSG;
		*bits = (*bits << 6 | (unsigned)digit) & 0xffffff;
		*n_bits += 6;
		if (*n_bits >= 8) {
			*n_bits -= 8;
			buf_add_u8(binary, (uint8_t)(*bits >> *n_bits));
		}
	}
	return 0;
}

static size_t openpgp_length_of_line(const char *at, const char *end)
{
	const char *newline = memchr(at, '\n', (size_t)(end - at));

	return newline ? (size_t)(newline - at) : (size_t)(end - at);
}

static bool openpgp_line_is(const char *line, size_t length, const char *begin)
{
	return length >= strlen(begin) && memcmp(line, begin, strlen(begin)) == 0;
}

int openpgp_dearmor(const char *name, const char *text, size_t size, struct buf *binary, struct err *err)
{
	enum { OUTSIDE, HEADERS, BODY } where = OUTSIDE;
	unsigned bits = 0, n_bits = 0;
	size_t start = binary->size;
	int r = 0;

	if (size && (unsigned char)*text & 0x80) { /* every packet's first byte has this bit, no letter has */
		buf_add(binary, text, size);
		return 0;
	}
	for (const char *at = text, *end = text + size; r == 0 && at < end; at += openpgp_length_of_line(at, end) + 1) {
		size_t length = openpgp_length_of_line(at, end);

		if (openpgp_line_is(at, length, "-----BEGIN PGP PUBLIC KEY BLOCK-----")) {
			r = where == OUTSIDE ? 0 : -EBADMSG;
			where = HEADERS;
			bits = n_bits = 0;
		} else if (openpgp_line_is(at, length, "-----END PGP PUBLIC KEY BLOCK-----")) {
			r = where == BODY ? 0 : -EBADMSG;
			where = OUTSIDE;
		} else if (where == HEADERS) {
			where = length == 0 || (length == 1 && *at == '\r') ? BODY : HEADERS;
		} else if (where == BODY && *at != '=') { /* that is the CRC, which RFC 9580 says to ignore */
			r = openpgp_add_base64(binary, at, length, &bits, &n_bits);
		}
	}
	if (r == 0 && where == OUTSIDE && binary->size > start)
		return 0;
	err_set(err, -EBADMSG, "'%s' is not an OpenPGP public key, neither armored nor binary", name);
	if (size >= 12 && memcmp(text + 8, "KBXf", 4) == 0)
		return err_hint(err, "it is a keybox of GnuPG, which apt does not read either: export the key with "
				     "'gpg --no-default-keyring --keyring FILE --armor --export FINGERPRINT'");
	return err_hint(err, "export the archive's key with 'gpg --armor --export FINGERPRINT'");
}

/* --- verdict ------------------------------------------------------------------------------------------------------ */

/* Which digests a signature may have been made with: SHA-2 and SHA-3 of 256 bits or more (RFC 9580, section 9.5). */
static bool openpgp_is_strong(const char *algorithm)
{
	static const char *const strong[] = {"8", "9", "10", "12", "14"};

	for (size_t i = 0; i < sizeof strong / sizeof *strong; i++)
		if (strcmp(algorithm, strong[i]) == 0)
			return true;
	return false;
}

struct verdict {
	enum openpgp_form form;
	bool good; /* the signature being looked at is neither expired, nor by an expired or revoked key */
	bool accepted, bad, expired, weak; /* the latter two: of a pinned key, and not accepted for that */
	unsigned plaintexts;
	const char *signers;
};

/* Whether a fingerprint as recipes write it means `key`. */
static bool openpgp_means(const char *written, const char *key, bool primary)
{
	if (text_has_prefix(written, "0x") || text_has_prefix(written, "0X"))
		written += 2;
	for (; *written && *written != '!'; written++) {
		if (*written == ' ')
			continue;
		if (!*key || toupper((unsigned char)*written) != toupper((unsigned char)*key++))
			return false;
	}
	return !*key && (*written != '!' || !primary);
}

/* `primary` is the key that `signer` is a subkey of, or itself: "!" asks for the signer and not for the one it belongs to. */
static bool openpgp_is_pinned(const struct strv *fingerprints, const char *signer, const char *primary)
{
	for (size_t i = 0; i < fingerprints->count; i++)
		if (openpgp_means(fingerprints->items[i], signer, false) ||
		    openpgp_means(fingerprints->items[i], primary, true))
			return true;
	return false;
}

/* VALIDSIG fingerprint date timestamp expires version reserved algorithm digest class primary-fingerprint (GnuPG's
 * DETAILS). */
static void openpgp_look_at_valid(struct arena *arena, struct verdict *verdict, const char *line,
				  const struct strv *fingerprints)
{
	char signer[72], digest[8], class[4], primary[72];
	bool strong, pinned;

	if (sscanf(line, "%71s %*s %*s %*s %*s %*s %*s %7s %3s %71s", signer, digest, class, primary) != 4)
		return;
	strong = openpgp_is_strong(digest);
	pinned = openpgp_is_pinned(fingerprints, signer, primary);
	verdict->signers = arena_printf(arena, "%s %s%s%s", verdict->signers, primary,
					verdict->good ? "" : " (expired or revoked)", strong ? "" : " (weak digest)");
	verdict->expired |= pinned && !verdict->good;
	verdict->weak |= pinned && !strong;
	/* 01 is a signature of a text whose line ends do not count, 00 of a file as it is. */
	if (verdict->good && strong && pinned &&
	    (strcmp(class, "01") == 0 || (verdict->form == OPENPGP_DETACHED && strcmp(class, "00") == 0)))
		verdict->accepted = true;
}

/* What to do depends on why no signature counts. */
static int openpgp_hint(const struct verdict *verdict, struct err *err)
{
	if (verdict->weak)
		return err_hint(err, "the signature is made with MD5 or SHA-1, which can be forged (apt refuses it, too): the "
				     "archive's owner has to sign with SHA-256 or better");
	if (verdict->expired)
		return err_hint(err, "the key or the signature is past its date, or revoked: get the archive's present "
				     "key from a trusted source and change 'key' (and 'fingerprints' if it is another one)");
	return err_hint(
		err, "if the archive has new keys, get them from a trusted source and change 'key' and 'fingerprints'");
}

static void openpgp_look_at(struct arena *arena, struct verdict *verdict, const char *line,
			    const struct strv *fingerprints)
{
	if (text_has_prefix(line, "NEWSIG"))
		verdict->good = false;
	else if (text_has_prefix(line, "GOODSIG "))
		verdict->good = true;
	else if (text_has_prefix(line, "BADSIG "))
		verdict->bad = true;
	else if (text_has_prefix(line, "PLAINTEXT "))
		verdict->plaintexts++;
	else if (text_has_prefix(line, "VALIDSIG "))
		openpgp_look_at_valid(arena, verdict, line + strlen("VALIDSIG "), fingerprints);
}

int openpgp_status(const char *name, enum openpgp_form form, const char *status, const struct strv *fingerprints,
		   struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct verdict verdict = {.form = form, .signers = ""};
	const char *wanted = "";

	while (*status) {
		size_t length = strcspn(status, "\n");
		const char *line = arena_strndup(arena, status, length);

		if (text_has_prefix(line, "[GNUPG:] "))
			openpgp_look_at(arena, &verdict, line + strlen("[GNUPG:] "), fingerprints);
		status += length + (status[length] == '\n');
	}
	if (verdict.bad || verdict.plaintexts != (form == OPENPGP_CLEAR_SIGNED ? 1 : 0)) {
		err_set(err, -EBADMSG, "%s: its signature is not valid", name);
		return err_hint(err,
				"the file was changed in transit or on the mirror: try again, or use another mirror");
	}
	if (verdict.accepted)
		return 0;
	for (size_t i = 0; i < fingerprints->count; i++)
		wanted = arena_printf(arena, "%s %s", wanted, fingerprints->items[i]);
	err_set(err, -EBADMSG, "%s is not signed by a key listed in 'fingerprints'", name);
	err_wrap(err, "signed by:%s", *verdict.signers ? verdict.signers : " keys that are not in the key file");
	err_wrap(err, "fingerprints:%s", *wanted ? wanted : " none");
	return openpgp_hint(&verdict, err);
}

/* gpgv passes over text around the signed block; it may come from an attacker. So: only a file of one block. */
static bool openpgp_is_one_block(const struct buf *file)
{
	static const char *const marks[] = {"-----BEGIN PGP SIGNED MESSAGE-----", "-----BEGIN PGP SIGNATURE-----",
					    "-----END PGP SIGNATURE-----"};
	const char *at = file->data, *end = file->data + file->size;
	size_t seen = 0;

	if (memchr(file->data, 0, file->size))
		return false;
	for (; at < end; at += openpgp_length_of_line(at, end) + 1) {
		size_t length = openpgp_length_of_line(at, end);

		if (length && at[length - 1] == '\r')
			length--;
		if (length == 0 || (at[0] == '-' && length > 1 && at[1] == ' ')) /* "- " escapes a dash in the text */
			continue;
		if (seen == 3 || (seen == 0 && !openpgp_line_is(at, length, marks[0])))
			return false;
		if (openpgp_line_is(at, length, "-----") &&
		    (length != strlen(marks[seen]) || !openpgp_line_is(at, length, marks[seen++])))
			return false;
	}
	return seen == 3;
}

/* Lays the public keys where gpgv can read them. */
static int openpgp_lay_keyring(const char *key, const char *path, struct err *err)
{
	_cleanup_buf_ struct buf armored = {0}, keyring = {0};
	int r = file_read(key, KEY_BYTES_MAX, &armored, err);

	if (r < 0)
		return err_wrap(err, "while reading the archive's key");
	if (armored.size == 0)
		return err_set(err, -EBADMSG, "the key file '%s' is empty", key);
	r = openpgp_dearmor(key, armored.data, armored.size, &keyring, err);
	return r < 0 ? r : file_write(path, keyring.data, keyring.size, 0600, err);
}

int openpgp_verify(const char *name, const struct buf *file, const struct buf *signature,
		   const struct openpgp_signers *signers, const char *scratch, struct buf *text, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf status = {0};
	enum openpgp_form form = signature ? OPENPGP_DETACHED : OPENPGP_CLEAR_SIGNED;
	const char *keyring = arena_printf(arena, "%s/keyring.gpg", scratch);
	const char *signed_path = arena_printf(arena, "%s/signed", scratch),
		   *text_path = arena_printf(arena, "%s/text", scratch),
		   *signature_path = arena_printf(arena, "%s/signature", scratch);
	const char *const clear[] = {"gpgv",  "--homedir", scratch,   "--status-fd", "1", "--keyring",
				     keyring, "--output",  text_path, signed_path,   NULL};
	const char *const detached[] = {"gpgv", "--homedir", scratch, "--status-fd", "1",
					"--keyring", keyring, signature_path, signed_path, NULL};
	const struct proc gpgv = {.argv = signature ? detached : clear, .output = &status, .deadline_s = GPGV_SECONDS_MAX};
	int r;

	if (!signature && (file->size == 0 || !openpgp_is_one_block(file)))
		return err_set(err, -EBADMSG, "%s must be a single clear-signed text and nothing else", name);
	if ((r = openpgp_lay_keyring(signers->key, keyring, err)) < 0 || (r = path_remove(text_path, err)) < 0 ||
	    (r = file_write(signed_path, file->size ? file->data : "", file->size, 0600, err)) < 0 ||
	    (signature && (r = file_write(signature_path, signature->size ? signature->data : "", signature->size, 0600,
					  err)) < 0))
		return r;
	/* Its exit status says little: it fails when one signer of several is unknown to us, which is the rule. */
	r = proc_run(&gpgv, err);
	if (r < 0)
		return r == -ENOENT ? err_hint(err, "install the package 'gpgv'") : r;
	r = openpgp_status(name, form, status.size ? status.data : "", signers->fingerprints, err);
	if (r < 0)
		return r;
	if (!signature)
		return file_read(text_path, TEXT_BYTES_MAX, text, err);
	buf_add(text, file->data, file->size);
	return 0;
}

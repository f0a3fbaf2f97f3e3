/* Private keys. */
#include <stdint.h>
#include <string.h>

#include "base/bytes.h"
#include "leak/forms.h"

enum { PEM_BODY_MIN = 60, PEM_HEADERS_MAX = 400, ARMOUR_WORDS_MAX = 24, TESTING_NEAR = 40 };

/* --- armoured -------------------------------------------------------------------------------------------------------- */

/* Line ends, also those that JSON or a shell has written as `\n`, and blanks, quotes and commas that lists of lines have. */
static size_t form_keys_skip_ends(const struct form_text *text, size_t at)
{
	for (;;) {
		if (form_stands(text, at, "\\n") || form_stands(text, at, "\\r"))
			at += 2;
		else if (form_run(text, at, " \t\r\n\",", 1))
			at++;
		else
			return at;
	}
}

/* Headers of RFC 1421 (`Proc-Type: 4,ENCRYPTED`), or of PGP. */
static size_t form_keys_skip_headers(const struct form_text *text, size_t at)
{
	static const char *const headers[] = {"Proc-Type:", "DEK-Info:", "Version:", "Comment:", "Hash:", "Charset:"};
	size_t end = at + PEM_HEADERS_MAX;

	for (bool again = true; again && at < end;) {
		again = false;
		at = form_keys_skip_ends(text, at);
		for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
			if (form_stands(text, at, headers[i])) {
				again = true;
				while (at < text->size && at < end && text->data[at] != '\n' && text->data[at] != '\\')
					at++;
			}
	}
	return at;
}

/* So many letters of base64, in lines or not: false when there are fewer, or nobody would take them for a key. */
static bool form_keys_has_body(const struct form_text *text, size_t *at)
{
	char body[PEM_BODY_MIN];
	size_t n = 0;

	while (n < sizeof body) {
		size_t run = form_run(text, *at, FORM_BASE64, sizeof body - n);

		if (run == 0)
			return false;
		memcpy(body + n, text->data + *at, run);
		n += run;
		*at = form_keys_skip_ends(text, *at + run);
	}
	return form_is_random(body, sizeof body) && !form_is_placeholder(body, 12);
}

/* Where `-----BEGIN ` stands before the anchor, with no more than a few words between; SIZE_MAX: nowhere. */
static size_t form_keys_armour(const struct form_text *text)
{
	static const char BEGIN[] = "-----BEGIN ";
	size_t length = sizeof BEGIN - 1;

	for (size_t words = 0; words <= ARMOUR_WORDS_MAX && words + length <= text->at; words++)
		if (form_stands(text, text->at - words - length, BEGIN))
			return text->at - words - length;
	return SIZE_MAX;
}

/* `-----BEGIN … PRIVATE KEY-----`, and a key behind it: what programs have to recognise a key by has none. */
static bool form_keys_check_pem(const struct form_text *text, struct form_span *span)
{
	size_t start = form_keys_armour(text);

	if (start == SIZE_MAX)
		return false;
	span->start = start;
	span->end = form_keys_skip_headers(text, text->at + text->anchor);
	return form_keys_has_body(text, &span->end);
}

/* Without armour: base64 of what every key of a sort begins with. Go's library for tests has a key in each program that uses
 * it, and calls it so that searches like this one need not find it. */
static bool form_keys_check_base64(const struct form_text *text, struct form_span *span)
{
	static const char TESTING[] = "TESTING KEY-----";
	size_t before = text->at < TESTING_NEAR ? text->at : TESTING_NEAR;

	span->end = text->at;
	return !memmem(text->data + text->at - before, before, TESTING, sizeof TESTING - 1) &&
	       form_keys_has_body(text, &span->end);
}

static bool form_keys_check_putty(const struct form_text *text, struct form_span *span)
{
	size_t at = text->at + text->anchor;

	(void)span;
	return form_run(text, at, "23", 1) && form_stands(text, at + 1, ": ") && form_run(text, at + 3, "se", 1);
}

/* age-keygen(1): Bech32 of 32 bytes; of the post-quantum sort, of more. */
static bool form_keys_check_age(const struct form_text *text, struct form_span *span)
{
	static const char BECH32[] = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";
	size_t at = text->at + text->anchor, n;

	at += form_stands(text, at, "PQ-") ? 3 : 0;
	if (!form_stands(text, at, "1"))
		return false;
	n = form_run(text, at + 1, BECH32, 4096);
	span->end = at + 1 + n;
	return n >= 58 && form_is_random(text->data + at + 1, 58);
}

/* --- bytes ----------------------------------------------------------------------------------------------------------- */

/* PROTOCOL.key of OpenSSH: behind the magic and its NUL are the names of a cipher and a key derivation. */
static bool form_keys_check_openssh(const struct form_text *text, struct form_span *span)
{
	size_t at = text->at + text->anchor;
	uint32_t cipher;

	if (text->size < at + 12)
		return false;
	cipher = bytes_be32(text->data + at);
	if (cipher < 4 || cipher > 64 || text->size < at + 12 + cipher)
		return false;
	span->end = at + 12 + cipher;
	return form_stands(text, at + 8 + cipher, "none") || form_stands(text, at + 8 + cipher, "bcrypt");
}

/* How many bytes are in the DER value whose tag stands at `at` (X.690); *header: of tag and length. 0: it is none. */
static size_t form_keys_der(const struct form_text *text, size_t at, unsigned char tag, size_t *header)
{
	const unsigned char *der = (const unsigned char *)text->data + at;

	if (at > text->size || text->size - at < 4 || der[0] != tag)
		return 0;
	*header = der[1] < 0x80 ? 2 : der[1] == 0x81 ? 3 : der[1] == 0x82 ? 4 : 0;
	return *header == 2 ? der[1] : *header == 3 ? der[2] : *header == 4 ? bytes_be16(der + 2) : 0;
}

/* Whether `inside` bytes from `at` on are all that a SEQUENCE has which begins right before. */
static bool form_keys_is_sequence(const struct form_text *text, size_t at, size_t inside, struct form_span *span)
{
	for (size_t header = 2, found = 0; header <= 4; header++)
		if (at >= header && form_keys_der(text, at - header, 0x30, &found) == inside && found == header) {
			span->start = at - header;
			span->end = at + inside;
			return true;
		}
	return false;
}

/* Programs have the beginnings of keys as constants, and behind those is code or text, with zeros or without high bytes. Of
 * bytes made by chance a few are zero or equal, and half are high. */
static bool form_keys_is_chance(const char *data, size_t size)
{
	bool seen[256] = {false};
	size_t different = 0, high = 0, zeros = 0;

	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)data[i];

		different += !seen[c];
		seen[c] = true;
		high += c >= 0x80;
		zeros += c == 0;
	}
	return different >= size / 2 && zeros <= size / 8 && high >= size / 5 && high <= size - size / 5;
}

/* RFC 5958, PrivateKeyInfo: version and algorithm are the anchor, an OCTET STRING with the key is the rest of it (attributes
 * and a public key may follow). */
static bool form_keys_check_pkcs8(const struct form_text *text, struct form_span *span)
{
	size_t at = text->at + text->anchor, header, key = form_keys_der(text, at, 0x04, &header), inside, rest;

	if (key < 32 || key > text->size - at - header)
		return false;
	inside = text->anchor + header + key;
	rest = at + header + key;
	if (!form_keys_is_sequence(text, text->at, inside, span)) {
		size_t more = 0, of = form_keys_der(text, rest, 0xa1, &more) + form_keys_der(text, rest, 0xa0, &more) +
				    form_keys_der(text, rest, 0x81, &more);

		if (!of || !form_keys_is_sequence(text, text->at, inside + more + of, span))
			return false;
	}
	return form_keys_is_chance(text->data + at + header, key < 64 ? key : 64);
}

/* RFC 8017, RSAPrivateKey: the version and the modulus' length are the anchor; behind the modulus stands 65537. */
static bool form_keys_check_pkcs1(const struct form_text *text, struct form_span *span)
{
	size_t header, at = text->at + 3, modulus = form_keys_der(text, at, 0x02, &header), end = at + header + modulus;
	const unsigned char *before = (const unsigned char *)text->data + text->at;

	span->start = text->at >= 4 ? text->at - 4 : 0;
	span->end = end;
	return modulus && text->at >= 4 && before[-4] == 0x30 && before[-3] == 0x82 &&
	       bytes_be16(before - 2) > modulus * 2 && text->size >= end + 5 &&
	       memcmp(text->data + end, "\x02\x03\x01\x00\x01", 5) == 0;
}

/* RFC 5915, ECPrivateKey: 32, 48 or 66 bytes, and then the curve's name. */
static bool form_keys_check_sec1(const struct form_text *text, struct form_span *span)
{
	size_t header, at = text->at + 3, key = form_keys_der(text, at, 0x04, &header), end = at + header + key;
	const unsigned char *after = (const unsigned char *)text->data + end;

	span->start = text->at;
	span->end = end;
	return (key == 32 || key == 48 || key == 66) && text->size >= end + 4 && after[0] == 0xa0 && after[2] == 0x06 &&
	       after[3] == after[1] - 2 && form_is_random(text->data + at + header, key);
}

/* wg(8), systemd.netdev(5): 32 bytes in base64. */
static bool form_keys_check_wireguard(const struct form_text *text, struct form_span *span)
{
	size_t at = text->at + text->anchor, n;

	at += form_run(text, at, " \t\"'", 8);
	if (!form_run(text, at, "=:", 1))
		return false;
	at++;
	at += form_run(text, at, " \t\"'", 8);
	n = form_run(text, at, FORM_BASE64, 44);
	span->end = at + 44;
	return n == 43 && form_stands(text, at + 43, "=") && form_run(text, at + 44, FORM_BASE64, 1) == 0 &&
	       form_is_random(text->data + at, 43);
}

/* --- which ----------------------------------------------------------------------------------------------------------- */

#define ANCHORS(...) (const char *const[]){__VA_ARGS__, NULL}
#define SIZES(...) (const unsigned char[]){__VA_ARGS__}

/* Algorithms of PKCS#8: RSA, P-256, P-384, P-521, Ed25519, Ed448, X25519, X448; version 0, and for the last four 1, too. */
#define RSA "\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"
#define P256 "\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
#define P384 "\x02\x01\x00\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22"
#define P521 "\x02\x01\x00\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23"
#define EDWARDS(version, curve) "\x02\x01" version "\x30\x05\x06\x03\x2b\x65" curve

const struct form form_keys[] = {
	{"private-key", "a private key", ANCHORS("PRIVATE KEY-----", "PRIVATE KEY BLOCK-----"), NULL, form_keys_check_pem},
	{"private-key", "a private key", ANCHORS("PuTTY-User-Key-File-"), NULL, form_keys_check_putty},
	{"private-key", "a private key", ANCHORS("openssh-key-v1"), SIZES(sizeof "openssh-key-v1"), form_keys_check_openssh},
	{"private-key", "a private key in base64",
	 ANCHORS("b3BlbnNzaC1rZXktdjEA", "IBADANBgkqhkiG9w0BAQEFAASC", "AgEAMBMGByqGSM49AgEG", "AgEAMBAGByqGSM49AgEG",
		 "MC4CAQAwBQYDK2Vw", "MC4CAQAwBQYDK2Vu"), NULL, form_keys_check_base64},
	{"private-key", "a private key in DER",
	 ANCHORS(RSA, P256, P384, P521, EDWARDS("\x00", "\x70"), EDWARDS("\x00", "\x71"), EDWARDS("\x00", "\x6e"),
		 EDWARDS("\x00", "\x6f"), EDWARDS("\x01", "\x70"), EDWARDS("\x01", "\x71"), EDWARDS("\x01", "\x6e"),
		 EDWARDS("\x01", "\x6f")),
	 SIZES(sizeof RSA - 1, sizeof P256 - 1, sizeof P384 - 1, sizeof P521 - 1, 10, 10, 10, 10, 10, 10, 10, 10),
	 form_keys_check_pkcs8},
	{"private-key", "a private key in DER",
	 ANCHORS("\x02\x01\x00\x02\x81\x81\x00", "\x02\x01\x00\x02\x82\x01\x01\x00", "\x02\x01\x00\x02\x82\x01\x81\x00",
		 "\x02\x01\x00\x02\x82\x02\x01\x00"), SIZES(7, 8, 8, 8), form_keys_check_pkcs1},
	{"private-key", "a private key in DER",
	 ANCHORS("\x02\x01\x01\x04\x20", "\x02\x01\x01\x04\x30", "\x02\x01\x01\x04\x42"), NULL, form_keys_check_sec1},
	{"age-identity", "an identity of age", ANCHORS("AGE-SECRET-KEY-"), NULL, form_keys_check_age},
	{"wireguard-key", "a key of WireGuard",
	 ANCHORS("PrivateKey", "privatekey", "privateKey", "PresharedKey", "presharedkey", "presharedKey"), NULL,
	 form_keys_check_wireguard},
	{0},
};

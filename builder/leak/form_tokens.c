/* Tokens of services: each begins with a word of its own, so that searches like this one find it. */
#include <ctype.h>
#include <string.h>

#include "leak/forms.h"

enum { JWT_HEADER_MIN = 16, JWT_PART_MAX = 6000, JWT_SIGNATURE_MIN = 20, AWS_NEAR = 300, AWS_SECRET = 40, UUID_LENGTH = 36 };

/* A word of `min` letters of `set` behind the anchor, which no such letter stands before. */
static bool form_tokens_check(const struct form_text *text, struct form_span *span, const char *set, size_t min)
{
	size_t from = text->at + text->anchor, n = form_run(text, from, set, 512);

	span->end = from + n;
	return n >= min && form_begins(text, text->at, FORM_BASE64_URL) && form_is_random(text->data + from, min) &&
	       !form_is_placeholder(text->data + from, n);
}

static bool form_tokens_check_vault(const struct form_text *text, struct form_span *span)
{
	return form_tokens_check(text, span, FORM_BASE64_URL, 24);
}

static bool form_tokens_has_digit(const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (isdigit((unsigned char)data[i]))
			return true;
	return false;
}

/* The elder form, `s.` and 24 letters, is that of many a text: what is called a token counts. */
static bool form_tokens_check_vault_elder(const struct form_text *text, struct form_span *span)
{
	size_t at = text->at + text->anchor;

	at += form_run(text, at, " \t\"'=:", 6);
	span->start = at;
	span->end = at + 26;
	return form_run(text, at, "sbr", 1) && form_stands(text, at + 1, ".") && form_begins(text, at, FORM_BASE64_URL) &&
	       form_run(text, at + 2, FORM_LETTERS, 25) == 24 && form_run(text, at + 26, "-_.", 1) == 0 &&
	       form_tokens_has_digit(text->data + at + 2, 24) && form_is_random(text->data + at + 2, 24);
}

static bool form_tokens_check_github(const struct form_text *text, struct form_span *span)
{
	return form_tokens_check(text, span, FORM_LETTERS, 36);
}

static bool form_tokens_check_github_fine(const struct form_text *text, struct form_span *span)
{
	static const char SET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

	return form_tokens_check(text, span, SET, 82);
}

static bool form_tokens_check_gitlab(const struct form_text *text, struct form_span *span)
{
	return form_tokens_check(text, span, FORM_BASE64_URL, 20);
}

static bool form_tokens_check_tailscale(const struct form_text *text, struct form_span *span)
{
	size_t from = text->at + text->anchor, n = form_run(text, from, FORM_BASE64_URL, 256);
	const char *data = text->data + from;

	span->end = from + n;
	return n >= 28 && form_begins(text, text->at, FORM_BASE64_URL) && form_tokens_has_digit(data, n) &&
	       form_is_random(data + n - 20, 20) && !form_is_placeholder(data, n);
}

/* --- AWS ------------------------------------------------------------------------------------------------------------- */

/* Forty letters that stand alone, within a few lines of the key's id: the secret that belongs to it. */
static bool form_tokens_has_secret(const struct form_text *text, size_t from, size_t to)
{
	for (size_t at = from, n; at < to; at += n + 1) {
		n = form_run(text, at, FORM_BASE64, to + AWS_SECRET - at);
		if (n == AWS_SECRET && form_begins(text, at, FORM_BASE64_URL) && !form_stands(text, at + n, "=") &&
		    form_is_random(text->data + at, n) && form_tokens_has_digit(text->data + at, n) &&
		    strspn(text->data + at, "0123456789abcdef") < n)
			return true;
	}
	return false;
}

static bool form_tokens_check_aws(const struct form_text *text, struct form_span *span)
{
	static const char SET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	size_t from = text->at + text->anchor, end = from + 16;
	size_t before = text->at > AWS_NEAR ? text->at - AWS_NEAR : 0;

	span->end = end;
	if (!form_begins(text, text->at, FORM_BASE64_URL) || form_run(text, from, SET, 16) < 16 ||
	    form_run(text, end, FORM_BASE64_URL, 1) || !form_is_random(text->data + from, 16) ||
	    memmem(text->data + from, 16, "EXAMPLE", 7))
		return false;
	return form_tokens_has_secret(text, end, end + AWS_NEAR) || form_tokens_has_secret(text, before, text->at);
}

/* --- Proxmox --------------------------------------------------------------------------------------------------------- */

static bool form_tokens_is_uuid(const struct form_text *text, size_t at)
{
	if (at > text->size || text->size - at < UUID_LENGTH)
		return false;
	for (size_t i = 0; i < UUID_LENGTH; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ? text->data[at + i] != '-'
							    : !isxdigit((unsigned char)text->data[at + i]))
			return false;
	return form_is_random(text->data + at, 18) && !form_run(text, at + UUID_LENGTH, FORM_BASE64_URL, 1);
}

/* `USER@REALM!NAME=UUID`, as it is in headers and files (`:` for Proxmox Backup Server); the anchor is `@REALM!`. */
static bool form_tokens_check_proxmox(const struct form_text *text, struct form_span *span)
{
	size_t at = text->at + text->anchor, n = form_run(text, at, FORM_BASE64_URL, 64);

	at += n;
	at += form_run(text, at, "=:\"', \t", 4);
	span->end = at + UUID_LENGTH;
	return n && form_tokens_is_uuid(text, at);
}

/* --- JSON Web Tokens ------------------------------------------------------------------------------------------------- */

/* RFC 7519, signed (RFC 7515): three parts in base64url. The anchor is the header's first word. The one in the specification,
 * and the one that jwt.io shows, are no secrets of anybody. */
static bool form_tokens_check_jwt(const struct form_text *text, struct form_span *span)
{
	static const char *const published[] = {"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAs", "eyJzdWIiOiIxMjM0NTY3ODkwIiwi"};
	size_t header = form_run(text, text->at, FORM_BASE64_URL, 512), payload = text->at + header + 1, signature, n;

	for (size_t i = 0; i < sizeof published / sizeof *published; i++)
		if (form_stands(text, payload, published[i]))
			return false;
	n = form_run(text, payload, FORM_BASE64_URL, JWT_PART_MAX);
	signature = payload + n + 1;
	if (header < JWT_HEADER_MIN || !form_stands(text, payload - 1, ".") || !form_stands(text, payload, "ey") ||
	    !form_stands(text, signature - 1, ".") || !form_begins(text, text->at, FORM_BASE64_URL))
		return false;
	n = form_run(text, signature, FORM_BASE64_URL, 1024);
	span->end = signature + n;
	return n >= JWT_SIGNATURE_MIN && form_is_random(text->data + signature, n > 64 ? 64 : n);
}

/* --- which ----------------------------------------------------------------------------------------------------------- */

#define ANCHORS(...) (const char *const[]){__VA_ARGS__, NULL}

const struct form form_tokens[] = {
	{"vault-token", "a token of Vault or OpenBao", ANCHORS("hvs.", "hvb.", "hvr."), NULL, form_tokens_check_vault},
	{"vault-token", "a token of Vault or OpenBao", ANCHORS("TOKEN", "Token", "token"), NULL, form_tokens_check_vault_elder},
	{"github-token", "a token of GitHub", ANCHORS("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), NULL, form_tokens_check_github},
	{"github-token", "a token of GitHub", ANCHORS("github_pat_"), NULL, form_tokens_check_github_fine},
	{"gitlab-token", "a token of GitLab",
	 ANCHORS("glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glimt-", "glagent-", "glsoat-", "gloas-"), NULL,
	 form_tokens_check_gitlab},
	{"aws-key", "a secret key of AWS", ANCHORS("AKIA", "ASIA"), NULL, form_tokens_check_aws},
	{"tailscale-key", "a key of Tailscale", ANCHORS("tskey-"), NULL, form_tokens_check_tailscale},
	{"proxmox-token", "a token of Proxmox", ANCHORS("@pam!", "@pve!", "@pbs!"), NULL, form_tokens_check_proxmox},
	/* {"alg" {"typ" {"kid" {"cty" {"x5t" {"jku" {"jwk" {"enc" {"crit" */
	{"jwt", "a signed JSON Web Token",
	 ANCHORS("eyJhbGci", "eyJ0eXAi", "eyJraWQi", "eyJjdHki", "eyJ4NXQ", "eyJqa3Ui", "eyJqd2si", "eyJlbmMi", "eyJjcml0"),
	 NULL, form_tokens_check_jwt},
	{0},
};

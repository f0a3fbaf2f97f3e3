#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "edge/http_common.h"

enum { PIN_TEXT_SIZE = 3 * SHA256_SIZE };

/* --- fingerprints -------------------------------------------------------------------------------------------------- */

static int http_read_pin(const char *text, uint8_t pin[SHA256_SIZE])
{
	char digits[SHA256_HEX];
	size_t n = 0;

	for (; *text; text++) {
		if (*text == ':' && n && n % 2 == 0 && text[-1] != ':' && text[1])
			continue;
		if (n == sizeof digits - 1)
			return -EINVAL;
		digits[n++] = *text;
	}
	digits[n] = 0;
	return n == sizeof digits - 1 ? hex_decode(digits, pin, SHA256_SIZE) : -EINVAL;
}

/* As people find it: `AB:CD:…`. */
static const char *http_print_pin(const uint8_t pin[SHA256_SIZE], char out[PIN_TEXT_SIZE])
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < SHA256_SIZE; i++) {
		out[3 * i] = digits[pin[i] >> 4];
		out[3 * i + 1] = digits[pin[i] & 15];
		out[3 * i + 2] = i + 1 < SHA256_SIZE ? ':' : 0;
	}
	return out;
}

/* Asked of libcurl's connection and not of its handshake: one that is kept, or a session that is resumed, has none. */
int http_trust_pinned(struct http_call *call, struct err *err)
{
	struct curl_tlssessioninfo *session = NULL;
	char expected[PIN_TEXT_SIZE], seen[PIN_TEXT_SIZE];
	uint8_t digest[SHA256_SIZE];
	char *url = NULL;

	if (!call->request->trust.pin)
		return 0;
	if (curl_easy_getinfo(call->curl, CURLINFO_EFFECTIVE_URL, &url) != CURLE_OK || !url)
		url = "the server";
	if (curl_easy_getinfo(call->curl, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK || !session ||
	    session->backend != CURLSSLBACKEND_OPENSSL || !sha256_of_peer(session->internals, digest))
		return err_set(err, -EKEYREJECTED, "%s: its certificate cannot be looked at", url);
	if (memcmp(digest, call->pin, SHA256_SIZE) == 0)
		return 0;
	return err_set(err, -EKEYREJECTED, "%s: its certificate has the fingerprint %s, not %s", url,
		       http_print_pin(digest, seen), http_print_pin(call->pin, expected));
}

/* --- what the request says ----------------------------------------------------------------------------------------- */

int http_trust_check(struct http_call *call, struct err *err)
{
	const struct http_trust *trust = &call->request->trust;
	const struct strv *urls = &call->request->urls;

	if (trust->insecure && (trust->pin || trust->ca_file))
		return err_set(err, -EINVAL, "%s: a CA file or a pin cannot be combined with 'insecure'",
			       urls->items[0]);
	if (trust->pin && http_read_pin(trust->pin, call->pin) < 0)
		return err_set(err, -EINVAL, "'%s' is not a SHA-256 fingerprint: expected 64 hexadecimal digits", trust->pin);
	for (size_t i = 0; trust->pin && i < urls->count; i++)
		if (strncasecmp(urls->items[i], "https://", strlen("https://")) != 0)
			return err_set(err, -EINVAL, "%s: only https shows a certificate to compare", urls->items[i]);
	if (trust->ca_file) {
		_cleanup_fd_ int fd = open(trust->ca_file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

		if (fd < 0)
			return err_sys(err, -errno, "cannot open the certificates '%s'", trust->ca_file);
	}
	return 0;
}

bool http_trust_set(struct http_call *call)
{
	const struct http_trust *trust = &call->request->trust;
	bool by_authority = trust->ca_file || (!trust->pin && !trust->insecure);

	/* The folder of the host's authorities would count beside a file. */
	if (trust->ca_file && (curl_easy_setopt(call->curl, CURLOPT_CAINFO, trust->ca_file) != CURLE_OK ||
			       curl_easy_setopt(call->curl, CURLOPT_CAPATH, NULL) != CURLE_OK))
		return false;
	return curl_easy_setopt(call->curl, CURLOPT_SSL_VERIFYPEER, by_authority ? 1L : 0L) == CURLE_OK &&
	       curl_easy_setopt(call->curl, CURLOPT_SSL_VERIFYHOST, by_authority ? 2L : 0L) == CURLE_OK;
}

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "edge/http_common.h"

enum {
	REDIRECTS_MAX = 5,
	CONNECT_TIMEOUT_S = 20,
	STALLED_BYTES_S = 512,
	STALLED_S = 30,
	BUFFER_BYTES = 256 << 10,
	UNANNOUNCED_BYTES = 1 << 20, /* so much is sent without asking the server first whether it wants it */
};

/* --- libcurl's callbacks ------------------------------------------------------------------------------------------- */

/* A connection stands, new or kept, and the request is about to go out on it. */
static int http_on_request(void *data, char *address, char *own_address, int port, int own_port)
{
	struct http_call *call = data;

	(void)address, (void)own_address, (void)port, (void)own_port;
	if (http_trust_pinned(call, &call->fatal) < 0)
		return CURL_PREREQFUNC_ABORT;
	call->reached = true;
	return CURL_PREREQFUNC_OK;
}

static int http_on_progress(void *data, curl_off_t to_come, curl_off_t came, curl_off_t to_send, curl_off_t sent)
{
	struct http_call *call = data;

	(void)to_come, (void)came;
	if ((uint64_t)sent != call->told)
		call->request->sent(call->request->data, (uint64_t)sent, (uint64_t)to_send);
	call->told = (uint64_t)sent;
	return 0;
}

/* Of all lines of the answer's head, the one with the status: "HTTP/1.1 403 Permission check failed". */
static size_t http_on_line(char *line, size_t one, size_t size, void *data)
{
	struct http_call *call = data;
	const char *end = line + size, *at = line;

	(void)one; /* always 1, says libcurl */
	if (size < strlen("HTTP/") || strncmp(line, "HTTP/", strlen("HTTP/")) != 0)
		return size;
	for (unsigned words = 0; at < end && words < 2; at++)
		words += *at == ' ';
	while (end > at && (end[-1] == '\r' || end[-1] == '\n'))
		end--;
	snprintf(call->phrase, sizeof call->phrase, "%.*s", (int)(end - at), at);
	return size;
}

/* --- a request, as libcurl wants it -------------------------------------------------------------------------------- */

static int http_check(const struct http_request *request, struct err *err)
{
	if (request->urls.count == 0)
		return err_set(err, -EINVAL, "expected a URL");
	if (request->body.kind != HTTP_NOTHING && (request->method == HTTP_GET || request->method == HTTP_HEAD))
		return err_set(err, -EINVAL, "%s: expected no body: nothing is sent there", request->urls.items[0]);
	for (size_t i = 0; i < request->headers.count; i++)
		if (strpbrk(request->headers.items[i], "\r\n"))
			return err_set(err, -EINVAL, "%s: expected headers of one line", request->urls.items[0]);
	return 0;
}

static bool http_add_header(struct http_call *call, const char *line)
{
	struct curl_slist *list = curl_slist_append(call->headers, line), *secret;

	if (list)
		call->headers = list;
	if (!list || !call->request->secret.header)
		return list;
	secret = curl_slist_append(call->secret, line);
	if (secret)
		call->secret = secret;
	return secret;
}

static bool http_add_secret(struct http_call *call)
{
	const char *line = call->request->secret.header;
	struct curl_slist *list = line ? curl_slist_append(call->secret, line) : NULL;

	if (list)
		call->secret = list;
	return !line || list;
}

/* Whether two URLs name the same server: scheme, host and port. */
static bool http_same_server(const char *a, const char *b)
{
	const char *host = strstr(a, "://");
	size_t length = host ? (size_t)(host - a) + 3 + strcspn(host + 3, "/?#") : 0;

	return length && strncasecmp(a, b, length) == 0 && (!b[length] || strchr("/?#", b[length]));
}

/* Of its own accord, libcurl says of bytes that they are a web page's form, and waits for a server's leave to send. */
static bool http_add_headers(struct http_call *call)
{
	const struct http_body *body = &call->request->body;
	_cleanup_buf_ struct buf type = {0};

	for (size_t i = 0; i < call->request->headers.count; i++)
		if (!http_add_header(call, call->request->headers.items[i]))
			return false;
	if (call->request->method == HTTP_GET || call->request->method == HTTP_HEAD)
		return true;
	buf_printf(&type, "Content-Type:%s%s", body->type ? " " : "", body->type ? body->type : "");
	if (body->kind != HTTP_FORM && !http_add_header(call, type.data))
		return false;
	return (http_body_size(call) > UNANNOUNCED_BYTES && !call->request->plain) || http_add_header(call, "Expect:");
}

static bool http_set_numbers(struct http_call *call)
{
	const struct http_request *request = call->request;
	const struct http_timeouts *timeouts = &request->timeouts;
	/* On a kept connection that turns out to be closed, libcurl would send the request again by itself. */
	bool fresh = (request->method == HTTP_POST || request->method == HTTP_PUT) && !request->repeatable;
	const struct {
		CURLoption option;
		long value;
	} numbers[] = {
		{CURLOPT_NOSIGNAL, 1},
		{CURLOPT_FOLLOWLOCATION, !request->secret.header}, /* libcurl would tell others what is in a header of ours */
		{CURLOPT_MAXREDIRS, REDIRECTS_MAX},
		{CURLOPT_FAILONERROR, !request->any_status},
		{CURLOPT_FRESH_CONNECT, fresh},
		{CURLOPT_NOPROGRESS, !request->sent},
		{CURLOPT_HTTP_VERSION, request->plain ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_NONE},
		{CURLOPT_CONNECTTIMEOUT, timeouts->connect ? timeouts->connect : CONNECT_TIMEOUT_S},
		{CURLOPT_LOW_SPEED_LIMIT, STALLED_BYTES_S},
		{CURLOPT_LOW_SPEED_TIME, timeouts->stall ? timeouts->stall : STALLED_S},
		{CURLOPT_BUFFERSIZE, BUFFER_BYTES},
		{CURLOPT_UPLOAD_BUFFERSIZE, BUFFER_BYTES},
	};

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (curl_easy_setopt(call->curl, numbers[i].option, numbers[i].value) != CURLE_OK)
			return false;
	return true;
}

static bool http_set_callbacks(struct http_call *call)
{
	return curl_easy_setopt(call->curl, CURLOPT_USERAGENT, "aether-build/" AETHER_VERSION) == CURLE_OK &&
	       curl_easy_setopt(call->curl, CURLOPT_HTTPHEADER, call->headers) == CURLE_OK &&
	       curl_easy_setopt(call->curl, CURLOPT_PREREQFUNCTION, http_on_request) == CURLE_OK &&
	       curl_easy_setopt(call->curl, CURLOPT_PREREQDATA, call) == CURLE_OK &&
	       curl_easy_setopt(call->curl, CURLOPT_HEADERFUNCTION, http_on_line) == CURLE_OK &&
	       curl_easy_setopt(call->curl, CURLOPT_HEADERDATA, call) == CURLE_OK &&
	       curl_easy_setopt(call->curl, CURLOPT_XFERINFOFUNCTION, http_on_progress) == CURLE_OK &&
	       curl_easy_setopt(call->curl, CURLOPT_XFERINFODATA, call) == CURLE_OK;
}

int http_call_open(struct http_call *call, const struct http_request *request, void *curl, struct err *err)
{
	int r = http_check(request, err);

	*call = (struct http_call){.request = request, .curl = curl};
	if (r == 0)
		r = http_trust_check(call, err);
	if (r == 0)
		r = http_body_open(call, err);
	if (r < 0)
		return r;
	if (!http_add_secret(call) || !http_add_headers(call) || !http_set_numbers(call) || !http_set_callbacks(call) ||
	    !http_trust_set(call))
		return err_set(err, -ENOMEM, "cannot set up libcurl");
	return 0;
}

int http_call_aim(struct http_call *call, const char *url, bool led, int64_t left_ms, struct err *err)
{
	const struct http_request *request = call->request;
	const struct http_trust *trust = &request->trust;
	bool has_body = request->body.kind != HTTP_NOTHING;
	bool tls = strncasecmp(url, "https:", strlen("https:")) == 0 && (has_body || trust->pin || trust->ca_file);
	/* A file can be read: what is sent to one would be written there. */
	bool reads = request->method == HTTP_GET || request->method == HTTP_HEAD;
	const char *schemes = trust->pin ? "https" : reads && !led ? "http,https,file" : "http,https";
	bool told = request->secret.header && http_same_server(request->secret.url, url);

	http_body_rewind(call);
	call->told = 0;
	*call->phrase = 0;
	if (!http_body_set(call) ||
	    curl_easy_setopt(call->curl, CURLOPT_HTTPHEADER, told ? call->secret : call->headers) != CURLE_OK ||
	    curl_easy_setopt(call->curl, CURLOPT_URL, url) != CURLE_OK ||
	    curl_easy_setopt(call->curl, CURLOPT_TIMEOUT_MS, (long)left_ms) != CURLE_OK ||
	    curl_easy_setopt(call->curl, CURLOPT_PROTOCOLS_STR, schemes) != CURLE_OK ||
	    /* A server must not name files of ours. */
	    curl_easy_setopt(call->curl, CURLOPT_REDIR_PROTOCOLS_STR, tls ? "https" : "http,https") != CURLE_OK)
		return err_set(err, -ENOMEM, "cannot set up libcurl");
	return 0;
}

bool http_call_may_repeat(const struct http_call *call)
{
	const struct http_request *request = call->request;

	return !call->reached || request->repeatable || (request->method != HTTP_POST && request->method != HTTP_PUT);
}

void http_call_close(struct http_call *call)
{
	curl_easy_reset(call->curl); /* it would keep pointers to what is freed here */
	http_body_close(call);
	curl_slist_free_all(call->headers);
	curl_slist_free_all(call->secret);
	call->headers = call->secret = NULL;
	err_free(&call->fatal);
}

#include "edge/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "edge/http_common.h"

enum {
	CONNECTIONS = 8,
	TRIES = 3,               /* of one URL */
	RETRY_DELAY_MS = 500,    /* before the second try, and twice that before the third, … */
	RETRY_DELAYS = 6,        /* … but no more than so often */
	LED_MAX = 5,             /* so often a server may lead us elsewhere */
};

/* One of the CONNECTIONS places where a request is being worked on. */
struct http_slot {
	CURL *curl;
	const struct http_request *request; /* NULL: free */
	struct http_call call;
	size_t url;                  /* index into request->urls */
	char *led_to;                /* where a server led us, when we follow it ourselves; or NULL */
	unsigned led;                /* how often that was in this try */
	unsigned tries;              /* of this URL, so far */
	int64_t start_at_ms;         /* waits until then for its next try; 0: is running */
	int64_t deadline_ms;         /* 0: none */
	uint64_t taken;
	bool begun;                  /* between begin and end or drop */
	bool headed;                 /* the caller knows the answer's status and headers */
	bool too_large;
	size_t gone, denied;         /* URLs that answered that they do not have it; that we may not have it */
	struct err reasons;          /* one a URL */
	char message[CURL_ERROR_SIZE];
};

struct http_engine {
	CURLM *multi;
	struct http_slot slots[CONNECTIONS];
	size_t n_slots;
	const struct http_request *requests;
	size_t n, next;
	bool stop;                   /* start nothing new, end what runs */
	struct err *err;
};

/* --- what comes ---------------------------------------------------------------------------------------------------- */

static bool http_wants(const struct http_request *request, const char *name)
{
	for (size_t i = 0; i < request->wanted.count; i++)
		if (strcasecmp(request->wanted.items[i], name) == 0)
			return true;
	return false;
}

static void http_tell_head(struct http_slot *slot)
{
	const struct http_request *request = slot->request;
	struct curl_header *header = NULL;
	long status = 0;

	if (slot->headed)
		return;
	slot->headed = true;
	curl_easy_getinfo(slot->curl, CURLINFO_RESPONSE_CODE, &status);
	if (request->status)
		request->status(request->data, (unsigned)status);
	if (request->phrase)
		request->phrase(request->data, slot->call.phrase);
	while (request->header && (header = curl_easy_nextheader(slot->curl, CURLH_HEADER, -1, header)))
		if (http_wants(request, header->name))
			request->header(request->data, header->name, header->value);
}

/* Where the answer leads, if it is one that does and we follow it ourselves: a request with a secret. */
static const char *http_leads(const struct http_slot *slot)
{
	char *url = NULL;

	if (slot->request->secret.header)
		curl_easy_getinfo(slot->curl, CURLINFO_REDIRECT_URL, &url);
	return url;
}

static size_t http_on_bytes(char *bytes, size_t one, size_t size, void *data)
{
	struct http_slot *slot = data;
	long status = 0;

	(void)one; /* always 1, says libcurl */
	if (slot->request->secret.header && curl_easy_getinfo(slot->curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK &&
	    status >= 300 && status < 400)
		return size;
	if (size > slot->request->max_bytes - slot->taken) {
		slot->too_large = true;
		return CURL_WRITEFUNC_ERROR;
	}
	http_tell_head(slot);
	slot->taken += size;
	if (slot->request->take(slot->request->data, bytes, size, &slot->call.fatal) < 0)
		return CURL_WRITEFUNC_ERROR;
	return size;
}

/* --- beginnings and ends of tries ---------------------------------------------------------------------------------- */

static void http_stop_with(struct http_engine *engine, struct err *reasons)
{
	engine->stop = true;
	err_take(engine->err, reasons);
}

static void http_stop_code(struct http_engine *engine, CURLMcode code)
{
	engine->stop = true;
	err_set(engine->err, -EIO, "internal error in libcurl (%d): %s", code, curl_multi_strerror(code));
}

/* The request is done, well or badly: its place is free. */
static void http_release(struct http_slot *slot)
{
	if (slot->begun)
		slot->request->drop(slot->request->data);
	http_call_close(&slot->call);
	err_free(&slot->reasons);
	free(slot->led_to);
	*slot = (struct http_slot){.curl = slot->curl};
}

/* All URLs failed: one problem, with what each of them said. A question needs no more words than the one reason it has. */
static void http_give_up(struct http_engine *engine, struct http_slot *slot, int code)
{
	static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "DELETE"};
	const struct http_request *request = slot->request;
	const char *name = request->name ? request->name : request->urls.items[0];
	bool gone = slot->gone + slot->denied == request->urls.count;
	int result = gone ? slot->denied ? -EACCES : -ENOENT : code;

	if (request->any_status && slot->reasons.count == 1)
		err_take(engine->err, &slot->reasons);
	else if (request->method == HTTP_GET)
		err_set(engine->err, result, "cannot download '%s'", name);
	else
		err_set(engine->err, result, "the request '%s %s' failed", methods[request->method], name);
	for (const struct err_item *reason = slot->reasons.first; reason; reason = reason->next)
		err_wrap(engine->err, "%s", reason->text);
	if (!gone && code != -EBADMSG)
		engine->stop = true;
	http_release(slot);
}

static void http_start_try(struct http_engine *engine, struct http_slot *slot)
{
	const struct http_request *request = slot->request;
	int64_t left_ms = slot->deadline_ms ? slot->deadline_ms - clock_ms() : 0;
	struct err err = {0};
	int r = request->begin(request->data, &err);

	slot->begun = r == 0;
	if (r == 0)
		r = http_call_aim(&slot->call, slot->led_to ? slot->led_to : request->urls.items[slot->url], slot->led_to,
				  slot->deadline_ms && left_ms < 1 ? 1 : left_ms, &err);
	if (r != 0) {
		if (r < 0)
			http_stop_with(engine, &err);
		http_release(slot);
		return;
	}
	slot->start_at_ms = 0;
	slot->taken = 0;
	slot->headed = false;
	slot->too_large = false;
	slot->tries++;
	slot->message[0] = 0;
	r = curl_multi_add_handle(engine->multi, slot->curl);
	if (r != CURLM_OK)
		http_stop_code(engine, r);
}

static void http_next_url(struct http_engine *engine, struct http_slot *slot, int code)
{
	slot->tries = 0;
	if (code != -ETIMEDOUT && http_call_may_repeat(&slot->call) && ++slot->url < slot->request->urls.count)
		http_start_try(engine, slot);
	else
		http_give_up(engine, slot, code);
}

/* The next try begins at the URL again. */
static void http_forget_led(struct http_slot *slot)
{
	free(slot->led_to);
	slot->led_to = NULL;
	slot->led = 0;
}

/* Goes where a server led us. */
static void http_follow(struct http_engine *engine, struct http_slot *slot, const char *to)
{
	char *url = strdup(to);

	slot->request->drop(slot->request->data);
	slot->begun = false;
	free(slot->led_to);
	slot->led_to = url;
	slot->tries--;
	if (url && slot->led++ < LED_MAX) {
		http_start_try(engine, slot);
		return;
	}
	http_forget_led(slot);
	http_next_url(engine, slot, err_set(&slot->reasons, -EIO, "%s: the server leads elsewhere again and again",
					    slot->request->urls.items[slot->url]));
}

/* The whole answer came; is it the right one? */
static void http_finish_try(struct http_engine *engine, struct http_slot *slot)
{
	const char *to = http_leads(slot);
	struct err err = {0};
	int r;

	if (to) {
		http_follow(engine, slot, to);
		return;
	}
	http_forget_led(slot);
	http_tell_head(slot);
	r = slot->request->end(slot->request->data, &err);
	slot->begun = false;
	if (r == -EBADMSG) {
		err_set(&slot->reasons, r, "%s: %s", slot->request->urls.items[slot->url],
			err.last ? err.last->text : "the content is not the expected one");
		err_free(&err);
		http_next_url(engine, slot, r);
	} else {
		if (r < 0)
			http_stop_with(engine, &err);
		http_release(slot);
	}
}

/* Whether what failed in this way may work a little later. */
static bool http_passes(long status, CURLcode result)
{
	return (status < 400 || status >= 500 || status == 429 || status == 408) &&
	       result != CURLE_UNSUPPORTED_PROTOCOL && result != CURLE_URL_MALFORMAT &&
	       result != CURLE_TOO_MANY_REDIRECTS && result != CURLE_PEER_FAILED_VERIFICATION &&
	       result != CURLE_FILE_COULDNT_READ_FILE;
}

/* Notes why this URL failed; returns the code of that. */
static int http_note_reason(struct http_slot *slot, CURLcode result)
{
	const struct http_request *request = slot->request;
	const char *url = request->urls.items[slot->url];

	if (slot->too_large)
		return err_set(&slot->reasons, -EBADMSG, "%s: larger than the %llu bytes expected", url,
			       (unsigned long long)request->max_bytes);
	if (slot->deadline_ms && clock_ms() >= slot->deadline_ms)
		return err_set(&slot->reasons, -ETIMEDOUT, "%s: not done after %u s", url, request->timeouts.total);
	return err_set(&slot->reasons, -EIO, "%s: %s", url, *slot->message ? slot->message : curl_easy_strerror(result));
}

static void http_fail_try(struct http_engine *engine, struct http_slot *slot, CURLcode result)
{
	const struct http_request *request = slot->request;
	unsigned delays = slot->tries < RETRY_DELAYS ? slot->tries : RETRY_DELAYS;
	int64_t again_at = clock_ms() + ((int64_t)RETRY_DELAY_MS << (delays - 1));
	long status = 0;

	request->drop(request->data);
	slot->begun = false;
	http_forget_led(slot);
	if (result == CURLE_SSL_CACERT_BADFILE && request->trust.ca_file)
		err_set(&slot->call.fatal, -EINVAL, "'%s' has no certificates in PEM", request->trust.ca_file);
	if (slot->call.fatal.count) {
		http_stop_with(engine, &slot->call.fatal);
		http_release(slot);
		return;
	}
	curl_easy_getinfo(slot->curl, CURLINFO_RESPONSE_CODE, &status);
	if (!slot->too_large && slot->tries < (request->tries ? request->tries : TRIES) && http_passes(status, result) &&
	    http_call_may_repeat(&slot->call) && (!slot->deadline_ms || again_at < slot->deadline_ms)) {
		slot->start_at_ms = again_at;
		return;
	}
	slot->denied += status == 401 || status == 403 || status == 407;
	slot->gone += status == 404 || status == 410 || result == CURLE_FILE_COULDNT_READ_FILE;
	http_next_url(engine, slot, http_note_reason(slot, result));
}

/* --- the engine ---------------------------------------------------------------------------------------------------- */

static void http_start_request(struct http_engine *engine, struct http_slot *slot)
{
	const struct http_request *request = &engine->requests[engine->next++];
	struct err err = {0};
	int r;

	slot->request = request;
	if (request->timeouts.total)
		slot->deadline_ms = clock_ms() + 1000 * (int64_t)request->timeouts.total;
	r = http_call_open(&slot->call, request, slot->curl, &err);
	if (r == 0 && (curl_easy_setopt(slot->curl, CURLOPT_ERRORBUFFER, slot->message) != CURLE_OK ||
		       curl_easy_setopt(slot->curl, CURLOPT_WRITEFUNCTION, http_on_bytes) != CURLE_OK ||
		       curl_easy_setopt(slot->curl, CURLOPT_WRITEDATA, slot) != CURLE_OK ||
		       curl_easy_setopt(slot->curl, CURLOPT_PRIVATE, slot) != CURLE_OK))
		r = err_set(&err, -ENOMEM, "cannot set up libcurl");
	if (r == 0) {
		http_start_try(engine, slot);
		return;
	}
	http_stop_with(engine, &err);
	http_release(slot);
}

/* Starts whatever can start; returns whether anything runs or waits. */
static bool http_start_ready(struct http_engine *engine, int *ret_wait_ms)
{
	int64_t now = clock_ms();
	bool busy = false;

	*ret_wait_ms = 1000;
	for (size_t i = 0; i < engine->n_slots; i++) {
		struct http_slot *slot = &engine->slots[i];

		while (!slot->request && !engine->stop && engine->next < engine->n)
			http_start_request(engine, slot);
		if (slot->request && slot->start_at_ms && slot->start_at_ms <= now)
			http_start_try(engine, slot);
		if (slot->request && slot->start_at_ms && slot->start_at_ms - now < *ret_wait_ms)
			*ret_wait_ms = (int)(slot->start_at_ms - now) + 1;
		busy |= slot->request != NULL;
	}
	return busy && !engine->stop;
}

/* Returns whether any transfer had ended: then others may start at once. */
static bool http_collect_finished(struct http_engine *engine)
{
	bool any = false;
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(engine->multi, &left))) {
		CURLcode result = message->data.result;
		CURL *curl = message->easy_handle;
		struct http_slot *slot;

		if (message->msg != CURLMSG_DONE)
			continue;
		any = true;
		curl_easy_getinfo(curl, CURLINFO_PRIVATE, &slot);
		curl_multi_remove_handle(engine->multi, curl);
		if (result == CURLE_OK)
			http_finish_try(engine, slot);
		else
			http_fail_try(engine, slot, result);
	}
	return any;
}

static void http_initialise(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static int http_open_engine(struct http_engine *engine)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	bool ready;

	pthread_once(&once, http_initialise);
	engine->n_slots = engine->n < CONNECTIONS ? engine->n : CONNECTIONS;
	engine->multi = curl_multi_init();
	ready = engine->multi;
	for (size_t i = 0; ready && i < engine->n_slots; i++)
		ready = (engine->slots[i].curl = curl_easy_init());
	return ready ? 0 : err_set(engine->err, -ENOMEM, "cannot set up libcurl");
}

static void http_close_engine(struct http_engine *engine)
{
	for (size_t i = 0; i < engine->n_slots; i++) {
		if (engine->multi && engine->slots[i].curl)
			curl_multi_remove_handle(engine->multi, engine->slots[i].curl);
		if (engine->slots[i].request)
			http_release(&engine->slots[i]);
		curl_easy_cleanup(engine->slots[i].curl);
	}
	curl_multi_cleanup(engine->multi);
}

int http_run(const struct http_request *requests, size_t n, struct err *err)
{
	struct http_engine engine = {.requests = requests, .n = n, .err = err};
	int r = http_open_engine(&engine), wait_ms, running;

	while (r == 0 && http_start_ready(&engine, &wait_ms)) {
		CURLMcode code = curl_multi_perform(engine.multi, &running);

		if (code == CURLM_OK && !http_collect_finished(&engine))
			code = curl_multi_poll(engine.multi, NULL, 0, wait_ms, NULL);
		if (code != CURLM_OK)
			http_stop_code(&engine, code);
	}
	http_close_engine(&engine);
	return err_result(err);
}

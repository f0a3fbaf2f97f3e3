#include "edge/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"

enum {
	CONNECTIONS = 8,
	TRIES = 3,               /* of one URL */
	RETRY_DELAY_MS = 500,    /* before the second try, and twice that before the third */
	REDIRECTS_MAX = 5,
	CONNECT_TIMEOUT_S = 20,
	STALLED_BYTES_S = 512,   /* slower than this … */
	STALLED_S = 30,          /* … for so long counts as cut off */
};

/* One of the CONNECTIONS places where a job is being worked on. */
struct slot {
	CURL *curl;
	const struct http_job *job;  /* NULL: free */
	struct curl_slist *headers;  /* the job's */
	size_t url;                  /* index into job->urls */
	unsigned tries;              /* of this URL, so far */
	int64_t start_at_ms;         /* waits until then for its next try; 0: is running */
	uint64_t taken;
	bool begun;                  /* between begin and end or drop */
	bool too_large;
	int failed;                  /* what `take` said */
	int gone;                    /* URLs that answered that they do not have it */
	struct err reasons;          /* one a URL */
	char message[CURL_ERROR_SIZE];
};

struct run {
	CURLM *multi;
	struct slot slots[CONNECTIONS];
	const struct http_job *jobs;
	size_t n, next;
	bool stop;                   /* start nothing new, end what runs */
	struct err *err;
};

static size_t on_bytes(char *bytes, size_t one, size_t size, void *data)
{
	struct slot *slot = data;

	(void)one; /* always 1, says libcurl */
	if (size > slot->job->max_bytes - slot->taken) {
		slot->too_large = true;
		return CURL_WRITEFUNC_ERROR;
	}
	slot->taken += size;
	slot->failed = slot->job->take(slot->job->data, bytes, size, &slot->reasons);
	return slot->failed < 0 ? CURL_WRITEFUNC_ERROR : size;
}

/* What all requests have in common. NULL when there is no memory. */
static CURL *new_request(char message[CURL_ERROR_SIZE])
{
	CURL *curl = curl_easy_init();

	if (!curl)
		return NULL;
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https,file");
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https"); /* a server must not name files of ours */
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)STALLED_BYTES_S);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)STALLED_S);
	curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 256L * 1024);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "aether-build/" AETHER_VERSION);
	return curl;
}

static CURL *new_handle(struct slot *slot)
{
	CURL *curl = new_request(slot->message);

	if (!curl)
		return NULL;
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, slot);
	curl_easy_setopt(curl, CURLOPT_PRIVATE, slot);
	curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
	return curl;
}

static struct curl_slist *header_list(const struct strv *headers)
{
	struct curl_slist *list = NULL;

	for (size_t i = 0; i < headers->count; i++)
		list = curl_slist_append(list, headers->items[i]);
	return list;
}

static void stop_with(struct run *run, struct err *reasons)
{
	run->stop = true;
	err_take(run->err, reasons);
}

/* The job is done, well or badly: its place is free. */
static void release(struct slot *slot)
{
	if (slot->begun)
		slot->job->drop(slot->job->data);
	err_free(&slot->reasons);
	curl_slist_free_all(slot->headers);
	*slot = (struct slot){.curl = slot->curl};
}

static void start_try(struct run *run, struct slot *slot)
{
	int r = slot->begun ? 0 : slot->job->begin(slot->job->data, &slot->reasons);

	if (r != 0) {
		if (r < 0)
			stop_with(run, &slot->reasons);
		release(slot);
		return;
	}
	slot->begun = true;
	slot->start_at_ms = 0;
	slot->taken = 0;
	slot->tries++;
	slot->message[0] = 0;
	curl_easy_setopt(slot->curl, CURLOPT_URL, slot->job->urls.items[slot->url]);
	curl_multi_add_handle(run->multi, slot->curl);
}

/* All URLs failed: one problem, with what each of them said. */
static void give_up(struct run *run, struct slot *slot, int code)
{
	bool gone = slot->gone == (int)slot->job->urls.count;

	err_set(run->err, gone ? -ENOENT : code, "cannot download '%s'",
		slot->job->name ? slot->job->name : slot->job->urls.items[0]);
	for (const struct err_item *reason = slot->reasons.first; reason; reason = reason->next)
		err_wrap(run->err, "%s", reason->text);
	if (!gone && code != -EBADMSG)
		run->stop = true;
	release(slot);
}

static void next_url(struct run *run, struct slot *slot, int code)
{
	slot->tries = 0;
	if (++slot->url < slot->job->urls.count)
		start_try(run, slot);
	else
		give_up(run, slot, code);
}

/* The whole file came; is it the right one? */
static void finish_try(struct run *run, struct slot *slot)
{
	struct err err = {0};
	int r = slot->job->end(slot->job->data, &err);

	slot->begun = false;
	if (r == -EBADMSG) {
		err_set(&slot->reasons, r, "%s: %s", slot->job->urls.items[slot->url],
			err.last ? err.last->text : "not what was expected");
		err_free(&err);
		next_url(run, slot, r);
	} else {
		if (r < 0)
			stop_with(run, &err);
		release(slot);
	}
}

static void fail_try(struct run *run, struct slot *slot, CURLcode result)
{
	const char *url = slot->job->urls.items[slot->url];
	bool gone, passing;
	long status = 0;

	slot->job->drop(slot->job->data);
	slot->begun = false;
	if (slot->failed < 0) {
		stop_with(run, &slot->reasons);
		release(slot);
		return;
	}
	curl_easy_getinfo(slot->curl, CURLINFO_RESPONSE_CODE, &status);
	gone = status == 404 || status == 410 || result == CURLE_FILE_COULDNT_READ_FILE;
	passing = !gone && !slot->too_large && (status < 400 || status >= 500 || status == 429 || status == 408) &&
		  result != CURLE_UNSUPPORTED_PROTOCOL && result != CURLE_URL_MALFORMAT &&
		  result != CURLE_TOO_MANY_REDIRECTS && result != CURLE_PEER_FAILED_VERIFICATION;
	if (passing && slot->tries < TRIES) {
		slot->start_at_ms = clock_ms() + ((int64_t)RETRY_DELAY_MS << (slot->tries - 1));
		return;
	}
	if (slot->too_large)
		err_set(&slot->reasons, -EBADMSG, "%s: more than the %llu bytes expected", url,
			(unsigned long long)slot->job->max_bytes);
	else
		err_set(&slot->reasons, -EIO, "%s: %s", url, *slot->message ? slot->message : curl_easy_strerror(result));
	slot->gone += gone;
	next_url(run, slot, slot->too_large ? -EBADMSG : -EIO);
	slot->too_large = false;
}

/* Starts whatever can start; returns whether anything runs or waits. */
static bool start_ready(struct run *run, int *ret_wait_ms)
{
	int64_t now = clock_ms();
	bool busy = false;

	*ret_wait_ms = 1000;
	for (int i = 0; i < CONNECTIONS; i++) {
		struct slot *slot = &run->slots[i];

		while (!slot->job && !run->stop && run->next < run->n) {
			slot->job = &run->jobs[run->next++];
			slot->headers = header_list(&slot->job->headers);
			curl_easy_setopt(slot->curl, CURLOPT_HTTPHEADER, slot->headers);
			start_try(run, slot);
		}
		if (slot->job && slot->start_at_ms && slot->start_at_ms <= now)
			start_try(run, slot);
		if (slot->job && slot->start_at_ms && slot->start_at_ms - now < *ret_wait_ms)
			*ret_wait_ms = (int)(slot->start_at_ms - now) + 1;
		busy |= slot->job != NULL;
	}
	return busy && !run->stop;
}

/* Returns whether any transfer had ended: then others may start at once. */
static bool collect_finished(struct run *run)
{
	bool any = false;
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(run->multi, &left))) {
		CURLcode result = message->data.result;
		CURL *curl = message->easy_handle;
		struct slot *slot;

		if (message->msg != CURLMSG_DONE)
			continue;
		any = true;
		curl_easy_getinfo(curl, CURLINFO_PRIVATE, &slot);
		curl_multi_remove_handle(run->multi, curl);
		if (result == CURLE_OK)
			finish_try(run, slot);
		else
			fail_try(run, slot, result);
	}
	return any;
}

static void initialise(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

int http_run(const struct http_job *jobs, size_t n, struct err *err)
{
	struct run run = {.jobs = jobs, .n = n, .err = err};
	int wait_ms, running;
	bool ready;

	pthread_once(&once, initialise);
	run.multi = curl_multi_init();
	ready = run.multi;
	for (int i = 0; ready && i < CONNECTIONS; i++)
		ready = (run.slots[i].curl = new_handle(&run.slots[i]));
	if (!ready)
		err_set(err, -ENOMEM, "cannot set up libcurl");
	while (ready && start_ready(&run, &wait_ms)) {
		if (curl_multi_perform(run.multi, &running) == CURLM_OK &&
		    (collect_finished(&run) || curl_multi_poll(run.multi, NULL, 0, wait_ms, NULL) == CURLM_OK))
			continue;
		err_set(err, -EIO, "libcurl lost track of its transfers");
		break;
	}
	for (int i = 0; i < CONNECTIONS; i++) {
		if (run.multi && run.slots[i].curl)
			curl_multi_remove_handle(run.multi, run.slots[i].curl);
		if (run.slots[i].job)
			release(&run.slots[i]);
		curl_easy_cleanup(run.slots[i].curl);
	}
	curl_multi_cleanup(run.multi);
	return err_result(err);
}

/* --- one question ------------------------------------------------------------------------------------------------- */

struct question {
	struct http_answer *answer;
	uint64_t max_bytes;
	bool too_large;
};

static size_t on_answer(char *bytes, size_t one, size_t size, void *data)
{
	struct question *question = data;

	(void)one;
	question->too_large = size > question->max_bytes - question->answer->body.size;
	if (question->too_large)
		return CURL_WRITEFUNC_ERROR;
	buf_add(&question->answer->body, bytes, size);
	return size;
}

/* A server may offer several ways to say who one is, each in a line of its own. */
static char *bearer_challenge(CURL *curl)
{
	static const char scheme[] = "Bearer ";
	struct curl_header *header;

	for (size_t i = 0; curl_easy_header(curl, "WWW-Authenticate", i, CURLH_HEADER, -1, &header) == CURLHE_OK; i++)
		if (strncasecmp(header->value, scheme, sizeof scheme - 1) == 0)
			return strdup(header->value + sizeof scheme - 1);
	return NULL;
}

int http_ask(const char *url, const struct strv *headers, uint64_t max_bytes, struct http_answer *ret_answer, struct err *err)
{
	struct http_answer answer = {0};
	struct question question = {.answer = &answer, .max_bytes = max_bytes};
	struct curl_slist *list = header_list(headers);
	char message[CURL_ERROR_SIZE] = "";
	CURLcode result = CURLE_OUT_OF_MEMORY;
	long status = 0;
	CURL *curl;

	pthread_once(&once, initialise);
	curl = new_request(message);
	for (unsigned tries = 0; curl && tries < TRIES && !question.too_large && result != CURLE_OK; tries++) {
		if (tries)
			nanosleep(&(struct timespec){.tv_nsec = RETRY_DELAY_MS * 1000000L}, NULL);
		http_answer_free(&answer);
		curl_easy_setopt(curl, CURLOPT_URL, url);
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
		curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
		curl_easy_setopt(curl, CURLOPT_WRITEDATA, &question);
		result = curl_easy_perform(curl);
	}
	if (result == CURLE_OK) {
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
		answer.status = (unsigned)status;
		answer.bearer = bearer_challenge(curl);
	}
	curl_easy_cleanup(curl);
	curl_slist_free_all(list);
	if (result == CURLE_OK) {
		*ret_answer = answer;
		return 0;
	}
	http_answer_free(&answer);
	if (question.too_large)
		return err_set(err, -EBADMSG, "%s: more than the %llu bytes expected", url, (unsigned long long)max_bytes);
	return err_set(err, -EIO, "%s: %s", url, *message ? message : curl_easy_strerror(result));
}

void http_answer_free(struct http_answer *answer)
{
	buf_free(&answer->body);
	free(answer->bearer);
	*answer = (struct http_answer){0};
}

const char *http_join(struct arena *arena, const char *base, const char *path)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
	_cleanup_buf_ struct buf url = {0};

	buf_puts(&url, base);
	while (url.size && url.data[url.size - 1] == '/')
		url.data[--url.size] = 0;
	buf_add(&url, "/", 1);
	for (; *path; path++)
		if (strchr(plain, *path))
			buf_add(&url, path, 1);
		else
			buf_printf(&url, "%%%02X", (unsigned char)*path);
	return arena_strndup(arena, url.data, url.size);
}

/* Downloads by libcurl: many at once over a few kept connections; http, https and file URLs; proxies as the environment
 * names them (http_proxy, https_proxy, no_proxy). What comes is handed on as it comes; nothing is stored here. */
#ifndef EDGE_HTTP_H
#define EDGE_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"

/* One thing to download, from the first of its URLs that gives what is wanted. A URL is tried a few times when it fails in
 * a way that passes (no connection, cut off, slow, 5xx). Every try is begin, take…, then either end or drop. */
struct http_job {
	const char *name;            /* what errors call it; NULL: its first URL */
	struct strv urls;
	struct strv
	    headers; /* further lines of the request ("Accept: …"); a redirect takes no Authorization to others */
	uint64_t max_bytes;          /* more than this is not what is wanted */
	void *data;                  /* handed to: */
	int (*begin)(void *data, struct err *err); /* a try begins, from nothing; 1: not needed any more */
	int (*take)(void *data, const void *bytes, size_t size, struct err *err);
	int (*end)(void *data, struct err *err);   /* all has come; -EBADMSG: it is not what is wanted, so the next URL */
	void (*drop)(void *data);    /* the try failed: forget what came */
};

/* Runs all jobs. A job whose URLs all fail is a problem in `err` that says what each of them answered: -ENOENT when
 * they no longer have it, -EBADMSG when the last one gave something else, else -EIO; the other jobs go on, unless it is
 * the network that fails. Failures of begin, take or end other than -EBADMSG end everything. Returns the first
 * problem's code. */
int http_run(const struct http_job *jobs, size_t n, struct err *err);

/* What a server said to one request, whatever its status. */
struct http_answer {
	unsigned status;             /* 200, 401, … */
	struct buf body;             /* at most `max_bytes` */
	char *bearer; /* the challenge of its WWW-Authenticate: Bearer (RFC 6750), without that word; or NULL */
};

/* Asks for one URL, with these further lines in the request. A server that cannot be asked, or that answers with more than
 * `max_bytes`, is an error (-EIO, -EBADMSG); what it says is not. `ret_answer` is the caller's, for http_answer_free(). */
int http_ask(const char *url, const struct strv *headers, uint64_t max_bytes, struct http_answer *ret_answer,
	     struct err *err);
void http_answer_free(struct http_answer *answer);

#define _cleanup_http_answer_ __attribute__((cleanup(http_answer_free)))

/* `path` below the URL `base`, percent-encoded (RFC 3986, section 2.3) but for its slashes. */
const char *http_join(struct arena *arena, const char *base, const char *path);

#endif

/* What the files that make libcurl's home share, and nobody else includes. A `void *curl` is a CURL *. */
#ifndef EDGE_HTTP_COMMON_H
#define EDGE_HTTP_COMMON_H

#include "edge/digest.h"
#include "edge/http.h"

struct curl_slist;

/* A request on a handle of libcurl, and what the callbacks that libcurl has from it need. */
struct http_call {
	const struct http_request *request;
	void *curl;
	struct curl_slist *headers, *secret; /* `secret`: the headers, and the one that not everybody is told */
	void *form;                  /* curl_mime * */
	struct http_source *sources; /* what its body is read from: one, or one for each part of a form */
	size_t n_sources;
	uint8_t pin[SHA256_SIZE];
	uint64_t told;               /* how much was sent, when `sent` was last called */
	char phrase[256];            /* of the answer's status line, or the beginning of it */
	bool reached;                /* something of it may have reached a server */
	struct err fatal;            /* why one of our callbacks ended it: no reason to try again */
};

/* Makes `curl`, which serves many requests in turn, ready for this one. `call` must be closed, whatever this returns. */
int http_call_open(struct http_call *call, const struct http_request *request, void *curl, struct err *err);

/* The next transfer asks this URL, one of the request's or where a server led us (`led`), with the body
 * from its beginning, and may take `left_ms` (0: no end). */
int http_call_aim(struct http_call *call, const char *url, bool led, int64_t left_ms, struct err *err);

/* Whether the request can be made once more without harm. */
bool http_call_may_repeat(const struct http_call *call);

void http_call_close(struct http_call *call);

/* The body's length and where it comes from; opens its files. */
int http_body_open(struct http_call *call, struct err *err);
uint64_t http_body_size(const struct http_call *call); /* without what a form puts around its parts, and without its texts */
void http_body_rewind(struct http_call *call);
void http_body_close(struct http_call *call);

/* Lets libcurl know the body and the method that goes with it. False: it has no memory. */
bool http_body_set(struct http_call *call);

/* By what the server is known: looks whether what the request says can be used, and lets libcurl know. */
int http_trust_check(struct http_call *call, struct err *err);
bool http_trust_set(struct http_call *call);

/* Whether the server at the other end of the transfer's connection is the pinned one. */
int http_trust_pinned(struct http_call *call, struct err *err);

#endif

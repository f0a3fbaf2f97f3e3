/* Requests by libcurl: many at once over a few kept connections; http, https and, to download, file URLs; proxies as the
 * environment names them (http_proxy, https_proxy, no_proxy). What comes is handed on as it comes, and what goes is read as it
 * goes: nothing is stored here, however large it is. */
#ifndef EDGE_HTTP_H
#define EDGE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_DELETE };

/* A part of a form (RFC 7578): a text, or a file. */
struct http_part {
	const char *name;
	const char *text;      /* NULL: a file */
	const char *path;      /* that file, the host's */
	const char *filename;  /* what the server is told that it is called; NULL: the end of `path` */
	const char *type;      /* its Content-Type; NULL: none is said of a text, application/octet-stream of a file */
};

/* What is sent along. Files are read while they are sent; how long all of it is, is found out before and told to the server
 * (Content-Length). A file that becomes shorter meanwhile ends the request; what it grows by is not sent. */
enum http_body_kind { HTTP_NOTHING, HTTP_BYTES, HTTP_FILE, HTTP_FORM };
struct http_body {
	enum http_body_kind kind;
	const char *type;      /* the Content-Type of bytes or a file; NULL: it is not said */
	const void *bytes;
	size_t size;
	const char *path;
	const struct http_part *parts; /* sent in this order, as multipart/form-data */
	size_t n_parts;
};

/* By what a server of https is known. Nothing said: by a certificate for its name, of an authority that this host trusts. */
struct http_trust {
	const char *ca_file;   /* PEM; these authorities, and no others */
	/* The SHA-256 of its certificate (of the leaf, in DER) in hexadecimal of any case, with colons or without. It is
	 * compared on each connection before a byte of a request goes out on it. Alone, it is all that is asked for: neither
	 * name nor authority count. With `ca_file`, both have to be right. */
	const char *pin;
	bool insecure;         /* by nothing: whoever answers is given the request, with all secrets in it */
};

struct http_timeouts { /* in seconds; 0: as it says */
	unsigned connect;      /* until a server speaks TLS, or would listen (20) */
	unsigned stall;        /* with less than 512 bytes a second, in either direction, it counts as cut off (30) */
	unsigned total;        /* all tries of all URLs, and the waiting between them (no end) */
};

/* A header that says who we are to the server of `url`. Others (host, port or scheme), whoever names them, do not get it. */
struct http_secret {
	const char *header, *url;    /* NULL: none */
};

/* One request, at the first of its URLs that gives what is wanted. A URL is tried a few times when it fails in a way that
 * passes (no connection, cut off, slow, 5xx). Every try is begin, take…, then either end or drop. A redirection is followed:
 * a HEAD, PUT or DELETE stays one, a POST becomes a GET but for 307 and 308. It takes no Authorization to others (host, port or
 * scheme), other headers it does; it leads to no file, and not from https to http where there is a body, pin or ca_file.
 *
 * A POST or PUT is sent again (a second try, or the next URL) only when nothing of it can have reached a server. */
struct http_request {
	const char *name;            /* what errors call it; NULL: its first URL */
	enum http_method method;
	struct strv urls;
	struct strv headers;         /* further lines of the request ("Accept: …") */
	struct http_secret secret;   /* of a GET */
	struct http_body body;       /* of a POST, PUT or DELETE */
	struct http_trust trust;
	struct http_timeouts timeouts;
	unsigned tries;              /* of one URL; 0: 3 */
	bool repeatable;             /* a POST or PUT does no harm when it comes twice */
	bool any_status;             /* whatever the server answers ends it well: 4xx and 5xx are no failures */
	bool plain;                  /* to a server that knows HTTP/1.1 and no more: never HTTP/2, and nothing is asked before a
				      * large body is sent (no Expect) */
	uint64_t max_bytes;          /* a body of the answer that has more is not what is wanted */
	struct strv wanted;          /* names of headers of the answer, for `header` */
	void *data;                  /* handed to: */
	int (*begin)(void *data, struct err *err); /* a try begins, from nothing; 1: not needed any more */
	void (*status)(void *data, unsigned status); /* of the answer, before its first byte; 0 for a file; may be NULL */
	void (*phrase)(void *data, const char *text); /* what HTTP/1.1 says beside the status; after `status`; may be NULL */
	void (*header)(void *data, const char *name, const char *value); /* after `status`, in that order; may be NULL */
	int (*take)(void *data, const void *bytes, size_t size, struct err *err);
	int (*end)(void *data, struct err *err);   /* all has come; -EBADMSG: it is not what is wanted, so the next URL */
	void (*drop)(void *data);    /* the try failed: forget what came */
	void (*sent)(void *data, uint64_t bytes, uint64_t total); /* so much of the body went out in this try; may be NULL */
};

/* Does all of them. One whose URLs all fail is a problem in `err` that says what each of them answered: -ENOENT when
 * they no longer have it, -EACCES when some of these do not let us have it (401, 403, 407), -EBADMSG when the last one gave
 * something else, -ETIMEDOUT when its `total` was over, else -EIO; the others go on, unless it is the network that fails.
 * What ends everything: failures of begin, take or end other than -EBADMSG; a file of a body that cannot be read; a request
 * that makes no sense or a ca_file that cannot be used (-EINVAL, or what open(2) says); another certificate than the pinned
 * one (-EKEYREJECTED). Returns the first problem's code. */
int http_run(const struct http_request *requests, size_t n, struct err *err);

/* What a server said to one request, whatever its status. */
struct http_answer {
	unsigned status;             /* 200, 401, … */
	const char *phrase;          /* what the server says beside it: "Not Found"; "" for nothing */
	struct buf body;             /* at most `max_bytes` */
	struct arena *arena;         /* has: */
	struct http_field {
		const char *name, *value;
	} *fields;                   /* the headers that were wanted, in the answer's order */
	size_t n_fields;
};

/* http_run() of one request, with `any_status`, and a sink of its own: of the request's callbacks only `sent` is called. Errors
 * are the same, but say of a server that cannot be asked just why. `ret_answer` is the caller's, for http_answer_free(). */
int http_ask(const struct http_request *request, struct http_answer *ret_answer, struct err *err);
void http_answer_free(struct http_answer *answer);

#define _cleanup_http_answer_ __attribute__((cleanup(http_answer_free)))

/* The value of the `i`th header of that name (of any case) that was wanted; NULL when there are no more. */
const char *http_answer_header(const struct http_answer *answer, const char *name, size_t i);

/* `path` below the URL `base`, percent-encoded (RFC 3986, section 2.3) but for its slashes. */
const char *http_join(struct arena *arena, const char *base, const char *path);

#endif

/* Requests to a test's server. */
#ifndef UNIT_ASKING_H
#define UNIT_ASKING_H

#include "edge/http.h"
#include "server.h"

/* A request for a path (or a whole URL), with a sink that takes all and says nothing. */
struct http_request asking(const struct server *server, enum http_method method, const char *path);

/* The same, of a server with these answers that is started when it does not run yet. */
struct http_request asking_started(struct server *server, const struct server_answer *answers, size_t n,
				   enum http_method method, const char *path);

/* http_ask(): the status, or the error. What the error says is in scratch_arena(), for who wants to know. */
int ask(const struct http_request *request, const char **ret_text);

/* A file in scratch() of so many bytes that are not all the same. Returns its path. */
const char *asking_file(const char *name, size_t size);

#endif

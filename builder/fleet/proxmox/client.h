/* The API of Proxmox VE: requests and what it answers. Paths are those of its documentation ("/nodes/n/qemu"), with their
 * query; what others named in them has gone through client_escape(). */
#ifndef FLEET_PROXMOX_CLIENT_H
#define FLEET_PROXMOX_CLIENT_H

#include "edge/jval.h"
#include "fleet/proxmox/access.h"

struct client {
	struct arena *arena;
	const struct access *access;
	const char *authorization; /* the header with the token */
	unsigned major, minor;	   /* of Proxmox VE: 9, 2 */
	unsigned status;	   /* of the last answer; 0: none came */
};

/* The parameters of a request. */
struct form {
	struct form_field {
		const char *name, *value;
	} * fields;
	size_t n_fields;
};

void form_add(struct arena *arena, struct form *form, const char *name, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* As application/x-www-form-urlencoded (WHATWG URL, section 5; blanks as %20). In `arena`. */
const char *form_print(struct arena *arena, const struct form *form);

/* Asks which version it is: so that a wrong address, certificate or token is found with nothing written. -ENOTSUP before
 * 8.0. */
int client_open(struct arena *arena, const struct access *access, struct client *ret_client, struct err *err);

/* One part of a path, percent-encoded. In the client's arena. */
const char *client_escape(struct client *client, const char *part);

/* What the API says to a request, its `data`, which the caller frees. Errors are in its words: -EINVAL for parameters (400),
 * -EACCES (401, 403), -EHOSTUNREACH when the node that it concerns does not answer (595 to 599), -EREMOTEIO for any other
 * refusal; those of http_ask() when the API did not answer at all. */
int client_get(struct client *client, const char *path, struct jval **ret_data, struct err *err);
int client_send(struct client *client, enum http_method method, const char *path, const struct form *form,
		struct jval **ret_data, struct err *err);

/* The same where nothing but success is of interest (null). */
int client_put(struct client *client, const char *path, const struct form *form, struct err *err);

/* A POST that begins a task: its UPID, in the client's arena. */
int client_post(struct client *client, const char *path, const struct form *form, const char **ret_upid, struct err *err);

/* Whether an error is one that passes: the network, a node that restarts. */
bool client_passes(int code);

/* An end point for requests that client_send() cannot make (uploads): the request, without body, for http_ask(). */
struct http_request client_request(struct client *client, enum http_method method, const char *base, const char *path);

/* `data` of what was answered to such a request. */
int client_read(struct client *client, const char *what, const struct http_answer *answer, struct jval **ret_data,
		struct err *err);

#endif

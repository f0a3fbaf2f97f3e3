/* A web server on loopback that answers as a table says, and notes what it was sent. */
#ifndef UNIT_SERVER_H
#define UNIT_SERVER_H

#include <stdbool.h>
#include <stddef.h>

enum server_manner {
	SERVER_CLOSES = 0,      /* reads the request, answers, closes the connection */
	SERVER_KEEPS = 1,       /* the connection is kept for further requests */
	SERVER_DEAF = 2,        /* answers (or closes) without reading the body */
	SERVER_CUTS = 4,        /* closes when some of the body came */
	SERVER_HANGS = 8,       /* does nothing more */
	SERVER_REPEATS = 16,    /* says the same for ever */
};

struct server_answer {
	const char *path;
	const char *text;       /* all of it, with the status line; NULL: none */
	unsigned from;          /* answers so from the n-th time on; a later line for the same path wins */
	unsigned manner;        /* server_manner */
};

enum { SERVER_ANSWERS_MAX = 40, SERVER_HEAD_MAX = 16 << 10, SERVER_BODY_MAX = 8 << 20 };

/* What the server writes and the test reads. */
struct server_log {
	unsigned connections;
	size_t bytes;                       /* that came on them, all in all; with TLS, inside it */
	unsigned asked[SERVER_ANSWERS_MAX]; /* how often each line's path was asked for */
	char offered[64];                   /* protocols that the last one offered with TLS (ALPN): "h2 http/1.1 " */
	char head[SERVER_HEAD_MAX];         /* of the last request, its lines */
	size_t body_size;                   /* and how much of its body came */
	char body[SERVER_BODY_MAX];
};

struct server {
	unsigned port;
	bool tls;
	const struct server_answer *answers;
	size_t n_answers;
	struct server_log *log;
};

/* Who the server is: a key, and a certificate for 127.0.0.1 that it signed by itself; both in files of scratch(). */
struct server_identity {
	const char *certificate, *key; /* paths, PEM */
	char pin[96];                  /* the certificate's SHA-256, as `AB:CD:…` */
};

struct server_identity server_identity(const char *name);

/* Starts a server, as a process that ends with the test. `answers` is borrowed; `identity`: NULL for one without TLS. Proxies
 * are taken out of the environment. */
struct server server_start(const struct server_answer *answers, size_t n, const struct server_identity *identity);

/* In scratch_arena(). */
const char *server_url(const struct server *server, const char *path);

unsigned server_asked(const struct server *server, const char *path);

/* Forgets what was asked of it so far. */
void server_forget(const struct server *server);

#endif

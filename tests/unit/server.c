#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "scratch.h"
#include "server.h"

/* --- who it is ------------------------------------------------------------------------------------------------------ */

static void server_sign(X509 *certificate, EVP_PKEY *key)
{
	X509_NAME *name = X509_get_subject_name(certificate);
	X509_EXTENSION *address = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");

	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), getpid());
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"a test", -1, -1, 0);
	X509_set_issuer_name(certificate, name);
	X509_set_pubkey(certificate, key);
	X509_add_ext(certificate, address, -1);
	X509_EXTENSION_free(address);
	ck_assert_int_gt(X509_sign(certificate, key, EVP_sha256()), 0);
}

struct server_identity server_identity(const char *name)
{
	struct server_identity identity = {
		.certificate = scratch_path(arena_printf(scratch_arena(), "%s.pem", name)),
		.key = scratch_path(arena_printf(scratch_arena(), "%s.key", name)),
	};
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	FILE *to = fopen(identity.certificate, "w"), *key_to = fopen(identity.key, "w");
	unsigned char digest[32];

	ck_assert(key && certificate && to && key_to);
	server_sign(certificate, key);
	ck_assert_int_eq(PEM_write_X509(to, certificate), 1);
	ck_assert_int_eq(PEM_write_PrivateKey(key_to, key, NULL, NULL, 0, NULL, NULL), 1);
	ck_assert_int_eq(fclose(to) | fclose(key_to), 0);
	ck_assert_int_eq(X509_digest(certificate, EVP_sha256(), digest, NULL), 1);
	for (int i = 0; i < 32; i++)
		snprintf(identity.pin + 3 * i, sizeof identity.pin - 3 * i, "%02X%s", digest[i], i < 31 ? ":" : "");
	X509_free(certificate);
	EVP_PKEY_free(key);
	return identity;
}

/* --- one connection ------------------------------------------------------------------------------------------------ */

struct connection {
	const struct server *server;
	unsigned number; /* the server's first one is 1 */
	int fd;
	SSL *ssl; /* NULL: without TLS */
};

static ssize_t server_read(struct connection *c, char *to, size_t size)
{
	ssize_t n = c->ssl ? SSL_read(c->ssl, to, (int)size) : read(c->fd, to, size);

	if (n > 0)
		__atomic_add_fetch(&c->server->log->bytes, (size_t)n, __ATOMIC_SEQ_CST);
	return n;
}

static bool server_say(struct connection *c, const char *text)
{
	size_t size = strlen(text);

	return (c->ssl ? SSL_write(c->ssl, text, (int)size) : send(c->fd, text, size, MSG_NOSIGNAL)) == (ssize_t)size;
}

/* Byte by byte, so that nothing of the body is taken along. */
static bool server_read_head(struct connection *c, char head[SERVER_HEAD_MAX])
{
	size_t size = 0;

	head[0] = 0;
	while (size < SERVER_HEAD_MAX - 1 && server_read(c, head + size, 1) == 1) {
		head[++size] = 0;
		if (size >= 4 && strcmp(head + size - 4, "\r\n\r\n") == 0)
			return true;
	}
	return false;
}

/* A connection that was given up is read to its end beside the one that came after it: what that one noted stays. */
static void server_note_body(const struct connection *c, const char *body, size_t size)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static unsigned newest;
	struct server_log *log = c->server->log;

	pthread_mutex_lock(&lock);
	if (c->number >= newest) {
		newest = c->number;
		memcpy(log->body, body, size);
		memset(log->body + size, 0, size < SERVER_BODY_MAX);
		log->body_size = size;
	}
	pthread_mutex_unlock(&lock);
}

static void server_read_body(struct connection *c, const char *head, unsigned manner)
{
	const char *length = strcasestr(head, "\r\nContent-Length: ");
	size_t left = length ? strtoull(length + strlen("\r\nContent-Length: "), NULL, 10) : 0, at = 0;
	char *body = malloc(SERVER_BODY_MAX);

	server_note_body(c, body, 0);
	if (manner & SERVER_DEAF)
		left = 0;
	if (manner & SERVER_CUTS && left > 1000)
		left = 1000;
	if (!(manner & SERVER_DEAF) && strcasestr(head, "\r\nExpect: 100-continue"))
		server_say(c, "HTTP/1.1 100 Continue\r\n\r\n");
	while (left && at < SERVER_BODY_MAX) {
		size_t room = SERVER_BODY_MAX - at;
		ssize_t n = server_read(c, body + at, left < room ? left : room);

		if (n <= 0)
			break;
		at += (size_t)n;
		left -= (size_t)n;
	}
	server_note_body(c, body, at);
	free(body);
}

static const struct server_answer *server_find(const struct server *server, const char *head)
{
	static const struct server_answer unknown = {.text = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"};
	const struct server_answer *found = &unknown;
	const char *path = strchr(head, ' ');

	for (size_t i = 0; path && i < server->n_answers; i++) {
		const struct server_answer *answer = &server->answers[i];
		size_t length = strlen(answer->path);

		if (strncmp(path + 1, answer->path, length) != 0 || path[1 + length] != ' ')
			continue;
		if (__atomic_add_fetch(&server->log->asked[i], 1, __ATOMIC_SEQ_CST) >= answer->from)
			found = answer;
	}
	return found;
}

static void server_serve(struct connection *c)
{
	char head[SERVER_HEAD_MAX];
	unsigned manner = SERVER_KEEPS;

	while (manner & SERVER_KEEPS && server_read_head(c, head)) {
		const struct server_answer *answer = server_find(c->server, head);

		manner = answer->manner;
		memcpy(c->server->log->head, head, sizeof head);
		server_read_body(c, head, manner);
		while (manner & SERVER_HANGS)
			pause();
		while (answer->text && server_say(c, answer->text) && manner & SERVER_REPEATS)
			;
	}
}

static void *server_connection(void *data)
{
	struct connection *c = data;

	__atomic_add_fetch(&c->server->log->connections, 1, __ATOMIC_SEQ_CST);
	if (!c->ssl || SSL_accept(c->ssl) == 1)
		server_serve(c);
	if (c->ssl)
		SSL_shutdown(c->ssl);
	SSL_free(c->ssl);
	close(c->fd);
	free(c);
	return NULL;
}

/* --- the server ---------------------------------------------------------------------------------------------------- */

/* Notes the protocols that a client offers (RFC 7301: each behind a byte with its length), and takes none. */
static int server_note_offer(SSL *ssl, const unsigned char **ret, unsigned char *ret_size, const unsigned char *in,
			     unsigned size, void *data)
{
	struct server_log *log = data;
	size_t at = 0;

	(void)ssl, (void)ret, (void)ret_size;
	for (unsigned i = 0; i < size && at + in[i] + 2 < sizeof log->offered; i += 1U + in[i])
		at += (size_t)sprintf(log->offered + at, "%.*s ", in[i], in + i + 1);
	return SSL_TLSEXT_ERR_NOACK;
}

static SSL_CTX *server_tls(const struct server *server, const struct server_identity *identity)
{
	SSL_CTX *tls = identity ? SSL_CTX_new(TLS_server_method()) : NULL;

	if (identity)
		SSL_CTX_set_alpn_select_cb(tls, server_note_offer, server->log);
	if (identity && (SSL_CTX_use_certificate_file(tls, identity->certificate, SSL_FILETYPE_PEM) != 1 ||
			 SSL_CTX_use_PrivateKey_file(tls, identity->key, SSL_FILETYPE_PEM) != 1))
		abort();
	return tls;
}

static _Noreturn void server_run(const struct server *server, int fd, const struct server_identity *identity)
{
	SSL_CTX *tls = server_tls(server, identity);
	unsigned number = 0;

	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		struct connection *c = calloc(1, sizeof *c);
		pthread_t thread;

		*c = (struct connection){server, ++number, accept(fd, NULL, NULL), tls ? SSL_new(tls) : NULL};
		if (tls)
			SSL_set_fd(c->ssl, c->fd);
		if (pthread_create(&thread, NULL, server_connection, c) != 0)
			abort();
		pthread_detach(thread);
	}
}

struct server server_start(const struct server_answer *answers, size_t n, const struct server_identity *identity)
{
	static const char *const proxies[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct server server = {.answers = answers, .n_answers = n, .tls = identity};
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_uint_le(n, SERVER_ANSWERS_MAX);
	server.log = mmap(NULL, sizeof *server.log, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(server.log != MAP_FAILED);
	ck_assert_int_eq(bind(fd, (void *)&address, size) | listen(fd, 50) | getsockname(fd, (void *)&address, &size), 0);
	server.port = ntohs(address.sin_port);
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		server_run(&server, fd, identity);
	}
	close(fd);
	for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++)
		unsetenv(proxies[i]);
	return server;
}

const char *server_url(const struct server *server, const char *path)
{
	return arena_printf(scratch_arena(), "http%s://127.0.0.1:%u%s", server->tls ? "s" : "", server->port, path);
}

unsigned server_asked(const struct server *server, const char *path)
{
	for (size_t i = 0; i < server->n_answers; i++)
		if (strcmp(server->answers[i].path, path) == 0)
			return server->log->asked[i];
	return 0;
}

void server_forget(const struct server *server)
{
	for (size_t i = 0; i < server->n_answers; i++)
		__atomic_store_n(&server->log->asked[i], 0, __ATOMIC_SEQ_CST);
}

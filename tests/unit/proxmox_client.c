/* The API of Proxmox VE by HTTP: what is asked, what its answers mean, and who gets the token. */
#include "suite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/proxmox/client.h"
#include "proxmoxes.h"
#include "scratch.h"
#include "server.h"

#define TOKEN "aether@pve!build=12345678-1234-1234-1234-123456789abc"
#define SAYS(status, body) "HTTP/1.1 " status "\r\nConnection: close\r\n\r\n" body
#define API "/api2/json"

/* --- errors ------------------------------------------------------------------------------------------------------------- */

static const struct row {
	const char *answer;
	int code;
	const char *words; /* in what is printed; "" for success */
	bool passes;
} rows[] = {
	{SAYS("200 OK", "{\"data\":{\"a\":1}}"), 0, "", false},
	{SAYS("200 OK", "{\"data\":null}"), 0, "", false},
	{SAYS("400 Parameter verification failed.",
	      "{\"data\":null,\"message\":\"Parameter verification failed.\\n\",\"errors\":{\"scsi0\":\"invalid format\"}}"),
	 -EINVAL, "GET /it: Parameter verification failed.  {\"scsi0\":\"invalid format\"}\n", false},
	{SAYS("401 authentication failure", ""), -EACCES,
	 "GET /it: authentication failure\n  hint: the token is not known there", false},
	{SAYS("403 Permission check failed (/vms/200, VM.Allocate)", "{\"data\":null}"), -EACCES,
	 "GET /it: Permission check failed (/vms/200, VM.Allocate)\n  hint: give the token's user", false},
	{SAYS("500 no such thing", "{\"data\":null,\"message\":\"unable to find\\u001b[31m configuration\\n\"}"), -EREMOTEIO,
	 "GET /it: unable to find [31m configuration\n", false},
	{SAYS("500 storage 'x' does not exist", "{\"data\":null}"), -EREMOTEIO, "GET /it: storage 'x' does not exist\n", false},
	{SAYS("500 ", ""), -EREMOTEIO, "GET /it: it answered 500 and nothing else\n", false},
	{SAYS("501 Method 'GET /it' not implemented", ""), -ENOSYS, "not implemented\n  hint: is that the address of a Proxmox",
	 false},
	{SAYS("595 Connection refused", ""), -EHOSTUNREACH, "GET /it: Connection refused\n  hint: the node does not answer",
	 true},
	{SAYS("596 Connection timed out", ""), -EHOSTUNREACH, "GET /it: Connection timed out", true},
	{SAYS("599 Too many redirections", ""), -EHOSTUNREACH, "GET /it: Too many redirections", true},
	{SAYS("404 Not Found", "<html>nginx</html>"), -EREMOTEIO, "GET /it: Not Found\n", false},
	{SAYS("502 Bad Gateway", "<html>nginx</html>"), -EREMOTEIO, "GET /it: Bad Gateway\n", false},
	{SAYS("200 OK", "<html>Welcome</html>"), -EBADMSG, "GET /it: the answer is not one of a Proxmox VE API\n", true},
	{SAYS("200 OK", "{\"data\":"), -EBADMSG, "GET /it: the answer is not one of a Proxmox VE API\n", true},
	{SAYS("200 OK", ""), -EBADMSG, "GET /it: the answer is not one of a Proxmox VE API\n", true},
	{SAYS("200 OK", "[]"), -EBADMSG, "GET /it: the answer is not one of a Proxmox VE API\n", true},
	{SAYS("200 OK", "{}"), -EBADMSG, "GET /it: the answer is not one of a Proxmox VE API\n", true},
};

static struct server_answer answer;
static struct server server;
static struct access access_to;

/* A client of a server that answers so to one path. */
static struct client client_of(const char *path, const char *text)
{
	answer = (struct server_answer){arena_printf(scratch_arena(), API "%s", path), text, 0, 0};
	server = server_start(&answer, 1, NULL);
	access_to = (struct access){.endpoint = server_url(&server, ""), .token = TOKEN};
	return (struct client){
		.arena = scratch_arena(), .access = &access_to, .authorization = "Authorization: PVEAPIToken=" TOKEN};
}

START_TEST(an_answer_means)
{
	const struct row *row = &rows[_i];
	struct client client = client_of("/it", row->answer);
	_cleanup_jval_ struct jval *data = NULL;
	struct err err = {0};
	int r = client_get(&client, "/it", &data, &err);

	ck_assert_int_eq(client_passes(r), row->passes);
	ck_assert_uint_eq(client.status, (unsigned)atoi(row->answer + strlen("HTTP/1.1 ")));
	proxmoxes_refused(r, row->code, &err, row->words);
	ck_assert_uint_eq(server_asked(&server, API "/it"), 1);
	ck_assert_ptr_null(strstr(server.log->head, "Expect:"));
}
END_TEST

/* --- requests ----------------------------------------------------------------------------------------------------------- */

static void check_head(const char *line)
{
	ck_assert_msg(strstr(server.log->head, line) != NULL, "no '%s':\n%s", line, server.log->head);
}

START_TEST(a_request_has_the_token_and_a_form)
{
	struct client client = client_of("/a", SAYS("200 OK", "{\"data\":\"UPID:n:0:0:0:t:1:u:\"}"));
	struct form form = {0};
	const char *upid = "";
	struct err err = {0};

	form_add(scratch_arena(), &form, "scsi0", "local:0,import-from=x");
	ck_assert_int_eq(client_post(&client, "/a", &form, &upid, &err), 0);
	ck_assert_str_eq(upid, "UPID:n:0:0:0:t:1:u:");
	check_head("POST /api2/json/a HTTP/1.1\r\n");
	check_head("\r\nAuthorization: PVEAPIToken=" TOKEN "\r\n");
	check_head("\r\nAccept: application/json\r\n");
	check_head("\r\nContent-Type: application/x-www-form-urlencoded\r\n");
	check_head("\r\nContent-Length: 33\r\n");
	ck_assert_uint_eq(server.log->body_size, 33);
	ck_assert_int_eq(memcmp(server.log->body, "scsi0=local%3A0%2Cimport-from%3Dx", 33), 0);
	ck_assert_int_eq(client_put(&client, "/a", &form, &err), 0);
	check_head("PUT /api2/json/a HTTP/1.1\r\n");
	ck_assert_int_eq(client_post(&client, "/a", NULL, &upid, &err), 0);
	check_head("\r\nContent-Length: 0\r\n");
}
END_TEST

START_TEST(what_begins_no_task_is_refused)
{
	struct client client = client_of("/a", SAYS("200 OK", "{\"data\":null}"));
	const char *upid;
	struct err err = {0};

	proxmoxes_refused(client_post(&client, "/a", NULL, &upid, &err), -EBADMSG, &err, "POST /a: the answer names no task");
}
END_TEST

/* --- versions ----------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *data;
	int code;
	const char *words;
	unsigned major, minor;
} versions[] = {
	{"{\"version\":\"9.2.1\",\"release\":\"9.2\"}", 0, "", 9, 2},
	{"{\"version\":\"8.4.14\"}", 0, "", 8, 4},
	{"{\"version\":\"10\"}", 0, "", 10, 0},
	{"{\"version\":\"7.4-3\"}", -ENOTSUP, "is Proxmox VE 7.4-3", 0, 0},
	{"{\"version\":\"\"}", -EBADMSG, "does not say which version of Proxmox VE it is", 0, 0},
	{"{\"version\":9}", -EBADMSG, "does not say which version of Proxmox VE it is", 0, 0},
	{"null", -EBADMSG, "does not say which version of Proxmox VE it is", 0, 0},
};

START_TEST(the_version_is_asked_for_first)
{
	struct client client =
		client_of("/version", arena_printf(scratch_arena(), SAYS("200 OK", "{\"data\":%s}"), versions[_i].data));
	struct err err = {0};

	client = (struct client){0};
	proxmoxes_refused(client_open(scratch_arena(), &access_to, &client, &err), versions[_i].code, &err, versions[_i].words);
	ck_assert_uint_eq(client.major, versions[_i].major);
	ck_assert_uint_eq(client.minor, versions[_i].minor);
	check_head("\r\nAuthorization: PVEAPIToken=" TOKEN "\r\n");
}
END_TEST

/* --- trust -------------------------------------------------------------------------------------------------------------- */

enum { GETS, PIN_DIFFERS, CA_DIFFERS, NOBODY_KNOWS, N_TRUSTS };

START_TEST(only_who_is_known_gets_the_token)
{
	static const int codes[N_TRUSTS] = {0, -EKEYREJECTED, -EIO, -EIO};
	static const char *const words[N_TRUSTS] = {"", "its certificate has the fingerprint", "certificate", "certificate"};
	const struct server_identity right = server_identity("right"), wrong = server_identity("wrong");
	const struct http_trust trusts[N_TRUSTS] = {
		{.pin = right.pin}, {.pin = wrong.pin}, {.ca_file = wrong.certificate}, {0}};
	struct client client;
	struct err err = {0};

	answer = (struct server_answer){API "/version", SAYS("200 OK", "{\"data\":{\"version\":\"9.2\"}}"), 0, 0};
	server = server_start(&answer, 1, &right);
	access_to = (struct access){.endpoint = server_url(&server, ""), .token = TOKEN, .trust = trusts[_i]};
	proxmoxes_refused(client_open(scratch_arena(), &access_to, &client, &err), codes[_i], &err, words[_i]);
	ck_assert_int_eq(server.log->bytes > 0, _i == GETS);
	ck_assert_int_eq(strstr(server.log->head, TOKEN) != NULL, _i == GETS);
	ck_assert_uint_gt(server.log->connections, 0);
}
END_TEST

START_TEST(who_is_not_there_is_no_refusal)
{
	struct client client = client_of("/version", NULL);
	struct err err = {0};
	int r;

	access_to.endpoint = "http://127.0.0.1:1";
	r = client_open(scratch_arena(), &access_to, &client, &err);
	ck_assert(client_passes(r));
	proxmoxes_refused(r, -EIO, &err, "while asking Proxmox: GET /version");
}
END_TEST

SUITE(proxmox_requests, a_request_has_the_token_and_a_form, what_begins_no_task_is_refused, who_is_not_there_is_no_refusal)
LOOP_SUITE(proxmox_errors, an_answer_means, sizeof rows / sizeof *rows)
LOOP_SUITE(proxmox_versions, the_version_is_asked_for_first, sizeof versions / sizeof *versions)
LOOP_SUITE(proxmox_trust, only_who_is_known_gets_the_token, N_TRUSTS)

/* By what a server of https is known: a token goes to no other. */
#include "suite.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "asking.h"
#include "scratch.h"

#define GOOD "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"

static const struct server_answer answers[] = {
	{"/good", GOOD, 0, 0}, {"/kept", GOOD, 0, SERVER_KEEPS}, {"/cut", NULL, 0, SERVER_CUTS}, {"/pinned", GOOD, 0, 0},
};
enum { N_ANSWERS = sizeof answers / sizeof *answers };

static struct server_identity right, wrong;
static struct server server;

static void start(void)
{
	right = server_identity("right");
	wrong = server_identity("wrong");
	server = server_start(answers, N_ANSWERS, &right);
}

/* A POST with a token, as an upload is. */
static struct http_request request_of(const struct server *to, const char *path)
{
	struct http_request request = asking(to, HTTP_POST, path);

	request.tries = 2;
	strv_push(scratch_arena(), &request.headers, "Authorization: Token abc");
	request.body = (struct http_body){.kind = HTTP_BYTES, .bytes = "secret", .size = 6};
	return request;
}

static const char *without_colons(const char *pin)
{
	char *text = arena_strdup(scratch_arena(), pin), *to = text;

	for (; *pin; pin++)
		if (*pin != ':')
			*to++ = *pin | 0x20; /* digits stay, letters become small */
	*to = 0;
	return text;
}

/* --- one request ---------------------------------------------------------------------------------------------------------- */

enum which { NONE, RIGHT, PLAIN, WRONG, MISSING, EMPTY, SHORT, LONG, ODD };

static const struct row {
	enum which ca, pin;
	bool insecure;
	int result; /* a status, or an error: then no byte of the request came to the server */
	const char *text; /* in the error */
} rows[] = {
	{NONE, NONE, false, -EIO, "certificate"},
	{NONE, NONE, true, 200, NULL},
	{NONE, RIGHT, false, 200, NULL},
	{NONE, PLAIN, false, 200, NULL},
	{NONE, WRONG, false, -EKEYREJECTED, "fingerprint"},
	{RIGHT, NONE, false, 200, NULL},
	{WRONG, NONE, false, -EIO, "certificate"},
	{MISSING, NONE, false, -ENOENT, "cannot open the certificates"},
	{EMPTY, NONE, false, -EINVAL, "has no certificates in PEM"},
	{RIGHT, RIGHT, false, 200, NULL},
	{RIGHT, WRONG, false, -EKEYREJECTED, "fingerprint"},
	{WRONG, RIGHT, false, -EIO, "certificate"},
	{NONE, SHORT, false, -EINVAL, "not a SHA-256 fingerprint"},
	{NONE, LONG, false, -EINVAL, "not a SHA-256 fingerprint"},
	{NONE, ODD, false, -EINVAL, "not a SHA-256 fingerprint"},
	{NONE, EMPTY, false, -EINVAL, "not a SHA-256 fingerprint"},
	{NONE, RIGHT, true, -EINVAL, "cannot be combined"},
	{RIGHT, NONE, true, -EINVAL, "cannot be combined"},
};
enum { N_ROWS = sizeof rows / sizeof *rows };

static struct http_trust trust_of(const struct row *row)
{
	const char *empty = scratch_path("empty");
	struct http_trust trust = {.insecure = row->insecure};
	struct err err = {0};

	ck_assert_int_eq(file_publish(empty, "no PEM\n", 7, 0644, &err), 0);
	trust.ca_file = row->ca == RIGHT ? right.certificate : row->ca == WRONG ? wrong.certificate
		      : row->ca == MISSING ? scratch_path("missing") : row->ca == EMPTY ? empty : NULL;
	switch (row->pin) {
	case RIGHT: trust.pin = right.pin; break;
	case PLAIN: trust.pin = without_colons(right.pin); break;
	case WRONG: trust.pin = wrong.pin; break;
	case SHORT: trust.pin = arena_strndup(scratch_arena(), right.pin, strlen(right.pin) - 1); break;
	case LONG: trust.pin = arena_printf(scratch_arena(), "%s:00", right.pin); break;
	case ODD: trust.pin = arena_printf(scratch_arena(), "x%s", right.pin + 1); break;
	case EMPTY: trust.pin = ""; break;
	default: break;
	}
	return trust;
}

START_TEST(only_who_is_known_gets_the_request)
{
	const struct row *row = &rows[_i];
	struct http_request request;
	const char *text;

	start();
	request = request_of(&server, "/good");
	request.trust = trust_of(row);
	ck_assert_int_eq(ask(&request, &text), row->result);
	ck_assert_uint_eq(server_asked(&server, "/good"), row->result == 200);
	ck_assert_int_eq(server.log->bytes > 0, row->result == 200);
	if (row->text)
		ck_assert_msg(strstr(text, row->text) != NULL, "%s", text);
	if (row->result == -EKEYREJECTED) {
		ck_assert_str_eq(text, arena_printf(scratch_arena(), "%s: its certificate has the fingerprint %s, not %s",
						    request.urls.items[0], right.pin, wrong.pin));
		ck_assert_uint_eq(server.log->connections, 1); /* and no second try */
	}
}
END_TEST

/* --- many, and elsewhere -------------------------------------------------------------------------------------------------- */

static struct http_request get(const char *path, struct http_trust trust)
{
	struct http_request request = asking(&server, HTTP_GET, path);

	request.trust = trust;
	return request;
}

START_TEST(a_kept_connection_or_a_resumed_session_is_looked_at_as_well)
{
	enum { N = 30 };
	struct http_request requests[N + 1];
	struct err err = {0};

	start();
	for (int i = 0; i <= N; i++)
		requests[i] = get(i % 2 ? "/good" : "/kept", (struct http_trust){.pin = right.pin});
	ck_assert_int_eq(http_run(requests, N + 1, &err), 0);
	for (int i = 0; i < N; i++)
		requests[i] = get("/kept", (struct http_trust){.insecure = true});
	requests[N] = get("/pinned", (struct http_trust){.pin = wrong.pin});
	server.log->connections = 0;
	ck_assert_int_eq(http_run(requests, N + 1, &err), -EKEYREJECTED);
	ck_assert_uint_le(server.log->connections, 8);
	ck_assert_uint_eq(server_asked(&server, "/pinned"), 0);
	err_free(&err);
}
END_TEST

/* A server that sends its visitors to another one. */
static void start_leading_to(const struct server *other)
{
	static struct server_answer away;

	away = (struct server_answer){"/away", arena_printf(scratch_arena(),
		"HTTP/1.1 307 Temporary Redirect\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", server_url(other, "/good")),
		0, 0};
	server = server_start(&away, 1, &wrong);
}

START_TEST(a_redirection_leads_to_no_server_that_is_not_known)
{
	struct http_trust trusts[3];
	struct server other, plain;

	start();
	other = server;
	plain = server_start(answers, N_ANSWERS, NULL);
	trusts[0] = (struct http_trust){.pin = wrong.pin};
	trusts[1] = (struct http_trust){.ca_file = wrong.certificate};
	trusts[2] = (struct http_trust){.insecure = true};
	for (int i = 0; i < 6; i++) {
		struct http_request request;

		start_leading_to(i < 3 ? &plain : &other);
		request = request_of(&server, "/away");
		request.trust = trusts[i % 3];
		ck_assert_int_eq(ask(&request, NULL), i == 3 ? -EKEYREJECTED : i == 5 ? 200 : -EIO);
		ck_assert_uint_eq(server_asked(&server, "/away"), 1);
		ck_assert_int_eq(other.log->bytes > 0, i == 5);
	}
	ck_assert_uint_eq(plain.log->connections, 0);
	ck_assert_ptr_null(strstr(other.log->head, "Authorization"));
}
END_TEST

START_TEST(a_pin_means_nothing_without_https)
{
	struct http_request request;
	const char *text;

	start();
	request = request_of(&server, "http://127.0.0.1:1/");
	request.trust.pin = right.pin;
	ck_assert_int_eq(ask(&request, &text), -EINVAL);
	ck_assert_str_eq(text, "http://127.0.0.1:1/: only https shows a certificate to compare");
}
END_TEST

START_TEST(a_connection_that_breaks_while_much_is_sent_is_an_error_and_no_signal)
{
	static char much[4 << 20];
	struct http_request request;

	start();
	request = request_of(&server, "/cut");
	request.trust.pin = right.pin;
	request.body = (struct http_body){.kind = HTTP_BYTES, .bytes = much, .size = sizeof much};
	ck_assert_int_eq(ask(&request, NULL), -EIO);
	ck_assert_uint_eq(server_asked(&server, "/cut"), 1);
}
END_TEST

LOOP_SUITE(http_known, only_who_is_known_gets_the_request, N_ROWS)

SUITE(http_trust, a_kept_connection_or_a_resumed_session_is_looked_at_as_well,
      a_redirection_leads_to_no_server_that_is_not_known, a_pin_means_nothing_without_https,
      a_connection_that_breaks_while_much_is_sent_is_an_error_and_no_signal)

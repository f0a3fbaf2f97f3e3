/* Servers that know HTTP/1.1 and no more, and say in the line with the status what is wrong. */
#include "suite.h"

#include <string.h>

#include "asking.h"
#include "scratch.h"

#define EMPTY "Content-Length: 0\r\n\r\n"
#define LONG "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct row {
	const char *path, *text;
	unsigned status;
	const char *phrase;
} rows[] = {
	{"/said", "HTTP/1.1 403 Permission check failed (/vms/200, VM.Audit)\r\n" EMPTY, 403,
	 "Permission check failed (/vms/200, VM.Audit)"},
	{"/good", "HTTP/1.1 200 OK\r\n" EMPTY, 200, "OK"},
	{"/blank", "HTTP/1.1 200 \r\n" EMPTY, 200, ""},
	{"/none", "HTTP/1.1 200\r\n" EMPTY, 200, ""},
	{"/odd", "HTTP/1.1 595  a  b \r\n" EMPTY, 595, " a  b "},
	{"/newline", "HTTP/1.1 500 only a newline\nContent-Length: 0\n\n", 500, "only a newline"},
	{"/continue", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 authentication failure\r\n" EMPTY, 401,
	 "authentication failure"},
	{"/moved", "HTTP/1.1 302 Found\r\nLocation: /said\r\n" EMPTY, 403, "Permission check failed (/vms/200, VM.Audit)"},
	{"/header", "HTTP/1.1 500 it\r\nX-HTTP/1.1: 200 no\r\n" EMPTY, 500, "it"},
	{"/long", "HTTP/1.1 500 " LONG LONG LONG "\r\n" EMPTY, 500, LONG LONG "0123456789abcdef0123456789abcde"},
};
enum { N_ROWS = sizeof rows / sizeof *rows };

static struct server server;

static struct http_request request_of(enum http_method method, const char *path, const struct server_identity *identity)
{
	static struct server_answer answers[N_ROWS];

	for (size_t i = 0; i < N_ROWS; i++)
		answers[i] = (struct server_answer){rows[i].path, rows[i].text, 0, 0};
	server = server_start(answers, N_ROWS, identity);
	return asking(&server, method, path);
}

START_TEST(what_is_said_beside_the_status_is_heard)
{
	struct http_request request = request_of(HTTP_GET, rows[_i].path, NULL);
	_cleanup_http_answer_ struct http_answer answer = {0};
	struct err err = {0};

	ck_assert_int_eq(http_ask(&request, &answer, &err), 0);
	ck_assert_uint_eq(answer.status, rows[_i].status);
	ck_assert_str_eq(answer.phrase, rows[_i].phrase);
}
END_TEST

static void note_status(void *data, unsigned status)
{
	char *said = data;

	sprintf(said + strlen(said), "status %u; ", status);
}

static void note_phrase(void *data, const char *text)
{
	char *said = data;

	sprintf(said + strlen(said), "phrase %s; ", text);
}

static int note_end(void *data, struct err *err)
{
	(void)err;
	strcat(data, "end; ");
	return 0;
}

START_TEST(the_phrase_comes_after_the_status)
{
	struct http_request request = request_of(HTTP_GET, "/good", NULL);
	char said[200] = "";
	struct err err = {0};

	request.data = said;
	request.status = note_status;
	request.phrase = note_phrase;
	request.end = note_end;
	ck_assert_int_eq(http_run(&request, 1, &err), 0);
	ck_assert_str_eq(said, "status 200; phrase OK; end; ");
}
END_TEST

/* With a large body, a server is asked first whether it wants it, unless it is one that knows no such question. */
START_TEST(a_plain_server_is_asked_nothing_before_a_large_body)
{
	for (int plain = 0; plain < 2; plain++) {
		struct http_request request = request_of(HTTP_POST, "/good", NULL);

		request.body = (struct http_body){.kind = HTTP_FILE, .path = asking_file("large", 3000001)};
		request.plain = plain;
		ck_assert_int_eq(ask(&request, NULL), 200);
		ck_assert_int_eq(strstr(server.log->head, "\r\nExpect: 100-continue\r\n") != NULL, !plain);
		ck_assert_ptr_nonnull(strstr(server.log->head, " HTTP/1.1\r\n"));
		ck_assert_uint_eq(server.log->body_size, 3000001);
	}
}
END_TEST

START_TEST(a_plain_server_is_offered_no_http_2)
{
	const struct server_identity identity = server_identity("it");

	for (int plain = 0; plain < 2; plain++) {
		struct http_request request = request_of(HTTP_GET, "/good", &identity);

		request.trust.pin = identity.pin;
		request.plain = plain;
		ck_assert_int_eq(ask(&request, NULL), 200);
		ck_assert_str_eq(server.log->offered, plain ? "http/1.1 " : "h2 http/1.1 ");
	}
}
END_TEST

SUITE(http_plain, the_phrase_comes_after_the_status, a_plain_server_is_asked_nothing_before_a_large_body,
      a_plain_server_is_offered_no_http_2)
LOOP_SUITE(http_phrases, what_is_said_beside_the_status_is_heard, N_ROWS)

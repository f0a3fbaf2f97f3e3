/* What a request sends: methods, headers, bodies, forms. */
#include "suite.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "asking.h"
#include "scratch.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
#define EMPTY "Content-Length: 0\r\n\r\n"

static const struct server_answer answers[] = {
	{"/good", OK, 0, SERVER_CLOSES},
	{"/cut-once", NULL, 0, SERVER_CUTS},
	{"/cut-once", OK, 2, 0},
	{"/too-large", "HTTP/1.1 413 Content Too Large\r\n" EMPTY, 0, SERVER_DEAF},
	{"/there", "HTTP/1.1 307 Temporary Redirect\r\nLocation: /good\r\n" EMPTY, 0, 0},
};
static struct server server;

static struct http_request request_of(enum http_method method, const char *path)
{
	return asking_started(&server, answers, sizeof answers / sizeof *answers, method, path);
}

static void check_body(const char *path)
{
	_cleanup_buf_ struct buf file = {0};
	struct err err = {0};

	ck_assert_int_eq(file_read(path, SERVER_BODY_MAX, &file, &err), 0);
	ck_assert_uint_eq(server.log->body_size, file.size);
	ck_assert_int_eq(memcmp(server.log->body, file.data, file.size), 0);
}

static void check_line(const char *line, bool there)
{
	const char *text = arena_printf(scratch_arena(), "\r\n%s", line);

	ck_assert_msg((strcasestr(server.log->head, text) != NULL) == there, "%s '%s':\n%s", there ? "no" : "a", line,
		      server.log->head);
}

/* --- what arrives -------------------------------------------------------------------------------------------------------- */

static const struct row {
	enum http_method method;
	const char *name;
	struct http_body body;
	const char *length; /* as the server is told; NULL: not at all */
} rows[] = {
	{HTTP_GET, "GET", {0}, NULL},
	{HTTP_HEAD, "HEAD", {0}, NULL},
	{HTTP_DELETE, "DELETE", {0}, NULL},
	{HTTP_DELETE, "DELETE", {.kind = HTTP_BYTES, .bytes = "why not", .size = 7}, "7"},
	{HTTP_POST, "POST", {0}, "0"},
	{HTTP_PUT, "PUT", {0}, "0"},
	{HTTP_POST, "POST", {.kind = HTTP_BYTES, .bytes = "a=1&b=2", .size = 7, .type = "application/x-test"}, "7"},
	{HTTP_PUT, "PUT", {.kind = HTTP_BYTES, .bytes = "a\0b", .size = 3}, "3"},
	{HTTP_POST, "POST", {.kind = HTTP_FILE, .path = "small"}, "1000"},
	{HTTP_PUT, "PUT", {.kind = HTTP_FILE, .path = "empty"}, "0"},
	{HTTP_POST, "POST", {.kind = HTTP_FILE, .path = "large", .type = "application/x-test"}, "3000001"},
	{HTTP_PUT, "PUT", {.kind = HTTP_FILE, .path = "large", .type = "application/x-test"}, "3000001"},
};
enum { N_ROWS = sizeof rows / sizeof *rows };

static void check_row(const struct row *row)
{
	struct http_request request = request_of(row->method, "/good");

	request.body = row->body;
	if (row->body.path)
		request.body.path = scratch_path(row->body.path);
	strv_push(scratch_arena(), &request.headers, "Authorization: Token abc");
	ck_assert_int_eq(ask(&request, NULL), 200);
	ck_assert_msg(strncmp(server.log->head, arena_printf(scratch_arena(), "%s /good HTTP/1.1\r\n", row->name),
			      strlen(row->name) + strlen(" /good HTTP/1.1\r\n")) == 0, "%s", server.log->head);
	check_line("Authorization: Token abc\r\n", true);
	check_line("User-Agent: aether-build/", true);
	check_line("Transfer-Encoding:", false);
	check_line("Content-Type:", row->body.type != NULL);
	check_line("Content-Length:", row->length != NULL);
	if (row->body.type)
		check_line(arena_printf(scratch_arena(), "Content-Type: %s\r\n", row->body.type), true);
	if (row->length)
		check_line(arena_printf(scratch_arena(), "Content-Length: %s\r\n", row->length), true);
	if (row->body.path)
		check_body(request.body.path);
	else
		ck_assert_msg(server.log->body_size == row->body.size &&
			      (!row->body.size || memcmp(server.log->body, row->body.bytes, row->body.size) == 0),
			      "%s", row->name);
}

START_TEST(method_headers_and_body_arrive_as_they_are)
{
	asking_file("small", 1000);
	asking_file("empty", 0);
	asking_file("large", 3000001);
	for (size_t i = 0; i < N_ROWS; i++)
		check_row(&rows[i]);
}
END_TEST

START_TEST(a_length_over_32_bits_is_said_and_a_refusal_is_heard_before_it_is_sent)
{
	struct http_request request = request_of(HTTP_POST, "/too-large");
	const char *path = asking_file("huge", 1);

	ck_assert_int_eq(truncate(path, 5LL << 30), 0);
	request.body = (struct http_body){.kind = HTTP_FILE, .path = path};
	ck_assert_int_eq(ask(&request, NULL), 413);
	check_line("Content-Length: 5368709120\r\n", true);
	ck_assert_uint_eq(server.log->bytes, strlen(server.log->head));
}
END_TEST

/* --- forms --------------------------------------------------------------------------------------------------------------- */

/* A part begins at `at` with these lines, and ends after its content; returns where the next one begins. */
static const char *check_part(const char *at, const char *boundary, const char *lines, const void *content, size_t size)
{
	const char *begin = arena_printf(scratch_arena(), "--%s\r\n%s\r\n", boundary, lines);

	ck_assert_msg(strncmp(at, begin, strlen(begin)) == 0, "expected:\n%s\ngot:\n%.300s", begin, at);
	at += strlen(begin);
	ck_assert_int_eq(memcmp(at, content, size), 0);
	ck_assert_int_eq(memcmp(at + size, "\r\n", 2), 0);
	return at + size + 2;
}

static void check_form(const char *image)
{
	static const char says[] = "\r\nContent-Type: multipart/form-data; boundary=";
	const char *type = strstr(server.log->head, says), *boundary, *at = server.log->body;
	_cleanup_buf_ struct buf file = {0};
	struct err err = {0};

	ck_assert_ptr_nonnull(type);
	type += strlen(says);
	boundary = arena_strndup(scratch_arena(), type, strcspn(type, "\r\n"));
	ck_assert_int_eq(file_read(image, SERVER_BODY_MAX, &file, &err), 0);
	at = check_part(at, boundary, "Content-Disposition: form-data; name=\"content\"\r\n", "import", 6);
	at = check_part(at, boundary, "Content-Disposition: form-data; name=\"odd\"\r\nContent-Type: text/x-odd\r\n",
			"a\r\n--b", 6);
	at = check_part(at, boundary, "Content-Disposition: form-data; name=\"filename\"; filename=\"image.qcow2\"\r\n"
			"Content-Type: application/octet-stream\r\n", file.data, file.size);
	at = check_part(at, boundary, "Content-Disposition: form-data; name=\"other\"; filename=\"called.so\"\r\n"
			"Content-Type: text/plain\r\n", file.data, file.size);
	ck_assert_str_eq(at, arena_printf(scratch_arena(), "--%s--\r\n", boundary));
	ck_assert_uint_eq(server.log->body_size, (size_t)(at - server.log->body) + strlen(at));
	check_line(arena_printf(scratch_arena(), "Content-Length: %zu\r\n", server.log->body_size), true);
	check_line("Transfer-Encoding:", false);
}

START_TEST(a_form_arrives_part_by_part_with_its_length)
{
	const char *image = asking_file("image.qcow2", 2000003);
	const struct http_part parts[] = {
		{.name = "content", .text = "import"},
		{.name = "odd", .text = "a\r\n--b", .type = "text/x-odd"},
		{.name = "filename", .path = image},
		{.name = "other", .path = image, .filename = "called.so", .type = "text/plain"},
	};
	static const char *const paths[] = {"/good", "/there", "/cut-once"}; /* straight, redirected, at the second try */

	for (size_t i = 0; i < 3; i++) {
		struct http_request request = request_of(i == 1 ? HTTP_PUT : HTTP_POST, paths[i]);

		request.body = (struct http_body){.kind = HTTP_FORM, .parts = parts, .n_parts = 4};
		request.repeatable = true;
		ck_assert_int_eq(ask(&request, NULL), 200);
		ck_assert_int_eq(strncmp(server.log->head, i == 1 ? "PUT " : "POST ", 4), 0);
		check_form(image);
	}
	ck_assert_uint_eq(server_asked(&server, "/cut-once"), 2);
}
END_TEST

START_TEST(a_file_is_sent_from_its_beginning_after_a_redirection_or_at_another_try)
{
	const char *path = asking_file("file", 2000003);

	for (int i = 0; i < 4; i++) {
		struct http_request request = request_of(i < 2 ? HTTP_POST : HTTP_PUT, i % 2 ? "/there" : "/cut-once");

		memset(server.log->asked, 0, sizeof server.log->asked);
		request.body = (struct http_body){.kind = HTTP_FILE, .path = path};
		request.repeatable = true;
		ck_assert_int_eq(ask(&request, NULL), 200);
		check_body(path);
	}
}
END_TEST

/* --- on the way ---------------------------------------------------------------------------------------------------------- */

struct progress {
	uint64_t bytes, total;
	unsigned calls;
	const char *shorten; /* this file, when the first bytes went out */
};

static void note_sent(void *data, uint64_t bytes, uint64_t total)
{
	struct progress *progress = data;

	progress->bytes = bytes;
	progress->total = total;
	progress->calls++;
	if (progress->shorten)
		ck_assert_int_eq(truncate(progress->shorten, 100), 0);
}

START_TEST(who_sends_much_is_told_how_much_went_out)
{
	struct progress progress = {0};
	struct http_request request = request_of(HTTP_PUT, "/good");

	request.body = (struct http_body){.kind = HTTP_FILE, .path = asking_file("file", 5000000)};
	request.sent = note_sent;
	request.data = &progress;
	ck_assert_int_eq(ask(&request, NULL), 200);
	ck_assert_uint_eq(progress.bytes, 5000000);
	ck_assert_uint_eq(progress.total, 5000000);
	ck_assert_uint_gt(progress.calls, 2);
}
END_TEST

START_TEST(a_file_that_becomes_shorter_ends_the_request)
{
	const char *path = asking_file("file", 7000000), *text;
	struct progress progress = {.shorten = path};
	struct http_request request = request_of(HTTP_PUT, "/good");

	request.body = (struct http_body){.kind = HTTP_FILE, .path = path};
	request.sent = note_sent;
	request.data = &progress;
	request.repeatable = true;
	ck_assert_int_eq(ask(&request, &text), -ENODATA);
	ck_assert_str_eq(text, arena_printf(scratch_arena(), "'%s' became shorter while it was sent", path));
	ck_assert_uint_eq(server_asked(&server, "/good"), 1);
}
END_TEST

START_TEST(a_redirection_takes_no_authorization_to_others)
{
	struct server other = server_start(answers, sizeof answers / sizeof *answers, NULL);
	const char *to;
	struct server_answer away[2];
	struct http_request request;

	to = arena_printf(scratch_arena(), "HTTP/1.1 307 Temporary Redirect\r\nLocation: %s\r\n" EMPTY,
			  server_url(&other, "/good"));
	away[0] = (struct server_answer){"/away", to, 0, 0};
	away[1] = (struct server_answer){"/here", "HTTP/1.1 307 Temporary Redirect\r\nLocation: /away\r\n" EMPTY, 0, 0};
	server = server_start(away, 2, NULL);
	request = request_of(HTTP_POST, "/here");
	strv_push(scratch_arena(), &request.headers, "Authorization: Token abc");
	ck_assert_int_eq(ask(&request, NULL), 200);
	check_line("Authorization: Token abc\r\n", true);
	server = other;
	check_line("Authorization:", false);
}
END_TEST

SUITE(http_requests, method_headers_and_body_arrive_as_they_are,
      a_length_over_32_bits_is_said_and_a_refusal_is_heard_before_it_is_sent, a_form_arrives_part_by_part_with_its_length,
      a_file_is_sent_from_its_beginning_after_a_redirection_or_at_another_try, who_sends_much_is_told_how_much_went_out,
      a_file_that_becomes_shorter_ends_the_request, a_redirection_takes_no_authorization_to_others)

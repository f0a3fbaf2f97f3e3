/* What may be sent again, how long is waited, and what an answer is. */
#include "suite.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "asking.h"
#include "scratch.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
#define EMPTY "Content-Length: 0\r\n\r\n"

static const struct server_answer answers[] = {
	{"/good", OK, 0, SERVER_CLOSES},
	{"/kept", OK, 0, SERVER_KEEPS},
	{"/cut", NULL, 0, SERVER_CUTS},
	{"/cut-once", NULL, 0, SERVER_CUTS},
	{"/cut-once", OK, 2, 0},
	{"/hangs", NULL, 0, SERVER_HANGS},
	{"/broken", "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 3\r\n\r\nwhy", 0, 0},
	{"/too-large", "HTTP/1.1 413 Content Too Large\r\n" EMPTY, 0, SERVER_DEAF},
	{"/who", "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"a\"\r\nX-Other: no\r\n"
		 "www-authenticate: Bearer realm=\"b\"\r\nServer: test\r\n" EMPTY, 0, 0},
	{"/to-file", "HTTP/1.1 307 Temporary Redirect\r\nLocation: file:///etc/passwd\r\n" EMPTY, 0, 0},
	{"/endless", "HTTP/1.1 200 OK\r\n\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 0, SERVER_REPEATS},
};
static struct server server;

static struct http_request request_of(enum http_method method, const char *path)
{
	return asking_started(&server, answers, sizeof answers / sizeof *answers, method, path);
}

/* --- tries --------------------------------------------------------------------------------------------------------------- */

static const struct attempt {
	enum http_method method;
	bool repeatable;
	unsigned tries;
	const char *path;
	int result;
	unsigned times;
} attempts[] = {
	{HTTP_GET, false, 0, "/cut", -EIO, 3},
	{HTTP_GET, false, 0, "/cut-once", 200, 2},
	{HTTP_GET, false, 1, "/cut", -EIO, 1},
	{HTTP_GET, false, 2, "/cut", -EIO, 2},
	{HTTP_DELETE, false, 2, "/cut", -EIO, 2},
	{HTTP_POST, false, 0, "/cut", -EIO, 1},
	{HTTP_PUT, false, 0, "/cut", -EIO, 1},
	{HTTP_POST, true, 0, "/cut-once", 200, 2},
	{HTTP_PUT, true, 2, "/cut", -EIO, 2},
	{HTTP_GET, false, 0, "/broken", 500, 1}, /* an answer, too */
	{HTTP_POST, true, 0, "/broken", 500, 1},
	{HTTP_GET, false, 0, "/endless", -EBADMSG, 1},
	{HTTP_GET, false, 0, "/to-file", -EIO, 1},
	{HTTP_POST, true, 0, "/to-file", -EIO, 1},
};
enum { N_ATTEMPTS = sizeof attempts / sizeof *attempts };

START_TEST(what_may_be_sent_again_is_tried_again)
{
	const struct attempt *attempt = &attempts[_i];
	struct http_request request = request_of(attempt->method, attempt->path);

	request.tries = attempt->tries;
	request.repeatable = attempt->repeatable;
	server_forget(&server);
	ck_assert_int_eq(ask(&request, NULL), attempt->result);
	ck_assert_uint_eq(server_asked(&server, attempt->path), attempt->times);
}
END_TEST

START_TEST(what_reached_no_server_may_go_to_the_next)
{
	struct http_request request = request_of(HTTP_POST, "http://127.0.0.1:1/");

	strv_push(scratch_arena(), &request.urls, server_url(&server, "/cut"));
	strv_push(scratch_arena(), &request.urls, server_url(&server, "/good"));
	ck_assert_int_eq(ask(&request, NULL), -EIO);
	ck_assert_uint_eq(server_asked(&server, "/cut"), 1);
	ck_assert_uint_eq(server_asked(&server, "/good"), 0);
	request.urls.items[1] = request.urls.items[2];
	ck_assert_int_eq(ask(&request, NULL), 200);
}
END_TEST

START_TEST(patience_has_an_end)
{
	struct http_request total = request_of(HTTP_GET, "/hangs"), stall = total, connecting = total;
	int64_t before = clock_ms();
	const char *text;

	total.timeouts.total = 1;
	strv_push(scratch_arena(), &total.urls, server_url(&server, "/good"));
	ck_assert_int_eq(ask(&total, &text), -ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(text, "/hangs: not done after 1 s"));
	ck_assert_int_lt(clock_ms() - before, 1900);
	ck_assert_uint_eq(server_asked(&server, "/hangs"), 1);
	ck_assert_uint_eq(server_asked(&server, "/good"), 0);
	stall.timeouts.stall = 1;
	stall.tries = 1;
	ck_assert_int_eq(ask(&stall, NULL), -EIO);
	connecting.timeouts.total = 1; /* the waiting between tries counts as well */
	connecting.tries = 100;
	connecting.urls.items = &(const char *){"http://127.0.0.1:1/"};
	ck_assert_int_eq(ask(&connecting, NULL), -EIO);
	ck_assert_int_lt(clock_ms() - before, 6000);
}
END_TEST

/* --- answers ------------------------------------------------------------------------------------------------------------- */

START_TEST(an_answer_has_its_status_its_body_and_the_headers_that_were_wanted)
{
	struct http_request request = request_of(HTTP_GET, "/who"), broken = request_of(HTTP_GET, "/broken");
	struct http_answer answer = {0};
	struct err err = {0};

	strv_push(scratch_arena(), &request.wanted, "WWW-Authenticate");
	strv_push(scratch_arena(), &request.wanted, "server");
	ck_assert_int_eq(http_ask(&request, &answer, &err), 0);
	ck_assert_uint_eq(answer.status, 401);
	ck_assert_uint_eq(answer.n_fields, 3);
	ck_assert_str_eq(http_answer_header(&answer, "www-authenticate", 0), "Basic realm=\"a\"");
	ck_assert_str_eq(http_answer_header(&answer, "WWW-Authenticate", 1), "Bearer realm=\"b\"");
	ck_assert_ptr_null(http_answer_header(&answer, "WWW-Authenticate", 2));
	ck_assert_ptr_null(http_answer_header(&answer, "X-Other", 0));
	ck_assert_str_eq(http_answer_header(&answer, "Server", 0), "test");
	http_answer_free(&answer);
	ck_assert_int_eq(http_ask(&broken, &answer, &err), 0);
	ck_assert_uint_eq(answer.status, 500);
	ck_assert_str_eq(answer.body.data, "why");
	http_answer_free(&answer);
}
END_TEST

START_TEST(without_any_status_a_refusal_is_a_failure_that_names_the_request)
{
	struct http_request request = request_of(HTTP_POST, "/too-large");
	struct err err = {0};

	ck_assert_int_eq(http_run(&request, 1, &err), -EIO);
	ck_assert_str_eq(err.first->text, arena_printf(scratch_arena(), "the request 'POST %s' failed", request.urls.items[0]));
	ck_assert_ptr_nonnull(strstr(err.first->context, "/too-large: The requested URL returned error: 413"));
	err_free(&err);
}
END_TEST

START_TEST(connections_are_kept_but_for_what_must_not_be_sent_twice)
{
	enum { N = 40 };
	struct http_request requests[N];
	struct err err = {0};

	for (int i = 0; i < N; i++)
		requests[i] = request_of(HTTP_GET, "/kept");
	ck_assert_int_eq(http_run(requests, N, &err), 0);
	ck_assert_uint_eq(server_asked(&server, "/kept"), N);
	ck_assert_uint_le(server.log->connections, 8);
	server.log->connections = 0;
	for (int i = 0; i < N; i++)
		requests[i] = request_of(HTTP_POST, "/kept");
	ck_assert_int_eq(http_run(requests, N, &err), 0);
	ck_assert_uint_eq(server.log->connections, N);
}
END_TEST

/* --- what makes no sense ------------------------------------------------------------------------------------------------- */

START_TEST(a_request_that_cannot_be_made_is_refused_before_anything_is_sent)
{
	struct http_request none = request_of(HTTP_GET, "/good"), got = none, line = none, missing, folder, form, written;
	const struct http_part part = {.name = "x", .path = scratch_path("missing")};
	const char *target = scratch_path("written");

	none.urls.count = 0;
	ck_assert_int_eq(ask(&none, NULL), -EINVAL);
	got.body = (struct http_body){.kind = HTTP_BYTES, .bytes = "x", .size = 1};
	ck_assert_int_eq(ask(&got, NULL), -EINVAL);
	strv_push(scratch_arena(), &line.headers, "X: a\r\nY: b");
	ck_assert_int_eq(ask(&line, NULL), -EINVAL);
	missing = request_of(HTTP_POST, "/good");
	missing.body = (struct http_body){.kind = HTTP_FILE, .path = scratch_path("missing")};
	ck_assert_int_eq(ask(&missing, NULL), -ENOENT);
	folder = missing;
	folder.body.path = scratch();
	ck_assert_int_eq(ask(&folder, NULL), -EINVAL);
	form = missing;
	form.body = (struct http_body){.kind = HTTP_FORM, .parts = &part, .n_parts = 1};
	ck_assert_int_eq(ask(&form, NULL), -ENOENT);
	written = request_of(HTTP_PUT, arena_printf(scratch_arena(), "file://%s", target));
	written.body = (struct http_body){.kind = HTTP_BYTES, .bytes = "x", .size = 1};
	ck_assert_int_eq(ask(&written, NULL), -EIO);
	ck_assert(!path_exists(target));
	ck_assert_uint_eq(server.log->connections, 0);
}
END_TEST

LOOP_SUITE(http_tries, what_may_be_sent_again_is_tried_again, N_ATTEMPTS)

SUITE(http_answers, what_reached_no_server_may_go_to_the_next, patience_has_an_end,
      an_answer_has_its_status_its_body_and_the_headers_that_were_wanted,
      without_any_status_a_refusal_is_a_failure_that_names_the_request,
      connections_are_kept_but_for_what_must_not_be_sent_twice,
      a_request_that_cannot_be_made_is_refused_before_anything_is_sent)

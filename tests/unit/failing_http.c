/* A form is sent whole or not at all, whatever call of ours fails meanwhile. */
#include "suite.h"

#include <string.h>

#include "asking.h"
#include "fail.h"
#include "scratch.h"

static const struct server_answer answers[] = {
	{"/", "HTTP/1.1 200 OK\r\nX-Task: 7\r\nContent-Length: 4\r\n\r\ngood", 0, 0},
};
static struct server server;

static void prepare(void)
{
	if (!server.port)
		server = server_start(answers, 1, NULL);
	asking_file("image", 700000);
}

static int run_form(struct err *err)
{
	_cleanup_http_answer_ struct http_answer answer = {0};
	const struct http_part parts[] = {
		{.name = "content", .text = "import"}, {.name = "filename", .path = scratch_path("image")},
	};
	const char *url = server_url(&server, "/"), *wanted = "X-Task", *header = "Authorization: Token abc";
	struct http_request request = {
		.method = HTTP_POST,
		.urls = {&url, 1},
		.headers = {&header, 1},
		.body = {.kind = HTTP_FORM, .parts = parts, .n_parts = 2},
		.trust = {.ca_file = scratch_path("image")},
		.max_bytes = 100,
		.wanted = {&wanted, 1},
	};
	int r = http_ask(&request, &answer, err);

	if (r == 0)
		fail_demand(answer.status == 200 && strcmp(answer.body.data, "good") == 0 &&
			    strcmp(http_answer_header(&answer, "x-task", 0), "7") == 0, "the answer is another");
	return r;
}

static void check_form(int r)
{
	if (r == 0)
		fail_demand(server.log->body_size > 700000, "the form is not whole");
}

static const struct fail_body body = {"a form is sent", prepare, run_form, check_form, 10, true};

START_TEST(whatever_call_fails_a_form_is_sent_whole)
{
	fail_each(&body);
}
END_TEST

SUITE(failing_http, whatever_call_fails_a_form_is_sent_whole)

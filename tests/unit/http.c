/* Downloads from a server on loopback that behaves as mirrors do. */
#include "suite.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "edge/http.h"
#include "scratch.h"
#include "server.h"

/* --- the server ---------------------------------------------------------------------------------------------------------- */

#define OK_HEAD "HTTP/1.1 200 OK\r\n"
#define GOOD OK_HEAD "Content-Length: 4\r\n\r\ngood"

static const struct server_answer answers[] = {
	{"/good", GOOD, 0, 0},
	{"/bad", OK_HEAD "Content-Length: 3\r\n\r\nbad", 0, 0},
	{"/missing", "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno\n", 0, 0},
	{"/gone", "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", 0, 0},
	{"/forbidden", "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 0, 0},
	{"/broken", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", 0, 0},
	{"/recovers", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", 0, 0},
	{"/recovers", GOOD, 3, 0},
	{"/cut", OK_HEAD "Content-Length: 4\r\n\r\ngo", 0, 0},
	{"/cut", GOOD, 2, 0},
	{"/garbage", "this is no HTTP\r\n\r\n", 0, 0},
	{"/moved", "HTTP/1.1 302 Found\r\nLocation: /good\r\nContent-Length: 0\r\n\r\n", 0, 0},
	{"/circle", "HTTP/1.1 302 Found\r\nLocation: /circle\r\nContent-Length: 0\r\n\r\n", 0, 0},
	{"/to-file", "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", 0, 0},
	{"/to-ftp", "HTTP/1.1 302 Found\r\nLocation: ftp://127.0.0.1/x\r\nContent-Length: 0\r\n\r\n", 0, 0},
	{"/endless", OK_HEAD "\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 0, SERVER_REPEATS},
};

static struct server server;

static void start_server(void)
{
	server = server_start(answers, sizeof answers / sizeof *answers, NULL);
}

static unsigned times_asked(const char *path)
{
	return server_asked(&server, path);
}

/* --- a download that wants "good" ---------------------------------------------------------------------------------------- */

struct download {
	struct buf bytes;
	unsigned begun, ended, dropped;
	bool unwanted;
	int take_fails;
};

static int begin(void *data, struct err *err)
{
	struct download *download = data;

	(void)err;
	ck_assert_uint_eq(download->begun, download->ended + download->dropped); /* every try is ended or dropped */
	if (download->unwanted)
		return 1;
	download->begun++;
	download->bytes.size = 0;
	return 0;
}

static int take(void *data, const void *bytes, size_t size, struct err *err)
{
	struct download *download = data;

	if (download->take_fails)
		return err_set(err, download->take_fails, "cannot take it");
	buf_add(&download->bytes, bytes, size);
	return 0;
}

static int end(void *data, struct err *err)
{
	struct download *download = data;

	download->ended++;
	if (download->bytes.size != 4 || memcmp(download->bytes.data, "good", 4) != 0)
		return err_set(err, -EBADMSG, "it is not good");
	return 0;
}

static void drop(void *data)
{
	((struct download *)data)->dropped++;
}

/* Downloads from the first of two paths that works; the second may be NULL. */
static int get(struct arena *arena, struct download *download, const char *first, const char *second, struct err *err)
{
	struct http_request request = {
		.max_bytes = 10, .data = download, .begin = begin, .take = take, .end = end, .drop = drop,
	};
	const char *paths[] = {first, second};
	int r;

	for (size_t i = 0; i < 2 && paths[i]; i++)
		strv_push(arena, &request.urls, strstr(paths[i], "://") ? paths[i] : server_url(&server, paths[i]));
	r = http_run(&request, 1, err);
	ck_assert_uint_eq(download->begun, download->ended + download->dropped);
	return r;
}

/* A download from these paths has this result, after the first was asked for so many times. */
static void check_get(const char *first, const char *second, int result, unsigned times)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct download download = {0};
	struct err err = {0};
	int r;

	if (!server.port)
		start_server();
	r = get(arena, &download, first, second, &err);
	ck_assert_msg(r == result, "%s: %d, not %d", first, r, result);
	ck_assert_uint_eq(times_asked(first), times);
	ck_assert_int_eq(r == 0, err.count == 0);
	err_free(&err);
	buf_free(&download.bytes);
}

START_TEST(what_is_there_comes_at_the_first_try)
{
	check_get("/good", NULL, 0, 1);
}
END_TEST

START_TEST(what_fails_for_now_is_tried_three_times)
{
	check_get("/recovers", NULL, 0, 3);
}
END_TEST

START_TEST(what_keeps_failing_is_given_up)
{
	check_get("/broken", NULL, -EIO, 3);
}
END_TEST

START_TEST(a_transfer_that_was_cut_off_is_begun_again)
{
	check_get("/cut", NULL, 0, 2);
}
END_TEST

START_TEST(what_is_gone_is_asked_for_once_and_then_at_the_next_mirror)
{
	check_get("/missing", "/good", 0, 1);
	check_get("/gone", "/good", 0, 1);
	check_get("/forbidden", "/good", 0, 1);
}
END_TEST

START_TEST(what_is_gone_everywhere_is_not_there)
{
	check_get("/missing", "/gone", -ENOENT, 1);
	check_get("/gone", "/forbidden", -EACCES, 2); /* who knows whether the other still has it */
}
END_TEST

START_TEST(what_is_not_what_was_expected_is_looked_for_at_the_next_mirror)
{
	check_get("/bad", "/good", 0, 1);
	check_get("/bad", NULL, -EBADMSG, 2);
}
END_TEST

START_TEST(more_than_was_expected_is_broken_off)
{
	check_get("/endless", "/good", 0, 1);
	check_get("/endless", NULL, -EBADMSG, 2);
}
END_TEST

START_TEST(a_redirection_is_followed_but_not_in_circles)
{
	check_get("/moved", NULL, 0, 1);
	check_get("/circle", "/good", 0, 6);
}
END_TEST

START_TEST(a_server_cannot_name_files_of_ours_or_other_protocols)
{
	check_get("/to-file", NULL, -EIO, 1);
	check_get("/to-ftp", NULL, -EIO, 1);
}
END_TEST

START_TEST(what_does_not_speak_http_is_no_answer)
{
	check_get("/garbage", NULL, -EIO, 1);
}
END_TEST

START_TEST(a_local_mirror_may_be_a_folder)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *path = scratch_path("good");
	struct err err = {0};

	ck_assert_int_eq(file_publish(path, "good", 4, 0644, &err), 0);
	check_get(arena_printf(arena, "file://%s", path), NULL, 0, 0);
	check_get(arena_printf(arena, "file://%s-not", path), "/good", 0, 0);
	check_get(arena_printf(arena, "file://%s-not", path), NULL, -ENOENT, 0);
}
END_TEST

START_TEST(the_error_says_what_every_mirror_answered)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct download download = {0};
	struct err err = {0};

	start_server();
	ck_assert_int_eq(get(arena, &download, "/missing", "/bad", &err), -EBADMSG);
	ck_assert_uint_eq(err.count, 1);
	ck_assert_ptr_nonnull(strstr(err.last->context, "/missing: The requested URL returned error: 404"));
	ck_assert_ptr_nonnull(strstr(err.last->context, "/bad: it is not good"));
	err_free(&err);
	buf_free(&download.bytes);
}
END_TEST

START_TEST(what_came_to_exist_meanwhile_is_not_asked_for)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct download download = {.unwanted = true};
	struct err err = {0};

	start_server();
	ck_assert_int_eq(get(arena, &download, "/good", NULL, &err), 0);
	ck_assert_uint_eq(times_asked("/good"), 0);
}
END_TEST

START_TEST(a_full_disk_ends_everything_at_once)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct download download = {.take_fails = -ENOSPC};
	struct err err = {0};

	start_server();
	ck_assert_int_eq(get(arena, &download, "/good", "/good", &err), -ENOSPC);
	ck_assert_str_eq(err.last->text, "cannot take it");
	ck_assert_uint_eq(times_asked("/good"), 1);
	err_free(&err);
}
END_TEST

START_TEST(many_requests_all_end_and_one_that_is_gone_does_not_stop_the_others)
{
	enum { N = 60 };
	_cleanup_arena_ struct arena *arena = arena_new();
	static struct download downloads[N];
	static struct http_request requests[N];
	struct err err = {0};

	start_server();
	for (int i = 0; i < N; i++) {
		requests[i] = (struct http_request){
			.max_bytes = 4, .data = &downloads[i], .begin = begin, .take = take, .end = end, .drop = drop,
		};
		strv_push(arena, &requests[i].urls, server_url(&server, i % 20 == 7 ? "/missing" : "/good"));
	}
	ck_assert_int_eq(http_run(requests, N, &err), -ENOENT);
	ck_assert_uint_eq(err.count, 3);
	ck_assert_uint_eq(times_asked("/good"), N - 3);
	for (int i = 0; i < N; i++)
		ck_assert_uint_eq(downloads[i].ended, i % 20 == 7 ? 0 : 1);
	err_free(&err);
}
END_TEST

START_TEST(paths_are_joined_and_encoded)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	ck_assert_str_eq(http_join(arena, "http://h/debian/", "pool/a_1%3a2+b~1.deb"),
			 "http://h/debian/pool/a_1%253a2%2Bb~1.deb");
	ck_assert_str_eq(http_join(arena, "http://h/debian", "a b?c#d"), "http://h/debian/a%20b%3Fc%23d");
	ck_assert_str_eq(http_join(arena, "file:///x//", "\xc3\xa4"), "file:///x/%C3%A4");
}
END_TEST

SUITE(http, what_is_there_comes_at_the_first_try, what_fails_for_now_is_tried_three_times,
      what_keeps_failing_is_given_up, a_transfer_that_was_cut_off_is_begun_again,
      what_is_gone_is_asked_for_once_and_then_at_the_next_mirror, what_is_gone_everywhere_is_not_there,
      what_is_not_what_was_expected_is_looked_for_at_the_next_mirror, more_than_was_expected_is_broken_off,
      a_redirection_is_followed_but_not_in_circles, a_server_cannot_name_files_of_ours_or_other_protocols,
      what_does_not_speak_http_is_no_answer, a_local_mirror_may_be_a_folder, the_error_says_what_every_mirror_answered,
      what_came_to_exist_meanwhile_is_not_asked_for, a_full_disk_ends_everything_at_once,
      many_requests_all_end_and_one_that_is_gone_does_not_stop_the_others, paths_are_joined_and_encoded)

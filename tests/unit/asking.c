#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "asking.h"
#include "scratch.h"

static int asking_begin(void *data, struct err *err)
{
	(void)data, (void)err;
	return 0;
}

static int asking_take(void *data, const void *bytes, size_t size, struct err *err)
{
	(void)data, (void)bytes, (void)size, (void)err;
	return 0;
}

static void asking_drop(void *data)
{
	(void)data;
}

struct http_request asking(const struct server *server, enum http_method method, const char *path)
{
	struct http_request request = {
		.method = method,
		.max_bytes = 1000,
		.begin = asking_begin,
		.take = asking_take,
		.end = asking_begin,
		.drop = asking_drop,
	};

	strv_push(scratch_arena(), &request.urls, strstr(path, "://") ? path : server_url(server, path));
	return request;
}

struct http_request asking_started(struct server *server, const struct server_answer *answers, size_t n,
				   enum http_method method, const char *path)
{
	if (!server->port)
		*server = server_start(answers, n, NULL);
	return asking(server, method, path);
}

int ask(const struct http_request *request, const char **ret_text)
{
	_cleanup_http_answer_ struct http_answer answer = {0};
	struct err err = {0};
	int r = http_ask(request, &answer, &err);

	ck_assert_uint_eq(err.count, r < 0);
	if (ret_text)
		*ret_text = r < 0 ? arena_strdup(scratch_arena(), err.first->text) : NULL;
	err_free(&err);
	return r < 0 ? r : (int)answer.status;
}

const char *asking_file(const char *name, size_t size)
{
	const char *path = scratch_path(name);
	char *bytes = malloc(size + 1);
	struct err err = {0};

	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(i * 7 + i / 251);
	ck_assert_int_eq(file_publish(path, bytes, size, 0644, &err), 0);
	free(bytes);
	return path;
}

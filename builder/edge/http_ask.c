#include <string.h>
#include <strings.h>

#include "edge/http.h"

struct http_asking {
	const struct http_request *request;
	struct http_answer *answer;
};

static void http_forget_answer(void *data)
{
	http_answer_free(((struct http_asking *)data)->answer);
}

static int http_begin_answer(void *data, struct err *err)
{
	(void)err;
	http_forget_answer(data);
	((struct http_asking *)data)->answer->arena = arena_new();
	return 0;
}

static void http_keep_status(void *data, unsigned status)
{
	((struct http_asking *)data)->answer->status = status;
}

static void http_keep_phrase(void *data, const char *text)
{
	struct http_answer *answer = ((struct http_asking *)data)->answer;

	answer->phrase = arena_strdup(answer->arena, text);
}

static void http_keep_header(void *data, const char *name, const char *value)
{
	struct http_answer *answer = ((struct http_asking *)data)->answer;
	struct http_field *field = arena_push(answer->arena, answer->fields, answer->n_fields);

	*field = (struct http_field){arena_strdup(answer->arena, name), arena_strdup(answer->arena, value)};
}

static int http_keep_bytes(void *data, const void *bytes, size_t size, struct err *err)
{
	(void)err;
	buf_add(&((struct http_asking *)data)->answer->body, bytes, size);
	return 0;
}

static int http_end_answer(void *data, struct err *err)
{
	(void)data;
	(void)err;
	return 0;
}

static void http_pass_sent(void *data, uint64_t bytes, uint64_t total)
{
	const struct http_request *request = ((struct http_asking *)data)->request;

	request->sent(request->data, bytes, total);
}

int http_ask(const struct http_request *request, struct http_answer *ret_answer, struct err *err)
{
	_cleanup_http_answer_ struct http_answer answer = {0};
	struct http_asking asking = {request, &answer};
	struct http_request asked = *request;
	struct err problems = {0};
	int r;

	asked.any_status = true;
	asked.data = &asking;
	asked.begin = http_begin_answer;
	asked.status = http_keep_status;
	asked.phrase = http_keep_phrase;
	asked.header = http_keep_header;
	asked.take = http_keep_bytes;
	asked.end = http_end_answer;
	asked.drop = http_forget_answer;
	asked.sent = request->sent ? http_pass_sent : NULL;
	r = http_run(&asked, 1, &problems);
	err_take(err, &problems);
	if (r < 0)
		return r;
	*ret_answer = answer;
	answer = (struct http_answer){0};
	return 0;
}

void http_answer_free(struct http_answer *answer)
{
	buf_free(&answer->body);
	arena_free(answer->arena);
	*answer = (struct http_answer){0};
}

const char *http_answer_header(const struct http_answer *answer, const char *name, size_t i)
{
	for (size_t j = 0; j < answer->n_fields; j++)
		if (strcasecmp(answer->fields[j].name, name) == 0 && i-- == 0)
			return answer->fields[j].value;
	return NULL;
}

const char *http_join(struct arena *arena, const char *base, const char *path)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
	_cleanup_buf_ struct buf url = {0};

	buf_puts(&url, base);
	while (url.size && url.data[url.size - 1] == '/')
		url.data[--url.size] = 0;
	buf_add(&url, "/", 1);
	for (; *path; path++)
		if (strchr(plain, *path))
			buf_add(&url, path, 1);
		else
			buf_printf(&url, "%%%02X", (unsigned char)*path);
	return arena_strndup(arena, url.data, url.size);
}

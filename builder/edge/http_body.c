#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "edge/http_common.h"

/* Bytes in memory, or a file of which they are read at the offset that is due. */
struct http_source {
	struct http_call *call;
	const char *path;            /* NULL: bytes */
	const char *bytes;
	int fd;
	uint64_t size, at;
};

/* --- reading ------------------------------------------------------------------------------------------------------- */

static size_t http_on_read(char *to, size_t one, size_t size, void *data)
{
	struct http_source *source = data;
	uint64_t left = source->size - source->at;
	size_t n = one * size < left ? one * size : (size_t)left;
	int r = 0;

	if (source->path)
		r = fd_pread_all(source->fd, to, n, source->at);
	else if (n)
		memcpy(to, source->bytes + source->at, n);
	if (r == -ENODATA)
		err_set(&source->call->fatal, r, "'%s' became shorter while it was sent", source->path);
	else if (r < 0)
		err_sys(&source->call->fatal, r, "cannot read '%s'", source->path);
	if (r < 0)
		return CURL_READFUNC_ABORT;
	source->at += n;
	return n;
}

/* libcurl goes back to the beginning when the server sends it elsewhere. */
static int http_on_seek(void *data, curl_off_t offset, int origin)
{
	struct http_source *source = data;

	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > source->size)
		return CURL_SEEKFUNC_FAIL;
	source->at = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

void http_body_rewind(struct http_call *call)
{
	for (size_t i = 0; i < call->n_sources; i++)
		call->sources[i].at = 0;
}

/* --- opening ------------------------------------------------------------------------------------------------------- */

static int http_open_file(struct http_source *source, const char *path, struct err *err)
{
	struct stat status;

	source->path = path;
	source->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO is refused below, not waited for */
	if (source->fd < 0)
		return err_sys(err, -errno, "cannot open '%s'", path);
	if (fstat(source->fd, &status) < 0)
		return err_sys(err, -errno, "cannot access '%s'", path);
	if (!S_ISREG(status.st_mode))
		return err_set(err, -EINVAL, "'%s' is not a regular file, and cannot be sent", path);
	source->size = (uint64_t)status.st_size;
	return 0;
}

static bool http_add_part(struct http_call *call, const struct http_part *part, struct http_source *source)
{
	curl_mimepart *made = curl_mime_addpart(call->form);
	const char *type = part->type;

	if (!made || curl_mime_name(made, part->name) != CURLE_OK)
		return false;
	if (part->text)
		return curl_mime_data(made, part->text, CURL_ZERO_TERMINATED) == CURLE_OK &&
		       (!type || curl_mime_type(made, type) == CURLE_OK);
	return curl_mime_data_cb(made, (curl_off_t)source->size, http_on_read, http_on_seek, NULL, source) == CURLE_OK &&
	       curl_mime_filename(made, part->filename ? part->filename : path_last(part->path)) == CURLE_OK &&
	       curl_mime_type(made, type ? type : "application/octet-stream") == CURLE_OK;
}

static int http_open_form(struct http_call *call, const struct http_body *body, struct err *err)
{
	call->form = curl_mime_init(call->curl);
	if (!call->form)
		return err_no_memory(err);
	for (size_t i = 0; i < body->n_parts; i++) {
		int r = body->parts[i].text ? 0 : http_open_file(&call->sources[i], body->parts[i].path, err);

		if (r < 0)
			return r;
		if (!http_add_part(call, &body->parts[i], &call->sources[i]))
			return err_no_memory(err);
	}
	return 0;
}

int http_body_open(struct http_call *call, struct err *err)
{
	const struct http_body *body = &call->request->body;
	size_t n = body->kind == HTTP_FORM ? body->n_parts : 1;

	call->sources = calloc(n + 1, sizeof *call->sources);
	if (!call->sources)
		return err_no_memory(err);
	call->n_sources = n;
	for (size_t i = 0; i < n; i++)
		call->sources[i] = (struct http_source){.call = call, .fd = -1};
	if (body->kind == HTTP_FORM)
		return http_open_form(call, body, err);
	if (body->kind == HTTP_FILE)
		return http_open_file(&call->sources[0], body->path, err);
	if (body->kind == HTTP_BYTES) {
		call->sources[0].bytes = body->bytes;
		call->sources[0].size = body->size;
	}
	return 0;
}

uint64_t http_body_size(const struct http_call *call)
{
	uint64_t size = 0;

	for (size_t i = 0; i < call->n_sources; i++)
		size += call->sources[i].size;
	return size;
}

void http_body_close(struct http_call *call)
{
	curl_mime_free(call->form);
	call->form = NULL;
	for (size_t i = 0; i < call->n_sources; i++)
		if (call->sources[i].fd >= 0)
			close(call->sources[i].fd);
	free(call->sources);
	call->sources = NULL;
	call->n_sources = 0;
}

/* --- libcurl is told ----------------------------------------------------------------------------------------------- */

static bool http_set_stream(struct http_call *call, bool post)
{
	curl_off_t size = (curl_off_t)call->sources[0].size;

	return curl_easy_setopt(call->curl, CURLOPT_READFUNCTION, http_on_read) == CURLE_OK &&
	       curl_easy_setopt(call->curl, CURLOPT_READDATA, &call->sources[0]) == CURLE_OK &&
	       curl_easy_setopt(call->curl, CURLOPT_SEEKFUNCTION, http_on_seek) == CURLE_OK &&
	       curl_easy_setopt(call->curl, CURLOPT_SEEKDATA, &call->sources[0]) == CURLE_OK &&
	       curl_easy_setopt(call->curl, post ? CURLOPT_POST : CURLOPT_UPLOAD, 1L) == CURLE_OK &&
	       curl_easy_setopt(call->curl, post ? CURLOPT_POSTFIELDSIZE_LARGE : CURLOPT_INFILESIZE_LARGE, size) ==
		       CURLE_OK;
}

bool http_body_set(struct http_call *call)
{
	enum http_method method = call->request->method;
	enum http_body_kind kind = call->request->body.kind;
	const char *name = method == HTTP_DELETE ? "DELETE" : method == HTTP_PUT && kind == HTTP_FORM ? "PUT" : NULL;
	CURLcode code = CURLE_OK;

	if (curl_easy_setopt(call->curl, CURLOPT_CUSTOMREQUEST, name) != CURLE_OK)
		return false;
	if (kind == HTTP_FORM)
		code = curl_easy_setopt(call->curl, CURLOPT_MIMEPOST, call->form);
	else if (method == HTTP_POST || method == HTTP_PUT || kind != HTTP_NOTHING)
		return http_set_stream(call, method == HTTP_POST);
	else if (method == HTTP_HEAD)
		code = curl_easy_setopt(call->curl, CURLOPT_NOBODY, 1L);
	return code == CURLE_OK;
}

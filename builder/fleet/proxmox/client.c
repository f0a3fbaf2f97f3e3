#include "fleet/proxmox/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CLIENT_BYTES_MAX = 32 << 20, CLIENT_CONNECT_S = 10, CLIENT_TOTAL_S = 180, CLIENT_STALL_S = 60, CLIENT_OLDEST = 8 };

static const char *const client_methods[] = {
	[HTTP_GET] = "GET", [HTTP_HEAD] = "HEAD", [HTTP_POST] = "POST", [HTTP_PUT] = "PUT", [HTTP_DELETE] = "DELETE",
};

/* --- forms ---------------------------------------------------------------------------------------------------------- */

void form_add(struct arena *arena, struct form *form, const char *name, const char *format, ...)
{
	struct form_field *field = arena_push(arena, form->fields, form->n_fields);
	va_list ap;

	va_start(ap, format);
	*field = (struct form_field){arena_strdup(arena, name), arena_vprintf(arena, format, ap)};
	va_end(ap);
}

static void client_encode(struct buf *to, const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (; *text; text++)
		if (strchr(plain, *text))
			buf_add(to, text, 1);
		else
			buf_printf(to, "%%%02X", (unsigned char)*text);
}

const char *form_print(struct arena *arena, const struct form *form)
{
	_cleanup_buf_ struct buf text = {0};

	for (size_t i = 0; form && i < form->n_fields; i++) {
		if (i)
			buf_puts(&text, "&");
		client_encode(&text, form->fields[i].name);
		buf_puts(&text, "=");
		client_encode(&text, form->fields[i].value);
	}
	return arena_strndup(arena, text.data ? text.data : "", text.size);
}

const char *client_escape(struct client *client, const char *part)
{
	_cleanup_buf_ struct buf text = {0};

	client_encode(&text, part);
	return arena_strndup(client->arena, text.data ? text.data : "", text.size);
}

/* --- what it says --------------------------------------------------------------------------------------------------- */

static const struct {
	unsigned from, to;
	int code;
	const char *hint;
} client_codes[] = {
	{400, 400, -EINVAL, NULL},
	{401, 401, -EACCES, "the token is not known there: check its user, its name and its secret (USER@REALM!NAME=SECRET)"},
	{403, 403, -EACCES, "give the token's user and, with privilege separation, the token itself that privilege"},
	{501, 501, -ENOSYS, "is that the address of a Proxmox VE API?"},
	{595, 599, -EHOSTUNREACH, "the node does not answer the node that was asked"},
	{0, 999, -EREMOTEIO, NULL},
};

static int client_fail(unsigned status, struct err *err, const char *what, const char *text)
{
	size_t i = 0;
	int r;

	while (status < client_codes[i].from || status > client_codes[i].to)
		i++;
	r = err_set(err, client_codes[i].code, "%s: %s", what, text);
	if (client_codes[i].hint)
		err_hint(err, "%s", client_codes[i].hint);
	return r;
}

/* "Parameter verification failed. scsi0: invalid format" */
static const char *client_message(struct arena *arena, const struct jval *top, const struct http_answer *answer)
{
	const char *message = jval_get_text(top, "message");
	const struct jval *errors = jval_get(top, "errors");
	const char *text = message && *message ? message : answer->phrase && *answer->phrase ? answer->phrase : NULL;
	char *plain;

	if (!text)
		text = arena_printf(arena, "it answered %u and nothing else", answer->status);
	if (errors)
		text = arena_printf(arena, "%s %s", text, jval_print(arena, errors, false));
	plain = arena_strdup(arena, text_plain(arena, text));
	while (*plain && plain[strlen(plain) - 1] == ' ')
		plain[strlen(plain) - 1] = 0;
	return plain;
}

int client_read(struct client *client, const char *what, const struct http_answer *answer, struct jval **ret_data,
		struct err *err)
{
	_cleanup_jval_ struct jval *top = NULL;
	struct err unread = {0};
	const char *body = answer->body.data ? answer->body.data : "";
	int r = jval_read("the answer of Proxmox", body, answer->body.size, &top, &unread);

	err_free(&unread);
	client->status = answer->status;
	if (answer->status != 200)
		return client_fail(answer->status, err, what, client_message(client->arena, top, answer));
	if (r < 0 || !jval_get(top, "data"))
		return err_set(err, -EBADMSG, "%s: the answer is not one of a Proxmox VE API", what);
	*ret_data = jval_take(top, "data");
	return 0;
}

/* --- requests ------------------------------------------------------------------------------------------------------- */

struct http_request client_request(struct client *client, enum http_method method, const char *base, const char *path)
{
	struct http_request request = {
		.method = method,
		.trust = client->access->trust,
		.timeouts = {.connect = CLIENT_CONNECT_S, .stall = CLIENT_STALL_S, .total = CLIENT_TOTAL_S},
		.plain = true,
		.max_bytes = CLIENT_BYTES_MAX,
	};

	strv_push(client->arena, &request.urls, arena_printf(client->arena, "%s/api2/json%s", base, path));
	strv_push(client->arena, &request.headers, client->authorization);
	strv_push(client->arena, &request.headers, "Accept: application/json");
	return request;
}

int client_send(struct client *client, enum http_method method, const char *path, const struct form *form,
		struct jval **ret_data, struct err *err)
{
	struct http_request request = client_request(client, method, client->access->endpoint, path);
	_cleanup_http_answer_ struct http_answer answer = {0};
	const char *what = arena_printf(client->arena, "%s %s", client_methods[method], path);
	int r;

	if (form) {
		const char *text = form_print(client->arena, form);

		request.body = (struct http_body){
			.kind = HTTP_BYTES, .type = "application/x-www-form-urlencoded", .bytes = text, .size = strlen(text)};
	}
	client->status = 0;
	r = http_ask(&request, &answer, err);
	if (r < 0)
		return err_wrap(err, "while asking Proxmox: %s", what);
	return client_read(client, what, &answer, ret_data, err);
}

int client_get(struct client *client, const char *path, struct jval **ret_data, struct err *err)
{
	return client_send(client, HTTP_GET, path, NULL, ret_data, err);
}

int client_put(struct client *client, const char *path, const struct form *form, struct err *err)
{
	_cleanup_jval_ struct jval *data = NULL;

	return client_send(client, HTTP_PUT, path, form, &data, err);
}

int client_post(struct client *client, const char *path, const struct form *form, const char **ret_upid, struct err *err)
{
	static const struct form nothing;
	_cleanup_jval_ struct jval *data = NULL;
	int r = client_send(client, HTTP_POST, path, form ? form : &nothing, &data, err);

	if (r < 0)
		return r;
	if (!jval_text_of(data) || !text_has_prefix(jval_text_of(data), "UPID:"))
		return err_set(err, -EBADMSG, "POST %s: the answer names no task", path);
	*ret_upid = arena_strdup(client->arena, jval_text_of(data));
	return 0;
}

bool client_passes(int code)
{
	static const int codes[] = {-EIO, -ETIMEDOUT, -EHOSTUNREACH, -EBADMSG, -ECONNREFUSED};

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (code == codes[i])
			return true;
	return false;
}

int client_open(struct arena *arena, const struct access *access, struct client *ret_client, struct err *err)
{
	struct client client = {.arena = arena, .access = access};
	_cleanup_jval_ struct jval *data = NULL;
	const char *version;
	int r;

	client.authorization = arena_printf(arena, "Authorization: PVEAPIToken=%s", access->token);
	r = client_get(&client, "/version", &data, err);
	if (r < 0)
		return r;
	version = jval_get_text(data, "version");
	if (!version || sscanf(version, "%u.%u", &client.major, &client.minor) < 1)
		return err_set(err, -EBADMSG, "%s does not say which version of Proxmox VE it is", access->endpoint);
	if (client.major < CLIENT_OLDEST) {
		err_set(err, -ENOTSUP, "%s is Proxmox VE %s", access->endpoint, text_plain(arena, version));
		return err_hint(err, "8.3 is the oldest that it can be");
	}
	*ret_client = client;
	return 0;
}

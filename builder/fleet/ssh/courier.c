#include "fleet/ssh/courier.h"

#include <errno.h>
#include <string.h>

#include "contract/secrets.h"

enum {
	COURIER_PATIENCE_S = 60,     /* opening and placing all of them, and units that restart, have to fit */
	COURIER_ANSWER_MAX = 1 << 20, COURIER_NO_CONNECTION = 255,
	COURIER_NO_COMMAND = 127,
};

/* -EPIPE is no failure yet: it has ended without listening, and says why. */
static int courier_feed(struct proc_talk *talk, struct bytes input)
{
	int r = input.size ? proc_write(talk, input.data, input.size, COURIER_PATIENCE_S) : 0;

	return r == -EPIPE ? 0 : r;
}

/* A shell says that in many ways, sudo in another one. */
static bool courier_is_missing(int status, const char *said)
{
	return status == COURIER_NO_COMMAND || (status == 1 && strstr(said, "sudo: " SECRETS_PROGRAM ": command not found"));
}

static int courier_missing(const struct remote *remote, struct err *err)
{
	err_set(err, -ENOTSUP, "%s runs an image without secrets: it has no %s", remote->host, SECRETS_PROGRAM);
	return err_hint(err, "give it a generation of a recipe with 'secrets:' first ('switch --force' does not wait for its "
			     "secrets); then send them");
}

static const char *courier_join(struct arena *arena, const char *output, const char *said)
{
	bool broken = *output && *said && output[strlen(output) - 1] != '\n';
	char *text = arena_printf(arena, "%s%s%s", output, broken ? "\n" : "", said);
	size_t length;

	text_calm(text, "\n\t");
	for (length = strlen(text); length && text[length - 1] == '\n'; length--)
		text[length - 1] = 0;
	return text;
}

int courier_ask(struct arena *arena, const struct remote *remote, const char *words, struct bytes input,
		const char **ret_answer, struct err *err)
{
	_cleanup_buf_ struct buf output = {0}, said = {0};
	const char *command = arena_printf(arena, SECRETS_PROGRAM " %s", words);
	struct proc_talk *talk;
	char chunk[4096];
	ssize_t n = 0;
	int r = remote_start(arena, remote, command, &talk, err), fed;

	if (r < 0)
		return r;
	fed = courier_feed(talk, input);
	proc_hang_up(talk);
	while (fed == 0 && (n = proc_read(talk, chunk, sizeof chunk, COURIER_PATIENCE_S)) > 0 &&
	       output.size < COURIER_ANSWER_MAX)
		buf_add(&output, chunk, (size_t)n);
	r = proc_finish(talk, fed == 0 && n == 0 ? COURIER_PATIENCE_S : 0, &said, err);
	if (r < 0)
		return err_wrap(err, "while '%s' ran on %s", words, remote->host);
	*ret_answer = courier_join(arena, output.data ? output.data : "", said.data ? said.data : "");
	if (r == COURIER_NO_CONNECTION)
		return remote_failed(remote, r, said.data ? said.data : "", err);
	return courier_is_missing(r, *ret_answer) ? courier_missing(remote, err) : r;
}

int courier_tell(struct arena *arena, const struct remote *remote, const char *words, struct bytes input,
		 const char **ret_answer, struct err *err)
{
	int r = courier_ask(arena, remote, words, input, ret_answer, err);

	if (r > 0)
		return err_set(err, -EIO, "%s: %s", remote->host, **ret_answer ? *ret_answer : "it failed without a message");
	return r;
}

int courier_recipients(struct arena *arena, const struct remote *remote, struct strv *ret_recipients, struct err *err)
{
	struct strv recipients = {0};
	const char *answer;
	int r = courier_tell(arena, remote, SECRETS_RECIPIENTS, (struct bytes){0}, &answer, err);

	if (r < 0)
		return r;
	for (const char *at = answer, *end; *at; at = *end ? end + 1 : end) {
		end = at + strcspn(at, "\n");
		if (text_has_prefix(at, "age1") || text_has_prefix(at, "ssh-ed25519 "))
			strv_push(arena, &recipients, arena_strndup(arena, at, (size_t)(end - at)));
	}
	if (recipients.count) {
		*ret_recipients = recipients;
		return 0;
	}
	err_set(err, -ENODATA, "%s has no identity yet", remote->host);
	return err_hint(err, "it makes one when it has started whole; see 'systemctl status aether-secrets.service' there");
}

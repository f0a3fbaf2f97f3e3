#include "release/send.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

enum { LINE_MAX_BYTES = 512, BLOCKS_MAX = 256, PATIENCE_S = 180, END_PATIENCE_S = 30, MIB = 1 << 20 };

/* A conversation: bytes of the machine that were not taken yet, and where it is. */
struct conversation {
	struct parcel *parcel;
	struct proc_talk *talk;
	struct sent sent;
	bool ready, done;
	char heard[8192];
	size_t from, to;
};

static int nonsense(const char *line, struct err *err)
{
	return err_set(err, -EBADMSG, "the machine said something that is no answer: '%.60s'", line);
}

static int next_byte(struct conversation *c, char *ret_byte, struct err *err)
{
	if (c->from == c->to) {
		ssize_t n = proc_read(c->talk, c->heard, sizeof c->heard, PATIENCE_S);

		if (n < 0)
			return err_sys(err, (int)n, "the machine does not answer");
		if (n == 0)
			return err_set(err, -EPIPE, "the connection ended before the machine was done");
		c->from = 0;
		c->to = (size_t)n;
	}
	*ret_byte = c->heard[c->from++];
	return 0;
}

static int read_line(struct conversation *c, char line[LINE_MAX_BYTES], struct err *err)
{
	for (size_t n = 0; n < LINE_MAX_BYTES; n++) {
		int r = next_byte(c, &line[n], err);

		if (r < 0)
			return r;
		if (line[n] == '\n') {
			line[n] = 0;
			return 0;
		}
		if ((unsigned char)line[n] < ' ' || (unsigned char)line[n] > '~')
			line[n] = '?';
	}
	line[LINE_MAX_BYTES - 1] = 0;
	return nonsense(line, err);
}

/* Reads `n` numbers, with a space before each, to the end of the line. */
static bool read_numbers(const char *text, uint64_t *numbers, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *end;

		if (*text != ' ' || text[1] < '0' || text[1] > '9')
			return false;
		errno = 0;
		numbers[i] = strtoull(text + 1, &end, 10);
		if (errno)
			return false;
		text = end;
	}
	return *text == 0;
}

/* --- what it can say ------------------------------------------------------------------------------------------------- */

static int read_slot(struct conversation *c, const char *rest, struct err *err)
{
	if (c->ready || strlen(rest) != 2 || *rest != ' ' || (rest[1] != 'a' && rest[1] != 'b'))
		return nonsense(rest, err);
	c->sent.slot = rest[1];
	c->ready = true;
	return 0;
}

static int hear_ready(struct conversation *c, const char *rest, struct err *err)
{
	return read_slot(c, rest, err);
}

static int hear_same(struct conversation *c, const char *rest, struct err *err)
{
	c->sent.same = c->done = true;
	return read_slot(c, rest, err);
}

static int hear_get(struct conversation *c, const char *rest, struct err *err)
{
	static _Thread_local char blocks[BLOCKS_MAX * PARCEL_BLOCK];
	uint64_t numbers[3], n_blocks;
	int r;

	if (!c->ready || !read_numbers(rest, numbers, 3) || numbers[0] >= PARCEL_OBJECTS)
		return nonsense(rest, err);
	n_blocks = c->parcel->objects[numbers[0]].n_blocks;
	if (numbers[2] == 0 || numbers[2] > BLOCKS_MAX || numbers[1] > n_blocks || numbers[2] > n_blocks - numbers[1])
		return nonsense(rest, err);
	r = parcel_read(c->parcel, (size_t)numbers[0], numbers[1], numbers[2], blocks, err);
	if (r < 0)
		return r;
	r = proc_write(c->talk, blocks, (size_t)numbers[2] * PARCEL_BLOCK, PATIENCE_S);
	return r < 0 ? err_sys(err, r, "the machine takes nothing any more") : 0;
}

static int hear_step(struct conversation *c, const char *rest, struct err *err)
{
	static const struct { const char *word, *step; } steps[] = {
		{" looking", "looking at what the machine has"},
		{" taking", "sending what it does not have"},
		{" checking", "the machine checks what it has now"},
	};

	for (size_t i = 0; c->ready && i < sizeof steps / sizeof *steps; i++)
		if (strcmp(rest, steps[i].word) == 0) {
			log_step("%s", steps[i].step);
			return 0;
		}
	return nonsense(rest, err);
}

static int hear_progress(struct conversation *c, const char *rest, struct err *err)
{
	uint64_t numbers[2];

	if (!c->ready || !read_numbers(rest, numbers, 2))
		return nonsense(rest, err);
	if (numbers[1])
		log_progress(numbers[0] / MIB, numbers[1] / MIB, "MiB");
	return 0;
}

static int hear_done(struct conversation *c, const char *rest, struct err *err)
{
	uint64_t numbers[3];

	if (!c->ready || !read_numbers(rest, numbers, 3))
		return nonsense(rest, err);
	c->sent.in_place = numbers[0];
	c->sent.copied = numbers[1];
	c->sent.received = numbers[2];
	c->done = true;
	return 0;
}

static int hear(struct conversation *c, const char *line, struct err *err)
{
	static const struct {
		const char *word;
		int (*run)(struct conversation *c, const char *rest, struct err *err);
	} words[] = {
		{"get", hear_get}, {"progress", hear_progress}, {"ready", hear_ready}, {"same", hear_same}, {"step", hear_step},
		{"done", hear_done},
	};
	size_t length = strcspn(line, " ");

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i].word) == length && strncmp(line, words[i].word, length) == 0)
			return words[i].run(c, line + length, err);
	return nonsense(line, err);
}

int send_talk(struct parcel *parcel, struct proc_talk *talk, struct sent *ret_sent, struct err *err)
{
	struct conversation c = {.parcel = parcel, .talk = talk};
	_cleanup_buf_ struct buf offer = {0};
	char line[LINE_MAX_BYTES];
	int r;

	parcel_offer(parcel, &offer);
	r = proc_write(talk, offer.data, offer.size, PATIENCE_S);
	if (r < 0)
		return err_sys(err, r, "the machine does not listen");
	while (r == 0 && !c.done) {
		r = read_line(&c, line, err);
		if (r == 0)
			r = hear(&c, line, err);
	}
	if (r == 0)
		*ret_sent = c.sent;
	return r;
}

int send_parcel(struct arena *arena, const struct remote *remote, struct parcel *parcel, const struct send_how *how,
		struct sent *ret_sent, struct err *err)
{
	const char *words = arena_printf(arena, "aether-agent take%s%s", how->dry_run ? " --dry-run" : "",
					 how->force ? " --force" : "");
	_cleanup_buf_ struct buf said = {0};
	struct err talking = {0};
	struct proc_talk *talk;
	int r = remote_start(arena, remote, words, &talk, err), status;

	if (r < 0)
		return r;
	r = send_talk(parcel, talk, ret_sent, &talking);
	status = proc_finish(talk, r == -ETIME ? 0 : END_PATIENCE_S, &said, err);
	if (status > 0 && (r == 0 || r == -EPIPE)) /* what it says itself is nearer to the cause than that it is gone */
		r = remote_failed(remote, status, said.data ? said.data : "", err);
	else if (r < 0 && status >= 0)
		err_take(err, &talking);
	err_free(&talking);
	return status < 0 ? status : r;
}

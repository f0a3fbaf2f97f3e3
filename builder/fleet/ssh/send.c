#include "fleet/ssh/send.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "contract/agent.h"
#include "contract/offer.h"
#include "contract/verity.h"

enum { PATIENCE_S = 180, END_PATIENCE_S = 30, MIB = 1 << 20 };

/* --- what it can say ------------------------------------------------------------------------------------------------- */

static int send_nonsense(const char *line, struct err *err)
{
	return err_set(err, -EBADMSG, "protocol error: unexpected answer of the machine: '%.60s'", line);
}

/* Reads `n` numbers, with a space before each, to the end of the line. */
static bool send_read_numbers(const char *text, uint64_t *numbers, size_t n)
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

/* What it can say, and how many numbers follow. */
static const struct {
	const char *word;
	enum send_heard heard;
	size_t n_numbers;
} vocabulary[] = {
	{OFFER_GET, HEARD_GET, 3},   {OFFER_PROGRESS, HEARD_PROGRESS, 2}, {OFFER_READY, HEARD_READY, 0},
	{OFFER_SAME, HEARD_SAME, 0}, {OFFER_STEP, HEARD_STEP, 0},	  {OFFER_DONE, HEARD_DONE, 3},
	{OFFER_LIST, HEARD_LIST, 0}, {OFFER_FILE, HEARD_FILE, 1},
};

static bool send_parse_slot(const char *rest, char *ret_slot)
{
	*ret_slot = rest[0] == ' ' ? rest[1] : 0;
	return (*ret_slot == 'a' || *ret_slot == 'b') && rest[2] == 0;
}

static bool send_parse_step(const char *rest, const char **ret_step)
{
	static const struct { const char *word, *step;
	} steps[] = {
		{" " OFFER_STEP_LOOKING, "finding out what the machine already has"},
		{" " OFFER_STEP_TAKING, "sending the missing data"},
		{" " OFFER_STEP_CHECKING, "verifying the data on the machine"},
	};

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (strcmp(rest, steps[i].word) == 0) {
			*ret_step = steps[i].step;
			return true;
		}
	return false;
}

/* Blocks that there are, and not too many at once; or parts of a tree. */
static bool send_is_there(const struct payload *payload, enum send_heard heard, const uint64_t numbers[3])
{
	uint64_t n_blocks = numbers[0] < N_OBJECTS ? payload->objects[numbers[0]].n_blocks : 0;

	if (heard == HEARD_LIST || heard == HEARD_FILE)
		return payload->tree && (heard == HEARD_LIST || parcel_has(payload->tree, numbers[0]));
	if (heard != HEARD_GET)
		return true;
	return numbers[2] && numbers[2] <= OFFER_GET_BLOCKS && numbers[1] < n_blocks && numbers[2] <= n_blocks - numbers[1];
}

int send_parse(const struct payload *payload, const char *line, struct send_word *ret_word, struct err *err)
{
	size_t length = strcspn(line, " "), i = 0;
	const char *rest = line + length;
	struct send_word word = {0};
	bool good;

	while (i < sizeof vocabulary / sizeof *vocabulary &&
	       (strlen(vocabulary[i].word) != length || strncmp(line, vocabulary[i].word, length) != 0))
		i++;
	if (i == sizeof vocabulary / sizeof *vocabulary)
		return send_nonsense(line, err);
	word.heard = vocabulary[i].heard;
	if (word.heard == HEARD_STEP)
		good = send_parse_step(rest, &word.step);
	else if (word.heard == HEARD_READY || word.heard == HEARD_SAME)
		good = send_parse_slot(rest, &word.slot);
	else
		good = send_read_numbers(rest, word.numbers, vocabulary[i].n_numbers);
	if (!good || !send_is_there(payload, word.heard, word.numbers))
		return send_nonsense(line, err);
	*ret_word = word;
	return 0;
}

/* --- the conversation ------------------------------------------------------------------------------------------------ */

/* A conversation: bytes of the machine that were not taken yet, and where it is. */
struct conversation {
	struct payload *payload;
	struct proc_talk *talk;
	struct sent sent;
	bool ready, done;
	char heard[8192];
	size_t from, to;
};

static int send_next_byte(struct conversation *c, char *ret_byte, struct err *err)
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

static int send_read_line(struct conversation *c, char line[OFFER_LINE_BYTES], struct err *err)
{
	for (size_t n = 0; n < OFFER_LINE_BYTES; n++) {
		int r = send_next_byte(c, &line[n], err);

		if (r < 0)
			return r;
		if (line[n] == '\n') {
			line[n] = 0;
			return 0;
		}
		if ((unsigned char)line[n] < ' ' || (unsigned char)line[n] > '~')
			line[n] = '?';
	}
	line[OFFER_LINE_BYTES - 1] = 0;
	return send_nonsense(line, err);
}

static int send_give(struct conversation *c, const void *data, size_t size, struct err *err)
{
	int r = proc_write(c->talk, data, size, PATIENCE_S);

	return r < 0 ? err_sys(err, r, "the machine has stopped reading") : 0;
}

static int send_give_blocks(struct conversation *c, const uint64_t numbers[3], struct err *err)
{
	static _Thread_local char blocks[OFFER_GET_BLOCKS * VERITY_BLOCK];
	int r = payload_read(c->payload, (size_t)numbers[0], numbers[1], numbers[2], blocks, err);

	if (r < 0)
		return r;
	return send_give(c, blocks, (size_t)numbers[2] * VERITY_BLOCK, err);
}

static int send_give_file(struct conversation *c, uint64_t number, struct err *err)
{
	static _Thread_local char chunk[1 << 18];
	uint64_t left;
	int r = parcel_begin(c->payload->tree, number, &left, err);

	for (size_t n; r == 0 && left; left -= n) {
		n = left < sizeof chunk ? (size_t)left : sizeof chunk;
		r = parcel_read(c->payload->tree, chunk, n, err);
		if (r == 0)
			r = send_give(c, chunk, n, err);
	}
	return r;
}

static int send_hear(struct conversation *c, const char *line, struct err *err)
{
	struct send_word word;
	int r = send_parse(c->payload, line, &word, err);
	bool begins = r == 0 && (word.heard == HEARD_READY || word.heard == HEARD_SAME);

	if (r < 0)
		return r;
	if (begins == c->ready) /* that is the first thing it says, and it says it once */
		return send_nonsense(line, err);
	switch (word.heard) {
	case HEARD_READY:
	case HEARD_SAME:
		c->ready = true;
		c->sent.slot = word.slot;
		c->sent.same = c->done = word.heard == HEARD_SAME;
		break;
	case HEARD_GET:
		return send_give_blocks(c, word.numbers, err);
	case HEARD_LIST:
		return send_give(c, parcel_list(c->payload->tree)->data, parcel_list(c->payload->tree)->size, err);
	case HEARD_FILE:
		return send_give_file(c, word.numbers[0], err);
	case HEARD_STEP:
		log_step("%s", word.step);
		break;
	case HEARD_PROGRESS:
		if (word.numbers[1])
			log_progress(word.numbers[0] / MIB, word.numbers[1] / MIB, "MiB");
		break;
	case HEARD_DONE:
		c->sent.in_place = word.numbers[0];
		c->sent.copied = word.numbers[1];
		c->sent.received = word.numbers[2];
		c->done = true;
		break;
	}
	return 0;
}

int send_talk(struct payload *payload, struct proc_talk *talk, struct sent *ret_sent, struct err *err)
{
	struct conversation c = {.payload = payload, .talk = talk};
	_cleanup_buf_ struct buf offer = {0};
	char line[OFFER_LINE_BYTES];
	int r;

	payload_offer(payload, &offer);
	r = proc_write(talk, offer.data, offer.size, PATIENCE_S);
	if (r < 0)
		return err_sys(err, r, "cannot send to the machine");
	while (r == 0 && !c.done) {
		r = send_read_line(&c, line, err);
		if (r == 0)
			r = send_hear(&c, line, err);
	}
	if (r == 0)
		*ret_sent = c.sent;
	return r;
}

int send_payload(struct arena *arena, const struct remote *remote, struct payload *payload, const struct send_how *how,
		struct sent *ret_sent, struct err *err)
{
	const char *words = arena_printf(arena, AGENT " " AGENT_TAKE "%s%s", how->dry_run ? " " AGENT_DRY_RUN : "",
					 how->force ? " " AGENT_FORCE : "");
	_cleanup_buf_ struct buf said = {0};
	struct err talking = {0};
	struct proc_talk *talk;
	int r = remote_start(arena, remote, words, &talk, err), status;

	if (r < 0)
		return r;
	r = send_talk(payload, talk, ret_sent, &talking);
	status = proc_finish(talk, r == -ETIME ? 0 : END_PATIENCE_S, &said, err);
	if (status > 0 && (r == 0 || r == -EPIPE)) /* its own message explains more than "the connection ended" */
		r = remote_failed(remote, status, said.data ? said.data : "", err);
	else if (r < 0 && status >= 0)
		err_take(err, &talking);
	err_free(&talking);
	return status < 0 ? status : r;
}

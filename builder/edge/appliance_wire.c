#include "edge/appliance_wire.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"

struct appliance_wire_head {
	uint32_t kind, size;
};

void appliance_wire_send(int wire, enum wire_kind kind, const void *data, size_t size)
{
	struct appliance_wire_head head = {kind, size < WIRE_PART_MAX ? (uint32_t)size : WIRE_PART_MAX};

	if (fd_write_all(wire, &head, sizeof head) == 0 && head.size)
		fd_write_all(wire, data, head.size);
}

void appliance_wire_progress(int wire, uint64_t done, uint64_t total)
{
	const uint64_t numbers[] = {done, total};

	appliance_wire_send(wire, WIRE_PROGRESS, numbers, sizeof numbers);
}

static void appliance_wire_send_problem(int wire, const struct err_item *item)
{
	const char *texts[] = {item->file, item->path, item->text, item->context, item->hint};
	const uint32_t place[] = {item->line, item->column};
	_cleanup_buf_ struct buf part = {0};

	buf_add(&part, place, sizeof place);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		buf_add(&part, texts[i] ? texts[i] : "", texts[i] ? strlen(texts[i]) + 1 : 1);
	appliance_wire_send(wire, WIRE_PROBLEM, part.data, part.size);
}

void appliance_wire_end(int wire, int result, const struct err *err)
{
	const int32_t number = result;

	for (const struct err_item *item = err->first; item; item = item->next)
		appliance_wire_send_problem(wire, item);
	appliance_wire_send(wire, WIRE_ENDED, &number, sizeof number);
}

int appliance_wire_take(struct buf *came, enum wire_kind *ret_kind, struct buf *ret_part)
{
	struct appliance_wire_head head;
	size_t whole;

	if (came->size < sizeof head)
		return 0;
	memcpy(&head, came->data, sizeof head);
	if (head.kind >= WIRE_KINDS || head.size > WIRE_PART_MAX)
		return -EBADMSG;
	whole = sizeof head + head.size;
	if (came->size < whole)
		return 0;
	buf_add(ret_part, came->data + sizeof head, head.size);
	memmove(came->data, came->data + whole, came->size - whole);
	came->size -= whole;
	*ret_kind = (enum wire_kind)head.kind;
	return 1;
}

void appliance_wire_problem(const struct buf *part, int result, struct err *err)
{
	enum { FILE_NAME, PATH, TEXT, CONTEXT, HINT, TEXTS };
	const char *texts[TEXTS] = {NULL}, *at = part->data + 2 * sizeof(uint32_t), *end = part->data + part->size;
	uint32_t place[2] = {0};
	struct pos pos;

	if (part->size >= sizeof place)
		memcpy(place, part->data, sizeof place);
	for (size_t i = 0; i < TEXTS && part->size > sizeof place && at < end; i++) {
		const char *stop = memchr(at, 0, (size_t)(end - at));

		texts[i] = *at ? at : NULL;
		at = stop ? stop + 1 : end; /* a buffer has a NUL behind its end */
	}
	pos = (struct pos){texts[FILE_NAME], place[0], place[1]};
	err_at(err, result, &pos, texts[PATH], "%s", texts[TEXT] ? texts[TEXT] : "the appliance failed");
	if (texts[CONTEXT])
		err_wrap(err, "%s", texts[CONTEXT]);
	if (texts[HINT])
		err_hint(err, "%s", texts[HINT]);
}

#include "sealed/age/armor.h"

#include "sealed/age/line.h"
#include "sealed/b64.h"

enum { COLUMNS = 64, LINE_BYTES = COLUMNS / 4 * 3 };

static const char begin[] = "-----BEGIN AGE ENCRYPTED FILE-----";
static const char end[] = "-----END AGE ENCRYPTED FILE-----";

bool armor_is(struct bytes file)
{
	return bytes_begin(bytes_trim(file), "-----BEGIN");
}

/* The lines between the two; `lines` stands behind the first. Only the last one may be short, and none empty. */
static int armor_body(struct lines *lines, uint8_t *out, size_t *ret_size, struct fault *fault)
{
	size_t total = 0, size = LINE_BYTES;
	struct bytes line;

	while (lines_next(lines, &line)) {
		line = line_without_return(line);
		if (bytes_are(line, end)) {
			*ret_size = total;
			return 0;
		}
		if (size < LINE_BYTES)
			return fault_set(fault, FAULT_PARSE, lines->number, "after a short line of its armor '%s' was expected",
					 end);
		if (line.size == 0 || line.size > COLUMNS)
			return fault_set(fault, FAULT_PARSE, lines->number, "a line of its armor is %s",
					 line.size ? "longer than 64 columns" : "empty");
		if (!b64_decode((const char *)line.data, line.size, true, out + total, &size))
			return fault_set(fault, FAULT_PARSE, lines->number, "a line of its armor is no base64");
		total += size;
	}
	return fault_set(fault, FAULT_PARSE, lines->number, "its armor does not end: '%s' was expected", end);
}

int armor_decode(struct pool *pool, struct bytes text, struct bytes *ret_file, struct fault *fault)
{
	struct lines lines = {.rest = text};
	uint8_t *out = pool_alloc(pool, text.size);
	struct bytes line;
	size_t size = 0;
	int r;

	do {
		if (!lines_next(&lines, &line))
			return fault_set(fault, FAULT_PARSE, 0, "it is empty");
		line = line_without_return(line);
	} while (bytes_trim(line).size == 0);
	if (!bytes_are(line, begin))
		return fault_set(fault, FAULT_PARSE, lines.number, "'%s' was expected, and nothing else in its line", begin);
	r = armor_body(&lines, out, &size, fault);
	if (r < 0)
		return r;
	if (bytes_trim(lines.rest).size)
		return fault_set(fault, FAULT_PARSE, lines.number + 1, "something stands behind the end of its armor");
	*ret_file = (struct bytes){.data = out, .size = size};
	return 0;
}

struct bytes armor_encode(struct pool *pool, struct bytes file)
{
	struct growing text = {.pool = pool};
	char line[COLUMNS];

	growing_puts(&text, begin);
	growing_puts(&text, "\n");
	for (size_t at = 0; at < file.size; at += LINE_BYTES) {
		size_t size = file.size - at < LINE_BYTES ? file.size - at : LINE_BYTES;

		growing_add(&text, line, b64_encode(file.data + at, size, true, line));
		growing_puts(&text, "\n");
	}
	growing_puts(&text, end);
	growing_puts(&text, "\n");
	return growing_bytes(&text);
}

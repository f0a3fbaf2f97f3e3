/* Lines of a text that need not end with a zero. */
#ifndef SEALED_AGE_LINE_H
#define SEALED_AGE_LINE_H

#include <stdbool.h>
#include <string.h>

#include "sealed/pool.h"

struct lines {
	struct bytes rest;           /* what was not taken yet */
	unsigned number;             /* of the line that was taken last, from 1 */
	bool ended;                  /* it ended with a line feed, not with the text */
};

/* Takes the next line, without its line feed; false when there is none. */
static inline bool lines_next(struct lines *lines, struct bytes *ret_line)
{
	const uint8_t *feed = lines->rest.size ? memchr(lines->rest.data, '\n', lines->rest.size) : NULL;
	size_t size = feed ? (size_t)(feed - lines->rest.data) : lines->rest.size, taken = size + (feed ? 1 : 0);

	*ret_line = (struct bytes){.data = lines->rest.data, .size = size};
	if (!taken)
		return false;
	lines->rest = (struct bytes){.data = lines->rest.data + taken, .size = lines->rest.size - taken};
	lines->number++;
	lines->ended = feed;
	return true;
}

/* The line without a carriage return at its end. */
static inline struct bytes line_without_return(struct bytes line)
{
	line.size -= line.size && line.data[line.size - 1] == '\r';
	return line;
}

static inline bool bytes_are(struct bytes bytes, const char *text)
{
	return bytes.size == strlen(text) && memcmp(bytes.data, text, bytes.size) == 0;
}

static inline bool bytes_begin(struct bytes bytes, const char *text)
{
	return bytes.size >= strlen(text) && memcmp(bytes.data, text, strlen(text)) == 0;
}

static inline bool bytes_is_blank(uint8_t byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* What is left without white space at the beginning and at the end. */
static inline struct bytes bytes_trim(struct bytes bytes)
{
	while (bytes.size && bytes_is_blank(bytes.data[0]))
		bytes = (struct bytes){.data = bytes.data + 1, .size = bytes.size - 1};
	while (bytes.size && bytes_is_blank(bytes.data[bytes.size - 1]))
		bytes.size--;
	return bytes;
}

#endif

#include "machine/seed/decoded.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

int decode_base64(struct memory *memory, struct bytes in, struct bytes *ret_out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out = memory_take(memory, in.size / 4 * 3 + 4);
	size_t n = 0, n_digits = 0, padding = 0;
	uint32_t bits = 0;

	for (size_t i = 0; i < in.size; i++) {
		const char *digit = in.bytes[i] ? strchr(digits, in.bytes[i]) : NULL;

		if (in.bytes[i] && strchr(" \t\r\n", in.bytes[i]))
			continue;
		if (in.bytes[i] == '=') {
			padding++;
			continue;
		}
		if (!digit || padding)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)(digit - digits);
		if (n_digits++ % 4)
			out[n++] = (char)(bits >> (6 - 2 * ((n_digits - 1) % 4)));
	}
	if ((n_digits + padding) % 4 || padding > 2)
		return -EINVAL;
	*ret_out = (struct bytes){out, n};
	return 0;
}

int decode_gzip(struct memory *memory, struct bytes in, struct bytes *ret_out)
{
	enum { GZIP = 16 + MAX_WBITS };
	char *out = malloc(DECODED_MAX + 1);
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)in.bytes, .avail_in = (uInt)in.size, .next_out = (Bytef *)out,
			   .avail_out = DECODED_MAX + 1};
	size_t n;
	int r;

	if (!out || inflateInit2(&stream, GZIP) != Z_OK) {
		free(out);
		return -ENOMEM;
	}
	do {
		r = inflate(&stream, Z_FINISH);
	} while (r == Z_STREAM_END && stream.avail_in && inflateReset(&stream) == Z_OK);
	inflateEnd(&stream);
	n = DECODED_MAX + 1 - stream.avail_out;
	if (n <= DECODED_MAX && r == Z_STREAM_END)
		*ret_out = (struct bytes){memory_copy(memory, out, n), n};
	free(out);
	return n > DECODED_MAX ? -EFBIG : r == Z_STREAM_END ? 0 : -EINVAL;
}

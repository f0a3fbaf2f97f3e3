#include "sealed/b64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t b64_encode(const void *data, size_t size, bool padded, char *out)
{
	const uint8_t *in = data;
	uint32_t held = 0;
	unsigned bits = 0;
	size_t n = 0;

	for (size_t i = 0; i < size; i++) {
		held = held << 8 | in[i];
		for (bits += 8; bits >= 6; bits -= 6)
			out[n++] = digits[held >> (bits - 6) & 0x3f];
	}
	if (bits)
		out[n++] = digits[held << (6 - bits) & 0x3f];
	while (padded && n % 4)
		out[n++] = '=';
	return n;
}

static int b64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool b64_decode(const char *text, size_t size, bool padded, uint8_t *out, size_t *ret_size)
{
	uint32_t held = 0;
	unsigned bits = 0;
	size_t n = 0;

	*ret_size = 0;
	if (padded) {
		if (size % 4)
			return false;
		for (int i = 0; i < 2 && size && text[size - 1] == '='; i++)
			size--;
	}
	if (size % 4 == 1)
		return false;
	for (size_t i = 0; i < size; i++) {
		int digit = b64_digit(text[i]);

		if (digit < 0)
			return false;
		held = held << 6 | (uint32_t)digit;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[n++] = (uint8_t)(held >> bits);
		}
	}
	*ret_size = n;
	return (held & ((1u << bits) - 1)) == 0;
}

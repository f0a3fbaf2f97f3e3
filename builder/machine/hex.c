#include "machine/hex.h"

#include <errno.h>
#include <stdio.h>

void hex_print(const uint8_t *bytes, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++)
		sprintf(out + 2 * i, "%02x", bytes[i]);
	out[2 * n] = 0;
}

static int hex_own_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int hex_parse(const char *text, size_t length, uint8_t *out, size_t n)
{
	if (length != 2 * n)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		int high = hex_own_digit(text[2 * i]), low = hex_own_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

#include "sealed/age/bech32.h"

#include <string.h>

/* 256 bits make 52 digits of 5 bits, the last of which has 4 bits unused. */
enum { DIGITS = 52, CHECKSUM = 6 };

static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static bool bech32_is_upper(const char *prefix)
{
	return *prefix >= 'A' && *prefix <= 'Z';
}

static char bech32_upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static uint32_t bech32_step(uint32_t sum, uint8_t digit)
{
	static const uint32_t generator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
	uint32_t top = sum >> 25;

	sum = (sum & 0x1ffffff) << 5 ^ digit;
	for (int i = 0; i < 5; i++)
		sum ^= top >> i & 1 ? generator[i] : 0;
	return sum;
}

/* Of the prefix, in lower case always, and of `n` digits. */
static uint32_t bech32_sum(const char *prefix, const uint8_t *values, size_t n)
{
	uint32_t sum = 1;

	for (const char *c = prefix; *c; c++)
		sum = bech32_step(sum, (uint8_t)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c) >> 5);
	sum = bech32_step(sum, 0);
	for (const char *c = prefix; *c; c++)
		sum = bech32_step(sum, *c & 0x1f);
	for (size_t i = 0; i < n; i++)
		sum = bech32_step(sum, values[i]);
	return sum;
}

void bech32_write(const char *prefix, const uint8_t key[BECH32_KEY], char out[BECH32_ROOM])
{
	uint8_t values[DIGITS + CHECKSUM] = {0};
	size_t length = strlen(prefix);
	uint32_t sum;

	for (unsigned i = 0; i < 8 * BECH32_KEY; i++)
		values[i / 5] |= (uint8_t)((key[i / 8] >> (7 - i % 8) & 1) << (4 - i % 5));
	sum = bech32_sum(prefix, values, DIGITS + CHECKSUM) ^ 1;
	for (int i = 0; i < CHECKSUM; i++)
		values[DIGITS + i] = sum >> (5 * (CHECKSUM - 1 - i)) & 0x1f;
	memcpy(out, prefix, length);
	out[length] = '1';
	for (size_t i = 0; i < sizeof values; i++) {
		char c = alphabet[values[i]];

		out[length + 1 + i] = bech32_is_upper(prefix) ? bech32_upper(c) : c;
	}
	out[length + 1 + sizeof values] = 0;
	explicit_bzero(values, sizeof values);
}

/* The digits behind the prefix. */
static bool bech32_values(const char *text, bool upper, uint8_t values[DIGITS + CHECKSUM])
{
	for (int i = 0; i < DIGITS + CHECKSUM; i++) {
		int value = 0;

		while (alphabet[value] && (upper ? bech32_upper(alphabet[value]) : alphabet[value]) != text[i])
			value++;
		if (!alphabet[value])
			return false;
		values[i] = (uint8_t)value;
	}
	return true;
}

bool bech32_read(const char *prefix, const void *text, size_t size, uint8_t key[BECH32_KEY])
{
	uint8_t values[DIGITS + CHECKSUM];
	size_t length = strlen(prefix);
	const char *from = text;
	bool good;

	if (size != length + 1 + sizeof values || memcmp(from, prefix, length) != 0 || from[length] != '1')
		return false;
	good = bech32_values(from + length + 1, bech32_is_upper(prefix), values) &&
		bech32_sum(prefix, values, sizeof values) == 1 && (values[DIGITS - 1] & 0xf) == 0;
	memset(key, 0, BECH32_KEY);
	for (unsigned i = 0; good && i < 8 * BECH32_KEY; i++)
		key[i / 8] |= (uint8_t)((values[i / 5] >> (4 - i % 5) & 1) << (7 - i % 8));
	explicit_bzero(values, sizeof values);
	return good;
}

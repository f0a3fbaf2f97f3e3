/* Numbers, as Go's strconv reads and writes them. */
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sealed/sops/scalar.h"

/* Takes a prefix that tells the base off `text`. */
static const char *number_base(const char *text, int *base)
{
	if (*base != 0)
		return text;
	*base = 10;
	if (text[0] != '0' || !text[1])
		return text;
	switch (text[1] | 0x20) {
	case 'x':
		*base = 16;
		return text + 2;
	case 'o':
		*base = 8;
		return text + 2;
	case 'b':
		*base = 2;
		return text + 2;
	default:
		*base = 8;
		return text + 1;
	}
}

static int number_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
}

bool sops_uint_read(const char *text, int base, uint64_t *ret_value)
{
	uint64_t value = 0;

	text = number_base(text, &base);
	if (!*text)
		return false;
	for (; *text; text++) {
		if (number_digit(*text) >= base || __builtin_mul_overflow(value, (uint64_t)base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)number_digit(*text), &value))
			return false;
	}
	*ret_value = value;
	return true;
}

bool sops_int_read(const char *text, int base, int64_t *ret_value)
{
	bool negative = *text == '-';
	uint64_t value;

	if (*text == '-' || *text == '+')
		text++;
	if (!sops_uint_read(text, base, &value) || value > (uint64_t)INT64_MAX + negative)
		return false;
	*ret_value = negative ? (int64_t)(0 - value) : (int64_t)value;
	return true;
}

/* Whether each `_` stands between digits; a prefix counts as one, and allows them at all in hexadecimal. */
static bool number_underscores(const char *text)
{
	char before = '^';

	for (const char *c = text; *c; c++) {
		if (*c == '_' && !isxdigit((unsigned char)before) && (before | 0x20) != 'x')
			return false;
		if (before == '_' && !isxdigit((unsigned char)*c))
			return false;
		before = *c;
	}
	return before != '_';
}

/* Digits, of which some are needed; returns how many. */
static size_t number_digits(const char **text, bool hex)
{
	size_t n = 0;

	for (; isdigit((unsigned char)**text) || **text == '_' || (hex && isxdigit((unsigned char)**text)); (*text)++)
		n += **text != '_';
	return n;
}

/* The form of a number with a fraction and an exponent, without its sign. */
static bool number_is_float(const char *text)
{
	bool hex = text[0] == '0' && (text[1] | 0x20) == 'x';
	const char *at = hex ? text + 2 : text;
	size_t n = number_digits(&at, hex);

	if (*at == '.') {
		at++;
		n += number_digits(&at, hex);
	}
	if (n == 0)
		return false;
	if ((*at | 0x20) == (hex ? 'p' : 'e')) {
		at++;
		at += *at == '+' || *at == '-';
		if (!isdigit((unsigned char)*at) || number_digits(&at, false) == 0)
			return false;
	} else if (hex) {
		return false;
	}
	return !*at && (!strchr(text, '_') || number_underscores(text));
}

/* strtod() stands on the locale's decimal point, which no program of ours changes (LC_CTYPE alone is set). */
static double number_convert(const char *text)
{
	char *copy = strdup(text), *to = copy;
	double value;

	if (!copy)
		return NAN;
	for (const char *c = text; *c; c++) {
		if (*c != '_')
			*to++ = *c;
	}
	*to = '\0';
	value = strtod(copy, NULL);
	explicit_bzero(copy, strlen(text));
	free(copy);
	return value;
}

bool sops_float_read(const char *text, double *ret_value)
{
	const char *unsigned_text = text + (*text == '-' || *text == '+');

	if (strcasecmp(text, "nan") == 0) {
		*ret_value = NAN;
		return true;
	}
	if (strcasecmp(unsigned_text, "inf") == 0 || strcasecmp(unsigned_text, "infinity") == 0) {
		*ret_value = *text == '-' ? -INFINITY : INFINITY;
		return true;
	}
	if (!number_is_float(unsigned_text))
		return false;
	*ret_value = number_convert(text);
	return isfinite(*ret_value);
}

/* The fewest digits that read as `value`, which is positive: the nearest number of n digits, or, at powers of two, where
 * the gap below is half of that above, the one after it. Digits and the power of ten of "0.DIGITS" are the result. */
static int number_shortest(double value, char digits[24])
{
	char text[40];
	int exponent = 0;

	for (int n = 1; n <= 17; n++) {
		unsigned long long number;

		snprintf(text, sizeof text, "%.*e", n - 1, value);
		exponent = atoi(strchr(text, 'e') + 1) + 1;
		digits[0] = text[0];
		if (n > 1)
			memcpy(digits + 1, text + 2, (size_t)n - 1);
		digits[n] = '\0';
		if (strtod(text, NULL) == value)
			break;
		number = strtoull(digits, NULL, 10) + 1;
		snprintf(text, sizeof text, "%llue%d", number, exponent - n);
		if (strtod(text, NULL) == value) {
			exponent += snprintf(digits, 24, "%llu", number) - n;
			break;
		}
	}
	for (size_t n = strlen(digits); n > 1 && digits[n - 1] == '0'; n--)
		digits[n - 1] = '\0';
	return exponent;
}

char *sops_float_text(struct pool *pool, double value)
{
	const char *sign = signbit(value) ? "-" : "";
	char digits[24];
	int point, n;

	if (isnan(value))
		return pool_text(pool, "NaN");
	if (isinf(value))
		return pool_text(pool, value < 0 ? "-Inf" : "+Inf");
	if (value == 0)
		return pool_printf(pool, "%s0", sign);
	point = number_shortest(fabs(value), digits);
	n = (int)strlen(digits);
	if (point <= 0)
		return pool_printf(pool, "%s0.%.*d%s", sign, -point, 0, digits);
	if (point >= n)
		return pool_printf(pool, "%s%s%.*d", sign, digits, point - n, 0);
	return pool_printf(pool, "%s%.*s.%s", sign, point, digits, digits + point);
}

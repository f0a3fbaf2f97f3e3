#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

void strv_push(struct arena *arena, struct strv *list, const char *text)
{
	*arena_push(arena, list->items, list->count) = arena_strdup(arena, text);
}

bool strv_has(const struct strv *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], text) == 0)
			return true;
	return false;
}

static int text_compare_strings(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void strv_sort(struct strv *list)
{
	if (list->count)
		qsort(list->items, list->count, sizeof *list->items, text_compare_strings);
}

const char *strv_join(struct arena *arena, const struct strv *list, const char *between)
{
	_cleanup_buf_ struct buf text = {0};

	for (size_t i = 0; i < list->count; i++) {
		buf_puts(&text, i ? between : "");
		buf_puts(&text, list->items[i]);
	}
	return arena_strndup(arena, text.data ? text.data : "", text.size);
}

bool text_has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

size_t text_control(const char *at)
{
	const unsigned char *c = (const unsigned char *)at;

	if (*c == 0xc2)
		return c[1] >= 0x80 && c[1] < 0xa0 ? 2 : 0;
	return *c && (*c < ' ' || *c == 0x7f) ? 1 : 0;
}

void text_calm(char *text, const char *keep)
{
	for (size_t n; *text; text += n ? n : 1) {
		n = strchr(keep, *text) ? 0 : text_control(text);
		memset(text, ' ', n);
	}
}

const char *text_plain(struct arena *arena, const char *text)
{
	char *copy = arena_strdup(arena, text);

	if (copy)
		text_calm(copy, "");
	return copy;
}

bool text_has_suffix(const char *text, const char *suffix)
{
	size_t length = strlen(text), tail = strlen(suffix);

	return length >= tail && strcmp(text + length - tail, suffix) == 0;
}

const char *path_folder(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return ".";
	return slash == path ? "/" : arena_strndup(arena, path, (size_t)(slash - path));
}

const char *path_last(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool path_is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return strncmp(path, folder, length) == 0 && (!path[length] || path[length] == '/');
}

struct unit {
	const char *name;
	uint64_t factor;
};

/* Reads digits; -ERANGE when they say more than 2^63-1. */
static int text_parse_digits(const char *text, size_t n, uint64_t *ret)
{
	uint64_t value = 0;

	for (size_t i = 0; i < n; i++)
		if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, text[i] - '0', &value) ||
		    value > INT64_MAX)
			return -ERANGE;
	*ret = value;
	return 0;
}

/* `0.DIGITS` times `factor`, which must come out whole. Digits are few enough for the largest factor. */
static int text_parse_fraction(const char *digits, size_t n, uint64_t factor, uint64_t *ret)
{
	enum { DIGITS_MAX = 6 };
	uint64_t value = 0, scale = 1;

	while (n && digits[n - 1] == '0')
		n--;
	if (n > DIGITS_MAX)
		return -EINVAL;
	text_parse_digits(digits, n, &value);
	for (size_t i = 0; i < n; i++)
		scale *= 10;
	*ret = value * factor / scale;
	return value * factor % scale ? -EINVAL : 0;
}

/* Reads `NUMBER[.FRACTION]SUFFIX` where SUFFIX is one of `units`; the value is in units of factor 1. In whole numbers:
 * 0.3 s are 300 ms to the last bit. */
static int text_parse_with_unit(const char *text, const struct unit *units, size_t n, uint64_t *ret)
{
	static const char decimal[] = "0123456789";
	size_t whole = strspn(text, decimal), fraction = text[whole] == '.' ? strspn(text + whole + 1, decimal) : 0;
	const char *name = text + whole + (text[whole] == '.') + fraction;
	uint64_t value, rest = 0;
	int r;

	if (whole == 0 || (text[whole] == '.' && fraction == 0))
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(name, units[i].name) != 0)
			continue;
		r = fraction ? text_parse_fraction(text + whole + 1, fraction, units[i].factor, &rest) : 0;
		if (r < 0)
			return r;
		if (text_parse_digits(text, whole, &value) < 0 ||
		    __builtin_mul_overflow(value, units[i].factor, &value) ||
		    __builtin_add_overflow(value, rest, &value) || value > INT64_MAX)
			return -ERANGE;
		*ret = value;
		return 0;
	}
	return -EINVAL;
}

int size_parse(const char *text, uint64_t *ret_bytes)
{
	static const struct unit units[] = {
		{"", 1},
		{"B", 1},
		{"K", 1ULL << 10}, {"KiB", 1ULL << 10},
		{"M", 1ULL << 20}, {"MiB", 1ULL << 20},
		{"G", 1ULL << 30}, {"GiB", 1ULL << 30},
		{"T", 1ULL << 40}, {"TiB", 1ULL << 40},
	};

	return text_parse_with_unit(text, units, sizeof units / sizeof *units, ret_bytes);
}

int duration_parse(const char *text, uint64_t *ret_ms)
{
	static const struct unit units[] = {
		{"ms", 1}, {"", 1000}, {"s", 1000}, {"m", 60000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000},
	};

	return text_parse_with_unit(text, units, sizeof units / sizeof *units, ret_ms);
}

const char *size_format(struct arena *arena, uint64_t bytes)
{
	static const char names[] = "TGMK";

	for (int i = 0; i < 4; i++) {
		uint64_t factor = 1ULL << (10 * (4 - i));

		if (bytes && bytes % factor == 0)
			return arena_printf(arena, "%llu%c", (unsigned long long)(bytes / factor), names[i]);
	}
	return arena_printf(arena, "%llu", (unsigned long long)bytes);
}

const char *size_format_human(struct arena *arena, uint64_t bytes)
{
	static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes;
	size_t i = 0;

	while (value >= 1024 && i + 1 < sizeof names / sizeof *names) {
		value /= 1024;
		i++;
	}
	return arena_printf(arena, i ? "%.1f %s" : "%.0f %s", value, names[i]);
}

void hex_encode(const void *data, size_t size, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *bytes = data;

	for (size_t i = 0; i < size; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	*out = 0;
}

static int text_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int hex_decode(const char *text, void *data, size_t size)
{
	unsigned char *bytes = data;

	for (size_t i = 0; i < size; i++) {
		int high = text_hex_digit(text[2 * i]);
		int low = high < 0 ? -1 : text_hex_digit(text[2 * i + 1]);

		if (low < 0)
			return -EINVAL;
		bytes[i] = (unsigned char)(high << 4 | low);
	}
	return text[2 * size] ? -EINVAL : 0;
}

enum { NAME_MAX_COMPARED = 64 };

static bool text_same_letter(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* How many letters of two short names are missing, too many, others, or in each other's place (optimal string alignment). */
static size_t text_edit_distance(const char *a, const char *b)
{
	size_t rows[3][NAME_MAX_COMPARED + 1], length = strlen(b), i;

	for (size_t j = 0; j <= length; j++)
		rows[0][j] = j;
	for (i = 1; a[i - 1]; i++) {
		size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *twice = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			row[j] = above[j - 1] + !text_same_letter(a[i - 1], b[j - 1]);
			if (above[j] + 1 < row[j])
				row[j] = above[j] + 1;
			if (row[j - 1] + 1 < row[j])
				row[j] = row[j - 1] + 1;
			if (i > 1 && j > 1 && text_same_letter(a[i - 1], b[j - 2]) && text_same_letter(a[i - 2], b[j - 1]) &&
			    twice[j - 2] + 1 < row[j])
				row[j] = twice[j - 2] + 1;
		}
	}
	return rows[(i - 1) % 3][length];
}

size_t text_columns(const char *text)
{
	size_t columns = 0;

	for (; *text; text++)
		columns += ((unsigned char)*text & 0xc0) != 0x80; /* not the second byte of one, or a later one */
	return columns;
}

int text_padding(const char *text, size_t columns)
{
	size_t used = text_columns(text);

	return used < columns ? (int)(columns - used) : 0;
}

const char *text_nearest(const char *name, const char *const *known, size_t n)
{
	const char *nearest = NULL;
	size_t length = strlen(name), best = 1 + (length > 3) + length / 9;

	if (length > NAME_MAX_COMPARED)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t distance;

		if (strlen(known[i]) > NAME_MAX_COMPARED)
			continue;
		distance = text_edit_distance(name, known[i]);
		if (distance <= best && (!nearest || distance < best)) {
			nearest = known[i];
			best = distance;
		}
	}
	return nearest;
}

#include "sealed/sops/scalar.h"

#include <inttypes.h>
#include <string.h>

#include "sealed/sops/enc.h"

static struct bytes scalar_bytes(const char *text)
{
	return (struct bytes){.data = (const uint8_t *)text, .size = strlen(text)};
}

static bool scalar_one_of(const char *text, const char *const *words)
{
	while (*words && strcmp(*words, text) != 0)
		words++;
	return *words != NULL;
}

static bool scalar_bool(struct bytes *value)
{
	static const char *const yes[] = {"1", "t", "T", "TRUE", "true", "True", NULL};
	static const char *const no[] = {"0", "f", "F", "FALSE", "false", "False", NULL};
	const char *text = (const char *)value->data;

	if (!scalar_one_of(text, yes) && !scalar_one_of(text, no))
		return false;
	*value = scalar_bytes(scalar_one_of(text, yes) ? "True" : "False");
	return true;
}

bool sops_value_normal(struct pool *pool, enum sops_type type, struct bytes *value)
{
	const char *text = (const char *)value->data, *time;
	int64_t number;
	double real;

	if (type == SOPS_STR || type == SOPS_BYTES || type == SOPS_COMMENT)
		return true;
	if (strlen(text) != value->size)
		return false;
	switch (type) {
	case SOPS_INT:
		if (!sops_int_read(text, 10, &number))
			return false;
		*value = scalar_bytes(pool_printf(pool, "%" PRId64, number));
		return true;
	case SOPS_FLOAT:
		if (!sops_float_read(text, &real))
			return false;
		*value = scalar_bytes(sops_float_text(pool, real));
		return true;
	case SOPS_TIME:
		time = sops_time_text(pool, text, false, false);
		if (time)
			*value = scalar_bytes(time);
		return time != NULL;
	default:
		return type == SOPS_BOOL && scalar_bool(value);
	}
}

/* The words of YAML that stand for something. */
static bool scalar_word(const char *text, enum sops_type *type, struct bytes *value)
{
	static const struct {
		const char *words[5];
		enum sops_type type;
		const char *value;
	} rows[] = {
		{{"true", "True", "TRUE"}, SOPS_BOOL, "True"},
		{{"false", "False", "FALSE"}, SOPS_BOOL, "False"},
		{{"", "~", "null", "Null", "NULL"}, SOPS_NULL, ""},
		{{".nan", ".NaN", ".NAN"}, SOPS_FLOAT, "NaN"},
		{{".inf", ".Inf", ".INF"}, SOPS_FLOAT, "+Inf"},
		{{"+.inf", "+.Inf", "+.INF"}, SOPS_FLOAT, "+Inf"},
		{{"-.inf", "-.Inf", "-.INF"}, SOPS_FLOAT, "-Inf"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		for (size_t j = 0; j < 5 && rows[i].words[j]; j++) {
			if (strcmp(rows[i].words[j], text) == 0) {
				*type = rows[i].type;
				*value = scalar_bytes(rows[i].value);
				return true;
			}
		}
	}
	return false;
}

/* A number as YAML writes one: digits, a point, an exponent; no more of what ParseFloat would take. */
static bool scalar_is_yaml_float(const char *text)
{
	bool digits;

	text += *text == '-' || *text == '+';
	digits = strspn(text, "0123456789") > 0;
	text += strspn(text, "0123456789");
	if (*text == '.') {
		text++;
		digits = digits || strspn(text, "0123456789") > 0;
		text += strspn(text, "0123456789");
	}
	if (digits && (*text == 'e' || *text == 'E')) {
		text++;
		text += *text == '-' || *text == '+';
		digits = strspn(text, "0123456789") > 0;
		text += strspn(text, "0123456789");
	}
	return digits && !*text;
}

/* Integers, as go-yaml tries one form after another: `010` is eight, and so is `0o10`; `09` is none. */
static bool scalar_int(const char *plain, int64_t *number)
{
	static const struct {
		const char *prefix;
		int base;
	} rows[] = {{"0b", 2}, {"0o", 8}};

	if (sops_int_read(plain, 0, number))
		return true;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (strncmp(plain, rows[i].prefix, 2) == 0)
			return sops_int_read(plain + 2, rows[i].base, number);
	}
	return false;
}

/* What begins with a digit or a sign. False: it is a string. */
static bool scalar_number(struct pool *pool, const char *text, enum sops_type *type, struct bytes *value,
			  const char **problem)
{
	char *plain = pool_text(pool, text), *to = plain;
	int64_t number;
	uint64_t large;
	double real;

	for (const char *c = text; *c; c++) {
		if (*c != '_')
			*to++ = *c;
	}
	*to = '\0';
	if (!scalar_is_yaml_float(plain) || sops_int_read(plain, 0, &number)) {
		if (!scalar_int(plain, &number)) {
			if (sops_uint_read(plain, 0, &large))
				*problem = "an integer above 9223372036854775807, which sops cannot take";
			return false;
		}
		*type = SOPS_INT;
		*value = scalar_bytes(pool_printf(pool, "%" PRId64, number));
		return true;
	}
	if (sops_uint_read(plain, 0, &large)) {
		*problem = "an integer above 9223372036854775807, which sops cannot take";
		return false;
	}
	if (!sops_float_read(plain, &real))
		return false;
	*type = SOPS_FLOAT;
	*value = scalar_bytes(sops_float_text(pool, real));
	return true;
}

/* What a plain scalar is, without a tag or with one (`timestamp`: none, or that one). */
static const char *scalar_resolve(struct pool *pool, const char *text, bool timestamp, enum sops_type *type,
				  struct bytes *value)
{
	const char *problem = NULL, *time = NULL;
	double real;

	if (scalar_word(text, type, value) || !*text || !strchr("+-.0123456789", *text))
		return NULL;
	if (*text == '.') {
		if (sops_float_read(text, &real)) {
			*type = SOPS_FLOAT;
			*value = scalar_bytes(sops_float_text(pool, real));
		}
		return NULL;
	}
	if (timestamp)
		time = sops_time_text(pool, text, true, false);
	if (time) {
		*type = SOPS_TIME;
		*value = scalar_bytes(time);
		return NULL;
	}
	scalar_number(pool, text, type, value, &problem);
	return problem;
}

static const char *scalar_base64(struct pool *pool, struct bytes *value)
{
	char *text = pool_alloc(pool, value->size);
	size_t n = 0;

	for (size_t i = 0; i < value->size; i++) {
		if (value->data[i] != '\n' && value->data[i] != '\r')
			text[n++] = (char)value->data[i];
	}
	return sops_base64_read(pool, text, n, value) ? NULL : "no base64 behind !!binary";
}

const char *sops_scalar_yaml(struct pool *pool, const char *tag, bool quoted, struct bytes text, enum sops_type *ret_type,
			     struct bytes *ret_value)
{
	static const struct {
		const char *tag;
		enum sops_type type;
	} tags[] = {
		{"!!bool", SOPS_BOOL}, {"!!int", SOPS_INT}, {"!!float", SOPS_FLOAT}, {"!!null", SOPS_NULL},
		{"!!timestamp", SOPS_TIME},
	};
	const char *problem;
	size_t i = 0;

	*ret_type = SOPS_STR;
	*ret_value = text;
	if (tag && strcmp(tag, "!!binary") == 0)
		return scalar_base64(pool, ret_value);
	if (!tag && (quoted || strlen((const char *)text.data) != text.size))
		return NULL;
	if (!tag)
		return scalar_resolve(pool, (const char *)text.data, true, ret_type, ret_value);
	while (i < sizeof tags / sizeof *tags && strcmp(tags[i].tag, tag) != 0)
		i++;
	if (i == sizeof tags / sizeof *tags)
		return NULL;
	problem = scalar_resolve(pool, (const char *)text.data, tags[i].type == SOPS_TIME, ret_type, ret_value);
	if (tags[i].type == SOPS_FLOAT && *ret_type == SOPS_INT) {
		*ret_type = SOPS_FLOAT;
		sops_value_normal(pool, SOPS_FLOAT, ret_value);
	}
	return problem || *ret_type == tags[i].type ? problem : "not what its tag says";
}

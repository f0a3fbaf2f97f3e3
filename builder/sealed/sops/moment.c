/* Times, as Go's time.Parse() reads and Format() writes them: RFC 3339, and what YAML has besides. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sealed/sops/scalar.h"

struct moment {
	int year, month, day, hour, minute, second;
	const char *fraction;        /* digits behind the point */
	int n_fraction;
	int offset;                  /* minutes east */
};

/* A number of `least` to `most` digits between two bounds. */
static bool moment_number(const char **text, int least, int most, int low, int high, int *ret_value)
{
	int value = 0, n = 0;

	for (; n < most && isdigit((unsigned char)**text); n++)
		value = 10 * value + *(*text)++ - '0';
	*ret_value = value;
	return n >= least && value >= low && value <= high;
}

static bool moment_char(const char **text, const char *any)
{
	if (!**text || !strchr(any, **text))
		return false;
	(*text)++;
	return true;
}

static bool moment_date(const char **text, bool loose, struct moment *m)
{
	static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int least = loose ? 1 : 2;
	bool leap;

	if (!moment_number(text, 4, 4, 0, 9999, &m->year) || !moment_char(text, "-") ||
	    !moment_number(text, least, 2, 1, 12, &m->month) || !moment_char(text, "-") ||
	    !moment_number(text, least, 2, 1, days[m->month - 1], &m->day))
		return false;
	leap = (m->year % 4 == 0 && m->year % 100 != 0) || m->year % 400 == 0;
	return leap || m->month != 2 || m->day <= 28;
}

static bool moment_clock(const char **text, bool loose, struct moment *m)
{
	int least = loose ? 1 : 2;

	if (!moment_number(text, 1, 2, 0, 23, &m->hour) || !moment_char(text, ":") ||
	    !moment_number(text, least, 2, 0, 59, &m->minute) || !moment_char(text, ":") ||
	    !moment_number(text, least, 2, 0, 59, &m->second))
		return false;
	if ((**text == '.' || **text == ',') && isdigit((unsigned char)(*text)[1])) {
		m->fraction = ++*text;
		while (isdigit((unsigned char)**text))
			(*text)++;
		m->n_fraction = (int)(*text - m->fraction);
	}
	return true;
}

static bool moment_zone(const char **text, struct moment *m)
{
	int sign = **text == '-' ? -1 : 1, hours, minutes;

	if (moment_char(text, "Z"))
		return true;
	if (!moment_char(text, "+-") || !moment_number(text, 2, 2, 0, 23, &hours) || !moment_char(text, ":") ||
	    !moment_number(text, 2, 2, 0, 59, &minutes))
		return false;
	m->offset = sign * (60 * hours + minutes);
	return true;
}

static bool moment_read(const char *text, bool loose, struct moment *m)
{
	if (!moment_date(&text, loose, m))
		return false;
	if (loose && !*text)
		return true;
	if (loose && *text == ' ') {
		text += strspn(text, " ");
		return moment_clock(&text, loose, m) && !*text;
	}
	return moment_char(&text, loose ? "Tt" : "T") && moment_clock(&text, loose, m) && moment_zone(&text, m) && !*text;
}

char *sops_time_text(struct pool *pool, const char *text, bool loose, bool whole)
{
	struct moment m = {0};
	char zone[16] = "Z";
	int n;

	if (!moment_read(text, loose, &m))
		return NULL;
	n = whole ? 0 : m.n_fraction > 9 ? 9 : m.n_fraction; /* nanoseconds */
	while (n > 0 && m.fraction[n - 1] == '0')
		n--;
	if (m.offset)
		snprintf(zone, sizeof zone, "%c%02d:%02d", m.offset < 0 ? '-' : '+', abs(m.offset) / 60, abs(m.offset) % 60);
	return pool_printf(pool, "%04d-%02d-%02dT%02d:%02d:%02d%s%.*s%s", m.year, m.month, m.day, m.hour, m.minute, m.second,
			   n ? "." : "", n, n ? m.fraction : "", zone);
}

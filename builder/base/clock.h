/* Two clocks: one that only goes on, for deadlines and how long a thing took; and dates as text. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/arena.h"

/* Milliseconds since some moment before the program began. */
int64_t clock_ms(void);

/* The date: milliseconds since 1970. It may be set, and jump. */
int64_t clock_date_ms(void);

/* Whether every field is one that a date between 1970 and 9899 can have. */
bool time_is_valid(const struct tm *tm);

/* Seconds since the epoch as "2026-11-21T09:15:44Z", and back (0 or -EINVAL). */
const char *time_format(struct arena *arena, int64_t seconds);
int time_parse(const char *text, int64_t *ret_seconds);

#endif

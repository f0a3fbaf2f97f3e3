#include "lock/allot.h"

#include <string.h>

#include "edge/digest.h"
#include "recipe/recipe.h"

/* Maintainer scripts take numbers from 100 up and systemd-sysusers from 999 down: between them nobody is in our way. */
enum { ALLOT_FIRST = 200, ALLOT_COUNT = 700, ALLOT_START_DIGITS = 8 };

static int64_t allot_from(int64_t first, int64_t count, int64_t start, allot_taken *taken, const void *data)
{
	for (int64_t i = 0; i < count; i++) {
		int64_t id = first + (start + i) % count;

		if (!taken(data, id))
			return id;
	}
	return -1;
}

int64_t allot_system(const char *name, allot_taken *taken, const void *data)
{
	char hex[SHA256_HEX];
	uint8_t start[ALLOT_START_DIGITS / 2];
	int64_t id;

	sha256_hex_of(name, strlen(name), hex);
	hex[ALLOT_START_DIGITS] = 0;
	hex_decode(hex, start, sizeof start);
	id = allot_from(ALLOT_FIRST, ALLOT_COUNT,
			((int64_t)start[0] << 24) | (start[1] << 16) | (start[2] << 8) | start[3], taken, data);
	return id >= 0 ? id : allot_from(ACCOUNT_ID_MIN, ACCOUNT_ID_PEOPLE - ACCOUNT_ID_MIN, 0, taken, data);
}

int64_t allot_person(allot_taken *taken, const void *data)
{
	return allot_from(ACCOUNT_ID_PEOPLE, ACCOUNT_ID_MAX + 1 - ACCOUNT_ID_PEOPLE, 0, taken, data);
}

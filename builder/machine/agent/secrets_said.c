#include "machine/agent/secrets_said.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "contract/agent.h"
#include "contract/secrets.h"
#include "machine/lines.h"
#include "machine/quote.h"
#include "machine/say.h"

enum { FIELDS = 3, TEXT_MAX = 4 << 20 };

/* A secret: its name, its state, the reason. */
typedef void secrets_said_visit(char *const fields[FIELDS], size_t before, FILE *out);

static const char *at = "";

void secrets_said_at(const char *root)
{
	at = root;
}

static bool secrets_said_is_good(char *const fields[FIELDS])
{
	return strcmp(fields[1], SECRETS_STATE_GOOD) == 0;
}

/* Calls `visit` (if any) for each; how many there are, and how many of them are good. A line that is none ends it: the rest
 * would be guesses. */
static size_t secrets_said_each(secrets_said_visit *visit, FILE *out, size_t *ret_good)
{
	char *text = malloc(TEXT_MAX), *rest = text, *fields[FIELDS], path[512];
	size_t n = 0;

	*ret_good = 0;
	snprintf(path, sizeof path, "%s" SECRETS_STATUS, at);
	if (text && read_line(path, text, TEXT_MAX) > 0)
		for (; lines_fields(&rest, fields, FIELDS) == FIELDS; n++) {
			*ret_good += secrets_said_is_good(fields);
			if (visit)
				visit(fields, n, out);
		}
	free(text);
	return n;
}

static void secrets_said_put_object(char *const fields[FIELDS], size_t before, FILE *out)
{
	static const char *const keys[FIELDS] = {STATUS_SECRET_NAME, STATUS_SECRET_STATE, STATUS_SECRET_REASON};

	fputs(before ? ", " : "", out);
	for (size_t i = 0; i < FIELDS; i++) {
		fprintf(out, "%s\"%s\": ", i ? ", " : "{", keys[i]);
		quote_print(fields[i], out);
	}
	putc('}', out);
}

static void secrets_said_put_line(char *const fields[FIELDS], size_t before, FILE *out)
{
	(void)before;
	if (!secrets_said_is_good(fields))
		fprintf(out, "  %-7s %s: %s\n", fields[1], fields[0], fields[2]);
}

void secrets_said_put_json(FILE *out)
{
	size_t good;

	fputs(", \"" STATUS_SECRETS "\": [", out);
	secrets_said_each(secrets_said_put_object, out, &good);
	putc(']', out);
}

void secrets_said_put_plain(FILE *out)
{
	size_t good, n = secrets_said_each(NULL, out, &good);

	if (n == 0)
		return;
	if (good == n)
		fprintf(out, "secrets: all %zu are placed\n", n);
	else
		fprintf(out, "degraded: %zu of %zu secrets are not placed; what needs them does not start\n", n - good, n);
	secrets_said_each(secrets_said_put_line, out, &good);
}

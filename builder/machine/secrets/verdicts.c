#include "machine/secrets/verdicts.h"

#include <errno.h>
#include <string.h>

#include "contract/agent.h"
#include "contract/image.h"
#include "contract/secrets.h"
#include "machine/lines.h"
#include "machine/quote.h"

enum { STATUS_BYTES_MAX = 16 << 20, FIELDS = 3 };

const char *verdicts_name(enum verdict verdict)
{
	static const char *const names[] = {
		[VERDICT_BAD] = SECRETS_STATE_BAD,
		[VERDICT_PENDING] = SECRETS_STATE_PENDING,
		[VERDICT_GOOD] = SECRETS_STATE_GOOD,
	};

	return names[verdict];
}

int verdicts_read(const struct here *here, struct verdicts *ret_verdicts)
{
	struct bytes text;
	char *fields[FIELDS], *rest;
	int r = here_read(here, SECRETS_STATUS, STATUS_BYTES_MAX, &text), n;

	*ret_verdicts = (struct verdicts){0};
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	rest = (char *)(uintptr_t)text.data;
	while ((n = lines_fields(&rest, fields, FIELDS)) != 0) {
		if (n != FIELDS)
			return -EINVAL;
		*pool_push(here->pool, ret_verdicts->lines, ret_verdicts->n_lines) =
			(struct verdict_line){.name = fields[0], .state = fields[1], .reason = fields[2]};
	}
	return 0;
}

const struct verdict_line *verdicts_find(const struct verdicts *verdicts, const char *name)
{
	for (size_t i = 0; i < verdicts->n_lines; i++)
		if (strcmp(verdicts->lines[i].name, name) == 0)
			return &verdicts->lines[i];
	return NULL;
}

/* --- writing --------------------------------------------------------------------------------------------------------- */

static void verdicts_add_field(struct growing *out, const char *text, const char *end)
{
	static const char special[] = FIELD_SPECIAL, letters[] = FIELD_ESCAPES;

	while (*text) {
		size_t n = strcspn(text, special);

		growing_add(out, text, n);
		text += n;
		if (*text) {
			growing_puts(out, "\\");
			growing_add(out, &letters[strchr(special, *text++) - special], 1);
		}
	}
	growing_puts(out, end);
}

int verdicts_write(const struct here *here, const struct declared *declared)
{
	struct growing text = {.pool = here->pool};

	for (size_t i = 0; i < declared->n_items; i++) {
		verdicts_add_field(&text, declared->items[i].name, "\t");
		verdicts_add_field(&text, verdicts_name(declared->items[i].verdict), "\t");
		verdicts_add_field(&text, declared->items[i].reason, "\n");
	}
	return here_put(here, SECRETS_STATUS, growing_bytes(&text));
}

/* --- printing -------------------------------------------------------------------------------------------------------- */

static void verdicts_print_json(const struct verdict_line *line, const char *before, FILE *out)
{
	fprintf(out, "%s{\"" STATUS_SECRET_NAME "\": ", before);
	quote_print(line->name, out);
	fputs(", \"" STATUS_SECRET_STATE "\": ", out);
	quote_print(line->state, out);
	fputs(", \"" STATUS_SECRET_REASON "\": ", out);
	quote_print(line->reason, out);
	putc('}', out);
}

void verdicts_print(const struct verdicts *verdicts, bool json, FILE *out)
{
	if (json)
		putc('[', out);
	for (size_t i = 0; i < verdicts->n_lines; i++) {
		const struct verdict_line *line = &verdicts->lines[i];

		if (json)
			verdicts_print_json(line, i ? ", " : "", out);
		else
			fprintf(out, "%-7s %s%s%s\n", line->state, line->name, *line->reason ? ": " : "", line->reason);
	}
	if (json)
		fputs("]\n", out);
}

#include "machine/seed/remarks.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "machine/lines.h"
#include "machine/remark_files.h"
#include "machine/say.h"

static bool remarks_have(const struct remarks *remarks, const char *line)
{
	for (size_t i = 0; i < remarks->n; i++)
		if (strcmp(remarks->lines[i], line) == 0)
			return true;
	return false;
}

void remark(struct remarks *remarks, const char *format, ...)
{
	char line[REMARK_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	lines_flatten(line);
	if (remarks_have(remarks, line))
		return;
	if (remarks->n == REMARKS_MAX)
		remarks->untold++;
	else
		remarks->lines[remarks->n++] = memory_copy(&remarks->memory, line, strlen(line));
}

int remarks_tell(const struct remarks *remarks, const char *root)
{
	char text[(REMARKS_MAX + 1) * REMARK_BYTES] = "";
	size_t n = 0;

	for (size_t i = 0; i < remarks->n; i++) {
		say("%s", remarks->lines[i]);
		n += (size_t)snprintf(text + n, sizeof text - n, "%s\n", remarks->lines[i]);
	}
	if (remarks->untold)
		snprintf(text + n, sizeof text - n, "and %zu more\n", remarks->untold);
	return remarks_set(root, REMARKS_OF_SEED, text);
}

void remarks_free(struct remarks *remarks)
{
	memory_free(&remarks->memory);
}

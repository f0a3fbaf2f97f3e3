#include "sealed/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {
	[FAULT_NONE] = "none",
	[FAULT_PARSE] = "parse",
	[FAULT_META] = "meta",
	[FAULT_NOMETA] = "nometa",
	[FAULT_UNSUPPORTED] = "unsupported",
	[FAULT_SHAMIR] = "shamir",
	[FAULT_NOKEYS] = "nokeys",
	[FAULT_NOKEY] = "nokey",
	[FAULT_DATAKEY] = "datakey",
	[FAULT_CIPHER] = "gcm",
	[FAULT_TYPE] = "type",
	[FAULT_MAC] = "mac",
	[FAULT_MISSING] = "missing",
	[FAULT_CLEAR] = "clear",
	[FAULT_EMPTY] = "empty",
};

/* Faults quote foreign files, and end on terminals and in journals: control characters become "?". */
static void fault_calm(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
	}
}

int fault_set(struct fault *fault, enum fault_kind kind, unsigned line, const char *format, ...)
{
	va_list ap;

	if (fault->kind != FAULT_NONE)
		return -EBADMSG;
	fault->kind = kind;
	fault->line = line;
	va_start(ap, format);
	vsnprintf(fault->text, sizeof fault->text, format, ap);
	va_end(ap);
	fault_calm(fault->text);
	return -EBADMSG;
}

int fault_hint(struct fault *fault, const char *format, ...)
{
	va_list ap;

	if (*fault->hint)
		return -EBADMSG;
	va_start(ap, format);
	vsnprintf(fault->hint, sizeof fault->hint, format, ap);
	va_end(ap);
	fault_calm(fault->hint);
	return -EBADMSG;
}

int fault_wrap(struct fault *fault, const char *format, ...)
{
	char text[sizeof fault->text];
	size_t used;
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	used = strlen(text);
	snprintf(text + used, sizeof text - used, "%s", fault->text);
	fault_calm(text);
	memcpy(fault->text, text, sizeof text);
	return -EBADMSG;
}

const char *fault_kind_name(enum fault_kind kind)
{
	return (size_t)kind < sizeof names / sizeof *names && names[kind] ? names[kind] : "?";
}

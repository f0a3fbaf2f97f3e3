#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Errors may quote foreign output: removes control characters. Takes and returns `text`, which may be NULL. */
static char *err_calmed(char *text)
{
	if (text)
		text_calm(text, "\n\t");
	return text;
}

static char *err_format_text(const char *format, va_list ap)
{
	char *text = NULL;

	return vasprintf(&text, format, ap) < 0 ? NULL : err_calmed(text);
}

/* Takes over the strings of `problem`. */
static struct err_item *err_append(struct err *err, int code, struct err_item problem)
{
	struct err_item *item = malloc(sizeof *item);

	if (!item) {
		free(problem.text);
		free(problem.file);
		free(problem.path);
		err->code = err->code ? err->code : -ENOMEM;
		return NULL;
	}
	*item = problem;
	if (err->last)
		err->last->next = item;
	else
		err->first = item;
	err->last = item;
	err->count++;
	if (!err->code)
		err->code = err_negative(code);
	return item;
}

int (err_set)(struct err *err, int code, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	err_append(err, code, (struct err_item){.text = err_format_text(format, ap)});
	va_end(ap);
	return code;
}

int (err_at)(struct err *err, int code, const struct pos *pos, const char *key_path, const char *format, ...)
{
	struct err_item problem = {0};
	va_list ap;

	va_start(ap, format);
	problem.text = err_format_text(format, ap);
	va_end(ap);
	if (pos && pos->file) {
		problem.file = err_calmed(strdup(pos->file));
		problem.line = pos->line;
		problem.column = pos->column;
	}
	if (key_path && *key_path)
		problem.path = err_calmed(strdup(key_path));
	err_append(err, code, problem);
	return code;
}

int (err_sys)(struct err *err, int code, const char *format, ...)
{
	struct err_item *item;
	char *text, *full = NULL;
	va_list ap;

	va_start(ap, format);
	text = err_format_text(format, ap);
	va_end(ap);
	if (asprintf(&full, "%s: %s", text ? text : "?", strerror(-code)) < 0)
		full = NULL;
	free(text);
	item = err_append(err, code, (struct err_item){.text = full});
	if (item && code == -ENOSPC)
		err_hint(err, "free some space and run the same command again; finished work is kept");
	return code;
}

int (err_no_memory)(struct err *err)
{
	return err_set(err, -ENOMEM, "out of memory");
}

int (err_wrap)(struct err *err, const char *format, ...)
{
	struct err_item *item = err->last;
	char *text, *joined = NULL;
	va_list ap;

	if (!item)
		return err->code;
	va_start(ap, format);
	text = err_format_text(format, ap);
	va_end(ap);
	if (item->context) {
		if (asprintf(&joined, "%s\n%s", item->context, text ? text : "") < 0)
			joined = NULL;
		free(text);
		free(item->context);
		text = joined;
	}
	item->context = text;
	return err->code;
}

int (err_hint)(struct err *err, const char *format, ...)
{
	struct err_item *item = err->last;
	va_list ap;

	if (!item)
		return err->code;
	free(item->hint);
	va_start(ap, format);
	item->hint = err_format_text(format, ap);
	va_end(ap);
	return err->code;
}

int err_result(const struct err *err)
{
	return err->code;
}

void err_take(struct err *err, struct err *from)
{
	if (err->last)
		err->last->next = from->first;
	else
		err->first = from->first;
	if (from->last)
		err->last = from->last;
	err->count += from->count;
	if (!err->code)
		err->code = from->code;
	*from = (struct err){0};
}

/* Prints `text` with every line indented by two spaces. */
static void err_print_indented(const char *text, FILE *out)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		fprintf(out, "  %.*s\n", (int)length, text);
		text += length + (text[length] == '\n');
	}
}

void err_print(const struct err *err, FILE *out)
{
	for (const struct err_item *item = err->first; item; item = item->next) {
		if (item->file && item->line)
			fprintf(out, "%s:%u:%u: ", item->file, item->line, item->column);
		else if (item->file)
			fprintf(out, "%s: ", item->file);
		else
			fputs("aether-build: ", out);
		if (item->path)
			fprintf(out, "%s: ", item->path);
		fprintf(out, "%s\n", item->text ? item->text : "out of memory");
		if (item->context)
			err_print_indented(item->context, out);
		if (item->hint)
			fprintf(out, "  hint: %s\n", item->hint);
	}
	if (!err->first && err->code)
		fprintf(out, "aether-build: %s\n", strerror(-err->code));
}

void err_free(struct err *err)
{
	struct err_item *item = err->first;

	while (item) {
		struct err_item *next = item->next;

		free(item->file);
		free(item->path);
		free(item->text);
		free(item->context);
		free(item->hint);
		free(item);
		item = next;
	}
	*err = (struct err){0};
}

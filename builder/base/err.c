#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

void pos_move(struct pos *pos, const char *at, const char *end)
{
	for (; at < end; at++) {
		pos->line += *at == '\n';
		pos->column = *at == '\n' ? 1 : pos->column + ((*at & 0xc0) != 0x80);
	}
}

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

static bool strict_warnings;

void err_set_strict(bool strict)
{
	strict_warnings = strict;
}

static void err_join(struct err_item **first, struct err_item **last, struct err_item *more, struct err_item *last_of_more)
{
	if (!more)
		return;
	if (*last)
		(*last)->next = more;
	else
		*first = more;
	*last = last_of_more;
}

/* Takes over the strings of `problem`; NULL without memory. */
static struct err_item *err_new_item(struct err *err, struct err_item problem)
{
	struct err_item *item = malloc(sizeof *item);

	if (item) {
		*item = problem;
		err->latest = item;
		return item;
	}
	free(problem.text);
	free(problem.file);
	free(problem.path);
	err->code = err->code ? err->code : -ENOMEM;
	return NULL;
}

static struct err_item *err_append(struct err *err, int code, struct err_item problem)
{
	struct err_item *item = err_new_item(err, problem);

	if (!item)
		return NULL;
	err_join(&err->first, &err->last, item, item);
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

static struct err_item err_item_at(const struct pos *pos, const char *key_path, const char *format, va_list ap)
{
	struct err_item problem = {.text = err_format_text(format, ap)};

	if (pos && pos->file) {
		problem.file = err_calmed(strdup(pos->file));
		problem.line = pos->line;
		problem.column = pos->column;
	}
	if (key_path && *key_path)
		problem.path = err_calmed(strdup(key_path));
	return problem;
}

int (err_at)(struct err *err, int code, const struct pos *pos, const char *key_path, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	err_append(err, code, err_item_at(pos, key_path, format, ap));
	va_end(ap);
	return code;
}

int err_warn(struct err *err, const struct pos *pos, const char *key_path, const char *format, ...)
{
	struct err_item problem, *item;
	va_list ap;

	va_start(ap, format);
	problem = err_item_at(pos, key_path, format, ap);
	va_end(ap);
	if (strict_warnings) {
		err_append(err, -EINVAL, problem);
		return -EINVAL;
	}
	item = err_new_item(err, problem);
	err_join(&err->warnings, &err->last_warning, item, item);
	return 0;
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
	struct err_item *item = err->latest;
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
	err_join(&err->first, &err->last, from->first, from->last);
	err_join(&err->warnings, &err->last_warning, from->warnings, from->last_warning);
	err->latest = from->latest ? from->latest : err->latest;
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

static void err_print_item(const struct err_item *item, const char *kind, FILE *out)
{
	if (item->file && item->line)
		fprintf(out, "%s:%u:%u: ", item->file, item->line, item->column);
	else if (item->file)
		fprintf(out, "%s: ", item->file);
	else
		fputs("aether-build: ", out);
	fputs(kind, out);
	if (item->path)
		fprintf(out, "%s: ", item->path);
	fprintf(out, "%s\n", item->text ? item->text : "out of memory");
	if (item->context)
		err_print_indented(item->context, out);
	if (item->hint)
		fprintf(out, "  hint: %s\n", item->hint);
}

void err_print(const struct err *err, FILE *out)
{
	for (const struct err_item *item = err->first; item; item = item->next)
		err_print_item(item, "", out);
	if (!err->first && err->code)
		fprintf(out, "aether-build: %s\n", strerror(-err->code));
}

static void err_free_items(struct err_item *item)
{
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
}

void err_print_warnings(struct err *err, FILE *out)
{
	for (const struct err_item *item = err->warnings; item && out; item = item->next)
		err_print_item(item, "warning: ", out);
	err_free_items(err->warnings);
	err->warnings = err->last_warning = NULL;
	err->latest = err->last;
}

void err_free(struct err *err)
{
	err_free_items(err->first);
	err_free_items(err->warnings);
	*err = (struct err){0};
}

#include "base/log.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

enum { KEPT_MAX = 16 << 20 };

static struct {
	pthread_mutex_t lock;
	struct buf *kept;
	enum log_mode mode;
	bool terminal, in_step, verbose;
	char step[160];
	int64_t step_started_ms, last_shown_ms;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

void log_setup(enum log_mode mode)
{
	state.mode = mode;
	state.terminal = mode == LOG_AUTO && isatty(2);
}

/* Prints `text` as a JSON string. */
static void log_print_json_string(const char *text)
{
	fputc('"', stderr);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(stderr, "\\%c", c);
		else if (c < 0x20)
			fprintf(stderr, "\\u%04x", c);
		else
			fputc(c, stderr);
	}
	fputc('"', stderr);
}

static void log_keep_text(const char *text)
{
	if (!state.kept || !text || state.kept->size > KEPT_MAX)
		return;
	buf_puts(state.kept, text);
	buf_puts(state.kept, "\n");
}

static void log_say(const char *kind, const char *prefix, const char *text)
{
	log_keep_text(text);
	if (state.mode == LOG_JSON) {
		fprintf(stderr, "{\"%s\":", kind);
		log_print_json_string(text);
		fputs("}\n", stderr);
	} else if (state.mode != LOG_QUIET || strcmp(kind, "warning") == 0) {
		fprintf(stderr, "%s%s%s\n", state.terminal ? "\r\033[K" : "", prefix, text);
	}
}

static void log_say_v(const char *kind, const char *prefix, const char *format, va_list ap)
{
	char text[1024];

	vsnprintf(text, sizeof text, format, ap);
	text_calm(text, "\n\t");
	pthread_mutex_lock(&state.lock);
	log_say(kind, prefix, text);
	pthread_mutex_unlock(&state.lock);
}

void log_note(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	log_say_v("note", "", format, ap);
	va_end(ap);
}

void log_warn(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	log_say_v("warning", "WARNING: ", format, ap);
	va_end(ap);
}

void log_output(const char *lines)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char *rest = arena_strdup(arena, lines), *line;

	text_calm(rest, "\n\t");
	pthread_mutex_lock(&state.lock);
	while ((line = strsep(&rest, "\n")))
		if (*line)
			log_say("output", "  | ", line);
	pthread_mutex_unlock(&state.lock);
}

void log_keep(struct buf *kept)
{
	pthread_mutex_lock(&state.lock);
	state.kept = kept;
	pthread_mutex_unlock(&state.lock);
}

void log_set_verbose(bool verbose)
{
	state.verbose = verbose;
}

bool log_is_verbose(void)
{
	return state.verbose;
}

static void log_print_json_field(const char *name, const char *text)
{
	if (!text)
		return;
	fprintf(stderr, ",\"%s\":", name);
	log_print_json_string(text);
}

static void log_print_json_warning(const struct err_item *item)
{
	fputs("{\"warning\":", stderr);
	log_print_json_string(item->text ? item->text : "");
	log_print_json_field("path", item->path);
	log_print_json_field("hint", item->hint);
	log_print_json_field("file", item->file);
	if (item->line)
		fprintf(stderr, ",\"line\":%u,\"column\":%u", item->line, item->column);
	fputs("}\n", stderr);
}

void log_warnings(struct err *err)
{
	FILE *out = state.mode == LOG_JSON ? NULL : stderr;

	if (!err->warnings)
		return;
	pthread_mutex_lock(&state.lock);
	for (const struct err_item *item = err->warnings; item; item = item->next) {
		log_keep_text(item->text);
		if (!out)
			log_print_json_warning(item);
	}
	if (state.terminal)
		fputs("\r\033[K", stderr);
	err_print_warnings(err, out);
	pthread_mutex_unlock(&state.lock);
}

static void log_end_step(void)
{
	char text[256];

	if (!state.in_step)
		return;
	state.in_step = false;
	snprintf(text, sizeof text, "%s: %.1f s", state.step, (double)(clock_ms() - state.step_started_ms) / 1000);
	log_say("done", "", text);
}

void log_step(const char *format, ...)
{
	va_list ap;

	pthread_mutex_lock(&state.lock);
	log_end_step();
	if (format) {
		va_start(ap, format);
		vsnprintf(state.step, sizeof state.step, format, ap);
		va_end(ap);
		state.in_step = true;
		state.step_started_ms = state.last_shown_ms = clock_ms();
		if (state.terminal)
			fprintf(stderr, "\r\033[K%s…", state.step);
	}
	pthread_mutex_unlock(&state.lock);
}

void log_progress(uint64_t done, uint64_t total, const char *unit)
{
	int64_t now = clock_ms();

	pthread_mutex_lock(&state.lock);
	if (state.in_step && now - state.last_shown_ms >= (state.terminal ? 100 : 10000)) {
		state.last_shown_ms = now;
		if (state.mode == LOG_JSON)
			fprintf(stderr, "{\"progress\":%" PRIu64 ",\"total\":%" PRIu64 "}\n", done, total);
		else if (state.mode == LOG_AUTO)
			fprintf(stderr, "%s%s: %" PRIu64 " of %" PRIu64 " %s%s", state.terminal ? "\r\033[K" : "",
				state.step, done, total, unit, state.terminal ? "" : "\n");
	}
	pthread_mutex_unlock(&state.lock);
}

/* What the program says while it works, on stderr: a live line on a terminal, plain lines elsewhere, JSON lines with
 * --json. The result itself goes to stdout and is printed by the verb. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum log_mode { LOG_AUTO, LOG_JSON, LOG_QUIET };

/* Chooses how to speak; called once by main, before anything is said. */
void log_setup(enum log_mode mode);

/* Something the user should know, once. */
void log_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Something dangerous that the user has allowed; highlighted. */
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Tells the warnings of `err`, each with its place and hint, and forgets them. */
void log_warnings(struct err *err);

/* What another program said: each line is shown, indented. */
void log_output(const char *lines);

/* Whether all that other programs say is to be shown (--verbose). */
void log_set_verbose(bool verbose);
bool log_is_verbose(void);

/* From here on all that is said (but how far a step is) is appended to `kept`, too, up to 16 MiB; NULL ends that. */
struct buf;
void log_keep(struct buf *kept);

/* Begins a step ("installing packages"); the step before it ends. NULL just ends it. */
void log_step(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* How far the step is: `done` of `total` in `unit` ("MiB", "packages"); safe from any thread, cheap to call often. */
void log_progress(uint64_t done, uint64_t total, const char *unit);

#endif

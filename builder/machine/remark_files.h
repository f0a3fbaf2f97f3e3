/* What somebody should know of this machine, and nobody has asked: a file for each program that has found something, with a
 * line for each thing. They are kept until the machine restarts; `aether-agent status` shows them. */
#ifndef MACHINE_REMARK_FILES_H
#define MACHINE_REMARK_FILES_H

#include <stddef.h>

/* Where they are, below the folder that is the root. */
#define REMARKS "/run/aether/remarks"

/* Replaces the remarks of `program` by the lines of `text` ("": there are none), below the root `at`. 0 or -errno. */
int remarks_set(const char *at, const char *program, const char *text);

/* Calls `visit` for each line of all remarks, by program. */
void remarks_each(const char *at, void (*visit)(const char *line, void *data), void *data);

#endif

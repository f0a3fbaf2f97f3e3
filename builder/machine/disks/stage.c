#include "machine/disks/stage.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "machine/disks/programs.h"
#include "machine/say.h"

enum { AWAIT_US = 2000000, AWAIT_STEP_US = 20000 };

static void stage_keep(char *lines, size_t size, const char *format, va_list arguments)
{
	size_t used = strlen(lines);
	char text[600];

	vsnprintf(text, sizeof text, format, arguments);
	say("%s", text);
	if (used + strlen(text) + 2 < size)
		snprintf(lines + used, size - used, "%s\n", text);
}

void stage_problem(struct stage *stage, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	stage_keep(stage->problems, sizeof stage->problems, format, arguments);
	va_end(arguments);
}

void stage_note(struct stage *stage, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	stage_keep(stage->notes, sizeof stage->notes, format, arguments);
	va_end(arguments);
}

void stage_module(const char *name)
{
	char path[128];
	struct program program;

	snprintf(path, sizeof path, "/sys/module/%s", name);
	if (access(path, F_OK) == 0)
		return;
	program_begin(&program, "/usr/sbin/modprobe");
	program_add_all(&program, (const char *const[]){"-q", name, NULL});
	program.quiet = true;
	program_run(&program);
}

bool stage_await(const char *device)
{
	for (unsigned waited = 0; access(device, F_OK) != 0; waited += AWAIT_STEP_US) {
		if (waited >= AWAIT_US)
			return false;
		usleep(AWAIT_STEP_US);
	}
	return true;
}

void stage_set_device(struct node *node, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (vsnprintf(node->device, sizeof node->device, format, arguments) >= (int)sizeof node->device)
		*node->device = 0;
	va_end(arguments);
}

#include "machine/disks/look.h"

#include <stdio.h>
#include <string.h>

#include "machine/disks/programs.h"
#include "machine/lines.h"

enum { ANSWER_BYTES = 4096, FOUND_NOTHING = 2, FOUND_SEVERAL = 8 };

/* A value as `export` writes it has a backslash before what a shell would take for something else. */
static void disks_look_get(const char *answer, const char *key, char out[LOOK_BYTES])
{
	char *to = out;

	lines_get(answer, key, out, LOOK_BYTES);
	for (const char *from = out; *from; from++)
		if (*from != '\\' || from[1])
			*to++ = *from == '\\' ? *++from : *from;
	*to = 0;
}

bool look_at(const char *device, struct look *ret_look)
{
	static char answer[ANSWER_BYTES];
	struct program program;
	int status;

	memset(ret_look, 0, sizeof *ret_look);
	program_begin(&program, "/usr/sbin/blkid");
	program_add_all(&program, (const char *const[]){"-p", "-o", "export", device, NULL});
	program.output = answer;
	program.output_size = sizeof answer;
	program.quiet = true;
	status = program_run(&program);
	disks_look_get(answer, "TYPE", ret_look->type);
	disks_look_get(answer, "LABEL", ret_look->label);
	disks_look_get(answer, "PTTYPE", ret_look->table);
	return status == 0 || status == FOUND_NOTHING || status == FOUND_SEVERAL;
}

const char *look_called(const struct look *look)
{
	static char text[3 * LOOK_BYTES];

	if (*look->type && *look->label)
		snprintf(text, sizeof text, "%s labelled '%s'", look->type, look->label);
	else if (*look->type || *look->table)
		snprintf(text, sizeof text, "%s", *look->type ? look->type : look->table);
	else
		return "nothing that is known";
	lines_flatten(text);
	return text;
}

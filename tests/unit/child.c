#include <stdlib.h>
#include <unistd.h>

#include "child.h"

static void child_leave(int status, void *data)
{
	(void)data;
	_exit(status);
}

pid_t child_start(void)
{
	pid_t child = fork();

	if (child == 0)
		on_exit(child_leave, NULL);
	return child;
}

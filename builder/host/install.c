#include "host/install.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *install_find(struct arena *arena, const char *built, const char *installed, const char *fixed)
{
	char self[PATH_MAX], real[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n <= 0)
		return fixed;
	self[n] = 0;
	*strrchr(self, '/') = 0;
	if (realpath(arena_printf(arena, "%s/%s", self, built), real))
		return arena_strdup(arena, real);
	if (realpath(arena_printf(arena, "%s/../%s", self, installed), real))
		return arena_strdup(arena, real);
	return realpath(fixed, real) ? arena_strdup(arena, real) : fixed;
}

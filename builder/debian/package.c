#include "debian/package.h"

#include <string.h>

#include "base/valid.h"

const char *const debian_layer_names[LAYER_COUNT + 1] = {"base", "parent", "recipe", NULL};

static bool package_consists_of(const char *text, const char *characters)
{
	return *text && strlen(text) < 200 && strspn(text, characters) == strlen(text);
}

bool debian_name_ok(const char *name)
{
	return package_consists_of(name, DEBIAN_NAME) && strlen(name) >= 2 && !strchr("+-.", *name);
}

bool debian_version_ok(const char *version)
{
	return package_consists_of(version, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.+-:~");
}

bool debian_arch_ok(const char *arch)
{
	return strcmp(arch, "amd64") == 0 || strcmp(arch, "all") == 0;
}

bool debian_archive_ok(const char *name)
{
	const char *slash = strchr(name, '/');

	return slash && slash > name && slash[1] && name[strspn(name, VALID_WORD "/:%")] == 0;
}

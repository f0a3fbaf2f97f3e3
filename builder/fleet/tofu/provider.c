#include "fleet/tofu/provider.h"

#include <stdio.h>
#include <string.h>

/* The second came between 0.86 and 0.88. */
static const struct provider provider_since[] = {
	[PROVIDER_IMPORT_FROM] = {0, 79},
	[PROVIDER_KEEP_UNREFERENCED] = {0, 88},
};

int provider_read(const char *text, struct provider *ret_provider, struct err *err)
{
	struct provider provider = {0};
	int end = 0, patch_end = 0;

	if (!text) {
		*ret_provider = provider;
		return 0;
	}
	if (text[strspn(text, "0123456789.")] == 0 && sscanf(text, "%3u.%6u%n", &provider.major, &provider.minor, &end) == 2 &&
	    sscanf(text + end, ".%*6u%n", &patch_end) <= 0 && text[end + patch_end] == 0 &&
	    (provider.major || provider.minor)) {
		*ret_provider = provider;
		return 0;
	}
	err_set(err, -EINVAL, "'--provider %s': not a valid version", text);
	return err_hint(err, "say it as 'tofu version' does, for example --provider 0.71.0");
}

bool provider_has(const struct provider *provider, enum provider_feature feature)
{
	const struct provider *since = &provider_since[feature];

	if (provider->major == 0 && provider->minor == 0)
		return true;
	return provider->major != since->major ? provider->major > since->major : provider->minor >= since->minor;
}

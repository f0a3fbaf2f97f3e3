#include "tree/setting.h"

#include <string.h>

#include "host/sandbox.h"
#include "tree/inside.h"

static const struct {
	const char *path, *text;
	mode_t mode;
} settings[] = {
	{"/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0755},
	{"/etc/hostname", SANDBOX_HOSTNAME "\n", 0644},
	{"/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 " SANDBOX_HOSTNAME "\n::1 localhost ip6-localhost ip6-loopback\n", 0644},
};
enum { N_SETTINGS = sizeof settings / sizeof *settings };

int setting_put(int root_fd, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < N_SETTINGS; i++)
		if (i == 0 || !inside_exists(root_fd, settings[i].path))
			r = inside_write(root_fd, settings[i].path, settings[i].text, strlen(settings[i].text),
					 &(struct inside_access){.mode = settings[i].mode}, err);
	return r;
}

int setting_take_away(int root_fd, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < N_SETTINGS; i++) {
		_cleanup_buf_ struct buf now = {0};

		if (i > 0)
			r = inside_read(root_fd, settings[i].path, 1 << 20, &now, err);
		if (r == 0 && (i == 0 || (now.size && strcmp(now.data, settings[i].text) == 0)))
			r = inside_remove(root_fd, settings[i].path, err);
	}
	return r;
}

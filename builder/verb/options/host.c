#include "verb/options/host.h"

#include <errno.h>

enum { TIMEOUT_MAX_S = 24 * 60 * 60 };

#define HOST_ROW(help)                                                                                                 \
	{                                                                                                              \
		"host", "HOST", "the machine, as ssh knows it: [USER@]NAME (" help ")", OPTION_TEXT,                   \
			offsetof(struct host_options, host), NULL                                                      \
	}
#define HOST_SSH_ROWS                                                                                                  \
	{"ssh-config", "FILE", "configuration file for ssh, instead of your own", OPTION_TEXT,                         \
	 offsetof(struct host_options, ssh_config), NULL},                                                             \
	{                                                                                                              \
		"ssh-option", "OPTION", "option for ssh's -o; may be repeated", OPTION_LIST,                           \
			offsetof(struct host_options, ssh_options), NULL                                               \
	}

const struct option host_options[] = {HOST_ROW("required"), HOST_SSH_ROWS, {0}};
const struct option host_else_options[] = {HOST_ROW("the recipe's"), HOST_SSH_ROWS, {0}};
const struct option host_ssh_options[] = {HOST_SSH_ROWS, {0}};

int host_read(struct arena *arena, const struct host_options *options, struct remote *ret_remote, struct err *err)
{
	struct remote remote = {.host = options->host, .config = options->ssh_config};

	if (!remote.host) {
		err_set(err, -EINVAL, "no machine was named");
		return err_hint(err, "add --host [USER@]NAME, a name that ssh knows");
	}
	for (size_t i = 0; i < options->ssh_options.count; i++)
		strv_push(arena, &remote.options, options->ssh_options.items[i]);
	*ret_remote = remote;
	return remote_check(&remote, err);
}

int host_timeout(const char *timeout, unsigned *ret_seconds, struct err *err)
{
	uint64_t ms;

	if (duration_parse(timeout, &ms) < 0 || ms < 1000 || ms > TIMEOUT_MAX_S * 1000ULL) {
		err_set(err, -EINVAL, "'--timeout %s': expected a time from one second to one day", timeout);
		return err_hint(err, "write it like 90s, 15m or 1h");
	}
	*ret_seconds = (unsigned)(ms / 1000);
	return 0;
}

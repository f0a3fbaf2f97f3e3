#include "fleet/ssh/remote.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "contract/agent.h"

enum { PATIENCE_S = 60, OUTPUT_MAX = 1 << 20, STATUS_NO_CONNECTION = 255, STATUS_NO_COMMAND = 127 };

int remote_check(const struct remote *remote, struct err *err)
{
	if (*remote->host && *remote->host != '-')
		return 0;
	err_set(err, -EINVAL, "'%s' is not a valid host name", remote->host);
	return err_hint(err, "write it as for ssh: --host [USER@]NAME");
}

/* What the user says comes first: of several values of an option, ssh uses the first. */
static const char *const *remote_argv(struct arena *arena, const struct remote *remote, const char *words)
{
	static const char *const ours[] = {
		"BatchMode=yes", "ConnectTimeout=15", "ServerAliveInterval=15", "ServerAliveCountMax=4",
	};
	struct strv argv = {0};

	strv_push(arena, &argv, "ssh");
	strv_push(arena, &argv, "-T");
	if (remote->config) {
		strv_push(arena, &argv, "-F");
		strv_push(arena, &argv, remote->config);
	}
	for (size_t i = 0; i < remote->options.count; i++) {
		strv_push(arena, &argv, "-o");
		strv_push(arena, &argv, remote->options.items[i]);
	}
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
		strv_push(arena, &argv, "-o");
		strv_push(arena, &argv, ours[i]);
	}
	strv_push(arena, &argv, "--");
	strv_push(arena, &argv, remote->host);
	strv_push(arena, &argv, arena_printf(arena, "if [ \"$(id -u)\" = 0 ]; then exec %s; else exec sudo -n %s; fi",
					     words, words));
	*arena_push(arena, argv.items, argv.count) = NULL;
	return argv.items;
}

int remote_start(struct arena *arena, const struct remote *remote, const char *words, struct proc_talk **ret_talk,
		 struct err *err)
{
	/* The user's environment: ssh finds the agent there. */
	const struct proc proc = {.argv = remote_argv(arena, remote, words), .env = (const char *const *)environ};
	int r = proc_start(&proc, ret_talk, err);

	return r == -ENOENT ? err_hint(err, "install the package openssh-client") : r;
}

int remote_run(struct arena *arena, const struct remote *remote, const char *words, struct buf *output, const char **ret_said,
	       struct err *err)
{
	_cleanup_buf_ struct buf said = {0}, heard = {0};
	struct proc_talk *talk;
	unsigned patience_s = remote->patience_s ? remote->patience_s : PATIENCE_S;
	char chunk[4096];
	ssize_t n;
	int r = remote_start(arena, remote, words, &talk, err);

	if (r < 0)
		return r;
	while ((n = proc_read(talk, chunk, sizeof chunk, patience_s)) > 0 && heard.size < OUTPUT_MAX) {
		buf_add(&heard, chunk, (size_t)n);
		patience_s = PATIENCE_S;
	}
	r = proc_finish(talk, n == 0 ? patience_s : 0, &said, err);
	if (output && heard.size)
		buf_add(output, heard.data, heard.size);
	*ret_said = arena_strdup(arena, said.data ? said.data : "");
	return r;
}

/* What was said, without the line breaks at its end. */
static void remote_words(struct buf *out, const char *said)
{
	size_t length = strlen(said);

	while (length && said[length - 1] == '\n')
		length--;
	buf_add(out, said, length);
}

/* The text behind the agent's name at the beginning of a line; NULL when the agent said nothing. */
static const char *remote_find_ours(const char *said)
{
	static const char agent[] = AGENT ": ";

	for (const char *at = strstr(said, agent); at; at = strstr(at + 1, agent))
		if (at == said || at[-1] == '\n')
			return at + sizeof agent - 1;
	return NULL;
}

int remote_failed(const struct remote *remote, int status, const char *said, struct err *err)
{
	const char *ours = remote_find_ours(said);
	_cleanup_buf_ struct buf words = {0};

	remote_words(&words, ours ? ours : said);
	if (ours) /* it says by itself what to do */
		return err_set(err, -EIO, "%s: %s", remote->host, words.size ? words.data : "failed");
	if (status == STATUS_NO_CONNECTION) {
		err_set(err, -EHOSTUNREACH, "cannot connect to %s%s%s", remote->host, words.size ? ": " : "",
			words.size ? words.data : "");
		return err_hint(err,
				"'ssh %s true' must work without asking: check ssh-agent, your key or certificate, "
				"and known_hosts",
				remote->host);
	}
	err_set(err, -EIO, "%s: %s", remote->host, words.size ? words.data : "the command failed without a message");
	if (status == STATUS_NO_COMMAND)
		err_hint(err, "its image is older than " AGENT ": replace its disk once");
	else if (strstr(said, "sudo"))
		err_hint(err, "log in as root, or as a user who may use sudo without a password");
	return -EIO;
}

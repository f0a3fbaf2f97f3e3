#include "host/signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"

static int signals = -1;

int signals_take(struct err *err)
{
	sigset_t set;

	if (signals >= 0)
		return 0;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || (signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
		return err_sys(err, -errno, "cannot set up the handling of signals");
	return 0;
}

int signals_wait(int fd, short events, int64_t deadline_ms)
{
	struct signalfd_siginfo signal_info;

	for (;;) {
		struct pollfd fds[] = {{fd, events, 0}, {signals, POLLIN, 0}};
		int64_t left = deadline_ms - clock_ms();
		int n = poll(fds, 2, left <= 0 ? 0 : left > 60000 ? 60000 : (int)left);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0 && fds[1].revents && read(signals, &signal_info, sizeof signal_info) > 0)
			return -EINTR;
		if (n > 0 && fds[0].revents)
			return 1;
		if (n == 0 && left <= 60000)
			return 0;
	}
}

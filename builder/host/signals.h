/* Waiting, until a signal asks to stop: SIGINT, SIGTERM and SIGHUP are an answer here, not the end of the program,
 * because what runs has to be powered off and its folder removed. */
#ifndef HOST_SIGNALS_H
#define HOST_SIGNALS_H

#include <stdint.h>

#include "base/err.h"

/* Takes these signals from now on; before anything is started. */
int signals_take(struct err *err);

/* Waits until `fd` (-1: nothing) has one of `events` (of poll(2)). Returns 1 when it has, 0 when the deadline (of clock_ms())
 * is over, -EINTR when we are told to stop, which is told once for each signal. */
int signals_wait(int fd, short events, int64_t deadline_ms);

#endif

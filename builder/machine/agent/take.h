/* Taking the next generation into the slot that does not run. */
#ifndef MACHINE_AGENT_TAKE_H
#define MACHINE_AGENT_TAKE_H

/* `aether-agent take [--dry-run] [--force]`: the builder's partner on stdin and stdout (offer.h). What is wrong is
 * said on stderr, and then the exit status is not 0. Whenever it is interrupted, the machine boots what it ran
 * before; the next run goes on with what is there. */
int take_main(int argc, char **argv);

#endif

/* Asking for the state to be moved to a disk of its own, at the next start. */
#ifndef MACHINE_AGENT_MOVE_H
#define MACHINE_AGENT_MOVE_H

/* `aether-agent move-state`: refuses when the image wants its state elsewhere, it is there already, or there is no disk for
 * it. */
int move_main(int argc, char **argv);

#endif

/* What the agent tells about the machine. */
#ifndef MACHINE_AGENT_STATUS_H
#define MACHINE_AGENT_STATUS_H

/* `aether-agent status [--json]`: slots, generations, health. `aether-agent health [--json]`: the checks, one by one, now.
 * Exit statuses. */
int status_main(int argc, char **argv);
int health_main(int argc, char **argv);

#endif

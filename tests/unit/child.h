/* A process of a test's, for what ends its process. */
#ifndef UNIT_CHILD_H
#define UNIT_CHILD_H

#include <sys/types.h>

/* fork(2) for a child that may call exit(3): it leaves without the handlers of the test's process. One of them looks for leaks
 * in all that the test made, which takes longer than most tests. */
pid_t child_start(void);

#endif

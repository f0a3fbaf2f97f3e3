/* Following a machine's seed: who it is, what its network is, and files of its own, before anything else starts. What is not
 * followed is said in the journal and in `aether-agent status`. */
#ifndef MACHINE_SEED_SEED_H
#define MACHINE_SEED_SEED_H

#include "machine/seed/cidata.h"

/* `aether-agent seed [--from FOLDER] [--root FOLDER]`, run by aether-seed.service at each start of user space. With --from the
 * files of a folder are followed and not those of the disc, with --root they are followed in a tree and not on this machine.
 * An exit status: a seed is never a reason to fail. */
int seed_main(int argc, char **argv);

/* Follows what stands in the files of a seed, in the tree `root` ("": on this machine). */
void seed_follow(struct memory *memory, struct remarks *remarks, const char *root, const struct cidata *cidata);

#endif

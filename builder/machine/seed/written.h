/* `write_files`: files of the seed's own. What is below /etc, /run and /tmp is gone at the next start, so it is written
 * at each; what is elsewhere is kept, so it is written once for an instance-id, and a certificate that was renewed
 * stays. */
#ifndef MACHINE_SEED_WRITTEN_H
#define MACHINE_SEED_WRITTEN_H

#include "machine/seed/values.h"

/* Which files of which instance-id were written: lines INSTANCE, NUMBER, PATH with tabs between; the newest are kept.
 * NUMBER counts the entries of one path. */
#define WRITTEN_FOLDER "/var/lib/aether/seed"
#define WRITTEN_NAME "written"

enum { WRITTEN_FILES_MAX = 256, WRITTEN_BYTES_MAX = 16 << 20, WRITTEN_RECORD_BYTES = 128 << 10 };

/* Writes the files of `list` into the tree `root` ("": the machine's). Without an instance (NULL) nothing that is kept is
 * written: nobody knows whether it was. */
void written_follow(struct memory *memory, struct remarks *remarks, const char *root, const struct value *list,
		    const char *instance);

#endif

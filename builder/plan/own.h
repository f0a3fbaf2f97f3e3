/* What Debian's packages make for a machine of its own when they are installed: secret, random, or a name that no other
 * machine may have. In an image it would be the same on all machines, so there each machine makes it on its first boot. */
#ifndef PLAN_OWN_H
#define PLAN_OWN_H

#include <sys/types.h>

enum { OWN_PATHS = 13, OWN_WORDS = 11, OWN_UNITS = 4 };

/* A row of what is known. `#` in the package's name stands for a number, which takes the place of `#` in all other
 * texts. */
struct own_known {
	const char *package, *name;
	const char *paths[OWN_PATHS];          /* what the packages' scripts make; the first tells whether all was made */
	const char *make[OWN_WORDS];           /* what makes it, and sets owners and modes; or NULL: `setting` sees to that */
	const char *before[OWN_UNITS];         /* units that cannot be without it; not all need to be there */
	const char *setting[2];                /* a file of the image that goes with it, and its text; or NULL */
};

extern const struct own_known own_known[]; /* ended by a row of zeros */

/* Where a machine keeps its own: a folder for each. */
#define OWN_FOLDER "/var/lib/aether/own"

#endif

/* A place for the files of one test. */
#ifndef UNIT_SCRATCH_H
#define UNIT_SCRATCH_H

#include <sys/stat.h>

struct arena;

/* Memory that lives as long as the test's process: what is made in it, nobody needs to free. */
struct arena *scratch_arena(void);

/* Frees what comes from malloc(3), or is a buffer's, with that memory. Returns it. */
void *scratch_own(void *memory);

/* The folder of this test, made at the first call (below TMPDIR, else /tmp) and removed with all in it when the test's
 * process ends by itself. A failed test leaves it for whoever looks. */
const char *scratch(void);

/* Forgets all of the above: what is asked next is as new as in another process. */
void scratch_again(void);

/* scratch()/NAME, in scratch_arena(). */
const char *scratch_path(const char *name);

/* What lstat(2) says of scratch()/NAME; zeros when there is nothing. */
struct stat scratch_look(const char *name);

/* The text of scratch()/NAME in scratch_arena(), at most 1 MiB; the test fails when it cannot be read. */
const char *scratch_text(const char *name);

#endif

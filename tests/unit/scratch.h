/* A place for the files of one test. */
#ifndef UNIT_SCRATCH_H
#define UNIT_SCRATCH_H

/* The folder of this test, made at the first call (below TMPDIR, else /tmp) and removed with all in it when the test's
 * process ends by itself. A failed test leaves it for whoever looks. */
const char *scratch(void);

/* scratch()/NAME, in memory that lives as long as the test. */
const char *scratch_path(const char *name);

#endif

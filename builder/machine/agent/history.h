/* Which generations were bad on this machine, and why: records of lines KEY=VALUE, each followed by an empty line, the
 * newest last, on the state partition. The newest are kept; the file does not grow for ever. */
#ifndef MACHINE_AGENT_HISTORY_H
#define MACHINE_AGENT_HISTORY_H

#define HISTORY "/var/lib/aether/failures"

/* The most that is kept, in bytes with the 0 at its end: some hundred verdicts. */
enum { HISTORY_BYTES = 64 << 10 };

/* Reads the newest records of the file `path`, whole ones, oldest first; an empty text when there is no such file, or it cannot
 * be read (then a negative errno, else 0). */
int history_read(const char *path, char out[HISTORY_BYTES]);

/* Adds a record, with its empty line, and forgets as many of the oldest as do not fit with it. Whole or not at all, whenever
 * the power goes; the folder is made when it is missing. 0 or a negative errno: then what there was is there. */
int history_add(const char *path, const char *record);

#endif

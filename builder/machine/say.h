/* What all programs of a machine share: a line that is said, small files that are read and written whole.
 *
 * Functions return 0 or negative errno, and a caller says strerror(-r): errno itself is read right after a system call
 * and nowhere else. What a caller cannot go on without ends in die(). */
#ifndef MACHINE_SAY_H
#define MACHINE_SAY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Sets who writes messages, and where: "/dev/kmsg" for the kernel's log, which reaches every console; NULL: stderr. */
void say_as(const char *program, const char *path);

/* Says a line. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says why the program cannot go on, and ends it. (aether-init is pid 1: then the kernel panics, and restarts the machine when
 * `panic=` on its command line says so.) */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Reads `size` bytes at `offset`, all that are there: fewer only when they end before. How many, or -errno. */
ssize_t read_all(int fd, void *out, size_t size, int64_t offset);

/* Reads a small file of at most `size` - 1 bytes, without the newline at its end; returns the length. -EFBIG when there is more
 * in it than that: nothing is cut off in silence. On failure `out` is an empty text. */
int read_line(const char *path, char *out, size_t size);

/* Writes `size` bytes at `offset`, all of them or -errno; -ENOSPC when there is no room for them. */
int write_all(int fd, const void *data, size_t size, int64_t offset);

/* Writes a small file, whole or not at all, whenever the power goes: a new file, renamed over the old one. What could not be
 * written whole is removed: it may lie where room is short. */
int write_whole(const char *folder, const char *name, const char *text);

/* Milliseconds since the kernel began. */
int64_t uptime_ms(void);

/* Makes a folder and its parents; an existing folder is no error. */
int make_folder(const char *path, unsigned mode);

#endif

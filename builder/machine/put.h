/* Putting a file where a seed or a secret wants it, as root, in folders of whoever's: nothing is followed out of the place
 * that was named. */
#ifndef MACHINE_PUT_H
#define MACHINE_PUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct put {
	const char *path;              /* absolute, in the tree */
	const char *bytes;
	size_t size;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	bool append;                   /* to what is there, unless it ends with that already */
};

enum { PUT_BYTES_MAX = 4 << 20 };

/* Absolute, without "//", "/./", "/../", a slash at the end and control characters. Pure. */
bool put_is_path(const char *path);

/* Puts a file into the tree `root` ("": the machine's), whole and durable or not at all, whenever the power goes.
 * Folders that are missing are made (0755). -ELOOP when a link is on the way, -EISDIR when a folder is in the file's
 * place, -EFBIG when what is to be appended to is larger than PUT_BYTES_MAX, else what the system says. */
int put_file(const char *root, const struct put *put);

/* Puts a symbolic link, in the place of whatever file is there. */
int put_link(const char *root, const char *path, const char *target);

/* What is wrong, for a sentence: "a link is on the way". */
const char *put_problem(int error);

#endif

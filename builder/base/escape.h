/* Words in files whose lines are fields with blanks between: each format has its own way to write a blank. */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include "base/arena.h"

/* `word` as a field of fstab(5), not its first: blanks and backslashes as a backslash and three octal digits. A `#` stays:
 * systemd reads fstab by getmntent(3), which knows no other escapes. In `arena`. */
const char *escape_fstab(struct arena *arena, const char *word);

/* `word` as a field of tmpfiles.d(5): C escapes, and `%%` for what would begin a specifier. In `arena`. */
const char *escape_tmpfiles(struct arena *arena, const char *word);

/* `path` as the name of a unit without its suffix, as `systemd-escape --path` has it: "srv-my\x2ddata", "-" for the root. In
 * `arena`. */
const char *escape_unit_path(struct arena *arena, const char *path);

/* Any bytes as text that is UTF-8, of one line, and tells them exactly: a control character, a byte that is no UTF-8, and
 * a backslash stand as a backslash and `x` with two hexadecimal digits (a backslash: two of them). In `arena`; NULL stays
 * NULL. */
const char *escape_shown(struct arena *arena, const char *bytes);

#endif

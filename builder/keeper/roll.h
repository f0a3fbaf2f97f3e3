/* Who a machine's secrets are encrypted to: keys/hosts/NAME.age at the top of the recipes' repository. A public recipient of
 * age a line, the newest first; `#` begins a comment, and `# retired age1…` is one that counted once, so that `secrets rekey`
 * can tell it from those of other people. */
#ifndef KEEPER_ROLL_H
#define KEEPER_ROLL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

#define ROLL_FOLDER "keys/hosts"

struct roll {
	const char *path;            /* of the host */
	struct strv notes;           /* comments, as they stand, without a line's end */
	struct strv recipients;      /* as they are compared: without a comment behind a key of SSH */
	struct strv retired;
};

/* The first two words of `ssh-ed25519 AAAA… comment`, and anything else without blanks around it; in `arena`. */
const char *roll_bare(struct arena *arena, const char *recipient);

/* The recipients of machine `name` in the repository `root`; none when there is no such file. -EBADMSG for a line that is no
 * recipient. */
int roll_read(struct arena *arena, const char *root, const char *name, struct roll *ret_roll, struct err *err);

/* All machines that have such a file there, or an identity of the operator's (keyring.h), sorted; in `arena`. */
struct strv roll_names(struct arena *arena, const char *root);

/* The recipient is the newest from now on; it is no longer retired. */
void roll_add(struct arena *arena, struct roll *roll, const char *recipient);

/* The recipients of identities before the newest: what an overlap is made of. A key of SSH that was recorded is none of
 * them. */
struct strv roll_older(struct arena *arena, const struct roll *roll);

/* It counts no more. */
void roll_retire(struct arena *arena, struct roll *roll, const char *recipient);

/* Publishes the file, and makes its folder. */
int roll_write(const struct roll *roll, const char *name, struct err *err);

#endif

/* The private identities of machines that their operator made: ${XDG_CONFIG_HOME:-~/.config}/aether-build/hosts/NAME.identity,
 * files of age, 0600 in a folder 0700. NAME.identity.before is the one that the last rotation replaced, while both count. */
#ifndef KEEPER_KEYRING_H
#define KEEPER_KEYRING_H

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "sealed/age/age.h"

enum keyring_which { KEYRING_IDENTITY, KEYRING_BEFORE };

/* -EINVAL for what is no name of a machine: a word that is a file's name too. */
int keyring_check_name(const char *name, struct err *err);

/* Its path; in `arena`. NULL when there is no home folder to have it. */
const char *keyring_path(struct arena *arena, const char *name, enum keyring_which which);

/* The names of all machines with an identity here, sorted; in `arena`. */
struct strv keyring_names(struct arena *arena);

/* Reads it; in `pool`. `ret_text`, may be NULL: the file as it is. -ENOENT when there is none; -EACCES when others may read
 * it. */
int keyring_read(struct pool *pool, const char *name, enum keyring_which which, struct age_identities *ret_identities,
	       struct bytes *ret_text, struct err *err);

/* Makes an identity where there is none (-EEXIST), and is its public form; in `arena`. */
int keyring_make(struct arena *arena, const char *name, const char **ret_recipient, struct err *err);

/* Makes another one, and keeps the present one as the one before. -EBUSY while there is one before, -ENOENT when there is none
 * to replace. What was killed in the middle is gone on with. */
int keyring_rotate(struct arena *arena, const char *name, const char **ret_recipient, struct err *err);

/* Forgets the one before. -ENOENT when there is none. */
int keyring_retire(const char *name, struct err *err);

#endif

/* OpenSSH's public keys as text: a line of a `.pub` file, of TrustedUserCAKeys, or of authorized_keys (sshd(8)). */
#ifndef RECIPE_SSHKEY_H
#define RECIPE_SSHKEY_H

#include <stdbool.h>

#include "base/arena.h"

struct sshkey {
	const char *problem, *hint;  /* what is wrong with it, or NULL; the hint may be NULL, too */
	const char *options;         /* in front of the key, "" for none */
	const char *type;            /* "ssh-ed25519", … */
	bool authority;              /* the options say `cert-authority` */
};

/* Reads a line without its end. 0: a key that sshd takes; 1: nothing, or a comment; -EINVAL: `ret_key` has the problem. With
 * `options` there may be some, in sshd(8)'s grammar. Texts live in `arena`. */
int sshkey_read(struct arena *arena, const char *line, bool options, struct sshkey *ret_key);

#endif

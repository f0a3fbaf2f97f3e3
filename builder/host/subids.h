/* The ranges of subordinate ids that a user has for user namespaces: /etc/subuid and /etc/subgid (subuid(5)). */
#ifndef HOST_SUBIDS_H
#define HOST_SUBIDS_H

/* Where the user's ranges begin; 0 when there is none. */
struct subids {
	unsigned long uids, gids;
};

/* Finds the first range of at least `needed` ids of `user`, who is named by name or by number (`uid`), in each of the
 * two files. */
struct subids subids_find(const char *user, const char *uid, unsigned long needed);

#endif

/* The numbers of accounts, on the day they are locked: each name gets one, once, and keeps it. */
#ifndef LOCK_IDS_H
#define LOCK_IDS_H

#include "lock/lock.h"
#include "recipe/recipe.h"

/* Decides the accounts of `lock`, whose packages are known: those of `old` (may be NULL), also of what is no longer there; the
 * recipe's own; and those that the packages in `makers` (names) make. Of these, the ones that `old` has not looked into are
 * fetched. */
int ids_lock(struct arena *arena, const struct recipe *recipe, const struct lock *old, const struct strv *makers,
	     struct cache *cache, struct lock *lock, struct err *err);

/* Notes what differs between two locks. */
void ids_tell(const struct lock *old, const struct lock *new);

#endif

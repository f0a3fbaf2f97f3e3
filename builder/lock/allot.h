/* Numbers for accounts: by the name, so that most machines agree on them, and among those that nobody has. */
#ifndef LOCK_ALLOT_H
#define LOCK_ALLOT_H

#include <stdbool.h>
#include <stdint.h>

typedef bool allot_taken(const void *data, int64_t id);

/* A number below 1000 for a user or group of that name; -1 when all are taken. */
int64_t allot_system(const char *name, allot_taken *taken, const void *data);

/* The lowest number for a person. */
int64_t allot_person(allot_taken *taken, const void *data);

#endif

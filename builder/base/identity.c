/* The digests come from make: this file alone is compiled anew when they change. */
#include "base/identity.h"

const char identity_program[] = IDENTITY_PROGRAM;
const char identity_trees[] = IDENTITY_TREES;
const char identity_leaks[] = IDENTITY_LEAKS;

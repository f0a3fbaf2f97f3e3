/* What this program is, by the sources it was compiled of: digests (64 hex digits) that make computes. They are the same
 * whoever compiled them, where and how, and are part of the key of all that our code shapes: a program that was changed
 * makes it anew. */
#ifndef BASE_IDENTITY_H
#define BASE_IDENTITY_H

extern const char identity_program[]; /* all of builder/ but the agent, which is an input of its own, by its bytes */
extern const char identity_leaks[];   /* what looks for secrets: edge and leak */
extern const char identity_trees[];   /* what unpacks and installs: base, edge, lock and tree. Part of the keys of the cache */

#endif

/* Relationship fields of packages (Debian policy 7.1): `a (>= 1) | b, c:any [amd64]`. */
#ifndef DEBIAN_RELATIONS_H
#define DEBIAN_RELATIONS_H

#include <stddef.h>

/* Steps through the field between `*at` and `end`: the next name of a package, not ended by NUL, with its length; NULL
 * at the end. Versions, architectures and profiles are passed over; alternatives are told one after the other. */
const char *relations_next(const char **at, const char *end, size_t *ret_length);

#endif

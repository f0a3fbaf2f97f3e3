/* Scalars as Go reads and writes them: the MAC of SOPS is made of what Go's formatting makes of a value. Of sops/ alone. */
#ifndef SEALED_SOPS_SCALAR_H
#define SEALED_SOPS_SCALAR_H

#include <stdint.h>

#include "sealed/sops/sops.h"

/* strconv.ParseInt: an optional sign and digits. `base` 0: by the prefixes 0x, 0o, 0b, 0. */
bool sops_int_read(const char *text, int base, int64_t *ret_value);

/* … ParseUint */
bool sops_uint_read(const char *text, int base, uint64_t *ret_value);

/* strconv.ParseFloat: decimal, hexadecimal, inf, nan, `_` between digits. False where it overflows, too. */
bool sops_float_read(const char *text, double *ret_value);

/* strconv.FormatFloat(value, 'f', -1, 64): the fewest digits that read as the same, without an exponent. */
char *sops_float_text(struct pool *pool, double value);

/* Times of RFC 3339 (`loose`: or of the forms that YAML has besides), written as RFC 3339, fractions without zeros at their end
 * (`whole`: without fractions). NULL: it is none. */
char *sops_time_text(struct pool *pool, const char *text, bool loose, bool whole);

/* Brings the bytes of a value that says it is of `type` into the form that the MAC takes; false: it is not of that type.
 * Strings, bytes and comments stay what they are. */
bool sops_value_normal(struct pool *pool, enum sops_type type, struct bytes *value);

/* What gopkg.in/yaml.v3 makes of a scalar: `tag` is NULL or "!!int", `quoted` when it is in any quotes or a block. Returns
 * what is wrong with it, or NULL. */
const char *sops_scalar_yaml(struct pool *pool, const char *tag, bool quoted, struct bytes text, enum sops_type *ret_type,
			     struct bytes *ret_value);

#endif

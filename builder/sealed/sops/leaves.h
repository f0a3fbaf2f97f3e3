/* All values of a file as a text, for tests and for who looks at a file by hand. */
#ifndef SEALED_SOPS_LEAVES_H
#define SEALED_SOPS_LEAVES_H

#include "sealed/sops/sops.h"

/* {"documents":[[{"path":[…],"type":…,"encrypted":…,"text":…}]]}: a leaf each line, in the order of the file; the bytes are
 * those that the MAC takes. Bytes that are no UTF-8 are "hex"; null has neither. Of a file that was not opened, encrypted
 * values have none, either. In `pool`. */
void sops_leaves_print(struct pool *pool, const struct sops_file *file, struct bytes *ret_json);

/* Appends a text with its quotes, as JSON writes it; YAML's double quotes understand that, too. */
void sops_json_quote(struct growing *out, struct bytes text);

/* Whether it is UTF-8 (RFC 3629). */
bool sops_is_utf8(struct bytes text);

#endif

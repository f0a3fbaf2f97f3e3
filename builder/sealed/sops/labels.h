/* Recipients of age, as they stand in a file. Of sops/ alone. */
#ifndef SEALED_SOPS_LABELS_H
#define SEALED_SOPS_LABELS_H

#include "sealed/sops/sops.h"

/* Whether two texts name the same recipient: comments of SSH keys do not count, and of others (age1pq1…) the text does. */
bool sops_same_recipient(const char *one, const char *other);

#endif

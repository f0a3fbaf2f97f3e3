/* Lines of fields that tabs separate, as programs of a machine read them (builder/machine/lines.h). */
#ifndef ARTIFACT_TABBED_H
#define ARTIFACT_TABBED_H

#include "base/buf.h"

/* Appends a field, whatever characters it has; the tabs and the newline are the caller's. */
void tabbed_put(struct buf *text, const char *field);

#endif

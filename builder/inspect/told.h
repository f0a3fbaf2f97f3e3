/* What is told of an image, one file each. All are called in the appliance's child, and print on stdout. */
#ifndef INSPECT_TOLD_H
#define INSPECT_TOLD_H

#include "inspect/entries.h"
#include "inspect/inspection.h"
#include "inspect/view.h"

/* Partitions, file systems, the system in it. */
int overview_tell(struct inspect_view *view, const struct inspect_request *request, struct err *err);

/* Finds the path of `request` and lists it, prints it, or copies it out. */
int look_tell(struct inspect_view *view, const struct inspect_request *request, struct err *err);

/* What differs between `view` and the image that it was made from, or that it is held against. */
int differ_tell(struct inspect_view *view, struct inspect_view *other, const struct inspect_request *request, struct err *err);

/* Copies the folder or file `place` of the appliance (as SCRIPT_FIND told it) to the new path `to` of this host. */
int takeout_copy(struct inspect_view *view, const char *place, char type, uint64_t size, const char *to, struct err *err);

#endif

/* What somebody is told of the disks. */
#ifndef MACHINE_DISKS_SHOWN_H
#define MACHINE_DISKS_SHOWN_H

#include <stdbool.h>
#include <stdio.h>

#include "machine/disks/stage.h"

/* Prints a line for each node: id, kind, its device or that it is not open. Or an array of JSON with objects of id, kind,
 * device (null: not open). */
void shown_print(const struct stage *stage, bool json, FILE *out);

#endif

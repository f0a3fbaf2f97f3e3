/* Which device of one image belongs to which of another that is held against it. */
#ifndef INSPECT_PAIRING_H
#define INSPECT_PAIRING_H

#include "inspect/view.h"

/* Two images with the same volume groups can be open at once because those of the second are given names that begin so. */
#define PAIRING_APART "apart_"

/* Gives each device of `view` the one of `other` that belongs to it, or NULL, and each at most once: a slot with the same root
 * hash,
 * whichever letter it has there; else what has the same label or number, and stands on what belongs together. In the view's
 * arena, by the devices' places in its list. */
const struct inspect_device **pairing_find(const struct inspect_view *view, const struct inspect_view *other);

/* The slot of ours that a partition is, or NULL. */
const struct inspect_slot *pairing_slot(const struct inspect_view *view, const struct inspect_device *device);

/* Whether its content is its own, and not what stands on it or is partitioned. */
bool pairing_has_content(const struct inspect_view *view, const struct inspect_device *device);

/* A volume's name without what keeps it apart; others as they are. */
const char *pairing_name(const struct inspect_device *device);

#endif

/* An image as it is seen in the appliance: its devices, with their file systems mounted read-only. */
#ifndef INSPECT_VIEW_H
#define INSPECT_VIEW_H

#include "edge/appliance_look.h"
#include "inspect/devices.h"
#include "inspect/kind.h"

/* What the EFI system partition says of a slot. */
struct inspect_slot {
	char letter;                 /* 'a', 'b' */
	const char *uki;             /* the file's name; NULL: none */
	uint64_t uki_size;           /* bytes */
	unsigned sequence;           /* the higher one is the newer image */
	const char *root_hash, *generation; /* as the slot's folder says; NULL: it does not */
};

struct inspect_view {
	struct appliance *appliance;
	struct arena *arena;
	const char *place;           /* "/sysroot/0": all that is mounted of it is below */
	const char *disk, *scratch;  /* its device; of a template: that on which it is unpacked */
	struct inspect_kind kind;
	uint64_t file_size;          /* bytes of the image's file */

	struct inspect_device *devices;
	size_t n;
	struct inspect_device *root; /* the newest system in it; NULL: none */
	struct inspect_slot slots[2];
};

/* Looks at the devices and mounts all that can be mounted; what cannot says why in its `problem`. */
int view_open(struct inspect_view *view, struct err *err);

/* Puts the system together: its root, and what its fstab says where there is a folder for it; our own layout's /var.
 * *ret_place is where, in the appliance. -ENOENT when there is no system in the image. */
int view_join(struct inspect_view *view, const char **ret_place, struct err *err);

/* The file system that is called so (devices_find()), mounted: where. -ENOENT, with those that there are. */
int view_partition(struct inspect_view *view, const char *called, const char **ret_place, struct err *err);

/* Runs a script with those arguments, ended by NULL, and gives its output in the view's arena with a NUL behind it. */
int view_ask(struct inspect_view *view, const char *script, const char *const *arguments, const char **ret_said,
	     size_t *ret_size,
	     struct err *err);

/* Takes the next field, up to its NUL: "" when there is none left. */
const char *view_field(const char **at, const char *end);

#endif

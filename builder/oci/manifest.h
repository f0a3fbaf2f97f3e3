/* What the OCI image specification (v1.1) and Docker's older forms of the same say in JSON. Pure: from text to values. */
#ifndef OCI_MANIFEST_H
#define OCI_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

struct oci_blob {
	const char *sha256;
	uint64_t size;
};

/* A container image for linux/amd64, to the byte. */
struct oci_image {
	const char *image;           /* its name, as podman writes it (oci/reference.h) */
	struct oci_blob manifest, config;
	struct oci_blob *layers;    /* from the bottom; as they travel, compressed */
	size_t n_layers;
	bool fake;                   /* of a folder that stood in for it: see lock/fakes.h */
};

/* The manifest for linux/amd64 among those of an index. Returns 1 with its digest and size, 0 when the text is no
 * index, but a manifest; -ENOENT when there is none for this platform. `name` is the image's, for errors. */
int oci_choose(struct arena *arena, const char *name, const char *text, size_t size, struct oci_blob *ret_manifest,
	       struct err *err);

/* Configuration and layers of a manifest, into `container`. */
int oci_manifest(struct arena *arena, const char *name, const char *text, size_t size, struct oci_image *container,
		 struct err *err);

/* The digests (64 digits) that the layers have without their compression, from a configuration; it must be one for
 * linux/amd64 with `n_layers` layers. */
int oci_diff_ids(struct arena *arena, const char *name, const char *text, size_t size, size_t n_layers,
		 struct strv *ret_diff_ids, struct err *err);

#endif

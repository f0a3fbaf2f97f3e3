/* Shelves with small generations of a machine called gateway, and what may happen to them. */
#ifndef UNIT_SHELVES_H
#define UNIT_SHELVES_H

#include "artifact/manifest.h"

/* Makes gateway.qcow2 in `folder`: `size` bytes that begin with `key`, and the manifest of it. */
int shelves_draw(struct arena *arena, const char *folder, const char *key, size_t size, struct manifest *ret_manifest,
		 struct err *err);

/* What a build does. */
int shelves_publish(struct arena *arena, const char *out, const char *key, size_t size, const char **ret_path, struct err *err);

/* The same, of a usual size; the test fails when that does. Returns the image's path. */
const char *shelves_published(struct arena *arena, const char *out, const char *key);

/* Every generation below out/gateway has an image that is what its manifest says; returns how many there are. */
unsigned shelves_are_whole(const char *out);

int64_t shelves_now_ns(void);

/* A tmpfs there, in a mount namespace of this test's own process. */
void shelves_mount(const char *folder, const char *options);

#endif

/* manifest_read(): what stands beside an image. What is printed is read as the same. */
#include "artifact/manifest.h"
#include "fuzz.h"

static void check(const struct manifest *manifest)
{
	ensure(manifest->tool && manifest->name && manifest->kind && manifest->key && manifest->image.sha256);
	ensure(*manifest->image.file && !strchr(manifest->image.file, '/'));
	ensure(manifest->epoch >= 0 && manifest->image.size <= INT64_MAX && manifest->image.virtual_size <= INT64_MAX);
	ensure(!manifest->root || (manifest->root->size <= INT64_MAX && manifest->root->hash_offset <= INT64_MAX));
	ensure(!manifest->uki || (manifest->uki->sha256 && !strchr(manifest->uki->file, '/')));
	for (size_t i = 0; i < manifest->n_partitions; i++)
		ensure(manifest->partitions[i].content && manifest->partitions[i].start <= INT64_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct manifest *manifest = NULL, *again;
	struct err err = {0};
	int r = manifest_read(arena, "manifest", (const char *)data, size, &manifest, &err);

	ensure((r == 0) == (manifest != NULL) && (r == 0) == (err.count == 0));
	if (manifest) {
		const char *text = manifest_print(arena, manifest);

		check(manifest);
		ensure(manifest_read(arena, "again", text, strlen(text), &again, &err) == 0);
		ensure(strcmp(manifest_print(arena, again), text) == 0);
	}
	err_free(&err);
	return 0;
}

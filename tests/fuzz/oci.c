/* What registries say of images: indexes, manifests, configurations, and how they want to be asked. The first byte chooses. */
#include "base/arena.h"
#include "base/valid.h"
#include "debian/index.h"
#include "oci/manifest.h"
#include "oci/registry.h"
#include "fuzz.h"

static void check_blob(const struct oci_blob *blob)
{
	ensure(valid_sha256(blob->sha256));
}

static void manifest(struct arena *arena, const char *text, size_t size, struct err *err)
{
	struct oci_image container = {.image = "test"};

	if (oci_manifest(arena, "test", text, size, &container, err) < 0)
		return;
	check_blob(&container.config);
	for (size_t i = 0; i < container.n_layers; i++)
		check_blob(&container.layers[i]);
}

static void index_(struct arena *arena, const char *text, size_t size, struct err *err)
{
	struct oci_blob blob;

	if (oci_choose(arena, "test", text, size, &blob, err) == 1)
		check_blob(&blob);
}

static void configuration(struct arena *arena, const char *text, size_t size, struct err *err)
{
	struct strv digests = {0};

	if (oci_diff_ids(arena, "test", text, size, 2, &digests, err) < 0)
		return;
	ensure(digests.count == 2 && valid_sha256(digests.items[0]) && valid_sha256(digests.items[1]));
}

static void challenge(struct arena *arena, const char *text, size_t size, struct err *err)
{
	static const char *const keys[] = {"realm", "service", "scope"};

	(void)err;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const char *value = registry_challenge(arena, text, keys[i]);

		ensure(!value || strlen(value) < size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const parsers[])(struct arena *, const char *, size_t, struct err *) = {
		manifest, index_, configuration, challenge,
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	struct err err = {0};
	char *text;

	if (size == 0)
		return 0;
	text = fuzz_text(data + 1, size - 1);
	parsers[data[0] % 4](arena, text, size - 1, &err);
	err_free(&err);
	free(text);
	return 0;
}

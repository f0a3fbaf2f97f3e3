/* What a recipe asks of archives and other servers, as one digest. */
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "edge/digest.h"
#include "recipe/recipe.h"

/* A count before each list and a length before each text: no two recipes give the same bytes. */
static void recipe_digest_put(struct buf *out, const char *text)
{
	buf_printf(out, "%zu:%s\n", text ? strlen(text) : 0, text ? text : "");
}

static void recipe_digest_put_all(struct buf *out, const struct strv *list)
{
	buf_printf(out, "%zu\n", list->count);
	for (size_t i = 0; i < list->count; i++)
		recipe_digest_put(out, list->items[i]);
}

static const char *recipe_digest_of(const struct recipe *recipe, const char *path)
{
	for (size_t i = 0; path && i < recipe->n_inputs; i++)
		if (strcmp(recipe->inputs[i].path, path) == 0)
			return recipe->inputs[i].sha256;
	return NULL;
}

static void recipe_digest_put_repository(struct buf *out, const struct recipe *recipe,
					 const struct recipe_repository *repository)
{
	recipe_digest_put(out, repository->name);
	recipe_digest_put(out, repository->url);
	recipe_digest_put_all(out, &repository->mirrors);
	recipe_digest_put_all(out, &repository->suites);
	recipe_digest_put_all(out, &repository->components);
	recipe_digest_put(out, recipe_digest_of(recipe, repository->key));
	recipe_digest_put_all(out, &repository->fingerprints);
	if (repository->release_name) { /* without it not a byte: older locks stay good */
		recipe_digest_put(out, "releaseName");
		recipe_digest_put(out, repository->release_name);
	}
	if (repository->prefer.count) {
		recipe_digest_put(out, "prefer");
		recipe_digest_put_all(out, &repository->prefer);
	}
	if (repository->priority)
		buf_printf(out, "priority %" PRId64 "\n", repository->priority);
}

static void recipe_digest_put_versions(struct buf *out, const struct recipe *recipe)
{
	for (size_t i = 0; i < recipe->n_versions; i++) {
		recipe_digest_put(out, "version");
		recipe_digest_put(out, recipe->versions[i].package);
		recipe_digest_put(out, recipe->versions[i].version);
	}
}

/* The path of a download in the image is not part of a lock. Without any there is not even a count: older locks stay
 * good. */
static void recipe_digest_put_downloads(struct buf *out, const struct recipe *recipe)
{
	for (size_t i = 0; i < recipe->n_downloads; i++) {
		recipe_digest_put(out, "download");
		recipe_digest_put(out, recipe->downloads[i].name);
		recipe_digest_put(out, recipe->downloads[i].url);
		recipe_digest_put(out, recipe->downloads[i].sha256);
	}
}

/* Images by the name they have; what their containers do with them may change. */
static void recipe_digest_put_images(struct buf *out, const struct recipe *recipe)
{
	for (size_t i = 0; i < recipe->n_quadlets; i++) {
		if (!recipe->quadlets[i].image)
			continue;
		recipe_digest_put(out, "image");
		recipe_digest_put(out, recipe->quadlets[i].image);
	}
}

const char *recipe_digest(struct arena *arena, const struct recipe *recipe)
{
	_cleanup_buf_ struct buf out = {0};
	char *digest = arena_array(arena, char, SHA256_HEX);

	recipe_digest_put_repository(&out, recipe, &recipe->distribution);
	buf_printf(&out, "%zu\n", recipe->n_repositories);
	for (size_t i = 0; i < recipe->n_repositories; i++)
		recipe_digest_put_repository(&out, recipe, &recipe->repositories[i]);
	buf_printf(&out, "%zu\n", recipe->n_packages);
	for (size_t i = 0; i < recipe->n_packages; i++) {
		recipe_digest_put(&out, recipe->packages[i].name);
		buf_printf(&out, "%d\n", recipe->packages[i].origin);
	}
	recipe_digest_put_all(&out, &recipe->env_values);
	recipe_digest_put_versions(&out, recipe);
	recipe_digest_put_downloads(&out, recipe);
	recipe_digest_put_images(&out, recipe);
	sha256_hex_of(out.data, out.size, digest);
	return digest;
}

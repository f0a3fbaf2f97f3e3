#include "oci/manifest.h"

#include <errno.h>
#include <string.h>

#include "base/valid.h"
#include "edge/jval.h"

static int oci_manifest_bad(const char *name, const char *what, struct err *err)
{
	return err_set(err, -EBADMSG, "the image '%s' has %s", name, what);
}

/* `sha256:` and 64 digits; NULL for what is anything else. */
static const char *oci_manifest_digest_of(struct arena *arena, const char *text)
{
	static const char prefix[] = "sha256:";
	const char *hex = text && text_has_prefix(text, prefix) ? text + sizeof prefix - 1 : NULL;

	return hex && valid_sha256(hex) ? arena_strdup(arena, hex) : NULL;
}

/* A content descriptor. */
static int oci_manifest_read_descriptor(struct arena *arena, const char *name, const struct jval *descriptor,
					struct oci_blob *ret_blob, struct err *err)
{
	int64_t size = jval_get_number(descriptor, "size");

	ret_blob->sha256 = oci_manifest_digest_of(arena, jval_get_text(descriptor, "digest"));
	ret_blob->size = (uint64_t)size;
	return ret_blob->sha256 && size > 0 ? 0
					    : oci_manifest_bad(name, "a part without a SHA-256 digest and a size", err);
}

static bool oci_manifest_is(const struct jval *object, const char *key, const char *value)
{
	const char *text = jval_get_text(object, key);

	return text && strcmp(text, value) == 0;
}

/* Without a platform it is the only one, or nothing that runs: an attestation, for one, says "unknown". */
static bool oci_manifest_is_ours(const struct jval *descriptor, size_t n)
{
	const struct jval *platform = jval_get(descriptor, "platform");
	const char *variant = jval_get_text(platform, "variant");

	if (!platform)
		return n == 1;
	return oci_manifest_is(platform, "os", "linux") && oci_manifest_is(platform, "architecture", "amd64") &&
	       (!variant || strcmp(variant, "v1") == 0);
}

int oci_choose(struct arena *arena, const char *name, const char *text, size_t size, struct oci_blob *ret_manifest,
	       struct err *err)
{
	_cleanup_jval_ struct jval *json = NULL;
	const struct jval *manifests;
	size_t n;
	int r = jval_read(name, text, size, &json, err);

	if (r < 0)
		return r;
	manifests = jval_get(json, "manifests");
	if (!manifests)
		return 0;
	n = jval_count(manifests);
	for (size_t i = 0; i < n; i++) {
		if (!oci_manifest_is_ours(jval_item(manifests, i), n))
			continue;
		r = oci_manifest_read_descriptor(arena, name, jval_item(manifests, i), ret_manifest, err);
		return r < 0 ? r : 1;
	}
	return err_set(err, -ENOENT, "the image '%s' has no version for linux/amd64", name);
}

static bool oci_manifest_is_layer(const struct jval *descriptor)
{
	static const char *const types[] = {
		"application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.v1.tar+gzip",
		"application/vnd.oci.image.layer.v1.tar+zstd", "application/vnd.docker.image.rootfs.diff.tar",
		"application/vnd.docker.image.rootfs.diff.tar.gzip", "application/vnd.docker.image.rootfs.diff.tar.zstd",
	};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (oci_manifest_is(descriptor, "mediaType", types[i]))
			return true;
	return false;
}

int oci_manifest(struct arena *arena, const char *name, const char *text, size_t size, struct oci_image *container,
		 struct err *err)
{
	_cleanup_jval_ struct jval *json = NULL;
	const struct jval *layers;
	int r = jval_read(name, text, size, &json, err);

	if (r < 0)
		return r;
	if (jval_get_number(json, "schemaVersion") != 2)
		return oci_manifest_bad(name, "a manifest in an obsolete format", err);
	layers = jval_get(json, "layers");
	container->n_layers = jval_count(layers);
	if (container->n_layers == 0)
		return oci_manifest_bad(name, "no layers", err);
	r = oci_manifest_read_descriptor(arena, name, jval_get(json, "config"), &container->config, err);
	if (r < 0)
		return r;
	container->layers = arena_array(arena, struct oci_blob, container->n_layers);
	for (size_t i = 0; i < container->n_layers; i++) {
		if (!oci_manifest_is_layer(jval_item(layers, i)))
			return oci_manifest_bad(name, "a layer that is not a freely distributable tar archive", err);
		r = oci_manifest_read_descriptor(arena, name, jval_item(layers, i), &container->layers[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

int oci_diff_ids(struct arena *arena, const char *name, const char *text, size_t size, size_t n_layers,
		 struct strv *ret_diff_ids, struct err *err)
{
	_cleanup_jval_ struct jval *json = NULL;
	const struct jval *ids;
	struct strv list = {0};
	int r = jval_read(name, text, size, &json, err);

	if (r < 0)
		return r;
	if (!oci_manifest_is(json, "os", "linux") || !oci_manifest_is(json, "architecture", "amd64"))
		return err_set(err, -ENOENT, "the image '%s' has no version for linux/amd64", name);
	ids = jval_get(jval_get(json, "rootfs"), "diff_ids");
	for (size_t i = 0; i < jval_count(ids); i++) {
		const char *digest = oci_manifest_digest_of(arena, jval_text_of(jval_item(ids, i)));

		if (!digest)
			return oci_manifest_bad(name, "a layer without a SHA-256 digest", err);
		strv_push(arena, &list, digest);
	}
	if (list.count != n_layers)
		return oci_manifest_bad(name, "different numbers of layers in its configuration and its manifest", err);
	*ret_diff_ids = list;
	return 0;
}

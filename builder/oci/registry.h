/* Registries of container images: the part of the OCI distribution specification (v1.1) that pulls. */
#ifndef OCI_REGISTRY_H
#define OCI_REGISTRY_H

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "edge/http.h"
#include "oci/reference.h"

enum { MANIFEST_BYTES_MAX = 4 << 20 }; /* what the specification asks registries to take */

/* The repository of an image, and the headers that give access to it. */
struct registry {
	const struct reference *reference;
	const char *url;      /* https://registry.example/v2/NAME */
	struct strv headers;  /* of every request */
	struct http_secret secret; /* of every request, where the registry knows us without a token */
};

/* The URL of the registry itself. */
const char *registry_base(struct arena *arena, const struct reference *reference);

/* Asks the registry how it authenticates, and gets a token where it needs one: for everybody, or for who is in `header`, a line
 * of a request (NULL: nobody). A registry on this machine is spoken to without TLS, no other is. All in `arena`; `reference` is
 * borrowed. */
int registry_open(struct arena *arena, const struct reference *reference, const char *header, struct registry *ret_registry,
		  struct err *err);

/* Appends the manifest (or index) that `what` names: a tag, or "sha256:…". -ENOENT when there is none. */
int registry_manifest(struct arena *arena, const struct registry *registry, const char *what, struct buf *manifest,
		      struct err *err);

/* The value of `key` in a challenge like `realm="https://…",service="…"` (RFC 9110, section 11.2); NULL for none. Pure. */
const char *registry_challenge(struct arena *arena, const char *challenge, const char *key);

/* Where the manifest, or the blob, of that digest is. */
const char *registry_manifest_url(struct arena *arena, const struct registry *registry, const char *sha256);
const char *registry_blob_url(struct arena *arena, const struct registry *registry, const char *sha256);

#endif

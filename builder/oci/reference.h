/* Names of container images, as podman and the OCI distribution specification have them: REGISTRY/NAME[:TAG][@DIGEST]. */
#ifndef OCI_REFERENCE_H
#define OCI_REFERENCE_H

#include <stdbool.h>

#include "base/arena.h"

struct reference {
	const char *text;     /* the whole, as podman writes it: with a tag (latest by default) or a digest, never both */
	const char *registry; /* host, with its port if it has one */
	const char *name;     /* within the registry: "library/caddy" */
	const char *tag;      /* NULL when there is a digest */
	const char *sha256;   /* of the digest; NULL when there is none */
};

/* Reads a name; `ret_reference` is in `arena`. -EINVAL for what is not one, -EDESTADDRREQ for one without its registry: which
 * one is meant depends on the machine that is asked. */
int reference_parse(struct arena *arena, const char *text, struct reference *ret_reference);

/* Whether the registry is on this machine: then, and only then, it is spoken to without TLS. */
bool reference_is_local(const struct reference *reference);

#endif

/* Where a Proxmox VE cluster is, who we are to it, and by what it is known. */
#ifndef FLEET_PROXMOX_ACCESS_H
#define FLEET_PROXMOX_ACCESS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "edge/http.h"

struct access {
	const char *endpoint; /* "https://HOST:8006", no slash at its end */
	const char *token;    /* "USER@REALM!NAME=SECRET" */
	struct http_trust trust;
	struct access_node {
		const char *name, *url;
	} * nodes; /* end points of nodes, for uploads */
	size_t n_nodes;
};

/* What was said on the command line; NULL and -1: nothing. */
struct access_options {
	const char *config; /* the file; NULL: access_file() */
	const char *endpoint, *token_file, *token_fd, *ca, *fingerprint;
	bool insecure;
};

/* The user's file: $XDG_CONFIG_HOME or ~/.config, aether-build/proxmox.yaml. In `arena`; NULL without a home. */
const char *access_file(struct arena *arena);

/* Puts it together from the options, else the environment (PROXMOX_VE_ENDPOINT, PROXMOX_VE_API_TOKEN, PROXMOX_VE_INSECURE, as
 * OpenTofu's provider bpg/proxmox reads them), else the file. A file that holds a token must not be readable by others. -ENOENT
 * when end point or token are nowhere, -EACCES for such a file, -EINVAL for what makes no sense. All in `arena`. */
int access_read(struct arena *arena, const struct access_options *options, struct access *ret_access, struct err *err);

/* The end point of a node: its own, else the cluster's. */
const char *access_of_node(const struct access *access, const char *node);

#endif

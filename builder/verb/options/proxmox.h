/* Options of verbs that work with Proxmox, and what RECIPE|GENERATION means to them. */
#ifndef VERB_OPTIONS_PROXMOX_H
#define VERB_OPTIONS_PROXMOX_H

#include "build/project.h"
#include "fleet/proxmox/access.h"
#include "fleet/proxmox/site.h"
#include "shelf/generation.h"
#include "verb/options/options.h"

/* Read into struct access_options: --proxmox, --endpoint, --token-file, --token-fd, --ca, --fingerprint, --insecure. */
extern const struct option proxmox_options[];

/* Where generations are, and how a recipe is read and built. */
struct proxmox_finding {
	struct project_options recipe;
	const char *out, *cache;
	const char *words; /* --recipe: whose words say where a generation's machine is; NULL: what was kept */
};

#define OPTION_RECIPE(T)                                                                                                       \
	{                                                                                                                      \
		"recipe", "FILE", "recipe that says where the machine is (the last deploy's)", OPTION_TEXT,         \
			offsetof(struct T, words), NULL                                                                        \
	}

/* A recipe is built, if need be, and its words say where its machine is; a generation's machine is where its last upload or
 * deploy said. In `arena`. */
int proxmox_find(struct arena *arena, const struct proxmox_finding *finding, const char *argument, struct site *ret_site,
		 struct generation **ret_generation, struct err *err);

/* The same of the machine alone: nothing is built. */
int proxmox_find_site(struct arena *arena, const struct proxmox_finding *finding, const char *argument, struct site *ret_site,
		      struct err *err);

#endif

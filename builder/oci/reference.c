#include "oci/reference.h"

#include <errno.h>
#include <regex.h>
#include <string.h>

/* The grammar of distribution's reference package, whose names podman takes; capitals are for tags and hosts alone. */
#define LABEL "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
#define PART "[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*"
static const char pattern[] = "^(" LABEL "(\\." LABEL ")*(:[0-9]+)?/)?"
			      "(" PART "(/" PART ")*)"
			      "(:([A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?"
			      "(@sha256:([0-9a-f]{64}))?$";
enum { DOMAIN = 1, NAME = 6, TAG = 13, DIGEST = 15, GROUPS }; /* parentheses of it that we look into */

static const char *reference_group(struct arena *arena, const char *text, const regmatch_t *match)
{
	return match->rm_so < 0 ? NULL : arena_strndup(arena, text + match->rm_so, (size_t)(match->rm_eo - match->rm_so));
}

/* What stands before the first slash is a registry only when it looks like a host. */
static bool reference_is_host(const char *domain)
{
	return domain && (strpbrk(domain, ".:") || strcmp(domain, "localhost/") == 0);
}

int reference_parse(struct arena *arena, const char *text, struct reference *ret_reference)
{
	struct reference reference = {0};
	regmatch_t matches[GROUPS];
	const char *domain, *tag;
	regex_t regex;
	int r;

	if (regcomp(&regex, pattern, REG_EXTENDED) != 0)
		return -EINVAL;
	r = regexec(&regex, text, GROUPS, matches, 0);
	regfree(&regex);
	if (r != 0)
		return -EINVAL;
	domain = reference_group(arena, text, &matches[DOMAIN]);
	reference.name = reference_group(arena, text, &matches[NAME]);
	if (!reference_is_host(domain) || !reference.name)
		return -EDESTADDRREQ;
	reference.registry = arena_strndup(arena, domain, strlen(domain) - 1);
	reference.sha256 = reference_group(arena, text, &matches[DIGEST]);
	if (strcmp(reference.registry, "index.docker.io") == 0)
		reference.registry = "docker.io";
	if (strcmp(reference.registry, "docker.io") == 0 && !strchr(reference.name, '/'))
		reference.name = arena_printf(arena, "library/%s", reference.name);
	if (reference.sha256) {
		reference.text = arena_printf(arena, "%s/%s@sha256:%s", reference.registry, reference.name, reference.sha256);
	} else {
		tag = reference_group(arena, text, &matches[TAG]);
		reference.tag = tag ? tag : "latest";
		reference.text = arena_printf(arena, "%s/%s:%s", reference.registry, reference.name, reference.tag);
	}
	*ret_reference = reference;
	return 0;
}

bool reference_is_local(const struct reference *reference)
{
	size_t length = strcspn(reference->registry, ":");

	return (length == strlen("localhost") && strncmp(reference->registry, "localhost", length) == 0) ||
	       (length == strlen("127.0.0.1") && strncmp(reference->registry, "127.0.0.1", length) == 0);
}

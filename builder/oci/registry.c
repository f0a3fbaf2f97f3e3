#include "oci/registry.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "edge/http.h"
#include "edge/jval.h"

enum { ANSWER_BYTES_MAX = 1 << 20 };

/* The server of a registry: that of docker.io has another name. */
static const char *registry_host_of(const struct reference *reference)
{
	return strcmp(reference->registry, "docker.io") == 0 ? "registry-1.docker.io" : reference->registry;
}

const char *registry_challenge(struct arena *arena, const char *challenge, const char *key)
{
	size_t length = strlen(key);

	while (*challenge) {
		const char *value, *end;

		challenge += strspn(challenge, " ,\t");
		value = challenge + strcspn(challenge, "=");
		if (!*value)
			return NULL;
		value += value[1] == '"' ? 2 : 1;
		end = value + strcspn(value, value[-1] == '"' ? "\"" : ", ");
		if (strncmp(challenge, key, length) == 0 && challenge[length] == '=')
			return arena_strndup(arena, value, (size_t)(end - value));
		challenge = end + (*end == '"');
	}
	return NULL;
}

/* A part of a query, percent-encoded; slashes may stay (RFC 3986, section 3.4). */
static const char *registry_query_value(struct arena *arena, const char *text)
{
	return http_join(arena, "", text) + 1;
}

static int registry_ask(const char *url, const struct strv *headers, const struct http_secret *secret, uint64_t max_bytes,
			struct http_answer *ret_answer, struct err *err)
{
	const char *wanted = "WWW-Authenticate";
	struct http_request request = {.urls = {&url, 1}, .max_bytes = max_bytes, .wanted = {&wanted, 1}};

	if (headers)
		request.headers = *headers;
	if (secret)
		request.secret = *secret;
	return http_ask(&request, ret_answer, err);
}

/* The challenge for those who bear a token (RFC 6750), without that word; NULL when it is not what is asked of us. A server may
 * offer several ways to say who one is, each in a header of its own. */
static const char *registry_bearer(const struct http_answer *answer)
{
	static const char scheme[] = "Bearer ";
	const char *value;

	for (size_t i = 0; (value = http_answer_header(answer, "WWW-Authenticate", i)); i++)
		if (strncasecmp(value, scheme, sizeof scheme - 1) == 0)
			return value + sizeof scheme - 1;
	return NULL;
}

static int registry_refuse_access(const struct registry *registry, struct err *err)
{
	const char *host = registry->reference->registry;

	err_set(err, -EACCES, "the registry '%s' does not allow everybody to read '%s'", host, registry->reference->name);
	return err_hint(err, "check the name; for an image that is not public, write in the recipe: "
			     "registries: { \"%s\": { auth: { user: NAME, env: VARIABLE } } }", host);
}

static int registry_get_token(struct arena *arena, struct registry *registry, const char *challenge, const char *header,
			      struct err *err)
{
	const struct http_secret secret = {header, registry_challenge(arena, challenge, "realm")};
	const char *realm = registry_challenge(arena, challenge, "realm"),
		   *service = registry_challenge(arena, challenge, "service");
	const char *url, *token;
	_cleanup_http_answer_ struct http_answer answer = {0};
	_cleanup_jval_ struct jval *json = NULL;
	int r;

	if (!realm || (!text_has_prefix(realm, "https://") && !reference_is_local(registry->reference)))
		return registry_refuse_access(registry, err);
	url = arena_printf(
		arena, "%s?service=%s&scope=%s", realm, service ? registry_query_value(arena, service) : "",
		registry_query_value(arena, arena_printf(arena, "repository:%s:pull", registry->reference->name)));
	r = registry_ask(url, NULL, &secret, ANSWER_BYTES_MAX, &answer, err);
	if (r < 0)
		return r;
	if (answer.status != 200)
		return registry_refuse_access(registry, err);
	r = jval_read(url, answer.body.data ? answer.body.data : "", answer.body.size, &json, err);
	if (r < 0)
		return r;
	token = jval_get_text(json, "token");
	if (!token)
		token = jval_get_text(json, "access_token");
	if (!token || token[strcspn(token, "\r\n")])
		return err_set(err, -EBADMSG, "%s: expected a token", realm);
	strv_push(arena, &registry->headers, arena_printf(arena, "Authorization: Bearer %s", token));
	return 0;
}

const char *registry_base(struct arena *arena, const struct reference *reference)
{
	return arena_printf(arena, "%s://%s/v2/", reference_is_local(reference) ? "http" : "https",
			    registry_host_of(reference));
}

int registry_open(struct arena *arena, const struct reference *reference, const char *header, struct registry *ret_registry,
		  struct err *err)
{
	const char *base = registry_base(arena, reference);
	bool password = header && text_has_prefix(header, "Authorization: Basic ");
	struct registry registry = {.reference = reference, .url = arena_printf(arena, "%s%s", base, reference->name)};
	_cleanup_http_answer_ struct http_answer answer = {0};
	const char *challenge;
	int r = 0;

	if (registry_ask(base, NULL, NULL, ANSWER_BYTES_MAX, &answer, err) < 0)
		return err_hint(err, "check the network and the registry");
	challenge = answer.status == 401 ? registry_bearer(&answer) : NULL;
	if (challenge && (!header || password))
		r = registry_get_token(arena, &registry, challenge, header, err);
	else if (header)
		registry.secret = (struct http_secret){header, base};
	else if (answer.status == 401)
		r = registry_refuse_access(&registry, err);
	else if (answer.status != 200)
		r = err_set(err, -EIO, "%s: expected a registry, got the HTTP status %u", base, answer.status);
	if (r < 0)
		return r;
	/* Its own words for what we can read; without them it may give a form that is long out of use. */
	strv_push(arena, &registry.headers,
		  "Accept: application/vnd.oci.image.index.v1+json, "
		  "application/vnd.docker.distribution.manifest.list.v2+json, "
		  "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json, "
		  "*/*;q=0.1");
	*ret_registry = registry;
	return 0;
}

int registry_manifest(struct arena *arena, const struct registry *registry, const char *what, struct buf *manifest,
		      struct err *err)
{
	const char *url = arena_printf(arena, "%s/manifests/%s", registry->url, what);
	_cleanup_http_answer_ struct http_answer answer = {0};

	if (registry_ask(url, &registry->headers, &registry->secret, MANIFEST_BYTES_MAX, &answer, err) < 0)
		return err_hint(err, "check the network and the registry");
	if (answer.status == 401 || answer.status == 403)
		return registry_refuse_access(registry, err);
	if (answer.status == 404)
		return err_set(err, -ENOENT, "the registry '%s' has no image '%s' with '%s'", registry->reference->registry,
			       registry->reference->name, what);
	if (answer.status == 429) {
		err_set(err, -EIO, "%s: too many requests", url);
		return err_hint(err, "the registry limits requests per address: try again in a few hours");
	}
	if (answer.status != 200)
		return err_set(err, -EIO, "%s: unexpected HTTP status %u", url, answer.status);
	buf_add(manifest, answer.body.data, answer.body.size);
	return 0;
}

const char *registry_manifest_url(struct arena *arena, const struct registry *registry, const char *sha256)
{
	return arena_printf(arena, "%s/manifests/sha256:%s", registry->url, sha256);
}

const char *registry_blob_url(struct arena *arena, const struct registry *registry, const char *sha256)
{
	return arena_printf(arena, "%s/blobs/sha256:%s", registry->url, sha256);
}

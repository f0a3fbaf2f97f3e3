#include "fleet/proxmox/access.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "edge/yaml.h"

#define ACCESS_SCHEME "https://"

enum { ACCESS_FILE_BYTES_MAX = 64 << 10, ACCESS_TOKEN_BYTES_MAX = 4096 };

/* A path as the user's shell would read it. */
static const char *proxmox_access_expand(struct arena *arena, const char *path)
{
	const char *home = getenv("HOME");

	return path && text_has_prefix(path, "~/") && home ? arena_printf(arena, "%s%s", home, path + 1) : path;
}

static bool proxmox_access_is_true(const char *text)
{
	return text && (strcasecmp(text, "true") == 0 || strcmp(text, "1") == 0 || strcmp(text, "yes") == 0);
}

static bool proxmox_access_is_false(const char *text)
{
	return strcmp(text, "false") == 0 || strcmp(text, "0") == 0 || strcmp(text, "no") == 0;
}

/* --- the file ------------------------------------------------------------------------------------------------------ */

/* What stands in the file, as it was written. */
struct access_words {
	const char *endpoint, *token, *token_file, *ca, *fingerprint, *insecure;
};

static const struct access_word {
	const char *name;
	size_t offset;
} access_known[] = {
	{"endpoint", offsetof(struct access_words, endpoint)},	     {"token", offsetof(struct access_words, token)},
	{"tokenFile", offsetof(struct access_words, token_file)},    {"ca", offsetof(struct access_words, ca)},
	{"fingerprint", offsetof(struct access_words, fingerprint)}, {"insecure", offsetof(struct access_words, insecure)},
};
enum { N_ACCESS_KNOWN = sizeof access_known / sizeof *access_known };

const char *access_file(struct arena *arena)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (config && *config == '/')
		return arena_printf(arena, "%s/aether-build/proxmox.yaml", config);
	return home && *home ? arena_printf(arena, "%s/.config/aether-build/proxmox.yaml", home) : NULL;
}

static int proxmox_access_unknown_word(const struct node *node, size_t i, struct err *err)
{
	const char *names[N_ACCESS_KNOWN + 1];
	const char *nearest;

	for (size_t j = 0; j < N_ACCESS_KNOWN; j++)
		names[j] = access_known[j].name;
	names[N_ACCESS_KNOWN] = "nodes";
	nearest = text_nearest(node->keys[i], names, N_ACCESS_KNOWN + 1);
	err_at(err, -EINVAL, &node->key_pos[i], node->keys[i], "unknown key");
	return err_hint(err, "%s%s%s",
			nearest ? "did you mean '"
				: "known are endpoint, token, tokenFile, ca, fingerprint, "
				  "insecure, nodes",
			nearest ? nearest : "", nearest ? "'?" : "");
}

static int proxmox_access_read_nodes(struct arena *arena, const struct node *nodes, struct access *access, struct err *err)
{
	if (nodes->type != NODE_MAP)
		return err_at(err, -EINVAL, &nodes->pos, "nodes", "expected a map from nodes to their end points");
	for (size_t i = 0; i < nodes->count; i++) {
		struct access_node *node = arena_push(arena, access->nodes, access->n_nodes);

		if (nodes->items[i]->type != NODE_SCALAR)
			return err_at(err, -EINVAL, &nodes->items[i]->pos, "nodes", "expected a URL");
		*node = (struct access_node){nodes->keys[i], nodes->items[i]->text};
	}
	return 0;
}

static int proxmox_access_read_word(struct arena *arena, const struct node *map, size_t i, struct access_words *words,
				    struct access *access, struct err *err)
{
	const struct node *value = map->items[i];

	if (strcmp(map->keys[i], "nodes") == 0)
		return proxmox_access_read_nodes(arena, value, access, err);
	for (size_t j = 0; j < N_ACCESS_KNOWN; j++) {
		if (strcmp(map->keys[i], access_known[j].name) != 0)
			continue;
		if (value->type != NODE_SCALAR)
			return err_at(err, -EINVAL, &value->pos, map->keys[i], "expected text");
		if (strcmp(map->keys[i], "insecure") == 0 && !proxmox_access_is_true(value->text) &&
		    !proxmox_access_is_false(value->text))
			return err_at(err, -EINVAL, &value->pos, map->keys[i], "expected true or false");
		*(const char **)((char *)words + access_known[j].offset) = value->text;
		return 0;
	}
	return proxmox_access_unknown_word(map, i, err);
}

/* Whoever can read a token can use it. */
static int proxmox_access_check_mode(const char *path, struct err *err)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return err_sys(err, -errno, "cannot read '%s'", path);
	if (!(status.st_mode & 077))
		return 0;
	err_set(err, -EACCES, "'%s' holds a token, and others may read it", path);
	return err_hint(err, "run 'chmod 600 %s'", path);
}

static int proxmox_access_read_file(struct arena *arena, const char *path, bool asked_for, struct access_words *words,
				    struct access *access, struct err *err)
{
	_cleanup_buf_ struct buf text = {0};
	struct node *map = NULL;
	int r;

	if (!path || (!asked_for && !path_exists(path)))
		return 0;
	r = file_read(path, ACCESS_FILE_BYTES_MAX, &text, err);
	if (r < 0)
		return r;
	r = yaml_read(arena, path, text.data ? text.data : "", text.size, &map, err);
	if (r < 0 || !map)
		return r;
	if (map->type != NODE_MAP)
		return err_at(err, -EINVAL, &map->pos, NULL, "expected a map: endpoint, token, …");
	for (size_t i = 0; i < map->count && r == 0; i++)
		r = proxmox_access_read_word(arena, map, i, words, access, err);
	return r == 0 && words->token ? proxmox_access_check_mode(path, err) : r;
}

/* --- the token ------------------------------------------------------------------------------------------------------ */

static const char *proxmox_access_first_line(struct arena *arena, const struct buf *text)
{
	const char *begin = text->data ? text->data : "";

	return arena_strndup(arena, begin, strcspn(begin, "\r\n"));
}

static int proxmox_access_token_of_file(struct arena *arena, const char *path, const char **ret_token, struct err *err)
{
	const char *real = proxmox_access_expand(arena, path);
	_cleanup_buf_ struct buf text = {0};
	int r = proxmox_access_check_mode(real, err);

	if (r == 0)
		r = file_read(real, ACCESS_TOKEN_BYTES_MAX, &text, err);
	if (r == 0)
		*ret_token = proxmox_access_first_line(arena, &text);
	return r;
}

static int proxmox_access_token_of_fd(struct arena *arena, const char *number, const char **ret_token, struct err *err)
{
	char *end = NULL;
	long fd = strtol(number, &end, 10);
	_cleanup_buf_ struct buf text = {0};
	ssize_t n = 1;

	if (!*number || *end || fd < 0 || fd > 1 << 20)
		return err_set(err, -EINVAL, "'--token-fd %s': expected the number of an open file", number);
	while (n > 0 && text.size < ACCESS_TOKEN_BYTES_MAX) {
		n = read((int)fd, buf_reserve(&text, 512), 512);
		if (n < 0)
			return err_sys(err, -errno, "cannot read the token from file descriptor %s", number);
		text.size += (size_t)n;
		*(char *)buf_reserve(&text, 1) = 0;
	}
	*ret_token = proxmox_access_first_line(arena, &text);
	return 0;
}

static bool proxmox_access_is_token(const char *token)
{
	const char *at = strchr(token, '@'), *name = strchr(token, '!'), *secret = strchr(token, '=');

	for (const char *c = token; *c; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	return at && name && secret && at > token && at < name && name + 1 < secret && secret[1];
}

static int proxmox_access_find_token(struct arena *arena, const struct access_options *options,
				     const struct access_words *words, const char **ret_token, struct err *err)
{
	const char *env = getenv("PROXMOX_VE_API_TOKEN"), *token = NULL;
	int r = 0;

	if (options->token_fd)
		r = proxmox_access_token_of_fd(arena, options->token_fd, &token, err);
	else if (options->token_file)
		r = proxmox_access_token_of_file(arena, options->token_file, &token, err);
	else if (env && *env)
		token = arena_strdup(arena, env);
	else if (words->token)
		token = words->token;
	else if (words->token_file)
		r = proxmox_access_token_of_file(arena, words->token_file, &token, err);
	if (r < 0)
		return r;
	if (!token) {
		err_set(err, -ENOENT, "there is no token for Proxmox");
		return err_hint(err, "write 'tokenFile: PATH' into %s, use --token-file FILE, or set PROXMOX_VE_API_TOKEN",
				access_file(arena));
	}
	if (!proxmox_access_is_token(token))
		return err_set(err, -EINVAL, "the token for Proxmox does not look like USER@REALM!NAME=SECRET");
	*ret_token = token;
	return 0;
}

/* --- put together --------------------------------------------------------------------------------------------------- */

/* Without what others append: "https://HOST:8006/api2/json/" is "https://HOST:8006". */
static int proxmox_access_fix_url(struct arena *arena, const char *url, const char **ret_url, struct err *err)
{
	char *fixed = arena_strdup(arena, url);
	char *path = text_has_prefix(fixed, ACCESS_SCHEME) ? strstr(fixed + strlen(ACCESS_SCHEME), "/api2") : NULL;

	if (path)
		*path = 0;
	while (*fixed && fixed[strlen(fixed) - 1] == '/')
		fixed[strlen(fixed) - 1] = 0;
	if (!text_has_prefix(fixed, ACCESS_SCHEME) || strpbrk(fixed, "@?# \t\r\n") || !fixed[strlen(ACCESS_SCHEME)]) {
		err_set(err, -EINVAL, "'%s' is not the address of a Proxmox API", text_plain(arena, url));
		return err_hint(err, "write it like https://pve.home.example:8006");
	}
	*ret_url = fixed;
	return 0;
}

static int proxmox_access_fix_urls(struct arena *arena, struct access *access, struct err *err)
{
	int r = 0;

	if (!access->endpoint) {
		err_set(err, -ENOENT, "the address of Proxmox is not known");
		return err_hint(err,
				"write 'endpoint: https://HOST:8006' into %s, use --endpoint URL, or set "
				"PROXMOX_VE_ENDPOINT",
				access_file(arena));
	}
	r = proxmox_access_fix_url(arena, access->endpoint, &access->endpoint, err);
	for (size_t i = 0; i < access->n_nodes && r == 0; i++)
		r = proxmox_access_fix_url(arena, access->nodes[i].url, &access->nodes[i].url, err);
	return r;
}

/* What holds is said in one place, the first of command line, file and environment: with parts of several, who names another
 * certificate would still be asked for the old one. */
static struct http_trust proxmox_access_find_trust(struct arena *arena, const struct access_options *options,
						   const struct access_words *words)
{
	const char *insecure = getenv("PROXMOX_VE_INSECURE");

	if (options->ca || options->fingerprint || options->insecure)
		return (struct http_trust){options->ca, options->fingerprint, options->insecure};
	if (words->ca || words->fingerprint)
		return (struct http_trust){proxmox_access_expand(arena, words->ca), words->fingerprint, false};
	return (struct http_trust){.insecure = proxmox_access_is_true(insecure && *insecure ? insecure : words->insecure)};
}

int access_read(struct arena *arena, const struct access_options *options, struct access *ret_access, struct err *err)
{
	const char *endpoint = getenv("PROXMOX_VE_ENDPOINT");
	struct access_words words = {0};
	struct access access = {0};
	int r = proxmox_access_read_file(arena, options->config ? options->config : access_file(arena), options->config, &words,
					 &access, err);

	if (r < 0)
		return r;
	access.endpoint = options->endpoint ? options->endpoint : endpoint && *endpoint ? endpoint : words.endpoint;
	access.trust = proxmox_access_find_trust(arena, options, &words);
	r = proxmox_access_fix_urls(arena, &access, err);
	if (r == 0)
		r = proxmox_access_find_token(arena, options, &words, &access.token, err);
	if (r < 0)
		return r;
	if (access.trust.insecure)
		log_warn("the certificate of %s is not checked: whoever answers there gets the token", access.endpoint);
	*ret_access = access;
	return 0;
}

const char *access_of_node(const struct access *access, const char *node)
{
	for (size_t i = 0; i < access->n_nodes; i++)
		if (strcmp(access->nodes[i].name, node) == 0)
			return access->nodes[i].url;
	return access->endpoint;
}

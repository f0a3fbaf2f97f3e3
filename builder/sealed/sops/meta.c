/* What SOPS says of a file: who can open it, the rule, the MAC. Nothing of it is authenticated. */
#include <string.h>

#include "sealed/sops/details.h"
#include "sealed/sops/enc.h"
#include "sealed/sops/scalar.h"

/* What names a key of each service. Others are known by having `enc`. */
static const struct {
	const char *service, *name;
} services[] = {
	{"age", "recipient"}, {"pgp", "fp"}, {"kms", "arn"}, {"gcp_kms", "resource_id"}, {"azure_kv", "name"},
	{"hc_vault", "key_name"}, {"hckms", "key_id"},
};

static bool meta_is_null(const struct sops_node *node)
{
	return !node || (node->shape == SOPS_SCALAR && node->type == SOPS_NULL);
}

/* A text. YAML's scalars are all texts, too (`version: 3.13`), and so says sops; JSON's are not. NULL: there is none. */
static int meta_text(const struct sops_file *file, const struct sops_node *map, const char *key, const char **ret_text,
		     struct fault *fault)
{
	const struct sops_node *node = sops_node_at(map, key);

	*ret_text = NULL;
	if (meta_is_null(node))
		return 0;
	if (node->shape == SOPS_SCALAR && node->type == SOPS_STR && strlen((const char *)node->value.data) == node->value.size)
		*ret_text = (const char *)node->value.data;
	else if (node->shape == SOPS_SCALAR && file->format == SOPS_YAML && node->type != SOPS_STR)
		*ret_text = node->raw;
	if (!*ret_text)
		return fault_set(fault, FAULT_META, node->line, "'%s' in what SOPS added is no text", key);
	if (!**ret_text)
		*ret_text = NULL;
	return 0;
}

/* Truth as the formats have it: yaml also in the words of YAML 1.1, dotenv and ini as a text. */
static int meta_flag(const struct sops_file *file, const struct sops_node *map, const char *key, bool *ret_flag,
		     struct fault *fault)
{
	static const char *const yes[] = {"y", "Y", "yes", "Yes", "YES", "on", "On", "ON"};
	static const char *const no[] = {"n", "N", "no", "No", "NO", "off", "Off", "OFF"};
	const struct sops_node *node = sops_node_at(map, key);
	const char *text;

	*ret_flag = false;
	if (meta_is_null(node))
		return 0;
	if (node->shape != SOPS_SCALAR)
		return fault_set(fault, FAULT_META, node->line, "'%s' in what SOPS added is neither true nor false", key);
	text = (const char *)node->value.data;
	*ret_flag = node->type == SOPS_BOOL && strcmp(text, "True") == 0;
	if (file->format == SOPS_DOTENV || file->format == SOPS_INI) {
		*ret_flag = strcmp(text, "true") == 0;
		return 0;
	}
	for (size_t i = 0; file->format == SOPS_YAML && node->type == SOPS_STR && i < 8; i++) {
		*ret_flag = *ret_flag || strcmp(text, yes[i]) == 0;
		if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0)
			return 0;
	}
	if (node->type != SOPS_BOOL)
		return fault_set(fault, FAULT_META, node->line, "'%s' in what SOPS added is neither true nor false", key);
	return 0;
}

static const char *meta_key_name(const char *service)
{
	for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
		if (strcmp(services[i].service, service) == 0)
			return services[i].name;
	}
	return NULL;
}

static int meta_key(struct pool *pool, struct sops_file *file, const char *service, const struct sops_node *entry,
		    struct fault *fault)
{
	const char *name = meta_key_name(service), *recipient = NULL, *enc = NULL;
	struct sops_key *key;
	int r;

	if (meta_is_null(entry) || (!name && !sops_node_at(entry, "enc")))
		return 0;
	if (entry->shape != SOPS_MAP)
		return fault_set(fault, FAULT_META, entry->line, "an entry of '%s' in what SOPS added is no map", service);
	if (name) {
		r = meta_text(file, entry, name, &recipient, fault);
		if (r < 0)
			return r;
	}
	r = meta_text(file, entry, "enc", &enc, fault);
	if (r < 0)
		return r;
	key = pool_push(pool, file->keys, file->n_keys);
	key->service = service;
	key->recipient = recipient ? recipient : "";
	key->enc = enc ? enc : "";
	return 0;
}

/* The keys of a group: at the top, or the one of `key_groups`. */
static int meta_group(struct pool *pool, struct sops_file *file, const struct sops_node *group, struct fault *fault)
{
	for (struct sops_node *node = group->first; node; node = node->next) {
		const struct sops_node *list = sops_node_real(node);
		bool known = meta_key_name(node->key) != NULL;

		if (strcmp(node->key, "key_groups") == 0 || meta_is_null(list) || (list->shape != SOPS_LIST && !known))
			continue;
		if (list->shape != SOPS_LIST)
			return fault_set(fault, FAULT_META, node->line, "'%s' in what SOPS added is no list", node->key);
		for (struct sops_node *entry = list->first; entry; entry = entry->next) {
			int r = meta_key(pool, file, node->key, sops_node_real(entry), fault);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int meta_keys(struct pool *pool, struct sops_file *file, const struct sops_node *meta, struct fault *fault)
{
	const struct sops_node *groups = sops_node_at(meta, "key_groups");
	int r = meta_group(pool, file, meta, fault);

	if (r < 0 || file->n_keys)
		return r;
	if (meta_is_null(groups) || (groups->shape == SOPS_LIST && !groups->count))
		return fault_set(fault, FAULT_NOKEYS, meta->line, "it names nobody who could open it");
	if (groups->shape != SOPS_LIST)
		return fault_set(fault, FAULT_META, groups->line, "'key_groups' in what SOPS added is no list");
	if (groups->count > 1) {
		fault_set(fault, FAULT_SHAMIR, groups->line, "its key is split among %zu groups (Shamir)", groups->count);
		return fault_hint(fault, "use one group of keys: each of them opens the file by itself");
	}
	if (sops_node_real(groups->first)->shape != SOPS_MAP)
		return fault_set(fault, FAULT_META, groups->line, "a group in 'key_groups' is no map");
	r = meta_group(pool, file, sops_node_real(groups->first), fault);
	if (r == 0 && !file->n_keys)
		return fault_set(fault, FAULT_NOKEYS, groups->line, "it names nobody who could open it");
	return r;
}

static int meta_rule(struct pool *pool, struct sops_file *file, const struct sops_node *meta, struct fault *fault)
{
	static const char *const names[] = {
		"unencrypted_suffix", "encrypted_suffix", "unencrypted_regex", "encrypted_regex",
		"unencrypted_comment_regex", "encrypted_comment_regex",
	};
	struct sops_rule *rule = &file->details->rule;
	const char *text, *before = NULL;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		int r = meta_text(file, meta, names[i], &text, fault);

		if (r < 0)
			return r;
		if (!text)
			continue;
		if (before)
			return fault_set(fault, FAULT_META, meta->line, "it has two rules, %s and %s", before, names[i]);
		before = names[i];
		if (i >= 4) {
			fault_set(fault, FAULT_UNSUPPORTED, meta->line, "its rule %s goes by comments, which are not read",
				  names[i]);
			return fault_hint(fault, "use a suffix or a regular expression on keys in .sops.yaml");
		}
		rule->encrypted = i % 2;
		*(i < 2 ? &rule->suffix : &rule->regex) = text;
	}
	if (!before)
		rule->suffix = "_unencrypted";
	return rule->regex ? sops_rule_compile(pool, rule, fault) : 0;
}

/* The MAC is checked for its form: of one that is missing the whole file is worth nothing. */
static int meta_mac(struct pool *pool, struct sops_file *file, const struct sops_node *meta, struct fault *fault)
{
	const struct sops_node *node = sops_node_at(meta, "mac");
	struct sops_enc enc;
	int r = meta_text(file, meta, "mac", &file->mac, fault);

	if (r < 0)
		return r;
	if (!file->mac)
		return fault_set(fault, FAULT_MAC, meta->line, "it has no MAC: nobody can tell whether it was changed");
	return sops_enc_read(pool, (struct bytes){.data = (const uint8_t *)file->mac, .size = strlen(file->mac)}, "its MAC",
			     node->line, &enc, fault);
}

int sops_meta_read(struct pool *pool, struct sops_file *file, const struct sops_node *meta, struct fault *fault)
{
	int r = meta_text(file, meta, "lastmodified", &file->last_modified, fault);

	if (r < 0)
		return r;
	file->details->aad = sops_time_text(pool, file->last_modified ? file->last_modified : "", false, true);
	if (!file->details->aad)
		return fault_set(fault, FAULT_META, meta->line, "'lastmodified' in what SOPS added is no time");
	r = meta_text(file, meta, "version", &file->version, fault);
	if (r < 0)
		return r;
	r = meta_flag(file, meta, "mac_only_encrypted", &file->details->mac_only_encrypted, fault);
	if (r < 0)
		return r;
	r = meta_keys(pool, file, meta, fault);
	if (r < 0)
		return r;
	r = meta_rule(pool, file, meta, fault);
	return r < 0 ? r : meta_mac(pool, file, meta, fault);
}

struct sops_node *sops_meta_age(const struct sops_node *meta)
{
	struct sops_node *age = sops_node_at(meta, "age"), *groups = sops_node_at(meta, "key_groups");

	if ((!age || age->shape != SOPS_LIST || !age->count) && groups && groups->shape == SOPS_LIST && groups->count == 1)
		age = sops_node_at(sops_node_real(groups->first), "age");
	return age && age->shape == SOPS_LIST && age->count ? age : NULL;
}

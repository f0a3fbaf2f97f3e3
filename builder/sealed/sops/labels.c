/* Who a file is for, by its labels. */
#include <string.h>

#include "sealed/sops/labels.h"

bool sops_same_recipient(const char *one, const char *other)
{
	struct age_recipient a, b;
	struct fault ignored = {0}, too = {0};

	if (age_recipient_read(one, &a, &ignored) < 0 || age_recipient_read(other, &b, &too) < 0)
		return strcmp(one, other) == 0;
	return a.type == b.type && (a.type == AGE_X25519 ? memcmp(a.public, b.public, sizeof a.public) == 0 :
				    memcmp(a.ssh_public, b.ssh_public, sizeof a.ssh_public) == 0);
}

bool sops_is_for(const struct sops_file *file, const char *recipient)
{
	struct age_recipient wanted;
	struct fault ignored = {0};
	bool known = age_recipient_read(recipient, &wanted, &ignored) == 0;

	for (size_t i = 0; i < file->n_keys; i++) {
		const struct sops_key *key = &file->keys[i];
		struct bytes enc = {.data = (const uint8_t *)key->enc, .size = strlen(key->enc)};

		if (strcmp(key->service, "age") == 0 && sops_same_recipient(key->recipient, recipient) &&
		    (!known || age_may_be_for(enc, &wanted)))
			return true;
	}
	return false;
}

#include "machine/secrets/identities.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "contract/secrets.h"
#include "machine/say.h"

#define IDENTITY SECRETS_STATE "/" SECRETS_IDENTITY
#define BEFORE SECRETS_STATE "/" SECRETS_IDENTITY_BEFORE
#define BOUND SECRETS_STATE "/" SECRETS_BOUND
#define PRODUCT_UUID "/sys/class/dmi/id/product_uuid"

static void identities_load_file(struct here *here, struct identities *keys, const char *path)
{
	struct fault fault = {0};
	struct bytes text;
	int r = here_read(here, path, IDENTITIES_BYTES_MAX, &text);

	if (r == -ENOENT)
		return;
	if (r < 0)
		here_remark(here, "%s cannot be read: %s", path, strerror(-r));
	else if (age_identities_read(here->pool, text.data, text.size, &keys->all, &fault) < 0)
		here_remark(here, "%s is no identity: %s", path, fault.text);
}

/* The next identity of several, one behind the other: a line, or a key of SSH with all of its lines. */
static struct bytes identities_next(struct bytes *rest)
{
	static const char begin[] = "-----BEGIN ", end[] = "\n-----END ";
	const uint8_t *from = rest->data, *stop = from, *newline;
	struct bytes one;

	if (rest->size >= sizeof begin && memcmp(from, begin, sizeof begin - 1) == 0) {
		stop = memmem(from, rest->size, end, sizeof end - 1);
		stop = stop ? stop + 1 : from;
	}
	newline = memchr(stop, '\n', rest->size - (size_t)(stop - from));
	one = (struct bytes){from, newline ? (size_t)(newline - from) + 1 : rest->size};
	*rest = (struct bytes){from + one.size, rest->size - one.size};
	return one;
}

/* One that is damaged, or of a kind that others are not, hides no other. */
static void identities_load_before(struct here *here, struct identities *keys)
{
	struct bytes rest;
	int r = here_read(here, BEFORE, IDENTITIES_BYTES_MAX, &rest);

	if (r < 0 && r != -ENOENT)
		here_remark(here, BEFORE " cannot be read: %s", strerror(-r));
	while (r == 0 && rest.size) {
		struct bytes one = identities_next(&rest);
		struct fault fault = {0};

		if (!strchr("#\r\n", *one.data) && age_identities_read(here->pool, one.data, one.size, &keys->all, &fault) < 0)
			here_remark(here, BEFORE ": one is no identity: %s", fault.text);
	}
}

static void identities_load_all(struct here *here, bool before, struct identities *ret_keys)
{
	static const char *const hosts[] = {SECRETS_HOST_KEY, SECRETS_HOST_KEY_ELSEWHERE};

	*ret_keys = (struct identities){0};
	identities_load_file(here, ret_keys, IDENTITY);
	if (before)
		identities_load_before(here, ret_keys);
	ret_keys->n_own = ret_keys->all.count;
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts && ret_keys->n_own == ret_keys->all.count; i++)
		identities_load_file(here, ret_keys, hosts[i]);
}

void identities_load(struct here *here, struct identities *ret_keys)
{
	identities_load_all(here, true, ret_keys);
}

void identities_load_present(struct here *here, struct identities *ret_keys)
{
	identities_load_all(here, false, ret_keys);
}

void identities_print(const struct identities *keys, FILE *out)
{
	for (size_t i = 0; i < keys->all.count; i++) {
		bool again = false;

		for (size_t j = 0; j < i; j++)
			again |= strcmp(keys->all.items[i].recipient, keys->all.items[j].recipient) == 0;
		if (!again)
			fprintf(out, "%s\n", keys->all.items[i].recipient);
	}
}

bool identities_have(const struct identities *keys, const char *recipient)
{
	for (size_t i = 0; i < keys->all.count; i++)
		if (strcmp(keys->all.items[i].recipient, recipient) == 0)
			return true;
	return false;
}

/* --- to which machine they belong ------------------------------------------------------------------------------------ */

/* Of a virtual machine: what its hypervisor gives it, and a copy of it does not keep. False when there is none. */
static bool identities_product(const struct here *here, char uuid[64])
{
	return !here->container && read_line(here_path(here, PRODUCT_UUID), uuid, 64) > 0;
}

static int identities_bind(const struct here *here)
{
	char uuid[64];

	if (!identities_product(here, uuid))
		return 0;
	return here_keep(here, BOUND, (struct bytes){(const uint8_t *)uuid, strlen(uuid)});
}

void identities_check_bound(struct here *here)
{
	char uuid[64], bound[64];
	int r = read_line(here_path(here, BOUND), bound, sizeof bound);

	if (!identities_product(here, uuid) || access(here_path(here, IDENTITY), F_OK) < 0)
		return;
	if (r == -ENOENT) {
		r = identities_bind(here);
		if (r < 0)
			here_remark(here, BOUND " cannot be written: %s", strerror(-r));
	} else if (r < 0 || strcasecmp(uuid, bound) != 0) {
		here_remark(here, "the identity of this machine was given to another one (product UUID %s, this is %s): if "
			    "this is a copy, give it its own (" SECRETS_PROGRAM " " SECRETS_NEW_IDENTITY ", then aether-build "
			    "host enroll); if it was moved, `" SECRETS_PROGRAM " " SECRETS_TAKE_IDENTITY " <" IDENTITY
			    "` binds it anew", bound, uuid);
	}
}

/* --- new ones -------------------------------------------------------------------------------------------------------- */

/* All earlier ones stay, the latest first: an image that travels may be sealed to any of them. */
static int identities_keep_before(struct here *here, struct bytes present)
{
	struct growing all = {.pool = here->pool};
	struct bytes before = {0};
	int r = here_read(here, BEFORE, IDENTITIES_BYTES_MAX, &before);

	if (r < 0 && r != -ENOENT)
		return r;
	growing_add(&all, present.data, present.size);
	growing_puts(&all, "\n");
	growing_add(&all, before.data, before.size);
	return all.size > IDENTITIES_BYTES_MAX ? -EFBIG : here_keep(here, BEFORE, growing_bytes(&all));
}

static int identities_store(struct here *here, struct bytes text)
{
	struct bytes present = {0};
	int r = here_read(here, IDENTITY, IDENTITIES_BYTES_MAX, &present);

	if (r < 0 && r != -ENOENT)
		return r;
	if (r == 0 && present.size)
		r = identities_keep_before(here, present);
	else
		r = 0;
	return r < 0 ? r : here_keep(here, IDENTITY, text);
}

int identities_keep(struct here *here, struct bytes text, struct fault *fault)
{
	struct age_identities given = {0};
	struct identities keys;
	int r = age_identities_read(here->pool, text.data, text.size, &given, fault);

	if (r < 0)
		return r;
	if (given.count == 0)
		return fault_set(fault, FAULT_PARSE, 0, "there is no identity in it");
	identities_load(here, &keys);
	if (keys.n_own == 0 || strcmp(keys.all.items[0].recipient, given.items[0].recipient) != 0)
		r = identities_store(here, text);
	if (r == 0)
		r = identities_bind(here);
	return r;
}

int identities_make(struct here *here, const char **ret_recipient, struct fault *fault)
{
	const char *text;
	struct age_identity identity = age_identity_new(here->pool, &text);
	const char *file = pool_printf(here->pool, "# recipient: %s\n%s\n", identity.recipient, text);

	*ret_recipient = pool_text(here->pool, identity.recipient);
	return identities_keep(here, (struct bytes){(const uint8_t *)file, strlen(file)}, fault);
}

int identities_retire(const struct here *here)
{
	return unlink(here_path(here, BEFORE)) < 0 && errno != ENOENT ? -errno : 0;
}

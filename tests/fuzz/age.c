/* age_open(), age_identities_read(), age_recipient_read(): a file, armored or not, to one of three identities; or one of the
 * texts. What opens can be sealed again and opens as the same; what is read as an identity has a recipient that reads as it. */
#include "sealed/age/age.h"
#include "sealed/age/armor.h"
#include "fuzz.h"

static const char identities_text[] =
	"AGE-SECRET-KEY-1Z2UXF80TFJ0LDC3HVTG6QSA9PN74ETQCRSS7SXEZT6VQ0NGH6RXS8J8M2D\n"
	"AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0\n";
static const char ssh_text[] =
	"-----BEGIN OPENSSH PRIVATE KEY-----\n"
	"b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"
	"QyNTUxOQAAACAZbJQKoOG5nzfTTRu1BrzrtY90/p5TC1N/xc14M4mRjQAAAJA8UkAkPFJA\n"
	"JAAAAAtzc2gtZWQyNTUxOQAAACAZbJQKoOG5nzfTTRu1BrzrtY90/p5TC1N/xc14M4mRjQ\n"
	"AAAEBNoamtWEx1WpgaD+vmfePGzqo6dAU0dxE3KchyR6+JrxlslAqg4bmfN9NNG7UGvOu1\n"
	"j3T+nlMLU3/FzXgziZGNAAAACW9mLWEtdGVzdAECAwQ=\n"
	"-----END OPENSSH PRIVATE KEY-----\n";

/* The recipient that belongs to an identity. */
static struct age_recipient recipient_of(const struct age_identity *identity)
{
	struct age_recipient recipient;
	struct fault fault = {0};

	ensure(age_recipient_read(identity->recipient, &recipient, &fault) == 0);
	ensure(recipient.type == identity->type && memcmp(recipient.public, identity->public, 32) == 0);
	ensure(memcmp(recipient.ssh_public, identity->ssh_public, 32) == 0);
	return recipient;
}

static void check_fault(int r, const struct fault *fault)
{
	ensure((r == 0) == (fault->kind == FAULT_NONE) && (r == 0) == !*fault->text);
}

static void try_file(struct pool *pool, struct bytes file, const struct age_identities *identities)
{
	const struct age_identity *who;
	struct age_recipient recipient;
	struct bytes plain, sealed, again;
	struct fault fault = {0};
	int r = age_open(pool, file, identities, &plain, &who, &fault);

	check_fault(r, &fault);
	if (r < 0)
		return;
	recipient = recipient_of(who);
	ensure(age_may_be_for(file, &recipient));
	ensure(age_seal(pool, plain, &recipient, 1, file.size % 2, &sealed, &fault) == 0);
	ensure(age_open(pool, sealed, identities, &again, &who, &fault) == 0);
	ensure(again.size == plain.size && (!plain.size || memcmp(again.data, plain.data, plain.size) == 0));
}

static void try_armor(struct pool *pool, struct bytes text)
{
	struct bytes file, again;
	struct fault fault = {0};
	int r = armor_is(text) ? armor_decode(pool, text, &file, &fault) : -1;

	if (r < 0)
		return;
	ensure(armor_decode(pool, armor_encode(pool, file), &again, &fault) == 0 && again.size == file.size);
	ensure(!file.size || memcmp(again.data, file.data, file.size) == 0);
}

static void try_identities(struct pool *pool, struct bytes text)
{
	struct age_identities identities = {0};
	struct fault fault = {0};
	int r = age_identities_read(pool, text.data, text.size, &identities, &fault);

	check_fault(r, &fault);
	ensure(r < 0 || identities.count);
	for (size_t i = 0; i < identities.count; i++)
		recipient_of(&identities.items[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_new();
	struct age_identities identities = {0};
	struct bytes all = {.data = data, .size = size};
	char *text = fuzz_text(data, size);
	struct age_recipient recipient;
	struct fault fault = {0};
	char converted[63];

	ensure(age_identities_read(pool, identities_text, strlen(identities_text), &identities, &fault) == 0);
	ensure(age_identities_read(pool, ssh_text, strlen(ssh_text), &identities, &fault) == 0);
	try_file(pool, all, &identities);
	try_armor(pool, all);
	try_identities(pool, all);
	check_fault(age_recipient_read(text, &recipient, &fault), &fault);
	if (fault.kind == FAULT_NONE && recipient.type == AGE_SSH_ED25519)
		ensure(age_recipient_of_ssh(text, converted, &fault) == 0);
	pool_free(pool);
	free(text);
	return 0;
}

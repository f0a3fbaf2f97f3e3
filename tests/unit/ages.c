#include "ages.h"

#include <check.h>
#include <string.h>

const char ages_recipient_text[] = "age1ge8elk7g6f88ezcz5hsw4cmpxw6tkpvpfv7z2y53wjjcstfwv49q49pltw";

/* By ssh-keygen; and by ssh-to-age's rule. */
const char ages_ssh_private[] =
	"-----BEGIN OPENSSH PRIVATE KEY-----\n"
	"b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"
	"QyNTUxOQAAACAZbJQKoOG5nzfTTRu1BrzrtY90/p5TC1N/xc14M4mRjQAAAJA8UkAkPFJA\n"
	"JAAAAAtzc2gtZWQyNTUxOQAAACAZbJQKoOG5nzfTTRu1BrzrtY90/p5TC1N/xc14M4mRjQ\n"
	"AAAEBNoamtWEx1WpgaD+vmfePGzqo6dAU0dxE3KchyR6+JrxlslAqg4bmfN9NNG7UGvOu1\n"
	"j3T+nlMLU3/FzXgziZGNAAAACW9mLWEtdGVzdAECAwQ=\n"
	"-----END OPENSSH PRIVATE KEY-----\n";
const char ages_ssh_public[] = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBlslAqg4bmfN9NNG7UGvOu1j3T+nlMLU3/FzXgziZGN of-a-test";
const char ages_ssh_recipient[] = "age1vtz6mz63m0fp9ynexs5cquxtgdpfeh9pfymgfv46n9dasagqtvkqzseuzr";

struct age_identities ages_identities(struct pool *pool, const char *text)
{
	struct age_identities identities = {0};
	struct fault fault = {0};

	ck_assert_msg(age_identities_read(pool, text, strlen(text), &identities, &fault) == 0, "%s", fault.text);
	return identities;
}

struct age_recipient ages_recipient(const char *text)
{
	struct age_recipient recipient;
	struct fault fault = {0};

	ck_assert_msg(age_recipient_read(text, &recipient, &fault) == 0, "%s: %s", text, fault.text);
	return recipient;
}

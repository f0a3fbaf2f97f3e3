/* health_parse(), lines_fields(): the file of a machine's health checks. */
#include "machine/agent/health.h"
#include "fuzz.h"

static void check_words(const struct health *health, const struct check *check)
{
	char words[40];
	size_t n = 0;

	for (; check->words[n]; n++) {
		ensure(n < CHECK_WORDS && check->words[n] >= health->text);
		ensure(check->words[n] + strlen(check->words[n]) < health->text + sizeof health->text);
	}
	ensure(n >= 1);
	check_print(check, words, sizeof words);
	ensure(strncmp(words, check->words[0], strlen(check->words[0])) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct health *health = calloc(1, sizeof *health);
	char reason[64];

	ensure(health);
	memcpy(health->text, data, size < sizeof health->text ? size : sizeof health->text - 1);
	if (health_parse(health) == 0) {
		ensure(health->n_checks <= CHECKS);
		for (size_t i = 0; i < health->n_checks; i++)
			check_words(health, &health->checks[i]);
		health_reason(health, reason, sizeof reason);
		ensure(!*reason == !health->n_checks);
	}
	free(health);
	return 0;
}

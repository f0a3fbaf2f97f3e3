/* send_parse(): what a machine says while it is sent a generation. It is given nothing that is not in the payload. */
#include <errno.h>

#include "fleet/ssh/send.h"
#include "fuzz.h"

static const uint64_t n_blocks[N_OBJECTS] = {1ULL << 32, 300, 257, 3, 1, 0};

static void hear(const struct payload *payload, const char *line)
{
	struct send_word word = {.slot = '?'};
	struct err err = {0};
	int r = send_parse(payload, line, &word, &err);

	ensure(r == 0 || (r == -EBADMSG && err.count == 1 && word.slot == '?'));
	err_free(&err);
	if (r < 0)
		return;
	if (word.heard == HEARD_GET) {
		ensure(word.numbers[0] < N_OBJECTS && word.numbers[2] >= 1 && word.numbers[2] <= 256);
		ensure(word.numbers[1] < n_blocks[word.numbers[0]]);
		ensure(word.numbers[1] + word.numbers[2] <= n_blocks[word.numbers[0]]);
	}
	ensure((word.heard == HEARD_STEP) == (word.step != NULL));
	ensure((word.heard == HEARD_READY || word.heard == HEARD_SAME) == (word.slot == 'a' || word.slot == 'b'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *rest = text, *line;
	struct payload payload = {.generation = 1};

	for (size_t i = 0; i < N_OBJECTS; i++)
		payload.objects[i].n_blocks = n_blocks[i];
	while ((line = strsep(&rest, "\n")))
		hear(&payload, line);
	free(text);
	return 0;
}

/* Replays a corpus without libFuzzer: every file as it is, cut off at a thousand places (each byte of a short one), and with the
 * byte there replaced by a character that means something to parsers. Of padding only the ends are of interest: archives are
 * made of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "fuzz.h"

enum { PLACES = 1000 };

static const char MEANINGFUL[] = {'\0', '\n', '\t', ' ', ':', '{', '[', '"', '$', '!', '&', '-', '9', (char)0xff};

/* In memory of exactly the size, so that a sanitizer sees who reads beyond. */
static void run(const char *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static bool is_padding(const struct buf *text, size_t at)
{
	const char *bytes = text->data;

	return at > 0 && at + 1 < text->size && bytes[at] == bytes[at - 1] && bytes[at] == bytes[at + 1];
}

static size_t replay(const struct buf *text)
{
	size_t runs = 1, step = 1 + text->size / PLACES;

	run(text->data ? text->data : "", text->size);
	for (size_t i = 0; i < text->size; i += step) {
		char kept = text->data[i];

		if (is_padding(text, i))
			continue;
		runs += 2;
		run(text->data, i);
		text->data[i] = MEANINGFUL[(i * 31 + text->size) % sizeof MEANINGFUL];
		run(text->data, text->size);
		text->data[i] = kept;
	}
	return runs;
}

int main(int argc, char **argv)
{
	struct err err = {0};
	size_t runs = 0;

	for (int i = 1; i < argc; i++) {
		_cleanup_buf_ struct buf text = {0};

		if (file_read(argv[i], 1 << 20, &text, &err) < 0) {
			err_print(&err, stderr);
			return EXIT_FAILURE;
		}
		runs += replay(&text);
	}
	printf("%zu inputs from %d files\n", runs, argc - 1);
	return runs ? EXIT_SUCCESS : EXIT_FAILURE;
}

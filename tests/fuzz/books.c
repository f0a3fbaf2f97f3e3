/* books_parse(): a container's books, as whatever wrote them last has left them. What is read can be started, and reads as the
 * same when it is written down again. */
#include "contract/esp.h"
#include "machine/books.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), again[BOOKS_BYTES];
	struct books books, same;

	if (books_parse(text, &books) == 0) {
		ensure((books.good == 'a' || books.good == 'b') && books.trial != books.good && books.tries <= SLOT_TRIES);
		ensure(books.trial == 0 || books.trial == 'a' || books.trial == 'b');
		books_print(&books, again);
		ensure(books_parse(again, &same) == 0 && same.good == books.good && same.trial == books.trial);
		ensure(same.tries == books.tries);
	}
	free(text);
	return 0;
}

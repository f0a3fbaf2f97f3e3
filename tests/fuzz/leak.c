/* leak_look(): checks of forms read before and behind an anchor. A value that is there is found, what is told is in the text, and
 * a path is told without a value. */
#include "leak/forms.h"
#include "leak/search.h"
#include "fuzz.h"

static const struct leak_value value = {"name", "k7#Q/z'9", 8};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct leak_search *search = leak_search_new(true, &value, 1);
	struct leak_finds *finds = leak_finds_new();
	char *bytes = malloc(size ? size : 1), *text = fuzz_text(data, size);
	_cleanup_buf_ struct buf masked = {0};
	struct leak_find *all;
	bool told = false;
	size_t n;

	ensure(bytes);
	memcpy(bytes, data, size);
	leak_look(search, finds, "/a", LEAK_CONTENT, bytes, size, 0);
	all = leak_finds_all(finds, &n);
	for (size_t i = 0; i < n; i++) {
		ensure(all[i].offset < size && all[i].n_bytes <= LEAK_BYTES);
		ensure(all[i].name || form_is_known(all[i].form) || strcmp(all[i].form, LEAK_MANY) == 0);
		told |= all[i].name != NULL;
	}
	ensure(told || !memmem(data, size, value.data, value.size));
	ensure(leak_is_in(search, bytes, size) == (n > 0));
	leak_mask(search, text, &masked);
	ensure(!masked.size || !memmem(masked.data, masked.size, value.data, value.size));
	form_of_file("/etc/shadow", bytes, size);
	form_of_file("/root/.pgpass", bytes, size);
	form_of_file("/a.keytab", bytes, size);
	leak_finds_free(finds);
	leak_search_free(search);
	free(bytes);
	free(text);
	return 0;
}

/* values_read(), decode_base64(), decode_gzip(), put_is_path(): a seed's user-data, and what stands in it. */
#include "machine/put.h"
#include "machine/seed/decoded.h"
#include "machine/seed/values.h"
#include "fuzz.h"

/* The tree is no larger than it says, and has an end. */
static unsigned check_value(struct memory *memory, const struct value *value, unsigned depth)
{
	struct bytes bytes = {value->text, value->size}, out;
	unsigned weight = 1;

	ensure(depth <= VALUES_DEPTH * VALUES_DEPTH);
	for (const struct value *below = value->first; below; below = below->next) {
		ensure((value->kind == VALUE_MAP) == (below->key != NULL));
		weight += check_value(memory, below, depth + 1);
	}
	if (value->kind == VALUE_TEXT) {
		ensure(strlen(value->text) == value->size);
		if (decode_base64(memory, bytes, &out) == 0)
			ensure(out.size <= value->size);
		if (put_is_path(value->text))
			ensure(value->text[0] == '/' && !strstr(value->text, "/../"));
	}
	return weight;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct memory memory = {NULL};
	struct remarks remarks = {.n = 0};
	struct bytes out;
	const struct value *value = values_read(&memory, &remarks, "user-data", (const char *)data, size);

	ensure(!value == (remarks.n && strstr(remarks.lines[remarks.n - 1], "nothing of it is followed")));
	if (value)
		ensure(check_value(&memory, value, 1) <= VALUES_MAX);
	if (decode_gzip(&memory, (struct bytes){(const char *)data, size}, &out) == 0)
		ensure(out.size <= DECODED_MAX);
	memory_free(&memory);
	remarks_free(&remarks);
	return 0;
}

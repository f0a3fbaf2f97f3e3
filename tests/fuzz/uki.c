/* uki_find(), uki_make(): PE files, of whoever's. What is made of one holds what was put into it. */
#include "boot/uki.h"
#include "fuzz.h"

static const char CMDLINE[] = "quiet aether.root=00";

static void find(const uint8_t *data, size_t size, const char *name)
{
	const void *section = NULL;
	size_t section_size = 0;
	struct err err = {0};
	int r = uki_find(data, size, name, &section, &section_size, &err);

	ensure((r == 0) == (section != NULL) && (r == 0) == (err.count == 0));
	if (section) {
		ensure((const uint8_t *)section >= data && section_size <= size);
		ensure((size_t)((const uint8_t *)section - data) <= size - section_size);
	}
	err_free(&err);
}

static void make(const uint8_t *data, size_t size)
{
	const struct uki_section sections[] = {{".aether", CMDLINE, strlen(CMDLINE)}, {".linux2", data, size}};
	_cleanup_buf_ struct buf uki = {0};
	struct err err = {0};
	const void *section;
	size_t section_size;
	int r = uki_make(data, size, sections, 2, &uki, &err);

	ensure((r == 0) == (err.count == 0));
	if (r == 0) {
		ensure(uki.size > size);
		ensure(uki_find(uki.data, uki.size, ".aether", &section, &section_size, &err) == 0);
		ensure(section_size == strlen(CMDLINE) && memcmp(section, CMDLINE, section_size) == 0);
		ensure(uki_find(uki.data, uki.size, ".linux2", &section, &section_size, &err) == 0);
		ensure(section_size == size && memcmp(section, data, size) == 0);
	}
	err_free(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	find(data, size, ".cmdline");
	find(data, size, ".linux");
	make(data, size);
	return 0;
}

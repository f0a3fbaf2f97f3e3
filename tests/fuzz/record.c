/* record_parse(): what was learnt about a generation. What is printed is read as the same. */
#include "edge/jval.h"
#include "shelf/record.h"
#include "fuzz.h"

static void check(const struct record *record)
{
	ensure(record->made >= 0 && record->replaced < UINT32_MAX);
	for (size_t i = 0; i < record->n_deployments; i++) {
		const struct deployment *deployment = &record->deployments[i];

		ensure(*deployment->host && deployment->when >= 0 && (!deployment->reason || *deployment->reason));
		ensure(*verdict_name(deployment->verdict));
	}
	for (size_t i = 0; i < record->n_uploads; i++) {
		const struct upload *upload = &record->uploads[i];

		ensure(*upload->node && upload->when >= 0 && upload->size <= INT64_MAX && strlen(upload->sha256) == 64);
		ensure(strchr(upload->volid, ':') && !strpbrk(upload->volid, "${}\"\\ \n\033"));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct record record, again;
	struct err err = {0};
	int r = record_parse(arena, "record.json", (const char *)data, size, &record, &err);

	ensure((r == 0) == (err.count == 0));
	if (r == 0) {
		const char *text = record_print(arena, &record);

		check(&record);
		ensure(record_parse(arena, "again", text, strlen(text), &again, &err) == 0);
		ensure(strcmp(record_print(arena, &again), text) == 0);
	}
	err_free(&err);
	return 0;
}

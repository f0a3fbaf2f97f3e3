/* station_read(): what a machine says of itself, and what our own agent says on one whose texts are these bytes. */
#include <stdio.h>

#include "machine/agent/quote.h"
#include "fuzz.h"
#include "fleet/status.h"

static void check_text(const char *text)
{
	ensure(text);
	for (; *text; text++)
		ensure((uint8_t)*text >= ' ' && *text != 127);
}

static void check(const struct station *station)
{
	const char *const texts[] = {
		station->name, station->kind, station->boot_id, station->slot, station->root_hash, station->generation,
		station->state, station->health, station->health_reason, station->failure.root_hash, station->failure.reason,
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		check_text(texts[i]);
	ensure(station->n_slots <= 2);
	for (size_t i = 0; i < station->n_slots; i++) {
		check_text(station->slots[i].slot);
		check_text(station->slots[i].state);
		check_text(station->slots[i].root_hash);
		check_text(station->slots[i].generation);
	}
}

/* Returns whether that is a status. */
static bool read_status(const char *text, size_t size, const char *reason)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct station station, again;
	struct err err = {0};
	int r = station_read(arena, text, size, &station, &err);

	ensure((r == 0) == (err.count == 0));
	err_free(&err);
	if (r < 0)
		return false;
	check(&station);
	ensure(strlen(station.text) <= 16 * size); /* a number or a character may be written longer */
	ensure(station_read(arena, station.text, strlen(station.text), &again, &err) == 0);
	ensure(strcmp(station.text, again.text) == 0);
	if (reason)
		ensure(strlen(station.health_reason) == strlen(reason));
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *status = NULL;
	size_t status_size = 0;
	FILE *out = open_memstream(&status, &status_size);

	read_status(text, size, NULL);
	fputs("{\"name\": \"x\", \"boot_id\": \"y\", \"health_reason\": ", out);
	quote_print(text, out);
	fputs("}", out);
	fclose(out);
	ensure(read_status(status, status_size, text));
	free(status);
	free(text);
	return 0;
}

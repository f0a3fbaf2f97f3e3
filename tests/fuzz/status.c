/* status_read(): what a machine says of itself, and what our own agent says on one whose texts are these bytes. */
#include <stdio.h>

#include "fleet/status.h"
#include "machine/quote.h"
#include "fuzz.h"

static void check_text(const char *text)
{
	ensure(text);
	for (; *text; text++)
		ensure((uint8_t)*text >= ' ' && *text != 127);
}

static void check(const struct machine_status *machine)
{
	const char *const texts[] = {
		machine->name, machine->kind, machine->boot_id, machine->slot, machine->root_hash, machine->generation,
		machine->state, machine->health, machine->health_reason, machine->failure.root_hash, machine->failure.reason,
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		check_text(texts[i]);
	ensure(machine->n_slots <= 2);
	for (size_t i = 0; i < machine->n_slots; i++) {
		check_text(machine->slots[i].slot);
		check_text(machine->slots[i].state);
		check_text(machine->slots[i].root_hash);
		check_text(machine->slots[i].generation);
	}
}

/* Returns whether that is a status. */
static bool read_status(const char *text, size_t size, const char *reason)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct machine_status machine, again;
	struct err err = {0};
	int r = status_read(arena, text, size, &machine, &err);

	ensure((r == 0) == (err.count == 0));
	err_free(&err);
	if (r < 0)
		return false;
	check(&machine);
	ensure(strlen(machine.text) <= 16 * size); /* a number or a character may be written longer */
	ensure(status_read(arena, machine.text, strlen(machine.text), &again, &err) == 0);
	ensure(strcmp(machine.text, again.text) == 0);
	if (reason)
		ensure(strlen(machine.health_reason) == strlen(reason));
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

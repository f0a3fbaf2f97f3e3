/* offer_line(): what a builder offers to a machine. What is accepted is in the bounds that all else relies on, and says the same
 * when it is written down again. */
#include <stdio.h>

#include "machine/agent/offer.h"
#include "machine/hex.h"
#include "fuzz.h"

static int read_offer(char *text, struct offer *ret_offer)
{
	char why[64], *line;
	int r = 0;

	*ret_offer = (struct offer){0};
	for (unsigned number = 0; r == 0 && (line = strsep(&text, "\n")); number++) {
		*why = 0;
		r = offer_line(ret_offer, number, line, why, sizeof why);
		ensure((r < 0) == (*why != 0));
	}
	return r;
}

static size_t print_offer(const struct offer *offer, char *out, size_t size)
{
	char hex[2 * HASH_BYTES + 1];
	size_t at;

	hex_print(offer->salt, HASH_BYTES, hex);
	at = (size_t)snprintf(out, size, "aether-take %d\nname %s\nkind %s\nformat %u\ngeneration %u\n",
			      offer->is_tree ? 2 : 1, offer->name, offer->kind, offer->format, offer->generation);
	if (!offer->is_tree)
		at += (size_t)snprintf(out + at, size - at, "salt %s\n", hex);
	hex_print(offer->objects[OBJECT_ROOT].root_hash, HASH_BYTES, hex);
	if (offer->is_tree)
		return at + (size_t)snprintf(out + at, size - at, "tree %llu %s\n\n",
					     (unsigned long long)offer->objects[OBJECT_ROOT].size_bytes, hex);
	for (unsigned i = 0; i < N_OBJECTS; i++) {
		hex_print(offer->objects[i].root_hash, HASH_BYTES, hex);
		at += (size_t)snprintf(out + at, size - at, "object %s %llu %s\n", offer_name(i),
				       (unsigned long long)offer->objects[i].size_bytes, hex);
	}
	at += (size_t)snprintf(out + at, size - at, "\n");
	return at;
}

static void check(const struct offer *offer)
{
	char text[2048];
	struct offer again;
	struct tree shape;

	ensure(*offer->name && *offer->name != '.' && !strchr(offer->name, '/') && strlen(offer->kind) < 8);
	for (unsigned i = 0; i < (offer->is_tree ? 1 : N_OBJECTS); i++)
		ensure(offer->objects[i].size_bytes > 0 && offer->objects[i].size_bytes <= INT64_MAX);
	ensure(offer->is_tree || offer->objects[OBJECT_ROOT].size_bytes % BLOCK_BYTES == 0);
	tree_shape(offer->is_tree ? 1 : offer->objects[OBJECT_ROOT].size_bytes / BLOCK_BYTES, &shape);
	ensure(shape.n_blocks > shape.n_data && shape.n_blocks < INT64_MAX / BLOCK_BYTES);
	ensure(print_offer(offer, text, sizeof text) < sizeof text);
	ensure(read_offer(text, &again) == 1 && memcmp(&again, offer, sizeof again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct offer offer;

	if (read_offer(text, &offer) == 1)
		check(&offer);
	free(text);
	return 0;
}

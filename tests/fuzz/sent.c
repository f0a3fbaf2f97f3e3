/* sent_read() and declared_read(): what was sent to a machine, and what it declares. A bundle that is taken says the same when
 * it is written once more; each name that is declared is a path below the folder of secrets. */
#include "machine/secrets/declared.h"
#include "machine/secrets/sent.h"
#include "fuzz.h"

#include <stdio.h>

static struct bytes sent_again(struct pool *pool, const struct sent *sent)
{
	struct growing text = {.pool = pool};

	growing_puts(&text, pool_printf(pool, "aether-sent\t1\nmachine\tm\nmade\t%lld\n", sent->made));
	for (size_t i = 0; i < sent->n_values; i++) {
		growing_puts(&text, pool_printf(pool, "secret\t%zu\t%zu\n", i, sent->values[i].value.size));
		growing_add(&text, sent->values[i].value.data, sent->values[i].value.size);
		growing_puts(&text, "\n");
	}
	growing_puts(&text, "end\n");
	return growing_bytes(&text);
}

static void look_at_sent(struct pool *pool, struct bytes bytes)
{
	struct sent sent, again;
	char problem[200] = "";

	if (sent_read(pool, bytes, &sent, problem) < 0) {
		ensure(*problem);
		return;
	}
	ensure(sent.made >= 0 && *sent.machine);
	ensure(sent_read(pool, sent_again(pool, &sent), &again, problem) == 0 && again.n_values == sent.n_values);
	for (size_t i = 0; i < sent.n_values; i++) {
		struct bytes value = *sent_find(&sent, sent.values[i].name);

		ensure(value.size == again.values[i].value.size);
		ensure(memcmp(value.data, again.values[i].value.data, value.size) == 0);
	}
}

static void look_at_declared(struct pool *pool, struct bytes bytes)
{
	struct declared declared;
	char problem[200] = "";

	if (declared_read(pool, bytes, &declared, problem) < 0) {
		ensure(*problem);
		return;
	}
	ensure(declared.machine);
	for (size_t i = 0; i < declared.n_items; i++) {
		const struct item *item = &declared.items[i];

		ensure(*item->name && *item->name != '/');
		ensure(strcmp(item->name, "..") != 0 && strncmp(item->name, "../", 3) != 0 && !strstr(item->name, "/../"));
		ensure(item->mode <= 0777 && declared_find(&declared, item->name) == item);
		ensure(item->template || (item->file != NULL) != item->sent);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_new();
	const struct bytes bytes = {data, size};

	look_at_sent(pool, bytes);
	look_at_declared(pool, bytes);
	pool_free(pool);
	return 0;
}

#include "seeds.h"

#include <string.h>

#include "base/arena.h"
#include "machine/seed/network.h"
#include "machine/seed/networkd.h"
#include "machine/seed/seed.h"
#include "scratch.h"

static const char *remarks_text(const struct remarks *remarks)
{
	const char *text = "";

	for (size_t i = 0; i < remarks->n; i++)
		text = arena_printf(scratch_arena(), "%s%s\n", text, remarks->lines[i]);
	return text;
}

const char *seeds_follow(const char *root, const char *const files[N_CIDATA])
{
	struct memory memory = {NULL};
	struct remarks remarks = {.n = 0};
	struct cidata cidata = {0};
	const char *text;

	for (size_t i = 0; i < N_CIDATA; i++) {
		cidata.files[i].bytes = files[i];
		cidata.files[i].size = files[i] ? strlen(files[i]) : 0;
	}
	seed_follow(&memory, &remarks, root, &cidata);
	text = remarks_text(&remarks);
	memory_free(&memory);
	remarks_free(&remarks);
	return text;
}

const char *seeds_network(const char *text, const char **ret_remarks)
{
	struct networkd_file files[NETWORKD_FILES_MAX];
	struct memory memory = {NULL};
	struct remarks remarks = {.n = 0};
	struct network *network = memory_take(&memory, sizeof *network);
	const char *all = "";
	size_t n;

	network->memory = &memory;
	network->remarks = &remarks;
	network_read(network, values_read(&memory, &remarks, "network-config", text, strlen(text)));
	n = networkd_files(network, files);
	for (size_t i = 0; i < n; i++)
		all = arena_printf(scratch_arena(), "%s# %s\n%s", all, files[i].name, files[i].text);
	*ret_remarks = remarks_text(&remarks);
	memory_free(&memory);
	remarks_free(&remarks);
	return all;
}

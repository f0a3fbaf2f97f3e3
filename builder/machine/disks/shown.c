#include "machine/disks/shown.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "contract/stack.h"
#include "machine/quote.h"

/* Where its link leads; "" when it has none. */
static void shown_device(const struct node *node, char out[PATH_MAX])
{
	char path[300];
	ssize_t n;

	snprintf(path, sizeof path, STACK_LINKS "/%s", node->id);
	n = readlink(path, out, PATH_MAX - 1);
	out[n > 0 ? n : 0] = 0;
}

static void shown_json(const struct node *node, const char *device, bool first, FILE *out)
{
	fputs(first ? "{\"id\":" : ",{\"id\":", out);
	quote_print(node->id, out);
	fputs(",\"kind\":", out);
	quote_print(node_kind_name(node->kind), out);
	fputs(",\"device\":", out);
	quote_print(device, out);
	fputs("}", out);
}

void shown_print(const struct stage *stage, bool json, FILE *out)
{
	char device[PATH_MAX];

	if (json)
		fputs("[", out);
	for (size_t i = 0; i < stage->nodes.n; i++) {
		const struct node *node = &stage->nodes.list[i];

		shown_device(node, device);
		if (json)
			shown_json(node, device, i == 0, out);
		else
			fprintf(out, "%-24s %-10s %s\n", node->id, node_kind_name(node->kind), *device ? device : "not open");
	}
	if (json)
		fputs("]\n", out);
}

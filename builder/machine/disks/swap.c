/* Space for swapping. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/disks/look.h"
#include "machine/disks/programs.h"
#include "machine/disks/ways.h"
#include "machine/say.h"

/* Where the encrypted bytes of a swap begin: before them stands the header by which we know it again. */
enum { SWAP_SECTORS = 2048 };

static const char *swap_label(const struct node *node)
{
	const char *label = node_word(node, "label");

	return label && *label ? label : "swap";
}

static int swap_format(const char *device, const char *label)
{
	struct program program;

	program_begin(&program, "/usr/sbin/mkswap");
	program_add_all(&program, (const char *const[]){"-q", "-L", label, device, NULL});
	return program_do(&program);
}

int swap_make(struct stage *stage, struct node *node)
{
	int r = swap_format(nodes_base(&stage->nodes, node)->device, swap_label(node));

	if (r < 0)
		stage_problem(stage, "%s: the swap could not be made", node->id);
	return r;
}

/* Behind the header the bytes are encrypted with a key that nobody knows: it is another one at each start. */
static int swap_encrypt(struct node *node, const char *device)
{
	struct program program;
	int r;

	ways_load(NODE_LUKS);
	program_begin(&program, "/usr/sbin/cryptsetup");
	program_add_all(&program, (const char *const[]){"open", "--batch-mode", "--type", "plain", "--cipher",
							"aes-xts-plain64",
							"--key-size", "512", "--key-file", "/dev/urandom", NULL});
	program_addf(&program, "--offset=%d", SWAP_SECTORS);
	if (node_word(node, "discard"))
		program_add(&program, "--allow-discards");
	program_add(&program, device);
	program_addf(&program, "swap-%s", node->id);
	r = program_do(&program);
	stage_set_device(node, "/dev/mapper/swap-%s", node->id);
	if (r == 0)
		r = stage_await(node->device) ? swap_format(node->device, swap_label(node)) : -ENOENT;
	return r;
}

static bool swap_is_on(const char *device)
{
	char real[NODE_DEVICE * 4], text[4096];
	char *path = realpath(device, NULL);

	snprintf(real, sizeof real, "%.300s ", path ? path : device);
	free(path);
	return read_line("/proc/swaps", text, sizeof text) > 0 && strstr(text, real);
}

static int swap_turn_on(struct stage *stage, struct node *node)
{
	const char *discard = node_word(node, "discard"), *priority = node_word(node, "priority");
	struct program program;
	int r;

	program_begin(&program, "/usr/sbin/swapon");
	if (priority)
		program_add_all(&program, (const char *const[]){"-p", priority, NULL});
	if (discard && strcmp(discard, "both") != 0)
		program_addf(&program, "--discard=%s", discard);
	else if (discard)
		program_add(&program, "--discard");
	program_add(&program, node->device);
	r = program_do(&program);
	if (r < 0)
		stage_problem(stage, "%s: %s cannot be used for swapping", node->id, node->device);
	return r;
}

int swap_open(struct stage *stage, struct node *node)
{
	const char *device = nodes_base(&stage->nodes, node)->device;
	bool random = node_word(node, "random");
	char mapped[NODE_DEVICE];
	struct look look;
	int r = 0;

	snprintf(mapped, sizeof mapped, "/dev/mapper/swap-%s", node->id);
	stage_set_device(node, "%s", random && access(mapped, F_OK) == 0 ? mapped : device);
	if (stage->shadow || swap_is_on(node->device))
		return 0;
	if (!look_at(device, &look) || strcmp(look.type, "swap") != 0 || strcmp(look.label, swap_label(node)) != 0) {
		stage_problem(stage, "%s: on %s there is %s, and not swap labelled '%s': it is left alone", node->id, device,
			      look_called(&look), swap_label(node));
		return -EINVAL;
	}
	if (random)
		r = swap_encrypt(node, device);
	return r == 0 ? swap_turn_on(stage, node) : r;
}

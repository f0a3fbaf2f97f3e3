#include "machine/agent/move.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/image.h"
#include "contract/stack.h"
#include "machine/agent/boot.h"
#include "machine/lines.h"
#include "machine/root/move_state.h"
#include "machine/root/root.h"

int move_main(int argc, char **argv)
{
	static struct boot boot;
	static struct state_disk disks[DISKS_MAX];
	struct state_choice choice;
	struct partition own;
	char wanted[16], on[64], why[400];
	int r;

	(void)argc;
	(void)argv;
	boot_open(&boot, BOOT_CHANGE);
	lines_read(IMAGE_FILE, IMAGE_KEY_STATE, wanted, sizeof wanted);
	lines_read(ROOT_STATE_FILE, ROOT_STATE_ON, on, sizeof on);
	if (strcmp(wanted, IMAGE_STATE_STACK) == 0)
		die("the state stands on what the layout of this image says (see '" STACK_PROGRAM " status'): there is "
		    "nothing to "
		    "move; a layout with other disks starts with an empty state");
	if (!boot.running || strcmp(wanted, IMAGE_STATE_DISK) != 0)
		die("this image keeps its state elsewhere: build it with 'partitions: aether:two-disks', and switch to that "
		    "first");
	if (!partition_find(boot.running->partition.disk, LABEL_STATE, &own) || strcmp(own.device, on) != 0)
		die("the state is on %s, and not on the system's own disk: there is nothing to move", on);
	if (!move_choose(disks, media_look("/sys", "/dev", own.disk, disks), &choice, why, sizeof why))
		die("%s", why);
	r = write_whole("/var/lib/aether", strrchr(STATE_MOVE_FILE, '/') + 1, "");
	if (r < 0)
		die("cannot write /var/" STATE_MOVE_FILE ": %s", strerror(-r));
	printf("the next start copies /var to %s, before any service starts: restart the machine\n", choice.device);
	return EXIT_SUCCESS;
}

/* mountinfo_next(), mountinfo_slot(), steps_plan(): what is mounted, with whatever names people give to folders. Nothing is
 * mounted but by the flags that an unprivileged container may use, and nothing but onto the tree. */
#include <sys/mount.h>

#include "machine/box/steps.h"
#include "machine/mountinfo.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *mounts = fuzz_text(data, size), state[] = "/var/lib/one\n/srv";
	struct box_steps steps;
	char slot = mountinfo_slot(text);

	ensure(slot == 0 || slot == 'a' || slot == 'b');
	if (steps_plan("/t", mounts, state, &steps) == 0) {
		ensure(steps.n >= 3 && !steps.steps[0].source && strcmp(steps.steps[0].target, "/") == 0);
		for (size_t i = 1; i < steps.n; i++) {
			ensure(steps.steps[i].source && (steps.steps[i].flags & ~(unsigned long)MS_REC) == MS_BIND);
			ensure(strncmp(steps.steps[i].target, "/t", 2) == 0);
		}
	}
	steps_free(&steps);
	free(text);
	free(mounts);
	return 0;
}

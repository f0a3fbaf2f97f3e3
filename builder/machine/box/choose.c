#include "machine/box/choose.h"

static enum choose_state choose_state_of(const enum choose_state states[2], char slot)
{
	return states[slot - 'a'];
}

/* A slot becomes the next one to start, or the root that it is. A bad one does only when `even_bad`. */
static void choose_add(const enum choose_state states[2], char slot, bool even_bad, char order[CHOOSE_MAX], size_t *n)
{
	enum choose_state state = choose_state_of(states, slot);

	if (*n && order[*n - 1] == CHOOSE_ROOT)
		return;
	if (state == CHOOSE_IS_ROOT)
		order[(*n)++] = CHOOSE_ROOT;
	else if (state == CHOOSE_WHOLE || (state == CHOOSE_BAD && even_bad))
		order[(*n)++] = slot;
}

size_t choose(const struct books *books, const enum choose_state states[2], char order[CHOOSE_MAX])
{
	size_t n = 0;

	if (books && books->trial && books->tries)
		choose_add(states, books->trial, false, order, &n);
	if (books)
		choose_add(states, books->good, true, order, &n);
	if (books && !books->trial) /* what is not good for being on trial starts as one or not at all */
		choose_add(states, books->good == 'a' ? 'b' : 'a', false, order, &n);
	if (!n || order[n - 1] != CHOOSE_ROOT)
		order[n++] = CHOOSE_ROOT;
	return n;
}

#include "inspect/pairing.h"

#include <string.h>

#include "contract/image.h"

struct pairing {
	const struct inspect_view *view, *other;
	const struct inspect_device **partners; /* of the view's devices */
	bool *taken;                 /* of the other's */
};

const char *pairing_name(const struct inspect_device *device)
{
	bool apart = strcmp(device->kind, "lvm") == 0 && text_has_prefix(device->name, PAIRING_APART);

	return device->name + (apart ? strlen(PAIRING_APART) : 0);
}

const struct inspect_slot *pairing_slot(const struct inspect_view *view, const struct inspect_device *device)
{
	size_t length = device->label ? strlen(device->label) : 0;
	char letter;

	if (length < 2 || !text_has_prefix(device->label, LABEL_ROOT) || device->label[length - 2] != '-')
		return NULL;
	letter = device->label[length - 1];
	return letter == 'a' || letter == 'b' ? &view->slots[letter - 'a'] : NULL;
}

/* Whether its content is there as something else: what its volumes or its array have. */
static bool pairing_is_member(const struct inspect_view *view, const struct inspect_device *device)
{
	static const struct {
		const char *fs, *kind;
	} members[] = {{"LVM2_member", "lvm"}, {"linux_raid_member", "raid"}, {"linux_raid_member", "linear"}};

	for (size_t i = 0; device->fs && i < sizeof members / sizeof *members; i++)
		for (size_t j = 0; strcmp(device->fs, members[i].fs) == 0 && j < view->n; j++)
			if (text_has_prefix(view->devices[j].kind, members[i].kind))
				return true;
	return false;
}

bool pairing_has_content(const struct inspect_view *view, const struct inspect_device *device)
{
	return device->place || (strcmp(device->kind, "disk") != 0 && !pairing_is_member(view, device));
}

static bool pairing_same(const char *one, const char *other)
{
	return one && other && strcmp(one, other) == 0;
}

/* --- ways to belong together ----------------------------------------------------------------------------------------- */

static bool pairing_by_root(const struct pairing *pairing, const struct inspect_device *device,
			    const struct inspect_device *found)
{
	const struct inspect_slot *slot = pairing_slot(pairing->view, device), *theirs = pairing_slot(pairing->other, found);

	return slot && theirs && found->place && pairing_same(slot->root_hash, theirs->root_hash);
}

static bool pairing_by_name(const struct pairing *pairing, const struct inspect_device *device,
			    const struct inspect_device *found)
{
	const struct inspect_device *below = device->parent < 0 ? NULL : pairing->partners[device->parent];

	if (strcmp(device->kind, found->kind) != 0 || device->depth != found->depth)
		return false;
	if (device->label || found->label)
		return pairing_same(device->label, found->label);
	if (device->number)
		return device->number == found->number;
	if (strcmp(device->kind, "lvm") == 0)
		return strcmp(pairing_name(device), pairing_name(found)) == 0;
	return device->parent < 0 || (below && below == &pairing->other->devices[found->parent]);
}

/* Slots that hold different roots: what is left when all others have found their own. */
static bool pairing_by_rest(const struct pairing *pairing, const struct inspect_device *device,
			    const struct inspect_device *found)
{
	return pairing_slot(pairing->view, device) && pairing_slot(pairing->other, found);
}

static void pairing_try(struct pairing *pairing,
			bool (*belongs)(const struct pairing *pairing, const struct inspect_device *device,
					const struct inspect_device *found))
{
	for (size_t i = 0; i < pairing->view->n; i++)
		for (size_t j = 0; j < pairing->other->n && !pairing->partners[i]; j++) {
			const struct inspect_device *found = &pairing->other->devices[j];

			if (pairing->taken[j] || !belongs(pairing, &pairing->view->devices[i], found))
				continue;
			pairing->partners[i] = found;
			pairing->taken[j] = true;
		}
}

const struct inspect_device **pairing_find(const struct inspect_view *view, const struct inspect_view *other)
{
	struct pairing pairing = {
		.view = view, .other = other,
		.partners = arena_array(view->arena, const struct inspect_device *, view->n + 1),
		.taken = arena_array(view->arena, bool, other->n + 1),
	};

	pairing_try(&pairing, pairing_by_root);
	pairing_try(&pairing, pairing_by_name);
	pairing_try(&pairing, pairing_by_rest);
	return pairing.partners;
}

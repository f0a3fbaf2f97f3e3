#!/bin/bash
# budget: 60
# Each of disko's layouts in our words can be planned, and those that boot/disks.sh and boot/partitions.sh do not boot are
# built.
. "${SOURCE:=$PWD}/tests/lib.sh"

IMAGE_REPO=$WORK/repository
copy_recipes "$IMAGE_REPO" && cp -t "$IMAGE_REPO/recipes" "$SOURCE"/tests/boot/recipes/*.recipe || die "recipes are there"

# recipe LAYOUT [SED…]: $RECIPE has it; all have the same packages, and so the same lock.
recipe() {
	RECIPE=$IMAGE_REPO/recipes/$1.recipe
	sed -e "s/^name: .*/name: $1/" -e "s|^partitions: .*|partitions: ../partitions/disko/$1.yaml|" "${@:2}" \
		"$SOURCE/tests/boot/recipes/stacks.recipe" >"$RECIPE"
}

# locked WAY: the recipe has a lock, which is made once for each way.
locked() {
	[[ -f $WORK/$1.lock ]] || { "$AETHER" lock "$RECIPE" && cp "${RECIPE%.recipe}.lock" "$WORK/$1.lock"; } || return
	cp "$WORK/$1.lock" "${RECIPE%.recipe}.lock"
}

planned() {
	recipe "$1" && locked usual && "$AETHER" plan "$RECIPE" >"$WORK/plan"
}

built() {
	recipe "$@" && locked "${KERNEL:-usual}" && "$AETHER" vm --out "$WORK/out" "$RECIPE" >"$WORK/path"
}

for layout in "$SOURCE"/partitions/disko/*.yaml; do
	layout=$(basename "$layout" .yaml)
	[[ $layout == f2fs ]] || ok "$layout can be planned" planned "$layout"
done
for layout in complex hybrid-mbr hybrid-tmpfs-on-root luks-interactive-login luks-tpm2 mdadm-raid0 negative-size; do
	ok "$layout is built" built "$layout"
done
no_driver() {
	! planned f2fs 2>"$WORK/said" && grep -q "cannot mount f2fs" "$WORK/said"
}
ok "f2fs is refused with a kernel that has none" no_driver
KERNEL=whole
ok "… and built with one that has" built f2fs \
	-e 's/^packages: \[/packages: [!remove linux-image-cloud-amd64, linux-image-amd64, /'
hybrid() {
	qemu-img convert -O raw "$WORK/out/hybrid-mbr/1/hybrid-mbr.qcow2" "$WORK/raw" &&
		sfdisk --dump --label-nested dos "$WORK/raw" | grep -q 'type=c'
}
ok "the hybrid MBR has the partition that firmware looks for" hybrid
finish

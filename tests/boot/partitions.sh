#!/bin/bash
# budget: 300
# deadline: 1800
# The layouts of partitions/ that put the state or data elsewhere than on a plain disk: each is built and booted, and what was
# written is there after the next start, or the next generation, whatever became of one of its disks.
# shellcheck disable=SC2317 # its functions are called by ok
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/boot/lib.sh"
. "$SOURCE/tests/boot/generations.sh"
. "$SOURCE/tests/boot/stacks.sh"

IMAGE_REPO=$WORK/repository
copy_recipes "$IMAGE_REPO" && cp -t "$IMAGE_REPO/recipes" "$SOURCE"/tests/boot/recipes/*.recipe || die "recipes are there"
trap 'end_tpms; cut_all_power' EXIT

# build LAYOUT [SED…]: a machine of that name; all have the same packages, and so the same lock.
build() {
	local name=$1 recipe=$IMAGE_REPO/recipes/$1.recipe
	shift
	sed -e "s/^name: .*/name: $name/" -e "s|^partitions: .*|partitions: ../partitions/$name.yaml|" "$@" \
		"$SOURCE/tests/boot/recipes/stacks.recipe" >"$recipe" || return
	[[ -f $WORK/lock ]] || { "$AETHER" lock "$recipe" && cp "${recipe%.recipe}.lock" "$WORK/lock"; } || return
	cp "$WORK/lock" "${recipe%.recipe}.lock" && IMAGE=$("$AETHER" vm --out "$WORK/out" "$recipe")
}

# begin LAYOUT SERIAL…: a machine of it with such empty disks of 512 MiB.
begin() {
	local name=$1 serial
	shift
	ok "partitions/$name.yaml is built" build "$name"
	new_machine "$name"
	for serial; do
		new_disk "$name" "$serial" 512M
	done
	make_certificates "$IMAGE_REPO/keys/ssh-user-ca"
	write_config "$name" no
}

# power_on LAYOUT SERIAL…: with these of its disks.
power_on() {
	local name=$1
	shift
	disks "$name" "$@"
	STATE_DISK=none start "$name" 10.0.2.15 -machine pc -device virtio-scsi-pci,id=scsi \
		-device scsi-hd,drive=disk,bootindex=0 "${TPM[@]}" "${DISKS[@]}"
}

identity() {
	in_guest "$1" 'cat /etc/machine-id /var/lib/aether/identity/*.pub; cat /var/canary'
}

# comes_up LAYOUT FORMAT SOURCE: it is well, and /var is that.
comes_up() {
	ok "a machine of $1 comes up" wait_for_ssh "$1"
	ok "… and all that its units do succeeds" is_running "$1"
	ok "… with /var as $2" in_guest "$1" "findmnt -no FSTYPE,SOURCE /var | grep -qE '^$2 +$3\$'"
	ok "… and it is well" becomes "$1" '.health == "good"'
	in_guest "$1" 'echo canary >/var/canary; sync'
	identity "$1" >"$WORK/$1/identity"
}

is_kept() {
	identity "$1" | cmp - "$WORK/$1/identity"
}

TPM=()

# --- data-xfs ---------------------------------------------------------------------------------------------------------

begin data-xfs state data
power_on data-xfs state data
comes_up data-xfs ext4 '/dev/sd.'
ok "its data is on XFS, on the disk of that serial number" in_guest data-xfs \
	'test "$(findmnt -no FSTYPE,SOURCE /srv/data)" = "xfs $(readlink -f /dev/disk/by-id/scsi-*data)"'
cut_power data-xfs

# --- lvm-ab -----------------------------------------------------------------------------------------------------------

begin lvm-ab
qemu-img resize -q "$WORK/lvm-ab/disk.qcow2" +512M
power_on lvm-ab
comes_up lvm-ab ext4 /dev/mapper/machine-var
ok "what takes all that is free has grown with the disk" in_guest lvm-ab \
	'test "$(df -m --output=size /srv | tail -n 1)" -gt 700'
ok "… and swap is on" in_guest lvm-ab 'swapon --noheadings --show=NAME | grep -q .'
cut_power lvm-ab

# --- btrfs-state ------------------------------------------------------------------------------------------------------

begin btrfs-state state
power_on btrfs-state state
comes_up btrfs-state btrfs '/dev/sd.\[/@var\]'
ok "/home and /srv are subvolumes, too" in_guest btrfs-state \
	'findmnt -no SOURCE /home | grep -q "/@home" && findmnt -no SOURCE /srv | grep -q "/@srv"'
ok "… compressed" in_guest btrfs-state 'findmnt -no OPTIONS /var | grep -q compress=zstd'
cut_power btrfs-state

# --- luks-state -------------------------------------------------------------------------------------------------------

start_tpm luks-state 2>/dev/null
begin luks-state state
power_on luks-state state
comes_up luks-state ext4 /dev/mapper/state
ok "the disk is LUKS2, and its key is the TPM's" in_guest luks-state \
	'cryptsetup luksDump /dev/disk/by-id/scsi-*state | grep -q systemd-tpm2'
first=$IMAGE
ok "the next generation is built" build luks-state -e '$ a files: { /etc/next: { text: next } }'
ok "… and the machine takes it" why luks-state aether luks-state switch --json "$(dirname "$IMAGE")"
ok "… with its state" is_kept luks-state
ok "… and goes back" why luks-state aether luks-state rollback --json
ok "… with its state" is_kept luks-state
IMAGE=$first
cut_power luks-state
refused "whoever takes the disk reads nothing" bash -c 'qemu-img convert -O raw "$0" "$0.raw" && grep -aq canary "$0.raw"' \
	"$WORK/luks-state/state.qcow2"
rm -f "$WORK/luks-state/state.qcow2.raw"
start_tpm luks-state
power_on luks-state state
ok "after a power cut the TPM unlocks it again" wait_for_ssh luks-state
ok "… with its state" is_kept luks-state
cut_power luks-state
TPM=()

# --- raid1-state ------------------------------------------------------------------------------------------------------

begin raid1-state state-a state-b
power_on raid1-state state-a state-b
comes_up raid1-state ext4 '/dev/md.*'
cut_power raid1-state
power_on raid1-state state-a
ok "with one disk taken away it comes up" wait_for_ssh raid1-state
ok "… with its state" is_kept raid1-state
ok "… which is told" in_guest raid1-state 'aether-agent status | grep -q "state-b"'
cut_power raid1-state
finish

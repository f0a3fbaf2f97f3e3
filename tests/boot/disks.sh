#!/bin/bash
# budget: 300
# deadline: 1800
# Every block stack of partitions/disko on one machine: made on its first boot on disks that are blank, judged by other
# programs; then the power is cut, one disk of a RAID 1 is gone, one has somebody else's file system, and some have grown.
# shellcheck disable=SC2317 # its functions are called by ok
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/boot/lib.sh"
. "$SOURCE/tests/boot/stacks.sh"

# --- the machine ------------------------------------------------------------------------------------------------------

LAYOUTS=(btrfs-only-root-subvolume btrfs-subvolumes gpt-unformatted luks-btrfs-subvolumes luks-lvm luks-multiple
	luks-on-mdadm lvm-raid lvm-sizes-sort lvm-thin mdadm mdadm-raid5-args multi-device-no-deps
	swap tmpfs xfs xfs-with-quota)

build() {
	local names=("${LAYOUTS[@]/#/$SOURCE/partitions/disko/}")
	IMAGE_REPO=$WORK/repository
	copy_recipes "$IMAGE_REPO" && cp -t "$IMAGE_REPO/recipes" "$SOURCE"/tests/boot/recipes/*.recipe &&
		"$SOURCE/tests/boot/stacks" "${names[@]/%/.yaml}" >"$IMAGE_REPO/recipes/stacks.yaml" &&
		"$AETHER" lock "$IMAGE_REPO/recipes/stacks.recipe" &&
		IMAGE=$("$AETHER" vm --out "$WORK/out" "$IMAGE_REPO/recipes/stacks.recipe")
}

# The serial numbers of all disks but the state's, from the layout.
serials() {
	python3 -c 'import sys, yaml
print(*sorted(yaml.safe_load(sys.stdin)["disk"]))' <"$IMAGE_REPO/recipes/stacks.yaml"
}

size_of() {
	case $1 in # (the least that xfs takes, and the least that btrfs grows from)
	xfs* | *btrfs*) echo 512M ;;
	*) echo 256M ;;
	esac
}

power_on() {
	local there=() serial
	for serial in $(serials); do
		[[ ! -f $WORK/stacks/$serial.qcow2 ]] || there+=("$serial")
	done
	disks stacks "${there[@]}"
	start stacks 10.0.2.15 -machine pc -device virtio-scsi-pci,id=scsi -device scsi-hd,drive=disk,bootindex=0 \
		-smp 2 "${DISKS[@]}"
}

ok "a layout of ${#LAYOUTS[@]} of disko's examples is built" build
new_machine stacks
for serial in $(serials); do
	new_disk stacks "$serial" "$(size_of "$serial")"
done
make_certificates "$IMAGE_REPO/keys/ssh-user-ca"
write_config stacks no
trap cut_all_power EXIT

# --- the first boot ---------------------------------------------------------------------------------------------------

power_on
ok "a machine with $(serials | wc -w) blank disks comes up" wait_for_ssh stacks
ok "… and all that its units do succeeds" is_running stacks

# What the judges have in common: the array, or the encrypted device, below a mount point or a volume.
PRELUDE='array() { findmnt -no SOURCE "$1" | sed "s/p1$//"; }
of_array() { mdadm --detail "$(array "$1")" | grep -qE "$2"; }
below() { cryptsetup status "$1" | sed -n "s/^ *device: *//p"; }
megabytes() { df -m --output=size "$1" | tail -n 1; }
of_lv() { lvs --noheadings --units m --nosuffix -o "$2" "$1" | tr -d " " | cut -d . -f 1; }'

# What every program that knows about it says: WHAT|COMMAND of the guest.
judges() {
	local what command
	while IFS='|' read -r what command; do
		[[ -z $what ]] || ok "$what" in_guest stacks "$PRELUDE
$command"
	done
}

# mounted PATH FORMAT SOURCE: as findmnt says.
mounted() {
	local seen
	seen=$(in_guest stacks "findmnt -no FSTYPE,SOURCE $1")
	[[ $seen =~ ^$2\ +$3$ ]] || { echo "$seen"; return 1; }
}

while read -r path format source; do
	ok "$path is $format on $source" mounted "$path" "$format" "$source"
done <<-'END'
	/srv/xfs xfs /dev/sd.*1
	/srv/xfs-quota xfs /dev/sd.*1
	/srv/btrfs btrfs /dev/sd.*1\[/rootfs\]
	/srv/btrfs-home btrfs /dev/sd.*1\[/home\]
	/srv/btrfs-one btrfs /dev/sd.*1\[/rootfs\]
	/srv/unformatted ext4 /dev/sd.*2
	/srv/a ext4 /dev/sd.*1
	/srv/b ext4 /dev/sd.*1
	/srv/md ext4 /dev/md[^ ]*p1
	/srv/md5 ext4 /dev/md[^ ]*
	/srv/lvm ext4 /dev/mapper/pool-root
	/srv/lvm-home ext4 /dev/mapper/pool-home
	/srv/sort ext4 /dev/mapper/sorted-root
	/srv/sort-home ext4 /dev/mapper/sorted-home
	/srv/thin ext4 /dev/mapper/mainpool-root
	/srv/thin-home ext4 /dev/mapper/mainpool-home
	/srv/crypt ext4 /dev/mapper/secret-root
	/srv/crypt-btrfs btrfs /dev/mapper/crypt-btrfs\[/root\]
	/srv/crypt-md ext4 /dev/mapper/crypt-md
	/srv/two ext4 /dev/mapper/crypt-root
	/srv/two-home ext4 /dev/mapper/crypt-home
	/tmp tmpfs tmpfs
END
judges <<'END'
quota of projects is accounted|findmnt -no OPTIONS /srv/xfs-quota | grep -q prjquota
btrfs has them all|btrfs subvolume list /srv/btrfs | sed 's/.* //' | sort | xargs | grep -x "home home/user nix rootfs test"
an empty partition is empty|! blkid -p "$(readlink -f /dev/disk/by-partlabel/empty)" | grep -q ' TYPE='
a table has no fault|sfdisk --verify "$(lsblk -no PKNAME -p /dev/disk/by-partlabel/empty)"
RAID 1 is|of_array /srv/md 'Raid Level : raid1'
… of two disks|of_array /srv/md 'Working Devices : 2'
RAID 5 has the chunk that was asked for|of_array /srv/md5 'Chunk Size : 128K'
a logical volume is on both disks|test "$(of_lv pool/root segtype)" = raid1
… and another striped|test "$(of_lv pool/home segtype)" = raid0
what takes all that is free does|test "$(vgs --noheadings --units m --nosuffix -o vg_free sorted | cut -d . -f 1)" -lt 4
a thin volume is larger than its pool|test "$(of_lv mainpool/home lv_size)" -ge 300
what is encrypted is LUKS2|for v in crypted crypt-btrfs crypt-md crypt-root; do cryptsetup status $v | grep LUKS2 || exit; done
keys are root's alone|test "$(stat -c %a%U /var/lib/keys/* | sort -u)" = 400root
a recovery key can be had|umask 077; /usr/lib/aether/disks recovery --fetch crypt-home | tail -n 1 | tr -d '\n' >/run/key
… and opens the volume|cryptsetup open --test-passphrase --key-file /run/key "$(below crypt-home)"
swap is on, of both kinds|test "$(swapon --noheadings --show=NAME | wc -l)" = 2
… with the priority that was asked for|swapon --noheadings --show=PRIO | grep -q 100
nothing of the making is left|! losetup -a | grep . && ! mount | grep -i shadow
END
in_guest stacks 'for f in /srv/*; do mountpoint -q $f && echo canary >$f/canary; done; sync; sleep 2
	for i in $(seq 60); do grep -qE "resync|recovery" /proc/mdstat || break; sleep 1; done'

# --- the power is cut, and disks change -------------------------------------------------------------------------------

cut_power stacks
rm "$WORK/stacks/md-b.qcow2" "$WORK/stacks/disk1.qcow2"
truncate -s 256M "$WORK/foreign" && mkfs.ext4 -q -F -L mine "$WORK/foreign"
qemu-img convert -O qcow2 "$WORK/foreign" "$WORK/stacks/disk1.qcow2"
for serial in sort crypt-two lvm-a; do
	qemu-img resize -q "$WORK/stacks/$serial.qcow2" +256M
done
power_on
ok "with a disk less and a foreign one it comes up all the same" wait_for_ssh stacks
not_kept() {
	in_guest stacks 'for f in /srv/*; do [ $f = /srv/b ] || [ "$(cat $f/canary)" = canary ] || echo $f; done' 2>&1 | grep .
}
refused "… with all that was written" not_kept
judges <<'END'
RAID 1 runs with the disk that is left|of_array /srv/md 'State : .*degraded'
… which status says|aether-agent status | grep -q raid1
what is somebody else's was left alone|blkid -p "$(readlink -f /dev/disk/by-id/scsi-*disk1)" | grep -q mine
… and is not mounted|! mountpoint -q /srv/b
… which is told with what to do|aether-agent status | grep -q disk1
a volume that takes all that is free has grown|test "$(megabytes /srv/sort-home)" -gt 350
an encrypted partition has grown, and what is in it|test "$(megabytes /srv/two)" -gt 350
one that has a size has not|test "$(megabytes /srv/two-home)" -lt 64
END
foreign_is_untouched() {
	qemu-img convert -O raw "$WORK/stacks/disk1.qcow2" "$WORK/foreign.now" && cmp "$WORK/foreign" "$WORK/foreign.now"
}
cut_power stacks
ok "not one byte of the foreign disk has changed" foreign_is_untouched
finish

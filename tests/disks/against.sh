#!/bin/bash
# A copied disk is held against what it was copied from, with all that both can have only once: a volume group, an array,
# a btrfs;
# and a machine's state disk against its image.
# deadline: 900
# budget: 160
. "${SOURCE:=$PWD}/tests/lib.sh"
need jq python3
[[ -e /usr/lib/x86_64-linux-gnu/libguestfs.so.0 ]] || skip "needs libguestfs: run ci/setup test"
: "${AETHER_CACHE:=$WORK/cache}"
export AETHER_CACHE
need_image gateway

# In the appliance: drive a is a disk, b its copy that somebody changed, c a state disk, d the image.
# shellcheck disable=SC2016 # the appliance's shell expands it
make_disks='set -e; m=/sysroot
a=$(readlink -f /dev/disk/guestfs/drivea) b=$(readlink -f /dev/disk/guestfs/driveb) c=$(readlink -f /dev/disk/guestfs/drivec)
d=$(readlink -f /dev/disk/guestfs/drived)
sgdisk -n1:0:+60M -c1:pv -n2:0:+60M -c2:m1 -n3:0:+60M -c3:m2 -n4:0:+120M -c4:data $a >/dev/null
partprobe $a || true; udevadm settle
lvm pvcreate -q ${a}1; lvm vgcreate -q group ${a}1; lvm lvcreate -q -L 20M -n home group; mkfs.ext4 -q /dev/group/home
mdadm --create /dev/md/array --run --level=1 --raid-devices=2 --metadata=1.2 --homehost=any ${a}2 ${a}3
mkfs.ext4 -q /dev/md/array
mkfs.btrfs -q ${a}4; mount ${a}4 $m; btrfs subvolume create $m/@one; echo 1 >$m/@one/file; umount $m
for device in /dev/group/home /dev/md/array; do mount $device $m; echo 1 >$m/file; umount $m; done
lvm vgchange -an; mdadm --stop --scan; sync; dd if=$a of=$b bs=1M conv=sparse; partprobe $b || true; udevadm settle
echo "DEVICE ${b}*" >/tmp/b.conf; mdadm --stop --scan || true
mdadm --assemble --scan --run --config=/tmp/b.conf; array=$(ls /dev/md/*array*)
f="devices { use_devicesfile=0 filter=[ \"a|^${b}|\", \"r|.*|\" ] }"; lvm vgchange -ay --config "$f"; udevadm settle
for device in /dev/group/home $array; do mount $device $m; echo 2 >$m/file; umount $m; done
lvm vgchange -an --config "$f"; mdadm --stop --scan; btrfs device scan --forget; mount ${b}4 $m; echo 1 >$m/@one/hand; umount $m
mkfs.ext4 -q -L state $c; mkdir -p /tmp/image; mount -t erofs -o ro ${d}3 /tmp/image; mount $c $m; cp -a /tmp/image/var/. $m
rm -r $m/lib/dpkg; echo hand >$m/lib/hand; chmod 0700 $m/opt; umount $m; sync'
truncate -s 320M "$WORK/disk.raw" "$WORK/copy.raw"
truncate -s 300M "$WORK/state.raw"
cp "$IMAGE" "$WORK/image.qcow2" && chmod u+w "$WORK/image.qcow2"
ok "disks can be made" \
	python3 "$SOURCE/tests/disks/appliance.py" "$make_disks" "$WORK"/{disk,copy,state}.raw "$WORK/image.qcow2"

against() {
	"$AETHER" inspect --out "$WORK/none" --json --against "$1" "$2" >"$WORK/result" || return
	jq -ce '[.partitions[] | select(.verdict != "same")] |
		map({(.partition | sub("^md.*"; "array")): [.changes[] | [.path, .change]]}) |
		add' "$WORK/result" >"$WORK/changes"
	echo "$3" | cmp - "$WORK/changes" || { cat "$WORK/result"; return 1; }
}
ok "what was changed in a group, an array and a subvolume is all that differs" against "$WORK/disk.raw" "$WORK/copy.raw" \
	'{"group-home":[["file","changed"]],"array":[["file","changed"]],"data":[["@one/hand","added"]]}'
ok "a state disk is held against the image's /var" against "$IMAGE" "$WORK/state.raw" \
	'{"disk":[["lib/hand","added"],["opt","changed"]]}'
rm -f "$WORK"/*.raw "$WORK/image.qcow2"
finish

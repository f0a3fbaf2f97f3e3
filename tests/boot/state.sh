#!/bin/bash
# budget: 240
# deadline: 1800
# Where a machine's state is: on the system's disk as it was once, moved to a disk of its own, on none that is certain. One
# machine of the old layout, two disks whose order means nothing, and a second disk with the same system; its user space
# restarts between the cases.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/boot/lib.sh"
. "$SOURCE/tests/boot/generations.sh"

# The machine, with two disks that are blank and not named `state`, and a copy of its system's. Their names in the machine may
# be others at each start: they are known by their serial numbers.
power_on_old() {
	local disk
	for disk in b c; do
		qemu-img create -q -f qcow2 "$WORK/old/$disk.qcow2" 256M
	done
	qemu-img create -q -f qcow2 -b "$IMAGE" -F qcow2 "$WORK/old/d.qcow2"
	STATE_DISK=none start old 10.0.2.15 -machine pc -device virtio-blk-pci,drive=disk,addr=0x10 \
		-drive "file=$WORK/old/b.qcow2,if=none,id=b" -device virtio-blk-pci,drive=b,serial=b,addr=0x11 \
		-drive "file=$WORK/old/c.qcow2,if=none,id=c" -device virtio-blk-pci,drive=c,serial=c,addr=0x12 \
		-drive "file=$WORK/old/d.qcow2,if=none,id=d" -device virtio-blk-pci,drive=d,serial=d,addr=0x13
}

# again N FILTER: user space restarts, for the Nth time since the kernel started, and then the filter holds.
again() {
	in_guest old "systemctl soft-reboot" 2>/dev/null # (no logind here: it says so, and goes on)
	hang_up old
	becomes old ".boot_id | endswith(\"+$1\")" && becomes old "$2"
}

# on DEVICE: the filter for a machine that is well and has its state there.
on() {
	echo "(.state_on | test(\"^$1\$\")) and .health == \"good\""
}

# on_disk SERIAL: it is that disk.
on_disk() {
	in_guest old "test \"\$(findmnt -no SOURCE /var)\" = \"\$(readlink -f /dev/disk/by-id/virtio-$1)\""
}

OTHER='vd[b-d]' # a disk that is not the system's

remark() {
	echo ".remarks | any(test(\"$1\"))"
}

identity() {
	in_guest old 'cat /etc/machine-id /var/lib/aether/identity/*.pub /var/canary'
}

need_image twin
generation one -e '/^name:/a partitions: ../partitions/hybrid-ab.yaml'
IMAGE=$(echo "${GENERATION[one]}"/*.qcow2)
generation two
generation three
trap cut_all_power EXIT
make_certificates "$IMAGE_REPO/keys/ssh-user-ca"
new_machine old
write_config old no

power_on_old
ok "a machine with its state on the system's disk comes up" wait_for_ssh old
ok "… and is well" becomes old "$(on vda5)"
ok "a second disk with the same system is named" is old "$(remark 'other disks hold the same system as vda.*vd[b-d]')"
refused "… and nothing is changed then" aether old switch "${GENERATION[two]}"
ok "… which is told" answers old 'other disks hold the same system'
in_guest old 'echo canary >/var/canary
	echo 1 >"$(readlink -f "/sys/class/block/$(basename "$(readlink -f /dev/disk/by-id/virtio-d)")/device/..")/remove"'
ok "without it a generation that wants a disk for the state is taken" why old aether old switch --json "${GENERATION[two]}"
ok "… by a restart of user space alone" jq -e '.restart == "soft-reboot"' "$WORK/old/result"
ok "… and goes on with the state that there is" is old "$(on vda5)"
ok "… which is a remark" is old "$(remark 'still on the system.s own disk')"
identity >"$WORK/old/identity"

refused "of two blank disks none is taken" in_guest old aether-agent move-state 2>"$WORK/old/said"
ok "… and they are named" grep -q 'several disks are blank (vd[b-d], vd[b-d])' "$WORK/old/said"
in_guest old 'echo something >/dev/disk/by-id/virtio-c; sync'
ok "the only blank one is" in_guest old aether-agent move-state
ok "… and has the state after the next start" again 2 "$(on "$OTHER")"
ok "… which is that disk" on_disk b
ok "… as it was" bash -c 'cmp - "$0"' "$WORK/old/identity" < <(identity)
ok "… and the other disk was left alone" in_guest old 'head -c 10 /dev/disk/by-id/virtio-c | grep -qx something'
ok "… and that the old one is still there is a remark" is old "$(remark 'is not used')"

in_guest old 'mkfs.ext4 -q -F -L state /dev/disk/by-id/virtio-c; sync'
ok "a generation is sent" why old aether old switch --no-reboot "${GENERATION[three]}"
boot=$(boot_id old)
in_guest old aether-agent restart
hang_up old
ok "with two disks that could be the state it is no good: the machine is back on the one before" \
	wakes old "$BOOT_SECONDS" "$boot"
ok "… and has /var in memory" becomes old '.state_on == "memory" and .health == "bad" and .state == "good"'
ok "… because of the state" is old '.last_failure.reason | test("state: several disks .*vd[b-d], vd[b-d]")'
ok "… which status says" is old "$(remark 'vd[b-d], vd[b-d].*in memory')"
ok "… and the figures" in_guest old "grep -qx 'aether_verdict{verdict=\"bad\"} 1' /run/aether/metrics.prom"
ok "… and the console" grep -q 'aether-init: several disks have a file system labelled' "$WORK/old/console"
in_guest old 'wipefs -qa /dev/disk/by-id/virtio-c; sync'
ok "without the other one the state is back" again 1 "$(on "$OTHER")"
ok "… which is that disk" on_disk b
ok "… as it was" bash -c 'cmp - "$0"' "$WORK/old/identity" < <(identity)
finish

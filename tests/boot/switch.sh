#!/bin/bash
# A machine takes its next generation, judges it, and goes back by itself: on BIOS and on UEFI, side by side, through
# everything that can go wrong on the way.
# budget: 700
# deadline: 3600
# alone
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/boot/lib.sh"
. "$SOURCE/tests/boot/generations.sh"
need pkill

[[ -f /usr/share/OVMF/OVMF_CODE_4M.fd ]] || skip "needs OVMF: run ci/setup test"

# press_button NAME OLD_BOOT: somebody turns the machine off and on when it says nothing for a while, until it is back.
press_button() {
	local size new heard=$SECONDS presses=0
	size=$(stat -c %s "$WORK/$1/console")
	until wakes "$1" 1 "$2"; do
		new=$(stat -c %s "$WORK/$1/console")
		[[ $new == "$size" ]] || heard=$SECONDS
		size=$new
		[[ $((SECONDS - heard)) -ge 10 ]] || continue
		presses=$((presses + 1)) heard=$SECONDS
		[[ $presses -le 6 ]] || { tail -n 20 "$WORK/$1/console"; return 1; }
		cut_power "$1"
		power_on "$1"
	done
}

# --- what is done to it ------------------------------------------------------------------------------------------------

# Functions for the guest's shell. flip FILE BYTE: turns one bit there around. place FILE: the block of the root image that the
# middle of the file is in.
GUEST='
flip() {
	byte=$(dd if="$1" bs=1 skip="$2" count=1 2>/dev/null | od -An -tu1)
	printf "\\$(printf %o $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
	sync
}
place() {
	filefrag -v -b4096 "$1" | sed -nE "s/^ +[0-9]+: +[0-9]+\.\. +[0-9]+: +([0-9]+)\.\..*/\1/p" | sed -n 2p
}
mkdir -p /run/esp
other=/dev/disk/by-partlabel/root-a
'

# Where a bit is turned: all in slot a, while b runs. What is damaged is read early in a boot. What the kernel finds is the same
# whoever started it, so each firmware has one of the two.
declare -A FAULTS=([bios]='deep kernel' [uefi]='tree kernel')
declare -A RESTARTS=([deep]=restart [tree]=restart_soft [kernel]=restart)
deep() { in_guest "$1" "$GUEST flip \$other \$((\$(place /usr/lib/*/systemd/libsystemd-core-*.so) * 4096 + 99))"; }
tree() {
	local end leaves
	leaves=$((($(of one .root.hash_offset) / 4096 + 127) / 128)) end=$(of one .root.size)
	in_guest "$1" "$GUEST block=\$(place /usr/lib/*/systemd/libsystemd-core-*.so)
		flip \$other \$(($end - $leaves * 4096 + block / 128 * 4096 + block % 128 * 32 + 5))"
}
kernel() {
	in_guest "$1" "$GUEST mount /dev/disk/by-partlabel/esp /run/esp &&
		for file in /run/esp/aether/a/linux /run/esp/EFI/Linux/*-a+3.efi; do flip \$file 6000000; done; umount /run/esp"
}

# restart_soft NAME: its user space alone.
restart_soft() {
	ok "$1: its user space alone restarts" test "$(in_guest "$1" aether-agent restart)" = soft-reboot
	hang_up "$1"
}

# pause MILLISECONDS
pause() {
	sleep "$(($1 / 1000)).$(($1 % 1000 / 100))"
}

# cut_transfer NAME MILLISECONDS: a switch whose ssh dies after that time.
cut_transfer() {
	local switch
	aether "$1" switch --force --no-reboot "${GENERATION[sick]}" &
	switch=$!
	pause "$2"
	pkill -KILL -P "$(pgrep -P "$switch" || echo "$switch")" ssh # (or it has just ended)
	wait "$switch"
	is "$1" '.slot == "a" and .state == "good"' && is "$1" "$(slot b '.state == "empty" or .state == "trial"')"
}

two_at_once() {
	local one other failed=0
	aether "$1" switch --no-reboot "${GENERATION[two]}" &
	one=$!
	"$AETHER" switch --no-reboot --out "$WORK/out" --host "$1" --ssh-config "$WORK/$1/ssh-config" "${GENERATION[two]}" \
		>/dev/null 2>"$WORK/$1/said.other" &
	other=$!
	wait "$one" || failed=$((failed + 1))
	wait "$other" || failed=$((failed + 1))
	[[ $failed == 1 ]]
}

# --- its life ----------------------------------------------------------------------------------------------------------

first_boot() {
	local name=$1
	new_machine "$name"
	write_config "$name" accept-new
	power_on "$name"
	ok "$name: comes up" wait_for_ssh "$name"
	ok "$name: is healthy in slot a" becomes "$name" "$(good_in a)"
	ok "$name: 'status' tells which generation that is" why "$name" aether "$name" status
	ok "$name: … by its root hash" grep -q "$(of one .root_hash | cut -c 1-12)" "$WORK/$name/result"
	write_config "$name"
}

refusals() {
	local name=$1
	refused "$name: another machine's image is refused" aether "$name" switch "${GENERATION[other]}"
	ok "$name: … because of its name" answers "$name" "this machine is 'twin', but the image is for 'other'"
	refused "$name: without a good slot to go back to there is no rollback" aether "$name" rollback
	ok "$name: … and it says so" answers "$name" 'no good generation'
	mv "$WORK/$name/known" "$WORK/$name/known.good"
	refused "$name: an unknown host key is refused" aether "$name" switch "${GENERATION[two]}"
	mv "$WORK/$name/known.good" "$WORK/$name/known"
	in_guest "$name" 'fallocate -l $(($(df --output=avail -B1 /var | tail -n 1) - 20000000)) /var/full'
	refused "$name: a full state partition is refused" aether "$name" switch "${GENERATION[two]}"
	ok "$name: … and what to do" answers "$name" 'free space'
	in_guest "$name" rm /var/full
	ok "$name: nothing was written for any of them" is "$name" "$(slot b '.state == "empty"')"
	ok "$name: a dry run tells what would travel" why "$name" aether "$name" switch --dry-run --json "${GENERATION[two]}"
	ok "$name: … and writes nothing" is "$name" "$(slot b '.state == "empty"')"
}

# When ssh dies and when the power is cut, in tenths of the time that a switch takes.
declare -A DEATHS=([bios]='1 3 5 7 9' [uefi]='2 4 6 8 10')
declare -A POWER_CUTS=([bios]=8 [uefi]=5)

interruptions() {
	local name=$1 switch started whole i
	started=$(date +%s%3N)
	ok "$name: the next generation is sent" why "$name" aether "$name" switch --no-reboot --json "${GENERATION[sick]}"
	whole=$(($(date +%s%3N) - started))
	echo "$name: $(jq -c '{sent, copied, in_place, send_ms}' "$WORK/$name/result")"
	ok "$name: and is on trial" is "$name" "$(slot b '.state == "trial" and .tries_left == 3')"
	for i in ${DEATHS[$name]}; do
		ok "$name: cut after $i tenths of the time, it stands" cut_transfer "$name" $((whole * i / 11))
	done
	i=${POWER_CUTS[$name]}
	aether "$name" switch --force --no-reboot "${GENERATION[sick]}" &
	switch=$!
	pause $((whole * i / 10))
	cut_power "$name"
	wait "$switch"
	power_on "$name"
	ok "$name: after a power cut at $i tenths it comes back to what it had" becomes "$name" "$(good_in a)"
	ok "$name: of two switches at the same time one is refused" two_at_once "$name"
	ok "$name: … because of the other" \
		grep -q 'another aether-agent is changing the slots' "$WORK/$name/said" "$WORK/$name/said.other"
	ok "$name: … and that one gets through" is "$name" "$(slot b '.state == "trial" and .generation == "2"')"
}

# A healthy one, all the way.
success() {
	local name=$1
	ok "$name: a switch after all that finishes" why "$name" aether "$name" switch --json "${GENERATION[two]}"
	ok "$name: … by a restart of user space alone" jq -e '.restart == "soft-reboot"' "$WORK/$name/result"
	ok "$name: … in slot b, which is good" is "$name" '.slot == "b" and .state == "good" and .generation == "2"'
	ok "$name: … and is the new image" test "$(in_guest "$name" cat /etc/twin)" = two
	ok "$name: the same once more is nothing to do" why "$name" aether "$name" switch "${GENERATION[two]}"
	ok "$name: its host key is the same" why "$name" aether "$name" status
}

damage() {
	local name=$1 fault before
	for fault in ${FAULTS[$name]}; do
		ok "$name: $fault: a generation is sent" \
			why "$name" aether "$name" switch --force --no-reboot "${GENERATION[one]}"
		ok "$name: $fault: a bit of it is turned around" "$fault" "$name"
		before=$(boot_id "$name")
		"${RESTARTS[$fault]}" "$name"
		# (No UEFI looks at a kernel before it starts it: the machine hangs.)
		ok "$name: $fault: the machine comes back" press_button "$name" "$before"
		ok "$name: $fault: … on the slot it had" becomes "$name" "$(good_in b)"
		ok "$name: $fault: … and knows that the other did not come up" \
			is "$name" "($(slot a '.state == "bad"')) and (.last_failure.reason | contains(\"did not come up\"))"
	done
}

# One that panics, and one that is sick while there is no room to write down why.
sickness() {
	local name=$1
	refused "$name: a generation that panics is no success" aether "$name" switch "${GENERATION[panics]}"
	ok "$name: … because it did not come up" answers "$name" 'did not come up'
	ok "$name: … and the machine is back" is "$name" '.slot == "b" and .state == "good" and .generation == "2"'
	ok "$name: the generation is on record as bad" \
		jq -e ".deployments[] | select(.host == \"$name\") | .verdict == \"bad\"" "${GENERATION[panics]}/record.json"
	ok "$name: the machine has it in its history" \
		in_guest "$name" grep -q "$(of panics .root_hash)" /var/lib/aether/failures
	refused "$name: it is not tried again" aether "$name" switch "${GENERATION[panics]}"
	ok "$name: … because it was bad" answers "$name" 'was bad'
	ok "$name: a sick generation is sent" why "$name" aether "$name" switch --force --no-reboot "${GENERATION[sick]}"
	in_guest "$name" 'dd if=/dev/zero of=/var/full bs=1M 2>/dev/null; sync'
	restart_soft "$name"
	pause 4000
	cut_power "$name"
	power_on "$name"
	ok "$name: … started without the loader, and by it after a power cut, and given up, though /var is full" \
		becomes "$name" ".slot == \"b\" and ($(slot a '.state == "bad"'))"
	ok "$name: … for a reason that is known" is "$name" '.last_failure.reason | contains("! grep sick /etc/twin")'
	in_guest "$name" rm -f /var/full
}

last_things() {
	local name=$1 before
	ok "$name: a good one replaces it, by a reboot" why "$name" aether "$name" switch --reboot --force "${GENERATION[one]}"
	ok "$name: … in slot a" is "$name" '.slot == "a" and .state == "good"'
	before=$(boot_id "$name")
	ok "$name: a rollback by hand works" why "$name" aether "$name" rollback
	ok "$name: … in another boot" test "$(boot_id "$name")" != "$before"
	ok "$name: … on the slot before" is "$name" '.slot == "b" and .state == "good"'
}

life() {
	first_boot "$1"
	refusals "$1"
	interruptions "$1"
	success "$1"
	damage "$1"
	sickness "$1"
	last_things "$1"
	finish
}

need_image twin
generation one
generation two
generation sick
generation panics -e 's/panic=1/panic=1, initcall_blacklist=populate_rootfs/' # its kernel finds no /init
generation other -e 's/name: twin/name: other/'
IMAGE=$(echo "${GENERATION[one]}"/*.qcow2)
trap cut_all_power EXIT
make_certificates "$IMAGE_REPO/keys/ssh-user-ca"

(life bios) &
first=$!
(life uefi) &
wait $first || FAILURES=$((FAILURES + 1))
wait $! || FAILURES=$((FAILURES + 1))
finish

#!/bin/bash
# budget: 180
# deadline: 1800
# alone
# The gateway boots and does its work: on BIOS with virtio-blk, told its name, its address and files by a seed; and on UEFI with
# virtio-scsi, told nothing. Two machines of one image, side by side; each boots twice.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/boot/lib.sh"

STATE=$((1 << 30)) GROWN=$((2 << 30))
PORTS+=(53)

# --- what must hold, as commands for `ok` ----------------------------------------------------------------------------
named() {
	[[ $(in_guest "$1" hostname) == "$2" ]]
}

# follows_seed NAME: what make_seed() has on its disc, and nothing else.
follows_seed() {
	in_guest "$1" 'set -ex
		[ "$(hostname -f)" = alpha.home.example ]
		[ "$(cat /etc/hostname)" = alpha ]
		[ "$(date +%Z)" != UTC ]
		[ "$(cat /sys/class/net/eth0/address)" = 52:54:00:12:34:56 ]
		ip -4 -br address show dev eth0 | grep -F 10.0.2.50/24
		ip route show default | grep "via 10.0.2.2 dev eth0 proto static"
		ip -4 -br address show dev bond0.7 | grep -F 192.0.2.7/24
		ip -d link show dev bond0.7 | grep "vlan protocol 802.1Q id 7"
		ip -d link show dev bond0 | grep "mode active-backup"
		[ "$(cat /sys/class/net/bond0/bonding/slaves)" = eth1 ]
		! journalctl -b -u systemd-networkd | grep -iE "unknown|parse|invalid"
		resolvectl dns eth0 | grep -F 10.0.2.3
		resolvectl domain eth0 | grep -F home.example
		[ "$(stat -c %U:%G:%a /etc/of-seed)" = aether:sudo:640 ]
		[ "$(cat /etc/of-seed)" = "each start" ]
		! mountpoint /run/aether/seed'
}

# DHCP announces the name that the machine has by then.
followed_first() {
	in_guest "$1" '[ "$(systemctl show -P InactiveExitTimestampMonotonic systemd-networkd)" -ge \
		"$(systemctl show -P ActiveEnterTimestampMonotonic aether-seed)" ]'
}

# remarks NAME: what is not followed is said once, in the journal and in a file.
remarks() {
	in_guest "$1" 'cat /run/aether/remarks/seed' >"$WORK/$1/remarks" &&
		in_guest "$1" 'journalctl -b -u aether-seed -o cat' >"$WORK/$1/journal" || return
	diff - <(sed 's/^user-data:[0-9]*: //' "$WORK/$1/remarks") <<-'END' &&
		'user' is not followed: users are the recipe's to say
		'chpasswd' is not followed: users are the recipe's to say
		'users' is not followed: users are the recipe's to say
		'package_upgrade' is not followed: packages are the recipe's to say
		'/usr/of-seed' is not written: it is on the image, which cannot be changed
	END
		diff "$WORK/$1/remarks" <(sed -n 's/^aether-agent: //p' "$WORK/$1/journal")
}

# has_cert NAME TEXT
has_cert() {
	[[ $(in_guest "$1" cat /var/lib/of-seed/cert) == "$2" ]]
}

without_seed() {
	in_guest "$1" '! test -e /run/aether/remarks/seed && ! ls /run/systemd/network/10-seed-* &&
		systemctl is-active aether-seed && ! dpkg -s cloud-init' 2>/dev/null
}

verified_root() {
	in_guest "$1" 'set -e
		[ "$(findmnt -no FSTYPE /)" = erofs ]
		device=$(basename "$(findmnt -no SOURCE /)")
		case $(cat "/sys/block/$device/dm/uuid") in CRYPT-VERITY-*) ;; *) exit 1 ;; esac
		[ "$(cat "/sys/block/$device/ro")" = 1 ]'
}

cannot_write() {
	in_guest "$1" '! touch /usr/bin/canary && ! mount -o remount,rw / && ! touch /canary &&
		! dd if=/dev/zero of="$(findmnt -no SOURCE /)" bs=4096 count=1 conv=fsync'
}

# fills NAME BYTES: /var is as large as its disk.
fills() {
	local bytes
	bytes=$(in_guest "$1" "df --output=size -B1 /var | tail -n 1")
	[[ $bytes -gt $(($2 * 90 / 100)) ]] || { echo "/var has $bytes bytes"; return 1; }
}

serves_tls() {
	in_guest "$1" cat /var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt >"$WORK/$1/caddy.crt" &&
		serves "$1" "https://gateway.home.example:$(port "$1" 443)/" 'caddy on gateway.home.example: TLS' \
			--cacert "$WORK/$1/caddy.crt" --resolve "gateway.home.example:$(port "$1" 443):127.0.0.1"
}

# knows NAME HOST ADDRESS
knows() {
	[[ $("$SOURCE/tests/ask-dns" 127.0.0.1 "$(port "$1" 53)" "$2" A) == "$3" ]]
}

is_sudoer() {
	[[ $(try_login "$1" aether "$WORK/key" "$WORK/admin-cert.pub" 'pwd && sudo -n id -u') == $'/home/aether\n0' ]]
}

agent_answers() {
	in_guest "$1" systemctl is-active --quiet qemu-guest-agent
}

firewall_is_up() {
	in_guest "$1" nft list chain inet filter input | grep -q 'policy drop'
}

remembers() {
	[[ $(in_guest "$1" cat /var/lib/canary /home/aether/canary) == $'state\nhome' ]]
}

# keep_identity NAME FILE: machine-id and host keys as the machine shows them.
keep_identity() {
	in_guest "$1" 'cat /etc/machine-id /var/lib/aether/identity/*.pub' >"$WORK/$1/$2" && host_key "$1" >>"$WORK/$1/$2"
}

# --- a machine's day -------------------------------------------------------------------------------------------------
first_boot() {
	local name=$1
	ok "$name: a certificate for principal admin logs in" wait_for_ssh "$name"
	ok "$name: the system is running" is_running "$name"
	ok "$name: a certificate for another principal is refused" denied "$name" root "$WORK/key" "$WORK/other-cert.pub"
	ok "$name: an expired certificate is refused" denied "$name" root "$WORK/key" "$WORK/expired-cert.pub"
	ok "$name: a certificate of a foreign CA is refused" denied "$name" root "$WORK/key" "$WORK/foreign-cert.pub"
	ok "$name: a bare key is refused" denied "$name" root "$WORK/key" none
	ok "$name: aether logs in and is root without a password" is_sudoer "$name"
	ok "$name: the guest agent is at work" agent_answers "$name"
	ok "$name: the firewall is up" firewall_is_up "$name"
	ok "$name: caddy answers" serves "$name" "http://127.0.0.1:$(port "$name" 80)/" 'caddy on 127.0.0.1: plain'
	ok "$name: caddy answers with a certificate of its CA" serves_tls "$name"
	ok "$name: haproxy answers" serves "$name" "http://127.0.0.1:$(port "$name" 1080)/" 'caddy behind haproxy'
	ok "$name: dnsmasq knows the estate" knows "$name" monitoring.home.example 10.0.2.3
	ok "$name: the root is erofs on verity" verified_root "$name"
	ok "$name: the root cannot be written" cannot_write "$name"
	ok "$name: its state is on the disk that was blank" fills "$name" $STATE
	ok "$name: it has an identity" keep_identity "$name" first
	in_guest "$name" 'echo state >/var/lib/canary; echo home >/home/aether/canary; touch /etc/canary; sync'
}

second_boot() {
	local name=$1
	ok "$name: the system is running again" is_running "$name"
	ok "$name: /var and /home are as they were" remembers "$name"
	ok "$name: /etc is the image's again" in_guest "$name" '! test -e /etc/canary'
	ok "$name: machine-id and host keys are the same" keep_identity "$name" second
	ok "$name: … indeed" cmp "$WORK/$name/first" "$WORK/$name/second"
}

bios() {
	local seed=$WORK/seed.iso options
	make_seed "$seed" 10.0.2.50
	new_machine bios $STATE
	options=(-machine pc -device 'virtio-blk-pci,drive=disk' -drive "file=$seed,if=none,id=seed,format=raw,readonly=on"
		-device 'ide-cd,drive=seed' -nic 'user,model=virtio-net-pci,mac=52:54:00:12:34:57')
	start bios 10.0.2.50 "${options[@]}"
	first_boot bios
	ok "bios: its seed is followed" follows_seed bios
	ok "bios: … before its network starts" followed_first bios
	ok "bios: what is not followed is told" remarks bios
	ok "bios: a file below /var is written" has_cert bios first
	ok "bios: … and renewed" in_guest bios 'echo renewed >/var/lib/of-seed/cert && rm /etc/of-seed && sync'
	ok "bios: the seed can be followed once more" in_guest bios systemctl restart aether-seed
	ok "bios: … to the same end" follows_seed bios
	ok "bios: … but for what was renewed" has_cert bios renewed
	cut_power bios
	qemu-img resize -q "$WORK/bios/state.qcow2" $GROWN
	start bios 10.0.2.50 "${options[@]}"
	ok "bios: it comes back after a power cut" wait_for_ssh bios
	second_boot bios
	ok "bios: /var has grown with its disk" fills bios $GROWN
	ok "bios: its seed is followed again" follows_seed bios
	ok "bios: what was renewed stays" has_cert bios renewed
	finish
}

uefi() {
	local boot firmware=/usr/share/OVMF
	new_machine uefi $STATE
	cp "$firmware/OVMF_VARS_4M.fd" "$WORK/uefi/variables"
	start uefi 10.0.2.15 -machine q35 -device virtio-scsi-pci -device scsi-hd,drive=disk \
		-drive "if=pflash,format=raw,readonly=on,file=$firmware/OVMF_CODE_4M.fd" \
		-drive "if=pflash,format=raw,file=$WORK/uefi/variables"
	first_boot uefi
	ok "uefi: there is nothing to follow without a seed" without_seed uefi
	ok "uefi: its name is the recipe's" named uefi gateway
	boot=$(boot_id uefi)
	restart uefi
	ok "uefi: it comes back after a reboot" wait_for_ssh uefi "$boot"
	second_boot uefi
	finish
}

[[ -f /usr/share/OVMF/OVMF_CODE_4M.fd ]] || skip "needs OVMF: run ci/setup test"
need_image gateway
trap cut_all_power EXIT
make_certificates "$IMAGE_REPO/keys/ssh-user-ca"

(bios) &
first=$!
(uefi) &
wait $first || FAILURES=$((FAILURES + 1))
wait $! || FAILURES=$((FAILURES + 1))
ok "two machines of one image have different machine-ids" \
	bash -c '[[ $(head -n 1 "$1") != "$(head -n 1 "$2")" ]]' - "$WORK/bios/first" "$WORK/uefi/first"
ok "two machines of one image have different host keys" \
	bash -c '[[ $(tail -n 1 "$1") != "$(tail -n 1 "$2")" ]]' - "$WORK/bios/first" "$WORK/uefi/first"
finish

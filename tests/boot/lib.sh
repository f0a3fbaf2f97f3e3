# What the boot tests share: machines under QEMU, and ways to log in. Sourced after tests/lib.sh.
#
# A machine is a folder $WORK/NAME: its disk (an overlay of the image), its firmware's variables, its console, its ports.
# shellcheck shell=bash disable=SC2154 # IMAGE, IMAGE_REPO, WORK come from tests/lib.sh
. "$SOURCE/tests/ssh.sh"
need qemu-img curl genisoimage python3
need_qemu

BOOT_SECONDS=${BOOT_SECONDS:-600}
PORTS=(22 80 443 1080) # of the guest, to be reached on ports of this host; a test may name others

# free_port: a port of this host that nobody listens on, below those that the kernel gives to connections (32768 and above).
free_port() {
	local port
	until port=$((20000 + RANDOM % 12000)) && python3 -c 'import socket, sys
socket.socket().bind(("127.0.0.1", int(sys.argv[1])))' "$port" 2>/dev/null; do :; done
	echo "$port"
}

# new_machine NAME [BYTES]: a disk over the image, an empty one of BYTES for the state, and ports.
new_machine() {
	local folder=$WORK/$1 guest_port
	mkdir -p "$folder"
	qemu-img create -q -f qcow2 -b "$IMAGE" -F qcow2 "$folder/disk.qcow2"
	qemu-img create -q -f qcow2 "$folder/state.qcow2" "${2:-$((1 << 30))}"
	for guest_port in "${PORTS[@]}"; do
		free_port >"$folder/port.$guest_port"
	done
}

# port NAME GUEST_PORT: where the machine's port is on this host.
port() {
	cat "$WORK/$1/port.$2"
}

# where NAME: for ssh.
where() {
	WHERE=(-p "$(port "$1" 22)" 127.0.0.1)
}

# make_seed FILE ADDRESS: a NoCloud disc as Proxmox makes one, with what is never followed (users, packages), and what
# snippets may have: files below /etc and /var, a VLAN on a bond of a second card.
make_seed() {
	local folder
	folder=$(mktemp -d -p "$WORK")
	printf 'instance-id: 8f2b7d6c01f1e0aa4ad2f5a0d7e5bb3a6f0c9d11\n' >"$folder/meta-data"
	cat >"$folder/user-data" <<-'END'
		#cloud-config
		hostname: alpha
		manage_etc_hosts: true
		fqdn: alpha.home.example
		user: debian
		chpasswd:
		  expire: False
		users:
		  - default
		package_upgrade: true
		timezone: Europe/Berlin
		write_files:
		  - { path: /etc/of-seed, content: "each start\n", owner: "aether:sudo", permissions: '0640' }
		  - { path: /var/lib/of-seed/cert, content: "first\n" }
		  - { path: /usr/of-seed, content: nowhere }
	END
	cat >"$folder/network-config" <<-END
		version: 1
		config:
		    - type: physical
		      name: eth0
		      mac_address: '52:54:00:12:34:56'
		      subnets:
		      - type: static
		        address: '$2'
		        netmask: '255.255.255.0'
		        gateway: '10.0.2.2'
		    - type: physical
		      name: eth1
		      mac_address: '52:54:00:12:34:57'
		    - type: bond
		      name: bond0
		      bond_interfaces: [eth1]
		      params: {bond-mode: active-backup, bond-miimon: 100}
		    - type: vlan
		      name: bond0.7
		      vlan_link: bond0
		      vlan_id: 7
		      subnets:
		      - {type: static, address: 192.0.2.7/24}
		    - type: nameserver
		      address:
		      - '10.0.2.3'
		      search:
		      - 'home.example'
	END
	genisoimage -quiet -iso-level 3 -R -V cidata -o "$1" "$folder"
}

# start NAME ADDRESS OPTION…: powers the machine on; ADDRESS is the guest's on QEMU's network. The disk for the state is on a
# controller like that of the system's; with STATE_DISK=none there is none.
start() {
	local name=$1 address=$2 folder=$WORK/$1 forwards='' guest_port state=()
	shift 2
	if [[ ${STATE_DISK:-} != none ]]; then
		state=(-drive "file=$folder/state.qcow2,if=none,id=state" -device "virtio-blk-pci,drive=state,serial=state")
		[[ "$*" != *scsi-hd* ]] || state[3]="scsi-hd,drive=state,serial=state"
	fi
	for guest_port in "${PORTS[@]}"; do
		forwards+=",hostfwd=tcp:127.0.0.1:$(port "$name" "$guest_port")-$address:$guest_port"
	done
	qemu-system-x86_64 -accel tcg -cpu max -smp 1 -m 1024 -display none -monitor none \
		-chardev "file,id=console,path=$folder/console,append=on" -serial chardev:console \
		-drive "file=$folder/disk.qcow2,if=none,id=disk" \
		-netdev "user,id=net$forwards" -device virtio-net-pci,netdev=net,mac=52:54:00:12:34:56 \
		-device virtio-rng-pci -device virtio-serial-pci \
		-chardev "socket,id=agent,path=$folder/agent,server=on,wait=off" \
		-device virtserialport,chardev=agent,name=org.qemu.guest_agent.0 \
		"$@" "${state[@]}" >"$folder/qemu" 2>&1 &
	echo $! >"$folder/pid"
}

boot_id() {
	in_guest "$1" cat /proc/sys/kernel/random/boot_id
}

# restart NAME: by its own means.
restart() {
	in_guest "$1" systemctl reboot
	hang_up "$1"
}

# cut_power NAME
cut_power() {
	hang_up "$1"
	kill -KILL "$(cat "$WORK/$1/pid")"
	while kill -0 "$(cat "$WORK/$1/pid")" 2>/dev/null; do
		sleep 0.1
	done
}

# Nobody's machine outlives the test.
cut_all_power() {
	local pid
	for pid in "$WORK"/*/pid; do
		[[ -f $pid ]] && kill -KILL "$(cat "$pid")" 2>/dev/null
	done
}

# wakes NAME SECONDS [OLD_BOOT]: it has an address in that time, in another boot than OLD_BOOT.
wakes() {
	"$SOURCE/tests/boot/await-agent" "$WORK/$1/agent" "$(cat "$WORK/$1/pid")" "$2" "${3:-}"
}

# wait_for_ssh NAME [OLD_BOOT]: until the machine lets us in, in another boot than OLD_BOOT.
wait_for_ssh() {
	local until=$((SECONDS + BOOT_SECONDS))
	while wakes "$1" $((until - SECONDS)) "${2:-}"; do
		in_guest "$1" true 2>/dev/null && return 0
		sleep 0.5
	done
	tail -n 30 "$WORK/$1/console" "$WORK/$1/qemu"
	return 1
}

# serves NAME URL TEXT OPTION…: curl gets an answer with the text in it.
serves() {
	local url=$2 want=$3 got
	shift 3
	got=$(curl -sS -m 20 "$@" "$url")
	[[ $got == *"$want"* ]] || { echo "$url: $got"; return 1; }
}

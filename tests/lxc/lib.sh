# What the container tests share: real runtimes in a network, a mount and a cgroup namespace of the test's own, so
# that nothing of the host is touched and nothing stays. Sourced after tests/lib.sh.
#
# A container is a folder $WORK/NAME: its root file system, its configuration, what it said, its process.
# shellcheck shell=bash disable=SC2154 # WORK, SOURCE, AETHER come from tests/lib.sh
. "$SOURCE/tests/ssh.sh"
need lxc-start lxc-usernsexec systemd-nspawn zstd jq curl ip getcap tar dnsmasq

BOOT_SECONDS=90
GATEWAY=10.77.0.1

# enter: runs the test once more inside such namespaces. What needs the network has to be done before.
enter() {
	[[ -z ${INSIDE:-} ]] || return 0
	[[ $(id -u) == 0 ]] || skip "needs root: containers are started as their hypervisor does"
	exec unshare --mount --net --propagation private \
		env INSIDE=1 WORK="$WORK" SOURCE="$SOURCE" BUILD="$BUILD" RUN_ID="$RUN_ID" "$0"
}

# set_up: all that containers need here.
set_up() {
	CGROUP=/sys/fs/cgroup/aether-test-$$
	make_cgroup || die "there is a cgroup2 tree, and a /sys that shows the bridge"
	make_bridge || die "there is a bridge that containers are plugged into"
	make_ids || die "root has subordinate ids, as Proxmox gives it"
	make_place || die "there is a place that other users than root may look into"
	WORK=/mnt
	trap tear_down EXIT
}

make_cgroup() {
	mount -t sysfs none /sys && mount -t cgroup2 none /sys/fs/cgroup && mkdir "$CGROUP" && echo $$ >"$CGROUP/cgroup.procs"
}

make_bridge() {
	ip link set lo up && ip link add br0 type bridge && ip addr add "$GATEWAY/24" dev br0 && ip link set br0 up
}

make_ids() {
	echo root:100000:65536 >"$WORK/subids" && mount --bind "$WORK/subids" /etc/subuid &&
		mount --bind "$WORK/subids" /etc/subgid
}

make_place() {
	mount --bind "$WORK" /mnt && chmod 755 /mnt
}

# serve_dhcp NAME ADDRESS: whoever says that it is NAME gets that address.
serve_dhcp() {
	dnsmasq --no-daemon --conf-file=/dev/null --port=0 --interface=br0 --bind-interfaces --leasefile-ro --user=root \
		--dhcp-range="$GATEWAY,static" --dhcp-host="$1,$2" --dhcp-option="option:router,$GATEWAY" \
		>"$WORK/dhcp.log" 2>&1 &
	DHCP=$!
}

tear_down() {
	local pid
	[[ -z ${DHCP:-} ]] || kill "$DHCP"
	for pid in "$WORK"/*/pid; do
		[[ -f $pid ]] && stop "$(basename "$(dirname "$pid")")"
	done
	echo $$ >/sys/fs/cgroup/cgroup.procs
	find "$CGROUP" /sys/fs/cgroup/lxc.pivot -depth -type d -exec rmdir {} + 2>/dev/null
}

# unpack NAME TEMPLATE [COMMAND…]: as Proxmox does (PVE::LXC::Create), by COMMAND when it is for other ids than the host's.
unpack() {
	local folder=$WORK/$1 template=$2
	shift 2
	mkdir -p "$folder/root" && chmod 755 "$folder" "$folder/root"
	[[ $# == 0 ]] || chown 100000:100000 "$folder/root"
	"$@" tar xpf "$template" --zstd --totals --one-file-system -p --sparse --numeric-owner --acls --xattrs \
		'--xattrs-include=user.*' '--xattrs-include=security.capability' --warning=no-file-ignored \
		--warning=no-xattr-write -C "$folder/root" --skip-old-files --anchored --exclude './dev/*' 2>&1
}

# settle NAME ADDRESS INTERFACE: what Proxmox writes into a new container of Debian (PVE::LXC::Setup::Debian).
settle() {
	local root=$WORK/$1/root
	printf 'auto %s\niface %s inet static\n\taddress %s/24\n\tgateway %s\n' "$3" "$3" "$2" "$GATEWAY" \
		>>"$root/etc/network/interfaces"
	echo "$1" >"$root/etc/hostname"
	echo "$2 $1" >>"$root/etc/hosts"
	echo "nameserver $GATEWAY" >"$root/etc/resolv.conf"
	chown --reference="$root/etc/hosts" "$root/etc/resolv.conf"
	rm "$root/etc/machine-id"
	echo "$2" >"$WORK/$1/address"
}

# mount_points NAME PATH…: empty volumes for the container's mount points, its root's own.
mount_points() {
	local name=$1 path
	shift
	for path; do
		mkdir -p "$WORK/$name/state$path"
		chown --reference="$WORK/$name/root" "$WORK/$name/state$path"
		echo "${path#/}" >>"$WORK/$name/mounts"
	done
}

# start_lxc NAME LINE…: `lxc-start`, configured as Proxmox does and with further lines.
start_lxc() {
	local folder=$WORK/$1 path
	[[ -f $folder/mounts ]] || : >"$folder/mounts"
	{
		printf '%s\n' "lxc.uts.name = $1" "lxc.rootfs.path = dir:$folder/root" 'lxc.arch = amd64' 'lxc.autodev = 1' \
			'lxc.apparmor.profile = unconfined' 'lxc.mount.auto = proc:mixed sys:mixed cgroup:rw:force' \
			'lxc.cap.drop = mac_admin mac_override sys_time sys_module sys_rawio' 'lxc.tty.max = 2' \
			'lxc.pty.max = 1024' \
			'lxc.net.0.type = veth' 'lxc.net.0.link = br0' 'lxc.net.0.name = eth0' 'lxc.net.0.flags = up' "${@:2}"
		while read -r path; do
			echo "lxc.mount.entry = $folder/state/$path $path none bind,create=dir 0 0"
		done <"$folder/mounts"
	} >"$folder/config"
	lxc-start -F -n "$1" -P "$WORK" -f "$folder/config" -l INFO -o "$folder/lxc.log" >"$folder/console" 2>&1 </dev/null &
	echo $! >"$folder/pid"
}

# start_nspawn NAME [WORD…]: systemd-nspawn, whose ids are mapped at the mount, with --boot or those words; it asks to be
# started again (133) when the container restarts.
start_nspawn() {
	local folder=$WORK/$1 status=133
	[[ $# -gt 1 ]] || set -- "$1" --boot
	(
		trap 'kill $!; wait $!' TERM
		while [[ $status == 133 ]]; do
			systemd-nspawn --register=no --keep-unit --quiet --machine="$1" --directory="$folder/root" \
				--resolv-conf=off --private-users=300000:65536 --private-users-ownership=map \
				--network-bridge=br0 --console=read-only \
				--kill-signal=SIGRTMIN+3 "${@:2}" >>"$folder/console" 2>&1 </dev/null &
			wait $!
			status=$?
		done
	) &
	echo $! >"$folder/pid"
}

stop() {
	local pid
	pid=$(cat "$WORK/$1/pid")
	hang_up "$1"
	[[ ! -f $WORK/$1/config ]] || lxc-stop -k -n "$1" -P "$WORK" 2>/dev/null
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	rm -f "$WORK/$1/pid"
}

# --- looking into it -------------------------------------------------------------------------------------------------

# where NAME: for ssh.
where() {
	WHERE=("$(cat "$WORK/$1/address")")
}

wait_for_ssh() {
	local until=$((SECONDS + BOOT_SECONDS))
	while [[ $SECONDS -lt $until ]]; do
		in_guest "$1" true 2>/dev/null && return 0
		kill -0 "$(cat "$WORK/$1/pid")" 2>/dev/null || break
		sleep 0.3
	done
	tail -n 40 "$WORK/$1/console" "$WORK"/dhcp.log
	return 1
}

# healthy NAME PLAN: the recipe's health checks, as `aether-build plan --json` has them, hold within their time.
healthy() {
	local name=$1 check count=0 until
	while read -r check; do
		count=$((count + 1)) until=$((SECONDS + $(jq '(.timeout_ms + 999) / 1000 | floor' <<<"$check")))
		until holds "$name" "$check"; do
			[[ $SECONDS -lt $until ]] || { echo "does not hold: $check"; return 1; }
			sleep 0.5
		done
	done < <(jq -c '.health[]' "$2")
	[[ $count -gt 0 ]]
}

holds() {
	local name=$1 check=$2 port url
	case $(jq -r 'keys_unsorted[0]' <<<"$check") in
	unit) in_guest "$name" systemctl is-active --quiet "$(jq -r .unit <<<"$check")" ;;
	tcp) port=$(jq .tcp <<<"$check") && (exec 3<>"/dev/tcp/$(cat "$WORK/$name/address")/$port") ;;
	http) url=$(jq -r .http.url <<<"$check") &&
		[[ $(in_guest "$name" "curl -s -m 10 -o /dev/null -w '%{http_code}' '$url'") == \
			$(jq .http.status <<<"$check") ]] ;;
	command) in_guest "$name" "$(jq -r '.command | @sh' <<<"$check")" >/dev/null 2>&1 ;;
	*) return 1 ;;
	esac
}

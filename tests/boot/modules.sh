#!/bin/bash
# budget: 150
# deadline: 900
# The modules that need nothing but Debian, on one machine, whose seed is cloud-init's to follow. What is behind the VPN reaches
# the world through its tunnel and in no other way; the other end of the tunnel is on the same machine, outside of the
# namespace.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/boot/lib.sh"
. "$SOURCE/tests/fleet.sh"
need python3 age age-keygen
PORTS=(22 8080 9100)

# What a machine has that nobody gave a key.
waits_for_key() {
	[[ $(in_guest modules systemctl show -p ActiveState --value vpn-only qbittorrent qbittorrent-page.socket | sort -u) == \
		$'\ninactive' ]]
}

# Both ends of a tunnel; the far one is 10.64.0.1.
make_tunnel() {
	local config
	config=$(in_guest modules 'set -e; umask 077; cd /run
		wg genkey >near; wg genkey >far
		ip link add far type wireguard
		wg set far listen-port 51820 private-key far peer "$(wg pubkey <near)" allowed-ips 10.64.0.2/32
		ip address add 10.64.0.1/24 dev far
		ip link set far up
		printf "[Interface]\nPrivateKey=%s\n[Peer]\nPublicKey=%s\nEndpoint=127.0.0.1:51820\nAllowedIPs=0.0.0.0/0\n" \
			"$(cat near)" "$(wg pubkey <far)"') &&
		give_secrets modules ".\"vpn-only\".\"wireguard.conf\" = $(jq -Rs . <<<"$config")" &&
		in_guest modules systemctl start vpn-only qbittorrent qbittorrent-page.socket
}

# behind COMMAND: as qbittorrent sees the machine.
behind() {
	in_guest modules "nsenter -m -n -t \$(systemctl show -p MainPID --value qbittorrent) $1"
}

only_the_tunnel() {
	behind 'ip -br link' >"$WORK/links" && behind 'ip route' >"$WORK/routes" || return
	[[ $(sed 's/[@ ].*//' "$WORK/links" | sort | xargs) == 'lo vpn0' &&
		$(xargs <"$WORK/routes") == 'default dev vpn0 scope link' ]] ||
		{ cat "$WORK/links" "$WORK/routes"; return 1; }
}

reaches_through_tunnel() {
	[[ $(behind 'curl -sS -m 20 http://10.64.0.1:9100/metrics') == *node_memory_MemTotal_bytes* ]]
}

# This host, which is 10.0.2.2 to the guest.
reaches_host() {
	[[ $($1 "curl -sS -m 10 http://10.0.2.2:$server/canary") == tweet ]]
}

asks_in_tunnel() {
	[[ $(behind 'cat /etc/resolv.conf') == 'nameserver 10.64.0.1' ]] &&
		! behind 'test -e /run/systemd/resolve/io.systemd.Resolve'
}

stops_with_tunnel() {
	in_guest modules 'systemctl stop vpn-only && ! systemctl is-active qbittorrent && ! test -e /run/netns/vpn-only'
}

knows_it_is_needed() {
	in_guest modules 'systemctl start power-off-when-idle && systemctl start power-off-when-idle &&
		journalctl -b -u power-off-when-idle --no-pager' | grep -q 'ssh connection'
}

# With less patience than in earnest, and no heed of what the boot has cost.
switches_off() {
	local until=$((SECONDS + 200))
	in_guest modules 'd=/run/systemd/system/power-off-when-idle.service.d; mkdir -p $d &&
		printf "[Service]\nEnvironment=MINUTES=0 LOAD=1000\n" >$d/now.conf && systemctl daemon-reload'
	hang_up modules
	while [[ $SECONDS -lt $until ]]; do
		kill -0 "$(cat "$WORK/modules/pid")" 2>/dev/null || return 0
		sleep 0.2
	done
	return 1
}

podman_is_ready() {
	[[ $(in_guest modules podman info --format '{{.Store.GraphRoot}}') == /var/lib/containers/storage ]] &&
		[[ $(in_guest modules systemctl is-enabled podman-auto-update.timer) == masked ]]
}

# A seed that says what only cloud-init follows: it is the machine's in place of what the agent makes of one.
make_seed_of_cloud_init() {
	mkdir "$WORK/cidata"
	echo 'instance-id: modules-1' >"$WORK/cidata/meta-data"
	printf '#cloud-config\nhostname: alpha\nfqdn: alpha.home.example\nwrite_files:\n%s\n%s\n' \
		"- {path: /etc/of-seed, content: here}" '- {path: /run/of-seed, source: {uri: "file:///etc/hostname"}}' \
		>"$WORK/cidata/user-data"
	printf 'version: 1\nconfig:\n- type: physical\n  name: eth0\n  mac_address: "52:54:00:12:34:56"\n' \
		>"$WORK/cidata/network-config"
	printf '  subnets: [{type: dhcp4}]\n' >>"$WORK/cidata/network-config"
	genisoimage -quiet -R -V cidata -o "$WORK/seed.iso" "$WORK/cidata"
}

cloud_init_is_done() {
	in_guest modules 'cloud-init status --long' >"$WORK/cloud-init"
	[[ $(grep -cxE '(extended_)?status: done' "$WORK/cloud-init") == 2 ]] || { cat "$WORK/cloud-init"; return 1; }
	in_guest modules '[ "$(hostname -f)" = alpha.home.example ] && test -s /run/of-seed && test -s /etc/of-seed &&
		[ "$(cat /sys/class/net/eth0/address)" = 52:54:00:12:34:56 ] && ! systemctl is-enabled aether-seed &&
		! test -e /run/aether/remarks/seed'
}

need_image modules
trap cut_all_power EXIT
make_certificates "$IMAGE_REPO/keys/ssh-user-ca"
mkdir "$WORK/www"
printf tweet >"$WORK/www/canary"
server=$(free_port)
mkdir "$WORK/server"
python3 -m http.server -b 127.0.0.1 -d "$WORK/www" "$server" >"$WORK/server/log" 2>&1 &
echo $! >"$WORK/server/pid"

new_machine modules
make_seed_of_cloud_init
start modules 10.0.2.15 -device virtio-blk-pci,drive=disk \
	-drive "file=$WORK/seed.iso,if=ide,media=cdrom,format=raw,readonly=on"
ok "a certificate for principal admin logs in" wait_for_ssh modules
ok "all is well but that its secret has not come" awaits_secrets modules
ok "cloud-init follows the seed where its module is" cloud_init_is_done
ok "the node exporter answers" serves modules "http://127.0.0.1:$(port modules 9100)/metrics" node_memory_MemTotal_bytes
ok "podman is ready, and never updates by itself" podman_is_ready
ok "an NFS share is mounted when it is asked for" in_guest modules systemctl is-active var-mnt-nfs.automount
ok "nothing is behind the VPN before it has a key" waits_for_key
ok "the tunnel comes up with its key" make_tunnel
ok "there is no way out but the tunnel" only_the_tunnel
ok "the tunnel leads somewhere" reaches_through_tunnel
ok "the host is reached outside of it" reaches_host 'in_guest modules'
refused "the host is not reached from behind it" reaches_host behind
ok "names are asked for in the tunnel" asks_in_tunnel
ok "the page behind it answers outside" serves modules "http://127.0.0.1:$(port modules 8080)/" qBittorrent \
	-H 'Host: 127.0.0.1:8080'
ok "what is behind the tunnel stops with it" stops_with_tunnel
ok "nothing has failed" is_running modules
ok "a machine with an ssh connection is needed" knows_it_is_needed
ok "a machine that nobody needs switches itself off" switches_off
finish

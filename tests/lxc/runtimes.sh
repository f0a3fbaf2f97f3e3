#!/bin/bash
# budget: 60
# deadline: 900
# A template is what Proxmox takes, and a container of it does its work: unpacked with exactly Proxmox's options, run
# privileged and with ids of its own by lxc-start, and by systemd-nspawn; what has to survive does when the container
# is made anew.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/lxc/lib.sh"

REPOSITORY=$WORK/repository
RECIPE=$REPOSITORY/recipes/web.recipe
UNPRIVILEGED=(lxc-usernsexec -m b:0:100000:65536 --)

build() {
	copy_recipes "$REPOSITORY" && cp "$SOURCE/tests/lxc/web.recipe" "$RECIPE" && "$AETHER" lock --kind lxc "$RECIPE" &&
		"$AETHER" lxc --out "$WORK/out" "$RECIPE" >"$WORK/path" &&
		"$AETHER" plan --json --kind lxc "$RECIPE" >"$WORK/plan.json"
}

# --- the template ----------------------------------------------------------------------------------------------------
is_sorted() {
	tar tf "$TEMPLATE" >"$WORK/members" && LC_ALL=C sort -c "$WORK/members" && ! grep -qv '^\./' "$WORK/members"
}

has_no_devices() {
	! tar tvf "$TEMPLATE" | grep '^[bcs]'
}

has_small_ids() {
	tar --numeric-owner -tvf "$TEMPLATE" | awk '{ split($2, id, "/");
		if (id[1] >= 65536 || id[2] >= 65536) bad = 1 } END { exit bad }'
}

has_one_time() {
	[[ $(tar --utc --full-time -tvf "$TEMPLATE" | awk '{ print $4, $5 }' | sort -u) == \
		$(date -u -d "@$(jq .epoch "$WORK/plan.json")" '+%F %T') ]]
}

# Proxmox runs these patterns over the file.
has_version() {
	tar xOf "$TEMPLATE" ./usr/lib/os-release >"$WORK/os-release" && ! grep -vE '^[A-Z_]+="[^"]*"$' "$WORK/os-release" &&
		grep -qx 'ID="debian"' "$WORK/os-release" &&
			[[ $(tar xOf "$TEMPLATE" ./etc/debian_version) =~ ^1[34]$ ]] &&
		! tar xOf "$TEMPLATE" ./etc/hosts | grep -F 127.0.1.1
}

same_again() {
	AETHER_JOBS=1 "$AETHER" lxc --out "$WORK/again" "$RECIPE" >"$WORK/again.path" &&
		cmp "$TEMPLATE" "$(cat "$WORK/again.path")"
}

same_as_gzip() {
	"$AETHER" lxc --format tar.gz --out "$WORK/gzip" "$RECIPE" >"$WORK/gzip.path" && gzip -t "$(cat "$WORK/gzip.path")" &&
		cmp <(zstd -dc "$TEMPLATE") <(gzip -dc "$(cat "$WORK/gzip.path")")
}

lists_state() {
	[[ $(jq -r '.state[].path' "$(dirname "$TEMPLATE")/manifest.json") == $'/var/lib/aether\n/var/lib/caddy' ]]
}

# --- containers ------------------------------------------------------------------------------------------------------
# keeps_capabilities FOLDER
keeps_capabilities() {
	getcap "$1/usr/bin/caddy" | grep -q 'cap_net_bind_service=ep' && getcap "$1/usr/bin/ping" | grep -q 'cap_net_raw=ep'
}

uses_capabilities() {
	in_guest "$1" 'getcap /usr/bin/ping | grep -q cap_net_raw &&
		setpriv --reuid 65534 --clear-groups ping -c 1 -W 5 127.0.0.1 >/dev/null'
}

is_sudoer() {
	[[ $(try_login "$1" aether "$WORK/key" "$WORK/admin-cert.pub" 'pwd && sudo -n id -u') == $'/home/aether\n0' ]]
}

serves() {
	[[ $(curl -s -m 10 "http://$(cat "$WORK/$1/address")/") == 'caddy of web' ]]
}

has_first_state() {
	[[ $(in_guest "$1" 'stat -c "%U:%G %a" /var/lib/caddy /var/lib/caddy/first; cat /var/lib/caddy/first') == \
		$'caddy:caddy 700\ncaddy:caddy 640\nwhat a new machine starts with' ]]
}

# What a package installs without enabling it stays so, though a first boot enables what no preset forbids.
enables_nothing_more() {
	[[ $(in_guest "$1" systemctl is-enabled caddy.service caddy-api.service ssh.service ssh.socket) == \
		$'enabled\ndisabled\nenabled\ndisabled' ]]
}

# look NAME: what must hold in whatever container there is.
look() {
	local name=$1
	ok "$name: a certificate for principal admin logs in" wait_for_ssh "$name"
	ok "$name: the system is running" is_running "$name"
	ok "$name: aether logs in and is root without a password" is_sudoer "$name"
	ok "$name: a certificate for another principal is refused" denied "$name" root "$WORK/key" "$WORK/other-cert.pub"
	ok "$name: an expired certificate is refused" denied "$name" root "$WORK/key" "$WORK/expired-cert.pub"
	ok "$name: a certificate of a foreign CA is refused" denied "$name" root "$WORK/key" "$WORK/foreign-cert.pub"
	ok "$name: a bare key is refused" denied "$name" root "$WORK/key" none
	ok "$name: the recipe's health checks hold" healthy "$name" "$WORK/plan.json"
	ok "$name: it serves" serves "$name"
	ok "$name: its name is the one it was given" in_guest "$name" "[ \$(hostname) = $name ]"
	ok "$name: file capabilities work" uses_capabilities "$name"
	ok "$name: the first boot enables nothing more" enables_nothing_more "$name"
}

if [[ -z ${INSIDE:-} ]]; then
	[[ $(id -u) == 0 ]] || skip "needs root: containers are started as their hypervisor does"
	build || die "the template can be built"
	TEMPLATE=$(cat "$WORK/path")
	ok "members are in the order of bytes, and named from ./ on" is_sorted
	ok "there are no devices and no sockets" has_no_devices
	ok "owners are below 65536" has_small_ids
	ok "there is one time for all" has_one_time
	ok "its version can be read" has_version
	ok "zstd finds it sound" zstd -q -t "$TEMPLATE"
	ok "the manifest lists the mount points" lists_state
	ok "it is the same again, on one core" same_again
	ok "it is the same in gzip" same_as_gzip
	echo "$FAILURES" >"$WORK/failures"
	enter
fi
FAILURES=$(cat "$WORK/failures")
set_up
TEMPLATE=$(cat "$WORK/path")
make_certificates "$REPOSITORY/keys/ssh-user-ca"

unpack plain "$TEMPLATE" && settle plain 10.77.0.2 eth0 && mount_points plain /var/lib/aether /var/lib/caddy
ok "GNU tar keeps capabilities" keeps_capabilities "$WORK/plain/root"
start_lxc plain
unpack mapped "$TEMPLATE" "${UNPRIVILEGED[@]}" && settle mapped 10.77.0.3 eth0 dhcp &&
	mount_points mapped /var/lib/aether /var/lib/caddy
serve_dhcp mapped 10.77.0.3
ok "ids are the container's own" bash -c '[[ $(stat -c %u "$1/usr/bin/sudo") == 100000 ]]' - "$WORK/mapped/root"
start_lxc mapped 'lxc.idmap = u 0 100000 65536' 'lxc.idmap = g 0 100000 65536'
unpack nspawn "$TEMPLATE" && settle nspawn 10.77.0.4 host0
start_nspawn nspawn
for name in plain mapped nspawn; do
	look "$name"
done
ok "plain: an empty mount point is filled for its service" has_first_state plain
ok "mapped: an empty mount point is filled for its service" has_first_state mapped

in_guest plain 'echo mine >/var/lib/caddy/first; touch /etc/canary; sync'
first=$(host_key plain)
stop plain
rm -rf "$WORK/plain/root"
unpack plain "$TEMPLATE" && settle plain 10.77.0.2 eth0
start_lxc plain
ok "the next container comes up" wait_for_ssh plain
ok "it has the state of the one before" in_guest plain 'grep -qx mine /var/lib/caddy/first && ! test -e /etc/canary'
ok "it has the host key of the one before" [ -n "$first" -a "$first" = "$(host_key plain)" ]
ok "another container has another host key" [ "$first" != "$(host_key mapped)" ]
finish

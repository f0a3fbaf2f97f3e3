#!/bin/bash
# budget: 60
# deadline: 900
# What becomes of a seed is judged by those who read it, in the tree of a template: Debian's networkd takes every kind of
# network without a complaint, and the devices then have what was said; DHCP is asked under the seed's name; OpenSSL and
# curl's bundle have its authority. The program is the image's own.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/lxc/lib.sh"
need openssl

build() {
	copy_recipes "$WORK/repository" && cp "$SOURCE/tests/lxc/web.recipe" "$WORK/repository/recipes" || return
	"$AETHER" lock --kind lxc "$WORK/repository/recipes/web.recipe" &&
		"$AETHER" lxc --out "$WORK/out" "$WORK/repository/recipes/web.recipe" >"$WORK/path"
}

# judged SEED REGEX…: a machine with the seed FOLDER/SEED comes to a state that has a line for each REGEX.
judged() {
	local seed=$1
	shift
	mkdir -p "$WORK/$seed/seed"
	[[ -f $WORK/$seed/seed/network-config ]] || cp "$SOURCE/tests/fuzz/network/$seed" "$WORK/$seed/seed/network-config"
	[[ -f $WORK/$seed/seed/meta-data ]] || echo "instance-id: $seed" >"$WORK/$seed/seed/meta-data"
	unshare --mount --net --uts --pid --mount-proc --fork "$SOURCE/tests/lxc/machine-of-seed" "$ROOT" "$WORK/$seed" "$@"
}

make_authority() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=authority of the seed' -keyout "$WORK/ca.key" \
		-out "$WORK/ca.crt" 2>/dev/null &&
		openssl req -newkey rsa:2048 -nodes -subj /CN=leaf -keyout "$WORK/leaf.key" -out "$WORK/leaf.csr" 2>/dev/null &&
		openssl x509 -req -in "$WORK/leaf.csr" -CA "$WORK/ca.crt" -CAkey "$WORK/ca.key" -days 1 -out "$WORK/leaf.crt"
}

# trusts REMOVE: a machine trusts the seed's authority, and Debian's unless REMOVE.
trusts() {
	local folder=$WORK/trust-$1/seed
	mkdir -p "$folder"
	cp "$WORK/leaf.crt" "$folder"
	{
		printf '#cloud-config\nca_certs:\n  remove_defaults: %s\n  trusted:\n  - |\n' "$1"
		sed 's/^/    /' "$WORK/ca.crt"
	} >"$folder/user-data"
	echo 'version: 1' >"$folder/network-config"
	echo 'config: []' >>"$folder/network-config"
	judged "trust-$1" '^/run/seed/leaf.crt: OK$' '^authority of the seed$' "^debian's authorities: $2\$"
}

# names_itself: DHCP is asked by a machine that says its name, which it has from the seed.
names_itself() {
	local folder=$WORK/named/seed
	mkdir -p "$folder"
	printf '#cloud-config\nhostname: alpha\nfqdn: alpha.home.example\n' >"$folder/user-data"
	printf 'version: 2\nethernets:\n  eth0: {dhcp4: true}\n' >"$folder/network-config"
	judged named '^eth0@.* 10\.77\.0\.50/24' '^alpha$' '^default via 10\.77\.0\.1 dev eth0 proto dhcp'
}

[[ -n ${INSIDE:-} ]] || ok "a template is built" build
[[ -n ${INSIDE:-} || $FAILURES == 0 ]] || finish
enter
ROOT=$WORK/machine/root
# Not every kernel has bonds and VLANs. (That of the image has: tests/boot/gateway.sh.)
BOND_OF_ONE=() BOND_OF_TWO=()
if unshare --net sh -c 'ip link add a type bond && ip link add link a name b type vlan id 2' 2>/dev/null; then
	BOND_OF_ONE=('^bond0\.20@bond0 .* 10\.20\.0\.2/24' 'vlan protocol 802\.1Q id 20 ' ': bond0: .* mtu 1400 '
		'bond mode active-backup .*miimon 100 updelay 200' ': nic0@.* master bond0 ' ': nic1@.* master bond0 ')
	BOND_OF_TWO=('^guests@br0 .* 10\.30\.0\.1/24' ': bond0: .* master br0 ' ': port1@.* master bond0 '
		'vlan protocol 802\.1Q id 30 ')
fi
ok "its tree is there" unpack machine "$(cat "$WORK/path")"

ok "as Proxmox writes it: several cards, static, DHCP, both families" judged pve \
	'^eth0@.* 10\.20\.0\.7/22 .*fd20::7/64' '^default via 10\.20\.0\.1 dev eth0 proto static' \
	'^default via fd20::1 dev eth0 proto static' '^eth0 DNS=10\.20\.0\.1 fd20::1$' \
	'^eth0 DOMAINS=home\.example lab\.example$' '^eth1 ADMIN_STATE=configuring$' '^eth2 ADMIN_STATE=configur'
ok "version 1 with routes, metrics, and an MTU" judged v1-lines \
	'^ens18@.* 192\.0\.2\.9/29' '^default via 192\.0\.2\.8 dev ens18 proto static metric 50' \
	'^198\.51\.100\.0/24 via 192\.0\.2\.11 dev ens18 proto static metric 3' \
	'^203\.0\.113\.0/24 via 192\.0\.2\.12 dev ens18' \
	'^2001:db8:1::/48 via fe80::1 dev ens18' ': ens18@.* mtu 9000 ' \
	'^ens18 DNS=192\.0\.2\.8 192\.0\.2\.10 192\.0\.2\.13$'
ok "version 1 with a bond, a VLAN on it, and a bridge" judged v1-stack ': nic2@.* master br0 ' \
	'^br0 ADMIN_STATE=configuring$' "${BOND_OF_ONE[@]}"
ok "version 2 with overrides, tables, and gateways" judged v2 \
	'^lan@.* 10\.0\.0\.2/24 .*fd00::2/64' '^default via 10\.0\.0\.1 dev lan proto static' \
	'^default via fd00::1 dev lan proto static' '^default via 10\.0\.0\.3 dev lan table 100 proto static metric 900' \
	'^172\.16\.0\.0/12 via 10\.0\.0\.4 dev lan proto static onlink' '^blackhole 192\.0\.2\.0/24' ': lan@.* mtu 1450 ' \
	'^wan REQUIRED_FOR_ONLINE=no$' '^wan ADMIN_STATE=configuring$'
ok "version 2 with a bridge on a bond, and a VLAN on that" judged v2-stack '^br0 .* 10\.3\.0\.2/16' ': port3@.* master br0 ' \
	' link/ether 02:00:00:00:01:ff ' "${BOND_OF_TWO[@]}"
ok "as cloud-localds writes it" judged local-dhcp '^interface0 ADMIN_STATE=configuring$'
ok "what is wrong in a seed does not reach networkd" judged wrong '^eth2@.* 10\.1\.1\.1/24' \
	'^default via 10\.9\.9\.9 dev eth2.*onlink'
ok "DHCP knows the machine by the name of its seed" names_itself
ok "there is an authority" make_authority
ok "the seed's authority is trusted beside Debian's" trusts false some
ok "… or in their place" trusts true none
finish

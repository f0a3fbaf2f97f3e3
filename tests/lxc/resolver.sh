#!/bin/bash
# budget: 30
# deadline: 600
# recipes/resolver.recipe as a container: an unprivileged one, with an empty mount point for what it keeps, resolves.
# shellcheck disable=SC2317 # its functions are called by ok
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/lxc/lib.sh"

REPOSITORY=$WORK/repository
RECIPE=$REPOSITORY/recipes/resolver.recipe

build() {
	copy_recipes "$REPOSITORY" && "$AETHER" lock --kind lxc "$RECIPE" &&
		"$AETHER" lxc --out "$WORK/out" "$RECIPE" >"$WORK/path" &&
		"$AETHER" plan --json --kind lxc "$RECIPE" >"$WORK/plan.json"
}

# Nobody else is there to be asked: what it knows by itself.
resolves() {
	[[ $("$SOURCE/tests/ask-dns" 10.77.0.2 53 resolver TXT) == unbound && \
		$("$SOURCE/tests/ask-dns" 10.77.0.2 53 localhost A) == 127.0.0.1 ]]
}

if [[ -z ${INSIDE:-} ]]; then
	[[ $(id -u) == 0 ]] || skip "needs root: containers are started as their hypervisor does"
	build || die "the template can be built"
	enter
fi
set_up
make_certificates "$REPOSITORY/keys/ssh-user-ca"
unpack resolver "$(cat "$WORK/path")" lxc-usernsexec -m b:0:100000:65536 --
settle resolver 10.77.0.2 eth0
mount_points resolver /var/lib/aether /var/lib/unbound
start_lxc resolver 'lxc.idmap = u 0 100000 65536' 'lxc.idmap = g 0 100000 65536'
ok "a certificate for principal admin logs in" wait_for_ssh resolver
ok "the system is running" is_running resolver
ok "the recipe's health checks hold" healthy resolver "$WORK/plan.json"
ok "it resolves" resolves
ok "the key of the root zone is at the mount point" in_guest resolver \
	'mountpoint -q /var/lib/unbound && test -s /var/lib/unbound/root.key'
finish

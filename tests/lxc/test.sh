#!/bin/bash
# budget: 60
# deadline: 600
# `test` and `run` with containers: recipes/resolver.recipe holds what it promises, with ids of its own; a failure is
# told; Ctrl-C leaves nothing.
# shellcheck disable=SC2317 # its functions are called by ok and refused
. "${SOURCE:=$PWD}/tests/lib.sh"
need lxc-start lxc-usernsexec zstd jq

REPOSITORY=$WORK/repository
RECIPE=$REPOSITORY/recipes/resolver.recipe
OPTIONS=(--kind lxc --out "$WORK/out")

# With a unit of the user's own beside what the recipe has.
prepare() {
	copy_recipes "$REPOSITORY" || return 1
	sed -i 's|^units:|&\n  mine.service: { user: aether, enable: true, Service: { ExecStart: /bin/sleep infinity } }|
		s|^health:|&\n  - { unit: mine.service, user: aether }|' "$RECIPE"
	"$AETHER" lock --kind lxc "$RECIPE"
}

try() {
	"$AETHER" test "${OPTIONS[@]}" "$@" >"$WORK/report" 2>"$WORK/complaint"
	local status=$?
	cat "$WORK/report" "$WORK/complaint" | tee "$WORK/said"
	return "$status"
}

leaves_nothing() {
	local folder
	for folder in "$WORK"/cache/tmp/*/; do
		[[ ! -e $folder ]] || { ls -la "$folder"; return 1; }
	done
	! pgrep -fa "lxc-start.*$WORK"
}

# An id of its own: as Proxmox gives root a range of them.
give_ids() {
	echo root:100000:65536 >"$WORK/subids" && mount --bind "$WORK/subids" /etc/subuid &&
		mount --bind "$WORK/subids" /etc/subgid
}

comes_up() {
	local until=$((SECONDS + 120))
	until grep -q 'resolver is up' "$WORK/run.err"; do
		[[ $SECONDS -lt $until ]] || { cat "$WORK/run.err"; return 1; }
		sleep 0.5
	done
}

# in_container COMMAND…: by the line that `run` printed.
in_container() {
	local words
	read -ra words < <(grep '^lxc-attach ' "$WORK/run")
	"${words[@]}" -- "$@" </dev/null
}

has_ids_of_its_own() {
	[[ $(in_container cat /proc/self/uid_map | tr -s ' ') == ' 0 100000 65536' ]]
}

has_mount_points() {
	in_container mountpoint -q /var/lib/unbound && in_container test -s /var/lib/unbound/root.key
}

has_no_network() {
	[[ $(in_container ip -o link | wc -l) == 1 ]]
}

ends() {
	kill -INT "$RUN"
	wait "$RUN"
}

without_lxc() {
	PATH=$WORK/bin "$AETHER" run --cache "$WORK/cache" "$template" >"$WORK/said" 2>&1
}

as_nobody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups "$AETHER" run --cache "$WORK/nobody" "$template" >"$WORK/said" 2>&1
}

[[ $(id -u) == 0 ]] || skip "needs root: containers are started as their hypervisor does"
if [[ -z ${INSIDE:-} ]]; then
	exec unshare --mount --propagation private \
		env INSIDE=1 WORK="$WORK" SOURCE="$SOURCE" BUILD="$BUILD" RUN_ID="$RUN_ID" "$0"
fi
give_ids || die "root has subordinate ids, as Proxmox gives it"
prepare || die "the recipe can be locked"
template=$("$AETHER" lxc --out "$WORK/out" "$RECIPE") || die "the template can be built"

ok "test starts a container, and all holds" try "$RECIPE"
ok "it says so, line by line" said "ok the system has started" "ok health: unit unbound.service" \
	"ok it has the key of the root zone" "6 passed, 0 failed"
ok "a user's unit has started with the user's systemd" said "ok health: user-unit mine.service aether"
sed -i 's/^tests:/&\n  - { name: what is wrong, command: [\/bin\/cat, \/etc\/hostname], output: another }/' "$RECIPE"
refused "test fails when a test does" try --json "$RECIPE"
ok "it reports that" jq -e '.failed == 1 and .means == "lxc" and (.results[] | select(.name == "what is wrong") |
	(.ok | not) and (.seen | test("resolver")))' "$WORK/report"

"$AETHER" run --cache "$WORK/cache" "$template" >"$WORK/run" 2>"$WORK/run.err" &
RUN=$!
ok "run starts a container of a template" comes_up
ok "the line that it prints gives a shell: ids are the container's own" has_ids_of_its_own
ok "paths of its state are mount points" has_mount_points
ok "it has no network but itself" has_no_network
ok "Ctrl-C halts it" ends
ok "nothing is left of it" leaves_nothing

mkdir "$WORK/bin" && ln -s "$(command -v tar)" "$(command -v zstd)" "$(command -v find)" "$WORK/bin"
mount --bind /dev/null /etc/subuid
refused "without LXC it is refused" without_lxc
ok "… and the package is named" said "install the packages 'lxc'"
refused "who is not root is refused" as_nobody
ok "… and told so" said "only root can start a container"
finish

#!/bin/bash
# budget: 150
# deadline: 1800
# `test` and `run` with virtual machines: what holds is told, what does not is told and fails, Ctrl-C leaves nothing, and
# where KVM hangs the machine is emulated. Three boots.
# shellcheck disable=SC2317,SC2016 # its functions are called by ok and refused; text for another shell is not expanded here
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/boot/lib.sh"

REPOSITORY=$WORK/repository
RECIPE=$REPOSITORY/recipes/probe.recipe

# try ARGUMENT…: `aether-build test`, and what it said.
try() {
	"$AETHER" test --out "$WORK/out" "$@" >"$WORK/report" 2>"$WORK/complaint"
	local status=$?
	cat "$WORK/report" "$WORK/complaint" | tee "$WORK/said"
	return "$status"
}

# leaves_nothing: no machine of ours runs, and what was thrown away is gone. (Others build in the same
# cache: what is looked for is the folder of a machine.)
leaves_nothing() {
	local folder
	for folder in "$CACHE"/tmp/*/; do
		[[ ! -e $folder/disk.qcow2 ]] || { ls -la "$folder"; return 1; }
	done
	! pgrep -fa "qemu-system.* -name $1 "
}

# The only difference is a test: it is no part of the image.
plan_is_the_same() {
	"$AETHER" plan "$RECIPE" >"$WORK/plan" &&
		sed -i 's/^  - { name: the root is erofs.*/  - { shell: "false" }/' "$RECIPE" &&
		"$AETHER" plan "$RECIPE" | cmp - "$WORK/plan"
}

# Health that never holds, and tests that fail in each way there is.
make_bad() {
	sed -e '/^health:/,$d' -e 's/^name: .*/name: bad/' "$RECIPE" >"$REPOSITORY/recipes/bad.recipe" &&
		cat >>"$REPOSITORY/recipes/bad.recipe" <<-'END' && "$AETHER" lock "$REPOSITORY/recipes/bad.recipe"
			health:
			  - unit: ssh.service
			  - { tcp: 4711, timeout: 5s }
			tests:
			  - { name: this one is right, shell: "true" }
			  - { name: a status, command: [/bin/false] }
			  - { name: an output, command: [/bin/echo, seen], output: wanted }
			  - { name: an end, command: [/bin/sleep, "60"], timeout: 2s }
			  - { name: a program, command: [/run/nowhere] }
		END
}

reports_all() {
	jq -e '.failed == 5 and .passed == 4 and (.results | map(select(.ok | not)) |
		map(.name) == ["tcp 4711", "a status", "an output", "an end", "a program"]) and
		(.results[] | select(.name == "an output") | (.expected | test("wanted")) and (.seen | test("seen"))) and
		(.results[] | select(.name == "an end") | .expected == "it ends within 2000 ms")' "$WORK/report"
}

# A host whose KVM hangs: /dev/kvm can be opened, QEMU starts with it, and the guest stands still.
run_on_such_a_host() {
	local how=(--mount)
	[[ $(id -u) == 0 ]] || how+=(--map-root-user)
	exec unshare "${how[@]}" bash -c '
		mkdir "$WORK/dev" "$WORK/bin"
		for node in null zero full random urandom tty; do
			touch "$WORK/dev/$node" && mount --bind "/dev/$node" "$WORK/dev/$node"
		done
		touch "$WORK/dev/kvm" && mount --bind /dev/null "$WORK/dev/kvm"
		mount --rbind "$WORK/dev" /dev
		cat >"$WORK/bin/qemu-system-x86_64" <<-END
			#!/bin/bash
			[[ " \$* " != *" -accel kvm "* ]] || set -- "\${@/#kvm/tcg}" -S
			exec $(command -v qemu-system-x86_64) "\${@/#host/max}"
		END
		chmod +x "$WORK/bin/qemu-system-x86_64"
		PATH=$WORK/bin:$PATH exec "$0" "$@"' "$@"
}

# in_time SECONDS COMMAND…: it succeeds sooner or later.
in_time() {
	local until=$((SECONDS + $1))
	until "${@:2}"; do
		[[ $SECONDS -lt $until ]] || return 1
		sleep 0.1
	done
}

# until SECONDS TEXT FILE: waits for the text.
until_said() {
	local until=$((SECONDS + $1))
	until grep -q "$2" "$3" 2>/dev/null; do
		[[ $SECONDS -lt $until ]] || { cat "$3"; return 1; }
		sleep 0.2
	done
}

# The words that `run` printed, with a key of ours and without what the user of this host has set for ssh.
logs_in() {
	local words
	read -ra words < <(grep '^ssh ' "$WORK/run")
	[[ $("${words[0]}" -F none -i "$WORK/key" -o "CertificateFile=$WORK/admin-cert.pub" -o BatchMode=yes "${words[@]:1}" \
		'sudo -n id -u; hostname' </dev/null) == $'0\nprobe' ]]
}

# ends_by SIGNAL STATUS
ends_by() {
	local status
	kill "-$1" "$RUN"
	wait "$RUN"
	status=$?
	[[ $status == "$2" ]] || { echo "exit status $status"; cat "$WORK/run" "$WORK/run.err"; return 1; }
}

prepare() {
	copy_recipes "$REPOSITORY" && cp -t "$REPOSITORY/recipes" "$SOURCE/tests/boot/recipes/probe.recipe" &&
		"$AETHER" lock "$RECIPE"
}

prepare || die "the recipe can be locked"
make_certificates "$REPOSITORY/keys/ssh-user-ca"
CACHE=${AETHER_CACHE:-/var/cache/aether-build}
[[ -n ${AETHER_CACHE:-} || $(id -u) == 0 ]] || CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/aether-build
export WORK

ok "test builds the image, boots it by UEFI, and all holds" try --uefi --accel tcg "$RECIPE"
ok "it says so, line by line" said "ok the system has started" "ok health: unit ssh.service" "ok the root is erofs" \
	"ok health: state" "10 passed, 0 failed"
ok "nothing is left of the machine" leaves_nothing probe
ok "a test is no part of the plan" plan_is_the_same

make_bad || die "another recipe can be locked"
refused "test fails when health and tests do" try --json --accel tcg "$REPOSITORY/recipes/bad.recipe"
ok "it reports each, what was expected and what was seen" reports_all
ok "the end of the journal is shown, with what failed" grep -q 'aether-health.service: Failed with result' "$WORK/complaint"
ok "nothing is left of that machine either" leaves_nothing bad

CACHE=$WORK/cache
extra=$(free_port)
run_on_such_a_host "$AETHER" run --cache "$CACHE" --port "$extra:80" "$WORK/out/probe/1" >"$WORK/run" 2>"$WORK/run.err" &
RUN=$!
ok "run finds out that KVM hangs, and emulates the machine" until_said 120 'KVM does not work on this host.*TCG' "$WORK/run.err"
ok "it remembers that until this host boots again" grep -q "^kvm hangs on boot $(cat /proc/sys/kernel/random/boot_id)" \
	"$CACHE/accelerator"
ok "the machine comes up" until_said "$BOOT_SECONDS" 'probe is up' "$WORK/run.err"
ok "its ports are said: ssh, the recipe's, the one that was asked for" \
	bash -c 'for port; do grep -qE "^127.0.0.1:[0-9]+ -> $port$" "$0" || exit 1; done' "$WORK/run" 22 8080 80
ok "the asked one is where it was asked for" grep -qx "127.0.0.1:$extra -> 80" "$WORK/run"
ok "the line that it prints logs in, with a certificate" logs_in
ok "Ctrl-C powers it off" ends_by INT 0
ok "nothing is left of it" leaves_nothing probe

rm "$WORK/run" # what the machine before said must not be taken for this one's
"$AETHER" run --cache "$CACHE" --accel tcg --keep "$WORK/out/probe/1/probe.qcow2" >"$WORK/run" 2>"$WORK/run.err" &
RUN=$!
ok "run takes the path of an image" until_said 60 '^ssh ' "$WORK/run"
folder=$(sed -n 's#^console: \(.*\)/console$#\1#p' "$WORK/run")
ok "killed, it takes its machine along" ends_by KILL 137
ok "… indeed" in_time 5 leaves_nothing probe
ok "a disk that was to be kept is kept" qemu-img check -q "$folder/disk.qcow2"
rm -rf "$folder"
refused "a port that is taken is refused" bash -c 'exec 3<>/dev/null; python3 -c "import socket,subprocess,sys
s = socket.socket(); s.bind((\"127.0.0.1\", 0)); s.listen()
sys.exit(subprocess.call(sys.argv[1:] + [\"--port\", f\"{s.getsockname()[1]}:80\"]))" "$@"' - \
	"$AETHER" run --cache "$CACHE" "$WORK/out/probe/1"
finish

#!/bin/bash
# budget: 100
# A machine that stays bad is mended by the first rung of the ladder that helps, each tried as often as its recipe says; guard
# keeps out of what others do, and is killed at each of its requests.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/proxmox/lib.sh"
. "$SOURCE/tests/proxmox/works.sh"
need qemu-img zstd
pve_start --auth-delay 0

known gateway 1 good
FIRST=$SHA
known gateway 2 good
SECOND=$SHA
ok '(a machine)' aether deploy gateway/1 --recipe "$WORK/gateway.recipe"
ok '(with its second generation)' aether deploy gateway/2
keep two

# becomes SHA JSON: what such a machine is from now on.
becomes() {
	pve_guest "$1" "$(jq --arg sha "$1" --argjson with "$2" '.[$sha] + $with' -c "$PVE/guests.json")"
}

# looks JQ'S FILTER: guard looks once, and reports that.
looks() {
	"$AETHER" guard gateway --out "$WORK/out" --timeout "${TIMEOUT:-3s}" --json >"$WORK/report" 2>"$WORK/said"
	[[ -s $WORK/report ]] && jq -e "$1" "$WORK/report" >/dev/null || { cat "$WORK/report" "$WORK/said"; return 1; }
}

began() {
	jq -r '.machines["200"].running.boot_id' "$PVE/state.json"
}

ok 'a good machine is left alone' looks '.look == "good" and .act == "nothing" and .bad_since == null'
ok '… and guard ends with 0' aether guard gateway

# --- the ladder ----------------------------------------------------------------------------------------------------------
becomes "$SECOND" '{"health": "bad"}'
sed -i 's/"guard_after_ms": 1,/"guard_after_ms": 60000,/' "$WORK/out/gateway/machine.json"
boot=$(began)
ok 'a machine that has become bad is not touched at once' looks '.look == "bad" and .act == "wait" and .reason != null'
ok '… and guard ends with 1' bash -c '! "$0" guard gateway --out "$1" >/dev/null 2>&1' "$AETHER" "$WORK/out"
ok '… it is as it was' test "$(began)" = "$boot"
sed -i 's/"guard_after_ms": 60000,/"guard_after_ms": 1,/' "$WORK/out/gateway/machine.json"
would_try() {
	"$AETHER" guard gateway --out "$WORK/out" --dry-run --json 2>/dev/null | jq -e '.act == "try"'
}
ok '(a dry run only says what would be)' would_try
ok '… and does nothing' test "$(began)" = "$boot"
ok 'then it is restarted' looks '.act == "try" and .tried == "reboot" and .mended == false'
ok '… really' test "$(began)" != "$boot"
ok 'then it gets its own image anew' looks '.act == "try" and .tried == "reimage" and .mended == false'
ok '… which is bad, so the old disk is there again' runs gateway/2
ok 'then the last good generation' looks '.act == "try" and .tried == "last-good" and .mended == true and .look == "bad"'
ok '… which runs' runs gateway/1
ok '… the one before is known as bad' jq -e '.deployments[-1].verdict == "bad"' "$WORK/out/gateway/2/record.json"
ok '… and is known as what runs' bash -c 'pve=$(jq -r ".machines[\"200\"].config.description" "$PVE/state.json")
	[[ $pve == *"\"generation\":1,"* ]]'
ok 'all of it is remembered' jq -e '[.events[].what] == ["reboot: still bad", "reimage: still bad", "last-good: good"]' \
	"$WORK/out/gateway/guard.json"
ok 'and then it is good' looks '.look == "good"'

back_to two
becomes "$SECOND" '{"health": "bad"}'
becomes "$FIRST" '{"health": "bad"}'
ok '(it is bad)' looks '.act == "wait"'
for rung in reboot reimage last-good; do
	ok "nothing helps: $rung" looks ".tried == \"$rung\" and .mended == false"
done
boot=$(began)
ok 'at the end it gives up' looks '.act == "give-up"'
ok '… and does no more' looks '.act == "give-up"'
ok '… really' test "$(began)" = "$boot"
becomes "$SECOND" '{"health": "good"}'
ok 'it takes notice when the machine has become good' looks '.look == "good"'
becomes "$SECOND" '{"health": "bad"}'
ok '(it is bad again)' looks '.act == "wait"'
ok '… and begins anew' looks '.tried == "reboot"'

back_to two
becomes "$SECOND" "{\"health\": \"bad\", \"after_rollback\": {\"health\": \"good\", \"root_hash\": \"$(hash_of gateway/1)\"}}"
becomes "$SECOND" '{"slots": [{"slot": "a", "state": "good"}, {"slot": "b", "state": "good", "root_hash": "x"}]}'
ok '(a machine that has another slot becomes bad)' looks '.act == "wait"'
ok 'it goes back to that first, without another disk' looks '.tried == "rollback" and .mended == true'
ok '… and the generation in it is known as what runs' bash -c \
	'[[ $(jq -r ".machines[\"200\"].config.description" "$PVE/state.json") == *"\"generation\":1,"* ]]'
ok '… and the other one as bad' jq -e '.deployments[-1].verdict == "bad"' "$WORK/out/gateway/2/record.json"

back_to two
pve_fault '{"stop": 200}'
ok '(a machine that is off is bad)' looks '.look == "bad" and .reason == "it is off"'
ok 'a machine that is off is started' looks '.tried == "reboot" and .mended == true'
ok '… and runs' runs gateway/2
ok '… well' looks '.look == "good"'
becomes "$SECOND" '{"agent": false, "boots": false}'
ok '(nobody gets through to it)' looks '.look == "bad" and .act == "wait"'
ok 'one that nobody gets through to is restarted, and not good' looks \
	'.look == "bad" and .tried == "reboot" and .mended == false'

# --- not its business ------------------------------------------------------------------------------------------------------
# stays_out SENTENCE FAULT [LOOK]
stays_out() {
	back_to two
	becomes "$SECOND" '{"health": "bad"}'
	pve_fault "$2"
	boot=$(began)
	ok "$1" looks ".look == \"${3:-busy}\" and .act == \"nothing\""
	ok '… and the machine is as it was' test "$(began)" = "$boot"
	pve_fault '{"end_tasks": true}'
}
stays_out 'a machine that is locked' '{"config": {"vmid": 200, "set": {"lock": "backup"}}}'
stays_out 'a machine with a task' '{"task_of": {"node": "n", "vmid": 200, "type": "vzdump", "user": "root@pam"}}'
back_to two
pve_fault '{"task_of": {"node": "n", "vmid": 200, "type": "vncproxy", "user": "root@pam"}}'
ok 'a console that somebody has open is no work' looks '.look == "good"'
pve_fault '{"end_tasks": true}'
stays_out 'a machine under HA' '{"ha": {"vm:200": {"state": "started"}}}'
stays_out 'a machine with the tag aether-paused' '{"config": {"vmid": 200, "set": {"tags": "aether;aether-paused"}}}'
stays_out 'a machine with pending changes' '{"config": {"vmid": 200, "pending": {"memory": "4096"}}}'
stays_out 'a node that is down' '{"down": "n"}' unknown
stays_out 'an API that answers half of what it is asked' '{"path": "/agent/exec$", "times": 0, "cut": "before"}' unknown
back_to two
becomes "$SECOND" '{"health": "bad", "agent": false}'
ssh_says() {
	printf '#!/bin/sh\necho "%s" >&2\nexit 255\n' "$1" >"$WORK/bin/ssh"
}
cp "$WORK/bin/ssh" "$WORK/ssh"
for said in 'aether@gateway: Permission denied (publickey).' 'ssh: Could not resolve hostname gateway: Try again'; do
	ssh_says "$said"
	ok "what is wrong on this side says nothing of the machine: $said" looks '.look == "unknown" and .act == "nothing"'
done
ssh_says 'ssh: connect to host gateway port 22: Connection timed out'
ok 'what may be wrong on the other side does' looks '.look == "bad"'
cp "$WORK/ssh" "$WORK/bin/ssh"
back_to two
exec {lock}>>"$WORK/out/gateway/.deploy-lock"
flock "$lock"
ok 'while somebody deploys' looks '.look == "busy" and (.reason | test("another deploy"))'
exec {lock}>&-

# --- killed ------------------------------------------------------------------------------------------------------------------
back_to two
becomes "$SECOND" '{"health": "bad"}'
sed -i 's/"guard_tries": 1,/"guard_tries": 2,/' "$WORK/out/gateway/machine.json" # the one at which it is killed counts
keep sick
# mends: looks until it is good, or nothing more is tried.
mends() {
	local i
	for ((i = 0; i < 12; i++)); do
		looks true && jq -e '.look == "good"' "$WORK/report" >/dev/null && return 0
	done
	return 1
}
first() { runs gateway/1 && tidy && one_runs gateway; }
killed_guard() {
	local n numbers
	back_to sick
	numbers=$(changes mends)
	[[ $(wc -w <<<"$numbers") -gt 6 ]] || return 1
	for n in $numbers; do
		back_to sick && pve_fault "{\"path\": \"\", \"nth\": $n, \"kill_client\": true}" && mends
		pve_reset
		mends && first || { echo "killed at request $n"; cat "$WORK/said" "$WORK/report"; return 1; }
	done
}
ok 'killed at each of its requests it gets there all the same' killed_guard

back_to sick
watches() {
	local pid
	"$AETHER" guard gateway --out "$WORK/out" --watch --every 1s --timeout 3s >"$WORK/watched" 2>&1 &
	pid=$!
	until grep -q 'gateway (200): good' "$WORK/watched"; do sleep 0.3; done
	kill "$pid" && ! wait "$pid"
}
ok 'as a service it looks again and again, until it is stopped' watches
refused 'a name that was never deployed' aether guard nobody
finish

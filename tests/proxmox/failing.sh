#!/bin/bash
# budget: 150
# What can go wrong with a deploy, by tables: what is refused before anything is changed, and what fails on the way. Nothing is
# lost, what ran runs, and the next deploy gets there.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/proxmox/lib.sh"
. "$SOURCE/tests/proxmox/works.sh"
need qemu-img zstd
pve_start --auth-delay 0 --node n --node m --pool home

known gateway 1 good
known gateway 2 good
known web 1 good lxc
known web 2 good lxc
keep nothing
ok '(a machine)' aether deploy gateway/1 --recipe "$WORK/gateway.recipe"
ok '(a container)' aether deploy web/1 --recipe "$WORK/web.recipe"
keep one

# --- refused -------------------------------------------------------------------------------------------------------------
# untouched: since it was kept nothing was changed (uploads and questions are no changes).
untouched() {
	[[ -z $(pve_log 'select(.method != "GET" and (.path | test("/(agent|upload)") | not))' | tail -n "+$((CHANGES + 1))" |
		tee -a /dev/stderr) ]]
}

# refuses SENTENCE FAULT TEXT [ARGUMENT…]: with that fault a deploy of the machine says TEXT, and has changed nothing.
refuses() {
	back_to one
	[[ -z $2 ]] || pve_fault "$2"
	CHANGES=$(pve_log 'select(.method != "GET" and (.path | test("/(agent|upload)") | not))' | wc -l)
	refused "$1" aether deploy gateway/2 "${@:4}"
	ok '… with the reason, and what to do' said "$3" 'hint: '
	ok '… before anything was changed' untouched
}

refuses 'a machine that is locked' '{"config": {"vmid": 200, "set": {"lock": "backup"}}}' 'locked (backup)'
refuses 'a change of somebody else that is pending' \
	'{"config": {"vmid": 200, "pending": {"memory": "4096"}}}' "'memory' is pending"
refuses 'a task of somebody else' '{"task_of": {"node": "n", "vmid": 200, "type": "vzdump", "user": "root@pam"}}' \
	'vzdump by root@pam'
refuses 'a machine that HA looks after' '{"ha": {"vm:200": {"state": "started"}}}' 'HA starts and stops it'
refuses 'a machine with another name' '{"config": {"vmid": 200, "set": {"name": "mail", "description": "mine"}}}' "is 'mail'"
MARK='<!-- aether {"name":"gateway","deploy":{"id":"x","by":"a@b","since":1}} -->'
refuses 'a deploy from elsewhere that has not ended' \
	"$(jq -nc --arg mark "$MARK" '{config: {vmid: 200, set: {description: $mark}}}')" 'a deploy of a@b began at 1970'
ok '… goes on with --take-over' aether deploy gateway/2 --take-over
refuses 'a machine with one disk' '{"config": {"vmid": 200, "delete": ["scsi1"]}}' 'would lose /var'
ok '… goes on with --lose-state' aether deploy gateway/2 --lose-state
refuses 'a node that is down' '{"down": "n"}' 'does not answer'
refuses 'a storage without room' '{"full": "local"}' 'no room for'

# denied SENTENCE TOKEN TEXT…
denied() {
	back_to one
	pve_as "$2" "${3:-}"
	CHANGES=$(pve_log 'select(.method != "GET" and (.path | test("/(agent|upload)") | not))' | wc -l)
	refused "$1" aether deploy gateway/2
	pve_as 'tofu@pve!tf'
	ok '… before anything was changed' untouched
}
denied 'a token that is wrong' 'tofu@pve!tf' WRONG
ok '… with what to check' said 'the token is not known there'
denied 'a token with too few privileges' 'tofu@pve!weak' SECRET
ok '… with all that it lacks, at once' said 'VM.Config.Disk' 'VM.PowerMgmt' 'VM.GuestAgent.Unrestricted on /vms/200' \
	'Datastore.AllocateSpace' 'nothing was changed'
ok '… and the secret nowhere' bash -c '! grep -r SECRET "$WORK/said"'
sed 's/images: local,/images: noimport,/' "$WORK/gateway.recipe" >"$WORK/noimport.recipe"
refuses 'a storage that takes no images to import' '' "does not take content 'import'" --recipe "$WORK/noimport.recipe"

# --- on the way ----------------------------------------------------------------------------------------------------------
second() { runs gateway/2 && [[ $(systems gateway) == 2 && $(volumes gateway) == "$BEFORE" ]]; }
web_second() { runs web/2 && [[ $(systems web) == 2 && $(volumes web) == "$BEFORE" ]]; }

# fails_at N FAULT NAME HOLDS COMMAND…: the Nth request fails so; whatever comes of that, the state is there, and at the next
# try all is as it should be.
fails_at() {
	back_to one || return 1
	BEFORE=$(volumes "$3")
	pve_fault "{\"path\": \"\", \"nth\": $1, $2}"
	"${@:5}"
	pve_reset
	[[ $(volumes "$3") == "$BEFORE" ]] || { echo "volumes after $2 at $1: $(volumes "$3")"; return 1; }
	{ runs "$3/2" >/dev/null && [[ -z $(find "$WORK/out" -name deploy.json) ]]; } || "${@:5}"
	"$4" && tidy && one_runs "$3" || { echo "$2 at request $1:"; cat "$WORK/said"; return 1; }
}

# fails_everywhere FAULT NAME HOLDS COMMAND…: at each request that changes something.
fails_everywhere() {
	local n numbers
	back_to one || return 1
	numbers=$(changes "${@:4}")
	[[ $(wc -w <<<"$numbers") -gt 3 ]] || { cat "$WORK/said"; return 1; }
	for n in $numbers; do
		fails_at "$n" "$@" || return 1
	done
}

# tasks_fail NAME HOLDS TYPE COMMAND…: the task of that type ends with an error, or after a long time.
tasks_fail() {
	back_to one || return 1
	BEFORE=$(volumes "$1")
	pve_fault "{\"task\": \"$3\", \"error\": \"No space left on device\", \"late\": ${LATE:-false}}"
	"${@:4}" && [[ $3 != *shutdown ]] && { echo "no error: $3"; return 1; }
	pve_reset
	one_runs "$1" && [[ $(volumes "$1") == "$BEFORE" ]] || { echo "after a $3 that failed:"; cat "$WORK/said"; return 1; }
	"${@:4}"
	"$2" && tidy && one_runs "$1" || { echo "the next one, after a $3 that failed:"; cat "$WORK/said"; return 1; }
}

for fault in '"answer": 500, "message": "got timeout"' '"answer": 599, "message": "Too many redirections"' '"cut": "before"' \
	'"cut": "after"'; do
	ok "a machine, when requests end with $fault" \
		fails_everywhere "$fault" gateway second aether deploy gateway/2
	ok "a container, when requests end with $fault" \
		fails_everywhere "$fault" web web_second aether deploy --via proxmox web/2
done
for type in qmconfig qmshutdown qmstart; do
	ok "a machine, when the task $type fails" tasks_fail gateway second $type aether deploy gateway/2
done
for type in vzcreate vzshutdown move_volume vzstart; do
	ok "a container, when the task $type fails" tasks_fail web web_second $type aether deploy --via proxmox web/2
done
LATE=true
ok 'a machine, when the import fails after all was done' tasks_fail gateway second qmconfig aether deploy gateway/2
back_to nothing
pve_fault '{"task": "imgcopy", "error": "checksum mismatch: got A != expect B"}'
refused 'an upload whose checksum is another' aether deploy gateway/1 --recipe "$WORK/gateway.recipe"
ok '… with the verdict of the task, and the end of its log' said 'checksum mismatch' "the end of the task's log"
back_to nothing
pve_fault '{"method": "POST", "path": "/upload", "cut_at": 200000}'
ok 'an upload that is cut off is begun again' aether deploy gateway/1 --recipe "$WORK/gateway.recipe"
ok '… and whole' runs gateway/1
ok 'no request was one that the real server takes amiss' pve_well_behaved
finish

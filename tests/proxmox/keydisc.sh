#!/bin/bash
# budget: 20
# A new virtual machine with secrets, whose identity is kept here, gets it by a disc: uploaded, in a drive for the first boot,
# and gone from both after the verdict, whatever that is.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/proxmox/lib.sh"
. "$SOURCE/tests/proxmox/works.sh"
need qemu-img zstd
bare_token
pve_start --auth-delay 0 --tokens "$WORK/tokens.json"

known gateway 1 good
known gateway 2 bad
known web 1 good lxc
for generation in gateway/1 gateway/2 web/1; do
	secret "$generation" image
done
keep nothing
RECIPE=$WORK/gateway.recipe

# asked METHOD PATTERN: how many requests of that kind there were since it was last forgotten.
asked() {
	tail -n "+$((SINCE + 1))" "$PVE/requests.jsonl" | jq -c --arg method "$1" --arg path "$2" \
		'select(.method == $method and (.path + (.form // {} | tostring) + (.multipart // [] | tostring) |
			test($path)))' | wc -l
}
anew() {
	back_to nothing && SINCE=$(wc -l <"$PVE/requests.jsonl")
}
no_disc() { [[ $(asked POST 'aether-id-') == 0 ]]; }

# --- nothing to bring ------------------------------------------------------------------------------------------------------
anew
ok 'without an identity that is kept here the machine is made' aether deploy gateway/1 --recipe "$RECIPE"
ok '… without a disc' no_disc
ok '… and it is told what to do' said 'host enroll gateway'
ok '(an identity for it)' identity gateway
ok '(and one for the container)' identity web
anew
jq -n '{}' >"$WORK/out/gateway/1/plan.json"
ok 'without secrets' aether deploy gateway/1 --recipe "$RECIPE"
ok '… there is no disc either' no_disc
anew
ok 'a container looks at no disc' aether deploy web/1 --recipe "$WORK/web.recipe"
ok '… and gets none' no_disc
ok '… but what to do is told' said 'host deliver web'

# --- there and away --------------------------------------------------------------------------------------------------------
anew
ok 'what is going to be done is told' aether deploy gateway/1 --recipe "$RECIPE" --dry-run
ok '… with the disc' said "a disc on 'local' brings it its identity"
ok '… and nothing is done' no_disc
# The disc as it is when the machine starts.
pve_fault '{"method": "POST", "path": "/status/start$", "kill_client": true, "kill": "before"}'
aether deploy gateway/1 --recipe "$RECIPE" 2>/dev/null
pve_reset
disc=$(find "$PVE/storage" -name 'aether-id-gateway-*.iso')
ok 'before it starts it has the disc' test "$(pve_config 200 ide0 | cut -d, -f1,2)" = "local:iso/${disc##*/},media=cdrom"
ok '… beside its seed' test -n "$(pve_config 200 ide2)"
ok '… with that label' test "$(dd if="$disc" bs=1 skip=32808 count=32 status=none | tr -d ' ')" = AETHER-ID
ok '… and the identity' grep -qaF "$(grep -v '^#' "$XDG_CONFIG_HOME/aether-build/hosts/gateway.identity")" "$disc"
ok '… which the next deploy takes away' aether deploy gateway/1 --recipe "$RECIPE"
ok '… from all places' tidy
ok '… and leaves an empty drive' test "$(pve_config 200 ide0)" = none,media=cdrom
ok '… and the machine runs' runs gateway/1
anew
ok 'in one go' aether deploy gateway/1 --recipe "$RECIPE"
ok '… there was a disc' test "$(asked POST 'aether-id-gateway-')" = 2
ok '… and is none' tidy
ok 'no word of the identity was said' bash -c \
	'! grep -r AGE-SECRET-KEY "$WORK/said" "$WORK/out" "$PVE/requests.jsonl" "$PVE/state.json"'
ok 'another deploy of it brings none' aether deploy --via proxmox --lose-state gateway/1
ok '… as it has its identity' test "$(asked POST 'aether-id-gateway-')" = 2

# --- it fails ----------------------------------------------------------------------------------------------------------------
anew
refused 'a machine that is bad' aether deploy gateway/2 --recipe "$RECIPE"
ok '… goes on running' runs gateway/2
ok '… without the disc' tidy
for task in imgcopy qmcreate; do
	anew
	pve_fault "{\"task\": \"$task\", \"nth\": 2, \"error\": \"No space left on device\"}"
	[[ $task == imgcopy ]] || { pve_reset; pve_fault "{\"task\": \"$task\", \"error\": \"No space left on device\"}"; }
	refused "when the task $task fails" aether deploy gateway/1 --recipe "$RECIPE"
	pve_reset
	ok '… nothing is left' tidy
	ok '… and the next one makes it' aether deploy gateway/1 --recipe "$RECIPE"
	ok '… and leaves nothing' tidy
done
anew
pve_fault '{"task": "imgdel", "error": "permission denied"}'
refused 'a disc that cannot be removed' aether deploy gateway/1 --recipe "$RECIPE"
ok '… is told, and what to do' said 'aether-id-gateway-' 'pvesm free local:iso/aether-id-gateway-'
pve_reset
ok '… and removed by the next one' aether deploy gateway/1 --recipe "$RECIPE"
ok '… from all places' tidy

# --- who may not, and where it cannot be -------------------------------------------------------------------------------------
anew
pve_as 'tofu@pve!bare'
refused 'a token that could not remove it' aether deploy gateway/1 --recipe "$RECIPE"
ok '… is told so' said 'lacks privileges: Datastore.Allocate on /storage/local'
ok '… before anything is uploaded' test "$(asked POST '.')" = 0
jq -n '{}' >"$WORK/out/gateway/1/plan.json"
ok '… and does without where there is no disc' aether deploy gateway/1 --recipe "$RECIPE"
pve_as 'tofu@pve!tf'
anew
pve_control POST state --data-binary '{"storages": {"local": {"content": ["import", "images", "rootdir"]}}}' >/dev/null
ok 'where no storage takes ISO images the machine is made' aether deploy gateway/1 --recipe "$RECIPE"
ok '… without a disc' no_disc
ok '… and it is told what to do' said "takes content 'iso'" 'host deliver gateway'

# --- taken over --------------------------------------------------------------------------------------------------------------
anew
pve_fault '{"method": "POST", "path": "/agent/exec$", "kill_client": true}'
aether deploy gateway/1 --recipe "$RECIPE" 2>/dev/null
pve_reset
rm "$WORK/out/gateway/deploy.json" # elsewhere there is none
refused 'from another place, a deploy that has not ended' aether deploy gateway/1 --recipe "$RECIPE"
ok '… can be taken over' aether deploy --via proxmox --take-over --lose-state gateway/1 --recipe "$RECIPE"
ok '… with its disc' tidy
jq -n --arg d '<!-- aether {"name":"gateway","disc":"local:iso/other.iso"} -->' \
	'{config: {vmid: 200, set: {description: $d}}}' \
	>"$WORK/fault"
pve_fault "@$WORK/fault"
ok 'what is no such disc' aether deploy --via proxmox --lose-state gateway/1 --recipe "$RECIPE"
ok '… is not removed' test "$(asked DELETE 'other.iso')" = 0
# --- secrets that are sent -------------------------------------------------------------------------------------------------
sed 's/^guard.*/secrets: { pin: { jsonFile: values.json, key: pin } }/' "$RECIPE" >"$WORK/repo/gateway.recipe"
cp "$WORK/ca.pub" "$WORK/repo/"
echo '{"pin": "canary-of-what-is-sent"}' >"$WORK/repo/values.json"
anew
secret gateway/1 send
ok 'a machine that ssh does not reach is made' aether deploy gateway/1 --recipe "$WORK/repo/gateway.recipe"
ok '… without what is sent, and how to send it is told' said 'secrets send RECIPE --host gateway'
ok '… and all is as it should be' tidy
cat >"$WORK/bin/ssh" <<'SSH'
#!/bin/bash
jq -e '.machines["200"].running != null' "$PVE/state.json" >/dev/null || exit 255
case "$*" in
*" take"*) cat >"$WORK/taken" ;;
*status*) jq -r --slurpfile guests "$PVE/guests.json" '.machines["200"].running | . as $running | $guests[0][.sha256] |
	{name, kind: "vm", boot_id: $running.boot_id, slot: "a", root_hash, generation: null, state: "good", health,
	health_reason: "", slots: [], last_failure: null}' "$PVE/state.json" ;;
*) exit 1 ;;
esac
SSH
anew
secret gateway/1 send
ok 'one that it reaches' aether deploy gateway/1 --recipe "$WORK/repo/gateway.recipe"
ok '… is sent them' grep -qa 'BEGIN AGE\|age-encryption.org' "$WORK/taken"
ok '… sealed' bash -c '! grep -ra canary-of-what-is-sent "$WORK/taken" "$WORK/said" "$WORK/out"'
ok '… and runs' runs gateway/1
ok '… and all is as it should be' tidy
anew
secret gateway/1 send
rm "$WORK/repo/values.json" "$WORK/taken"
ok 'values that are not to be had' aether deploy gateway/1 --recipe "$WORK/repo/gateway.recipe"
ok '… are told' said 'values.json'
ok '… and not sent' test ! -e "$WORK/taken"
ok '… but the machine runs' runs gateway/1
ok 'no request was one that the real server takes amiss' pve_well_behaved
finish

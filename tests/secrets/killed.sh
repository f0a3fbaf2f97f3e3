#!/bin/bash
# budget: 40
# The program may be killed at any moment, by hand or because the machine goes: whoever looks sees one generation, whole,
# the old or the new; nothing that was taken is lost; and the next run makes up for what was not told.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/secrets/lib.sh"

ROUNDS=${ROUNDS:-60}
RANDOM=$((${SEED:=$RANDOM}))
echo "SEED=$SEED"
COUNT=40

new_machine killed
for ((i = 0; i < COUNT; i++)); do
	printf 'secret s%d/v 0400 web web\nsent\nrestart u%d.service\n' $i $i
done | declare_all
secrets place --boot >/dev/null
recipient=$("$SECRETS" --root "$ROOT" recipients)

# seal ROUND: $WORK/sealed has the values of that round.
seal() {
	local values=() i
	for ((i = 0; i < COUNT; i++)); do
		values+=("s$i/v" "round $1")
	done
	bundle "$1" "${values[@]}" | age -r "$recipient" >"$WORK/sealed"
}

# whole: all secrets are there, and of one round; prints which.
whole() {
	local files=("$ROOT"/run/secrets/*/v)
	[[ ${#files[@]} == "$COUNT" ]] || { echo "${#files[@]} secrets are there"; return 1; }
	sort -u "${files[@]}" >"$WORK/rounds" && [[ $(grep -c round "$WORK/rounds") == 1 ]] || { cat "$WORK/rounds"; return 1; }
	[[ $(find "$ROOT"/run/secrets/ -type f -user 900 -perm 400 | wc -l) == "$COUNT" ]]
}

# kill_after MICROSECONDS WORD…: runs the program, and kills it then; 1 when it had ended before.
kill_after() {
	local pid moment=$1
	shift
	"$SECRETS" --root "$ROOT" "$@" >"$WORK/said" 2>&1 <"$WORK/sealed" &
	pid=$!
	sleep "$((moment / 1000000)).$(printf %06d $((moment % 1000000)))"
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
	[[ $? == 137 ]]
}

seal 1
started=${EPOCHREALTIME//[.,]/}
ok "$COUNT secrets are placed" secrets take <"$WORK/sealed"
whole_us=$((${EPOCHREALTIME//[.,]/} - started))
ok 'and are of one round' whole
echo "$whole_us us"

killed=0 halves=0 lost=0 untold=0 before='round 1'
for ((round = 2; round < ROUNDS + 2; round++)); do
	seal $round
	! kill_after $((RANDOM * 32768 % whole_us + RANDOM % 1000)) take || killed=$((killed + 1))
	whole 2>&1 || halves=$((halves + 1))
	now=$(cat "$WORK/rounds")
	[[ $now == "$before" || $now == "round $round" ]] || lost=$((lost + 1))
	# What was told before the end is no matter; what was not, is told now: by the next run, whatever it has to do itself.
	tail -n 1 "$WORK/said" >"$WORK/last"
	told_before=$(grep -c '^would run.*try-restart.*u0.*u39' "$WORK/said")
	secrets take <"$WORK/sealed" >/dev/null || lost=$((lost + 1))
	whole 2>&1 || halves=$((halves + 1))
	[[ $(cat "$WORK/rounds") == "round $round" ]] || lost=$((lost + 1))
	[[ $((told_before + $(grep -c '^would run.*try-restart.*u0.*u39' "$WORK/said"))) -gt 0 ]] || untold=$((untold + 1))
	before="round $round"
done
echo "killed: $killed of $ROUNDS"
ok 'many were killed' test "$killed" -gt $((ROUNDS / 4))
ok 'never was half a generation seen' test "$halves" = 0
ok '… never a value lost' test "$lost" = 0
ok '… and every unit was told' test "$untold" = 0
ok 'nothing is left of the killed ones' test "$(ls "$ROOT/run/secrets.d")" = "$(basename "$(readlink "$ROOT/run/secrets")")"
ok '… in the state, either' test "$(cd "$ROOT/var/lib/aether/secrets" && echo *)" = 'identity sent'
ok '… nor a list of units' absent /run/aether/secrets.units

# Two at once: one waits for the other.
seal 1000
for ((i = 0; i < 8; i++)); do
	"$SECRETS" --root "$ROOT" place >/dev/null 2>&1 &
	"$SECRETS" --root "$ROOT" take <"$WORK/sealed" >/dev/null 2>&1 &
done
wait
ok 'many at once leave one whole generation' whole
ok '… the newest' grep -qx 'round 1000' "$WORK/rounds"
finish

#!/bin/bash
# budget: 90
# deadline: 1800
# A build may be killed at any moment: nothing of it stays but drafts, and the next build works.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/fault/lib.sh"
need_small

ROUNDS=${ROUNDS:-8}
CACHE=$WORK/cache OUT=$WORK/out
SIGNALS=(KILL KILL KILL TERM INT)
RANDOM=$((${SEED:=$RANDOM}))
echo "SEED=$SEED"

# How long the whole takes, from the packages on: the moments to choose from.
small_cache "$CACHE" blobs
started=$(date +%s%3N)
ok 'the small machine is built in an empty cache' vm "$CACHE" "$OUT"
whole_ms=$(($(date +%s%3N) - started))
ok '… and is the same' is_small "$(cat "$WORK/path")"
echo "$whole_ms ms in all"
before=$(sort /proc/self/mounts)

# build_and_kill MS SIGNAL: fails when the build had ended before; its image is forgotten, so that the next has something to do.
build_and_kill() {
	local builder
	# (a shell lets what it runs in the background ignore INT)
	env --default-signal=INT "$AETHER" vm --cache "$CACHE" --out "$OUT" "$SMALL" >"$WORK/path" 2>"$WORK/said" &
	builder=$!
	sleep "$(($1 / 1000)).$(printf %03d $(($1 % 1000)))"
	kill "-$2" "$builder" 2>/dev/null
	wait "$builder" 2>/dev/null || return 0
	rm -rf "$OUT"
	return 1
}

check_left() {
	ok "$1: no process of it is left" nobody_in "$CACHE"
	ok '… and no mount' test "$(sort /proc/self/mounts)" = "$before"
	ok '… and nothing half can be seen' all_whole "$OUT"
}

# (One that was killed at its very end has published its image: the next would have nothing to do.)
rebuild() {
	rm -rf "$OUT"
	ok 'the next build works' vm "$CACHE" "$OUT"
	ok '… and makes the same bytes' is_small "$(cat "$WORK/path")"
	ok '… and sweeps what was left' nothing_drafted "$CACHE"
	ok '… and nothing half can be seen' all_whole "$OUT"
}

# What a killed build has finished is kept, so a cache goes through several of them, each time from where it got to: a build
# that was too quick for the moment is given half the time.
for ((round = 0; round < ROUNDS; round++)); do
	if [[ $((round % 4)) == 0 ]]; then
		[[ $round == 0 ]] || rebuild
		small_cache "$CACHE" blobs
		rm -rf "$OUT"
	fi
	moment=$((RANDOM * 32768 + RANDOM)) signal=${SIGNALS[RANDOM % ${#SIGNALS[@]}]}
	moment=$((moment % (whole_ms * 9 / 10)))
	until build_and_kill $moment "$signal"; do
		echo "it had ended before $moment ms"
		moment=$((moment / 2))
	done
	check_left "killed by $signal after $moment ms"
done
rebuild
finish

#!/bin/bash
# budget: 30
# deadline: 900
# gc may be killed at any moment, beside others who do the same, and on a disk that is full: what can be seen is whole, and
# what must stay stays. (Who writes records is killed in tests/unit/generation.c.)
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/fault/lib.sh"
need_small

ROUNDS=${ROUNDS:-200}
OUT=$WORK/out N=16 LEFT=".lock 15 16 2 3"
RANDOM=$((${SEED:=$RANDOM}))
echo "SEED=$SEED"

# Generations of the small machine with an image that is quickly made: 2 is in use, 3 is the last good one.
head -c 200000 "$SMALL_IMAGE" >"$WORK/image"
sum=$(sha256sum <"$WORK/image")
jq --arg sha256 "${sum%% *}" '.image.sha256 = $sha256 | .image.size = 200000' \
	"$(dirname "$SMALL_IMAGE")/manifest.json" >"$WORK/manifest"
made='"record": 1, "replaced": 0, "made": 1700000000'
fill() {
	local i
	rm -rf "$1"
	for ((i = 1; i <= N; i++)); do
		mkdir -p "$1/small/$i"
		cp "$WORK/image" "$1/small/$i/small.qcow2"
		cp "$WORK/manifest" "$1/small/$i/manifest.json"
		echo "{ $made, \"deployments\": [] }" >"$1/small/$i/record.json"
	done
	echo "{ $made, \"deployments\": [{ \"host\": \"a\", \"when\": 9, \"verdict\": \"good\" },
		{ \"host\": \"b\", \"when\": 1, \"verdict\": \"bad\" }] }" >"$1/small/2/record.json"
	echo "{ $made, \"deployments\": [{ \"host\": \"a\", \"when\": 5, \"verdict\": \"good\" }] }" >"$1/small/3/record.json"
}

# gc OUT: in the shell's own process, so that it can be killed when it is in the background.
gc() {
	exec "$AETHER" gc --keep 2 --out "$1" >"$WORK/result" 2>"$WORK/said"
}

# whole OUT: what can be seen has all its files, and what must stay is there.
whole() {
	local i
	for i in "$1"/small/*; do
		diff -r "$i" "$WORK/full/small/${i##*/}" || return
	done
	for i in 2 3 $((N - 1)) $N; do
		[[ -d $1/small/$i ]] || { echo "generation $i is gone"; return 1; }
	done
}

only_those_left() {
	[[ $(cd "$1/small" && echo .[!.]* *) == "$LEFT" ]] || { ls -a "$1/small"; return 1; }
}

# --- killed -----------------------------------------------------------------------------------------------------------
fill "$OUT"
cp -a "$OUT" "$WORK/full"
sync
started=$(date +%s%N)
(gc "$OUT")
whole_us=$((($(date +%s%N) - started) / 1000))
ok 'gc leaves what must stay' only_those_left "$OUT"
echo "$whole_us us in all"

torn=0 early=0 failed=0
for ((round = 0; round < ROUNDS; round++)); do
	rm -rf "$OUT"
	cp -a "$WORK/full" "$OUT"
	gc "$OUT" & collector=$!
	moment_us=$(((RANDOM * 32768 + RANDOM) % whole_us))
	sleep "$(printf %d.%06d $((moment_us / 1000000)) $((moment_us % 1000000)))"
	kill -KILL $collector 2>/dev/null
	wait $collector 2>/dev/null || early=$((early + 1))
	[[ -z $(find "$OUT/small" -maxdepth 1 -name '.gone-*') ]] || torn=$((torn + 1))
	whole "$OUT" || failed=$((failed + 1))
done
echo "$early of $ROUNDS were killed before their end, $torn in the middle of a generation"
ok "gc killed $ROUNDS times never shows half a generation, and takes none that must stay" test $failed = 0
ok '… and some of them were killed in the middle' test $torn -gt 0
ok 'the next gc works' eval '(gc "$OUT")'
ok '… and leaves nothing of the dead' only_those_left "$OUT"

# --- at once ----------------------------------------------------------------------------------------------------------
rm -rf "$OUT"
cp -a "$WORK/full" "$OUT"
collectors=()
for _ in 1 2 3 4; do
	gc "$OUT" & collectors+=($!)
done
all_end_well() {
	local job status=0
	for job; do
		wait "$job" || status=1
	done
	[[ $status == 0 ]] || cat "$WORK/said"
	return "$status"
}
ok 'four at once end well' all_end_well "${collectors[@]}"
ok '… and leave what must stay' only_those_left "$OUT"
ok '… whole' whole "$OUT"

# --- full -------------------------------------------------------------------------------------------------------------
[[ $(id -u) == 0 ]] || finish # only root can mount a small disk
full_disk() {
	unshare -m --propagation private bash -c '
		mkdir "$0" && mount -t tmpfs -o size=16M none "$0" && cp -a "$1/." "$0" &&
			! head -c 16M /dev/zero >"$0/filler" 2>/dev/null &&
			[[ $(df --output=avail "$0" | tail -n 1) -eq 0 ]] &&
			"$2" gc --keep 2 --out "$0" && cd "$0/small" && [[ $(echo .[!.]* *) == "$3" ]]' \
		"$WORK/disk" "$WORK/full" "$AETHER" "$LEFT"
}
ok 'gc makes room on a disk that is full' full_disk
finish

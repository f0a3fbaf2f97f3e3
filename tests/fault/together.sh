#!/bin/bash
# budget: 40
# deadline: 900
# Builds at once share a cache: each thing is made once, all of them get their image, and it is the same.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/fault/lib.sh"
need_small

CACHE=$WORK/cache
small_cache "$CACHE" blobs

build() {
	"$AETHER" vm --cache "$CACHE" --out "$1" "$SMALL" >"$WORK/path-$2" 2>"$WORK/said-$2"
}

all_end_well() {
	local job status=0
	for job; do
		wait "$job" || status=1
	done
	[[ $status == 0 ]] || cat "$WORK"/said-*
	return "$status"
}

build "$WORK/one" 1 & jobs=($!)
build "$WORK/two" 2 & jobs+=($!)
build "$WORK/two" 3 & jobs+=($!)
ok 'three builds at once end well' all_end_well "${jobs[@]}"
for build in 1 2 3; do
	ok "build $build has the same bytes" is_small "$(tail -n 1 "$WORK/path-$build")"
done
ok 'two builds of the same into one folder make one generation' test "$(cd "$WORK/two/small" && echo *)" = 1
ok 'no draft is left' nothing_drafted "$CACHE"
ok 'the cache has no more than one build makes' \
	test "$(cd "$CACHE/layers" && echo */*)" = "$(cd "$SMALL_CACHE/layers" && echo */*)"

# One of them dies in the middle: the other takes over.
rm -rf "$CACHE"
small_cache "$CACHE" blobs
"$AETHER" vm --cache "$CACHE" --out "$WORK/three" "$SMALL" >/dev/null 2>&1 & first=$!
until [[ -n $(ls -A "$CACHE/locks" 2>/dev/null) && -d $CACHE/layers ]]; do
	sleep 0.1
done
build "$WORK/four" 4 & second=$!
until grep -q -- '-> FLOCK' /proc/locks || ! kill -0 $first 2>/dev/null; do
	sleep 0.1
done
ok 'a build is killed while another waits for it' kill -KILL $first
wait $first 2>/dev/null
ok '… and the other ends well' all_end_well $second
ok '… with the same bytes' is_small "$(tail -n 1 "$WORK/path-4")"
finish

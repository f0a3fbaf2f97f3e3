#!/bin/bash
# budget: 60
# The cache has an end: it says what it holds, and lets go what is old or too much, but not what is named or in use; what is
# missed is made again, with the same bytes.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/fault/lib.sh"
need_small

CACHE=$WORK/cache OUT=$WORK/out
cp -a "$(dirname "$(dirname "$SMALL")")" "$WORK/repo"
SMALL=$WORK/repo/recipes/small.recipe
cp -a "$SMALL_CACHE" "$CACHE"

# cache WORD…: where the repository is; its result is in $WORK/result.
cache() {
	(cd "$WORK/repo" && "$AETHER" cache --cache "$CACHE" --out "$OUT" "$@" >"$WORK/result" 2>"$WORK/said") ||
		{ cat "$WORK/said"; return 1; }
}

holds() {
	jq -e "$1" "$WORK/result" >/dev/null || { cat "$WORK/result"; return 1; }
}

refuses() {
	! cache "${@:2}" && said "$1"
}

# age DAYS [ROOM…]: as if nobody had used them for so long.
age() {
	local room
	for room in "${@:2}"; do
		find "$CACHE/$room" -mindepth 2 -maxdepth 2 -exec touch -h -d "$1 days ago" {} +
	done
}

ok 'it says what the cache holds' cache
ok '… by kind and age' bash -c 'for word; do grep -qE "$word" "$0" || { cat "$0"; exit 1; }; done' "$WORK/result" \
	'^KIND +ENTRIES +SIZE +NAMED +<= 1 DAY' '^downloads +[0-9]+ ' '^packages, unpacked ' '^packages, installed ' '^all '
ok 'it says so as JSON' cache --json
ok '… with the same rooms, all of them named, and nothing removed' holds '
	([.rooms[].room] | contains(["blobs", "debs", "layers"])) and
	(.all.entries == ([.rooms[].entries] | add)) and .all.removed == 0 and .all.bytes > 100000000
	and (.rooms[] | select(.room == "layers") | .named == .bytes)'
ok 'its size is the one that du says' bash -c '
	du=$(du -sB1 --exclude tmp --exclude locks "$0" | cut -f 1) own=$(jq .all.bytes "$1")
	[[ $own -gt $((du * 98 / 100)) && $own -le $du ]] || { echo "$own, du says $du"; exit 1; }' "$CACHE" "$WORK/result"

for days in x '' 1x -1 100000; do
	ok "it refuses --keep-days='$days'" refuses 'not a valid number of days' "--keep-days=$days"
done
ok 'it refuses a size that is none' refuses 'not a valid size' --max-size many

# --- by age -----------------------------------------------------------------------------------------------------------
age 40 blobs debs layers
ok 'what a lock names stays, however old it is' cache --keep-days 30 --json
ok '… all that it names' holds '(.rooms[] | select(.room == "layers") | .removed) == 0 and
	(.rooms[] | select(.room == "debs") | .removed) == 0'
ok 'a build finds all of it' vm "$CACHE" "$OUT"
ok '… and has used it' cache --json
ok '… as the ages say' holds '.rooms[] | select(.room == "layers") | .by_age.day == .bytes'
rm "${SMALL%.recipe}.lock"
age 40 blobs debs layers
ok 'without the lock a kept generation names it' cache --keep-days 30 --json
ok '… all that it names, too' holds '(.rooms[] | select(.room == "layers") | .removed) == 0'
rm -rf "$OUT"
ok 'a dry run removes nothing' cache --keep-days 30 --dry-run --json
ok '… and says what would go' holds '(.rooms[] | select(.room == "layers") | .removed == .entries) and .dry_run'
ok '… indeed nothing' test -n "$(ls "$CACHE/layers")"
ok 'what nobody names goes' cache --keep-days 30 --json
ok '… and is gone' test -z "$(find "$CACHE/layers" "$CACHE/debs" -mindepth 2)"
ok '… and nothing is left of the removal' nothing_drafted "$CACHE"
cp "$(dirname "$(dirname "$SMALL_IMAGE")")/../../repo/recipes/small.lock" "${SMALL%.recipe}.lock"
ok 'what is missed is made again' vm "$CACHE" "$OUT"
ok '… with the same bytes' is_small "$(cat "$WORK/path")"

# --- by size ----------------------------------------------------------------------------------------------------------
ok 'what is named does not go for its size' cache --max-size 0 --json
ok '… none of it' holds '.rooms[] | select(.room == "layers") | .removed == 0'
age 3 debs
ok 'unless one says so: what was used longest ago goes first' cache --even-named --json \
	--max-size "$(($(jq '.all.bytes - .all.freed' "$WORK/result") - 1000000))"
ok '… and no more than has to' holds '([.rooms[] | select(.room != "debs").removed] | add) == 0 and
	(.rooms[] | select(.room == "debs") | .removed > 0 and .freed >= 1000000)'

# --- beside others ----------------------------------------------------------------------------------------------------
rm -rf "$OUT"
age 40 blobs debs layers
vm "$CACHE" "$OUT" & builder=$!
removed=0
while kill -0 $builder 2>/dev/null; do
	cache --even-named --max-size 0 || break
	removed=$((removed + 1))
done
ok 'while caches are emptied again and again, a build ends well' wait $builder
ok '… with the same bytes' is_small "$(cat "$WORK/path")"
ok '… beside some removals' test $removed -gt 0
# Others use the same entries, whose times say so, while apt reads the archive's index there.
lock_beside_users() {
	local users status
	while find "$CACHE/blobs" -type f -size +1M -exec touch {} +; do
		sleep 0.05
	done & users=$!
	"$AETHER" lock --update --cache "$CACHE" "$SMALL"
	status=$?
	kill "$users"
	wait "$users" 2>/dev/null
	return "$status"
}
ok 'a lock is made while others use what it reads' lock_beside_users
# A program of the cache that waits for a word; through pipes of ours, which are there as long as the test (coproc's are not).
run_beside() {
	"$AETHER" exec --cache "$CACHE" "$WORK/repo/images/tools.recipe" -- \
		sh -c 'echo started; read -r _; exec mkfs.erofs --version' <"$WORK/word" >"$WORK/told" 2>"$WORK/program"
}
"$AETHER" lock --cache "$CACHE" "$WORK/repo/images/tools.recipe" >/dev/null 2>&1 || die 'the tools can be locked'
mkfifo "$WORK/word" "$WORK/told"
run_beside & program=$!
exec {word}>"$WORK/word" {told}<"$WORK/told"
read -r _ <&"$told"
ok 'a program that runs from the cache keeps it in use' cache --even-named --max-size 0 --json
ok '… and said so' said 'the cache is in use'
ok '… so that no layer went' holds '.rooms[] | select(.room == "layers") | .removed == 0'
echo >&"$word"
ok '… and it finds what it needs' grep -q erofs <&"$told"
ok '… to its end' wait "$program"
exec {word}>&- {told}<&-

# --- killed -----------------------------------------------------------------------------------------------------------
whole() {
	local entry
	for entry in "$CACHE"/layers/*/*; do
		[[ ! -e $entry || -d $entry/files/usr ]] || { ls -la "$entry"; return 1; }
	done
}
torn=0
for moment in 0.02 0.03 0.04 0.05 0.06 0.08 0.1 0.15; do
	rm -rf "$CACHE"
	cp -al "$SMALL_CACHE" "$CACHE"
	(cd "$WORK/repo" && exec "$AETHER" cache --quiet --cache "$CACHE" --out "$OUT" --even-named --max-size 0 \
		>/dev/null) & killed=$!
	sleep $moment
	kill -KILL $killed 2>/dev/null
	wait $killed 2>/dev/null
	whole || torn=$((torn + 1))
done
ok 'killed at any moment, what can be seen is whole' test $torn = 0
ok 'the next run ends what was begun' cache --even-named --max-size 0
find "$CACHE" -mindepth 3 -not -path "*/locks/*" | head -n 5
ok '… and leaves nothing' test -z "$(find "$CACHE" -mindepth 3 -not -path '*/locks/*' | head -n 3)"
finish

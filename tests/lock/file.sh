#!/bin/bash
# budget: 20
# The lock file: made whole or not at all, refused when it is not what was made, and held against its recipe.
# shellcheck disable=SC2317 # plan is called by ok and refused
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/lock/lib.sh"

# plan: what a build reads the lock with.
plan() {
	"$AETHER" plan --cache "$WORK/cache" "$RECIPE" >"$WORK/said" 2>&1
	local status=$?
	cat "$WORK/said"
	return "$status"
}

# refused_plan SENTENCE TEXT…
refused_plan() {
	refused "$1" plan
	shift
	ok '… with the reason and what to do' said "$@"
}

small_archive
write_recipe app
refused_plan 'a recipe without a lock is refused' 'does not exist' "run 'aether-build lock $RECIPE'"
ok 'it can be locked' lock
ok 'it can be read' plan
ok 'the lock has one package a line' test "$(grep -c '^    [a-z]*: { version: .* }$' "$LOCK")" = 4
cp "$LOCK" "$WORK/good"

write_recipe app editor
refused_plan 'a recipe that asks for more than when it was locked is refused' 'have changed since' \
	"run 'aether-build lock $RECIPE'"
write_recipe app
new_key other
KEY=other write_recipe app
refused_plan 'so is one whose archive has another key' 'have changed since'
write_recipe app
ok 'as it was, it is accepted' plan

lines=$(wc -l <"$WORK/good")
for keep in 0 1 2 5 $((lines - 3)) $((lines - 1)); do
	head -n "$keep" "$WORK/good" >"$LOCK"
	refused_plan "a lock cut off after $keep lines is refused" 'do not edit a lock'
done
head -c -30 "$WORK/good" >"$LOCK"
refused_plan 'a lock cut off within its last line is refused' 'do not edit a lock'
sed '/^    libapp:/d' "$WORK/good" >"$LOCK"
refused_plan 'a lock that lost a line is refused' 'was changed after it was made'
sed 's/version: "1.0"/version: "1.1"/' "$WORK/good" >"$LOCK"
refused_plan 'a lock with another version is refused' 'was changed after it was made'
sed 's/size: [0-9]*/size: many/' "$WORK/good" >"$LOCK"
refused_plan 'a lock with a word for a size is refused' "'size' must be a number of bytes" "$LOCK:10:"
sed 's,path: "pool,path: "../pool,' "$WORK/good" >"$LOCK"
refused_plan 'a lock with a path that leads out of the archive is refused' "'path' must be a path below"
sed 's/^format: 1/format: 2/' "$WORK/good" >"$LOCK"
refused_plan "a lock of a newer program is refused" 'made by a newer aether-build'
refused_with 'a broken lock is not locked over' 'do not edit a lock'
cp "$WORK/good" "$LOCK"
ok 'the lock as it was made is accepted' plan

rm -rf "$LOCK" "$WORK/cache"
lock >"$WORK/one" &
one=$!
"$AETHER" lock --cache "$WORK/cache" "$RECIPE" >"$WORK/two" 2>&1
two=$?
ok 'of two that lock at once, the one succeeds' wait "$one"
ok '… and so does the other' test $two = 0
ok '… and the lock is whole' cmp "$LOCK" "$WORK/good"
ok '… and no draft is left in the cache' test -z "$(find "$WORK/cache/tmp" -type f -size +0)"
finish

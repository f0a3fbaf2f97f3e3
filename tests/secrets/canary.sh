#!/bin/bash
# budget: 30
# deadline: 120
# A value of a secret is in the file where it belongs, and nowhere else: each word of the program is run with one, held open,
# and looked at: its arguments, environment, output, core dump, its memory, and every file of the machine.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/secrets/lib.sh"

CANARY=canary-Quohxee7Aiv0ohph-value
new_machine canary
declare_all <<-'EOF'
	secret a 0400 root root
	sent
	restart a.service
	secret long 0400 root root
	sent
	secret hash 0400 root root users
	sent
	template t 0400 root root
	text x
	value a
	password root hash
EOF
secrets place --boot >/dev/null
recipient=$("$SECRETS" --root "$ROOT" recipients)
identity=$(grep ^AGE "$ROOT/var/lib/aether/secrets/identity")
mkfifo "$WORK/fifo"

# clean FILE…: none of them has the canary or the identity in it.
clean() {
	! grep -laF -e "$CANARY" -e "$identity" -- "$@"
}

# Whoever may look at a process may look at /proc/PID; the program has all of the values when it has read the last byte but not
# its end, so it is held there.
# held WORD…: runs the program with its standard input held open behind $WORK/input; $PID is its.
held() {
	"$SECRETS" --root "$ROOT" "$@" <"$WORK/fifo" >"$WORK/said" 2>&1 &
	PID=$!
	exec {hold}>"$WORK/fifo"
	cat "$WORK/input" >&"$hold"
	sleep 0.3
}

release() {
	exec {hold}>&-
	wait "$PID"
}

# look WORD…: what can be seen of the program while it has what was read.
look() {
	held "$@"
	cat "/proc/$PID/cmdline" >"$WORK/cmdline"
	cat "/proc/$PID/environ" >"$WORK/environ"
	ok "$1: nothing in its arguments" clean "$WORK/cmdline"
	ok '… in its environment' clean "$WORK/environ"
	ok '… its memory is nobody'"'"'s but root'"'"'s' test "$(stat -c %u "/proc/$PID/mem")" = 0
	ok '… it dumps no core' grep -qE '^Max core file size +0 +0 ' "/proc/$PID/limits"
	ok '… its memory is locked' test "$(awk '/^VmLck/ { print $2 }' "/proc/$PID/status")" -gt 100
	ok '… and none of it is swapped' grep -qE '^VmSwap:\s+0 kB' "/proc/$PID/status"
	release
	ok '… nothing in what it says' clean "$WORK/said"
}

# As another user it could be looked at by other processes of his, but for PR_SET_DUMPABLE.
not_dumpable() {
	mkdir -p "$WORK/user" && cp "$SECRETS" "$WORK/user/program" || return
	chmod 755 "$WORK" "$WORK/user" "$WORK/user/program"
	mkfifo "$WORK/user/fifo" && chown 4242 "$WORK/user/fifo" || return
	setpriv --reuid 4242 --regid 4242 --clear-groups "$WORK/user/program" take-identity \
		<>"$WORK/user/fifo" >/dev/null 2>&1 &
	PID=$!
	sleep 0.3
	[[ $(stat -c %u "/proc/$PID/status") == 0 && $(stat -c %u "/proc/$PID/environ") == 0 ]]
	local held=$?
	kill -KILL "$PID"
	wait "$PID" 2>/dev/null
	return "$held"
}

bundle 10 a "$CANARY" long "$(printf "$CANARY %.0s" {1..4000})" hash "\$6\$$CANARY\$aaaaaaaaaaaaaaaaaaaaaaaaaaaaa" |
	age -r "$recipient" >"$WORK/input"
look take
ok 'the value is where it belongs' has a "$CANARY"
cp "$ROOT/var/lib/aether/secrets/identity" "$WORK/input"
look take-identity
echo "$CANARY" >"$WORK/input"
look take-identity
look try yaml
printf 'key: %s\nsops: %s\n' "$CANARY" "$CANARY" >"$WORK/input"
look try yaml
look try json
bundle 11 a "ENC[AES256_GCM,$CANARY" hash "$CANARY" | age -r "$recipient" >"$WORK/input"
look take
printf 'aether-sent\t1\nmachine\tcanary\nmade\t20\nsecret\ta\t5\n%s\nend\n' "$CANARY" | age -r "$recipient" >"$WORK/input"
look take

for word in 'place' 'place --boot' 'status' 'status --json' 'verdict a' 'verdict none' 'recipients' 'new-identity' 'retire' \
	'what' ''; do
	# shellcheck disable=SC2086 # words
	secrets $word >/dev/null
	ok "'$word' says nothing of it" clean "$WORK/said"
done
ok 'what belongs to another user cannot be looked at by him' not_dumpable

# While it writes what it has opened, to somebody who does not read on: 100 kB and more are open in its memory.
mkfifo "$WORK/out"
exec {slow}<>"$WORK/out"
"$SECRETS" open --identity "$SOURCE/tests/secrets/vectors/ok-huge-value/keys.txt" \
	"$SOURCE/tests/secrets/vectors/ok-huge-value/input.yaml" >"$WORK/out" 2>/dev/null {slow}<&- &
PID=$!
sleep 0.5
ok 'what is open is in locked memory' test "$(awk '/^VmLck/ { print $2 }' "/proc/$PID/status")" -gt 200
ok '… and more than that, as far as there is no limit' awk '/^VmLck/ { locked = $2 } /^RssAnon/ { all = $2 }
	END { exit locked < all * 0.8 }' "/proc/$PID/status"
kill -KILL $PID
wait $PID 2>/dev/null
exec {slow}<&-

# A core dump, as far as this kernel writes one into the folder that the process is in.
mkdir "$WORK/core"
(
	cd "$WORK/core" || exit
	ulimit -c unlimited
	"$SECRETS" --root "$ROOT" take <"$WORK/fifo" >/dev/null 2>&1 &
	PID=$!
	exec {hold}>"$WORK/fifo"
	bundle 30 a "$CANARY" | age -r "$recipient" >&"$hold"
	sleep 0.3
	kill -SEGV $PID
	exec {hold}>&-
	wait $PID
) >/dev/null 2>&1
ok 'a crash leaves no core' test -z "$(ls -A "$WORK/core")"

# All files of the machine but those that are meant: the generation, /etc/shadow.
ok 'no other file of the machine has it' test -z "$(cd "$ROOT" && grep -rlaF "$CANARY" . | grep -vxE \
	'\./run/secrets(-for-users)?\.d/[0-9]+/(a|long|hash|rendered/t)|\./etc/shadow')"
ok '… or has the identity, but its own file' test -z "$(cd "$ROOT" && grep -rlaF "$identity" . |
	grep -vxF ./var/lib/aether/secrets/identity.before)"
ok 'this test would see it' test "$(cd "$ROOT" && grep -rlaF "$CANARY" run/secrets/ | wc -l)" = 3
finish

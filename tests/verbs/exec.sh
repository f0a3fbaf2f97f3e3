#!/bin/bash
# budget: 15
# A program of a tools recipe runs here as if it was installed: on the host's files, with the tree's own /usr.
. "${SOURCE:=$PWD}/tests/lib.sh"
RECIPE=$WORK/repository/images/tools.recipe
copy_recipes "$WORK/repository"

in_tools() {
	"$AETHER" exec "$RECIPE" -- "$@" >"$WORK/result" 2>"$WORK/said"
	local status=$?
	cat "$WORK/said" "$WORK/result"
	return $status
}

prints() {
	[[ $(in_tools "${@:2}") == "$1" ]]
}

# What mkfs.erofs says of itself, as the lock has it.
is_locked() {
	in_tools mkfs.erofs --version && [[ $(head -n 1 "$WORK/result") =~ [0-9][0-9.]+ ]] &&
		grep -qF "erofs-utils: { version: \"${BASH_REMATCH[0]}" "${RECIPE%.recipe}.lock"
}

refused 'without a lock nothing runs' in_tools true
ok '… and what to do is said' said 'aether-build lock'
"$AETHER" lock "$RECIPE" || die 'the tools can be locked'
ok 'the program is the one of the lock' is_locked
cd "$WORK" && echo mine >canary
ok 'it stands in the folder where it was called, on the files of this host' prints mine cat canary
ok '… which it can write' in_tools cp canary copy
ok '… for good' cmp canary copy
refused 'it cannot write the tree' in_tools touch /usr/bin/canary
refused '… nor its /etc' in_tools touch /etc/canary
refused 'its /usr is its own: what only the host has is not there' in_tools test -e /usr/bin/gcc
ok 'it knows the users of this host' prints "$(id -un)" id -un
ok 'its options are its own' prints -n printf %s -n
in_tools sh -c 'exit 42'
ok 'its exit status is the verb'"'"'s' test $? = 42
refused 'a program that is not there is an error' in_tools frobnicate
ok '… with what to do' said "cannot run 'frobnicate' of 'tools'" 'add the package'
refused 'a recipe of a machine is refused' "$AETHER" exec "$WORK/repository/recipes/gateway.recipe" -- true
ok 'no mount of it is left' bash -c '! grep -q /entered /proc/self/mounts'
finish

# What tests share; the first line of a test after its comment is:  . "${SOURCE:=$PWD}/tests/lib.sh"
#
# The runner gives a test: SOURCE (the checkout), BUILD (the build folder), WORK (a folder of the test's own, empty at first,
# kept when it fails). Run by hand from the checkout, a test gets the same ones with these defaults.
# shellcheck shell=bash disable=SC2034 # the variables are for the tests
set -u
: "${BUILD:=$SOURCE/build}" "${RUN_ID:=by-hand-$$}"
[[ -n ${WORK:-} ]] || { WORK=$(mktemp -d) && trap 'rm -rf "$WORK"' EXIT; }
AETHER=$BUILD/aether-build
FAILURES=0

# Ends the test: it cannot run here, and why.
skip() {
	echo "$*"
	exit 77
}

# Ends the test: it failed.
die() {
	echo "not ok $*"
	exit 1
}

# verdict SENTENCE HELD COMMAND STATUS STARTED: a line of the log; what took its time is told with it.
verdict() {
	local tenths=$(((${EPOCHREALTIME//[.,]/} - $5) / 100000)) took=''
	[[ $tenths -lt 10 ]] || took=" ($((tenths / 10)).$((tenths % 10)) s)"
	if [[ $2 == yes ]]; then
		echo "ok $1$took"
	else
		echo "not ok $1 ($3: exit status $4)$took"
		FAILURES=$((FAILURES + 1))
	fi
}

# ok SENTENCE COMMAND…: the sentence holds when the command succeeds.
ok() {
	local sentence=$1 status held=no started=${EPOCHREALTIME//[.,]/}
	shift
	"$@"
	status=$?
	[[ $status != 0 ]] || held=yes
	verdict "$sentence" $held "$1" $status "$started"
}

# refused SENTENCE COMMAND…: the sentence holds when the command fails by itself (not by a signal, nor by timeout's 124).
refused() {
	local sentence=$1 status held=no started=${EPOCHREALTIME//[.,]/}
	shift
	"$@"
	status=$?
	[[ $status == 0 || $status -ge 124 ]] || held=yes
	verdict "$sentence" $held "$1" $status "$started"
}

# said TEXT…: the program said each of them in its last run, as the test kept it in $WORK/said.
said() {
	local text
	for text; do
		grep -qF -- "$text" "$WORK/said" || { echo "'$text' was not said"; return 1; }
	done
}

# The last line of a test that uses ok and refused.
finish() {
	[[ $FAILURES == 0 ]]
	exit
}

# need PROGRAM…: skips without these programs (ci/packages.test lists what brings them).
need() {
	local program
	for program; do
		PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null || skip "needs $program: run ci/setup test"
	done
}
PATH=$PATH:/usr/sbin:/sbin

# copy_recipes FOLDER: makes FOLDER a repository of its own: our recipes with no lock, and an SSH CA of its own.
copy_recipes() {
	local part
	mkdir -p "$1/.git" "$1/keys" || return
	for part in recipes images partitions; do
		(cd "$SOURCE" && find "$part" -type f ! -name '*.lock' -print0 | xargs -0r cp --parents -pt "$1") || return
	done
	ssh-keygen -q -t ed25519 -N '' -C 'CA of a test' -f "$1/keys/ssh-user-ca" </dev/null
}

# need_qemu: the QEMU of images/qemu.recipe, in a tree that our own machinery makes once a run, is found first from now on.
# (That of Debian 12 emulates a processor two to three times more slowly, and more than one of them wrongly.)
need_qemu() {
	local folder=$BUILD/tests/qemu lock recipe
	recipe=$folder/repository/images/qemu.recipe
	mkdir -p "$folder/bin"
	exec {lock}>"$folder/lock"
	flock "$lock"
	if [[ $(cat "$folder/run" 2>/dev/null) != "$RUN_ID" ]]; then
		rm -rf "$folder/repository"
		printf '#!/bin/sh\nexec "%s" exec --quiet "%s" -- qemu-system-x86_64 "$@"\n' "$AETHER" "$recipe" \
			>"$folder/bin/qemu-system-x86_64"
		chmod +x "$folder/bin/qemu-system-x86_64"
		copy_recipes "$folder/repository" && "$AETHER" lock "$recipe" >&2 &&
			"$folder/bin/qemu-system-x86_64" --version >&2 && echo "$RUN_ID" >"$folder/run"
	fi
	exec {lock}>&-
	[[ $(cat "$folder/run") == "$RUN_ID" ]] || die "QEMU can be made"
	PATH=$folder/bin:$PATH
}

# need_image NAME: builds recipes/NAME.recipe (those of tests/boot/recipes stand among them) from a fresh lock, once a run
# whoever asks first, and sets
#   IMAGE       the qcow2 (treat it as read-only: boot an overlay)
#   IMAGE_REPO  the repository it was built in; its CA is $IMAGE_REPO/keys/ssh-user-ca
need_image() {
	local name=$1 folder=$BUILD/tests/images/$1 lock
	IMAGE_REPO=$folder/repository
	mkdir -p "$folder"
	exec {lock}>"$folder/lock"
	flock "$lock"
	if [[ $(cat "$folder/run" 2>/dev/null) != "$RUN_ID" ]]; then
		rm -rf "$IMAGE_REPO" "$folder/out" "$folder/path"
		echo "$RUN_ID" >"$folder/run"
		copy_recipes "$IMAGE_REPO" &&
			cp -t "$IMAGE_REPO/recipes" "$SOURCE"/tests/boot/recipes/*.recipe &&
			"$AETHER" lock "$IMAGE_REPO/recipes/$name.recipe" >&2 &&
			"$AETHER" vm --out "$folder/out" "$IMAGE_REPO/recipes/$name.recipe" | tail -n 1 >"$folder/path"
	fi
	exec {lock}>&-
	IMAGE=$(cat "$folder/path" 2>/dev/null)
	[[ -n $IMAGE && -f $IMAGE ]] || die "recipes/$name.recipe can be built"
}

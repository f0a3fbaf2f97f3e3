#!/bin/bash
# budget: 40
# What `make install` leaves is used from a repository of somebody else's: shipped bases, modules and layouts by name; and
# the shells complete its words.
. "${SOURCE:=$PWD}/tests/lib.sh"

INSTALLED=$WORK/installed/usr/local
REPOSITORY=$WORK/repository

# As it stands in the repository, but away from it: nothing may be found beside the sources.
install_it() {
	make -C "$SOURCE" --no-print-directory -s install B="$BUILD" DESTDIR="$WORK/installed"
}
ok 'make install installs' install_it
units_are_valid() {
	local units=$INSTALLED/lib/systemd/system
	sed -i "s|/usr/local|$INSTALLED|" "$units"/*.service &&
		systemd-analyze verify --man=no --recursive-errors=no "$units"/aether-guard*.{service,timer}
}
ok "… and guard's units, which systemd takes" units_are_valid
AETHER=$INSTALLED/bin/aether-build

mkdir -p "$REPOSITORY/keys"
git init -q "$REPOSITORY"
ssh-keygen -q -t ed25519 -N '' -f "$WORK/ca" </dev/null
cp "$WORK/ca.pub" "$REPOSITORY/keys/ssh-user-ca.pub"

# recipe LINE…: a recipe of the user's.
recipe() {
	printf '%s\n' "$@" 'name: box' 'vars: { domain: home.example }' 'ssh: { ca: keys/ssh-user-ca.pub }' \
		>"$REPOSITORY/box.recipe"
}

# refuses TEXT: the recipe is refused with this text.
refuses() {
	local said
	said=$("$AETHER" plan "$REPOSITORY/box.recipe" 2>&1) && return 1
	[[ $said == *"$1"* ]] || { echo "$said"; return 1; }
}

# The lock that there is not is the first thing missing: the recipe was read.
is_read() {
	refuses "the lock '$REPOSITORY/box.lock' does not exist"
}

recipe 'from: aether:vm-base'
ok 'a base is found by its name' is_read
recipe 'from: { vm: aether:vm-base, lxc: aether:lxc-base }' 'use: [aether:dns]'
ok '… one for each kind, and modules' is_read
recipe 'from: aether:images/vm-base.recipe' 'use: ["aether:recipes/modules/dns.recipe"]' 'partitions: aether:hybrid-ab'
ok '… by their paths, and layouts' is_read
recipe 'from: aether:vm-bse'
ok 'a name that there is not is told, with the nearest' refuses "did you mean 'aether:vm-base'?"
recipe 'from: aether:vm-base' 'use: ["aether:"]'
ok '… and one that is empty' refuses "comes with nothing called ''"
recipe "from: $INSTALLED/share/aether-build/images/vm-base.recipe"
ok 'the path of an installed file is outside, as any other' refuses 'is outside of the repository'
recipe 'from: "aether:../../../../../../../../../../../../../../../etc/passwd"'
ok '… and so is what a name leads to' refuses 'is outside of the repository'
recipe 'from: aether:vm-base' 'timezon: UTC'
ok "the user's own words are told at their place" refuses "$REPOSITORY/box.recipe:2:1: timezon"
recipe 'from: aether:vm-base' 'use: [aether:dns]' 'files: { /etc/dnsmasq.d/estate.conf: { mode: "9" } }'
ok '… and names of files are the same on every host' refuses "$REPOSITORY/box.recipe:3:"

# --- the shells complete --------------------------------------------------------------------------------------------------

mapfile -t verbs < <("$AETHER" --help | sed -nE 's/^  ([a-z]+) .*/\1/p')
options() {
	"$AETHER" "$1" --help | sed -nE 's/^  (--[a-z-]+).*/\1/p' | sort
}

bash_completes() {
	local -a COMP_WORDS=("$@") COMPREPLY=()
	local COMP_CWORD=$(($# - 1))
	# shellcheck disable=SC1091
	. "$INSTALLED/share/bash-completion/completions/aether-build"
	_aether_build && printf '%s\n' "${COMPREPLY[@]}" | sort
}
zsh_completes() {
	zsh -f -c '
		_describe() { local row; for row in "${(@P)2}"; do print -r -- "${row%%:*}"; done }
		_arguments() { local spec; for spec; do [[ $spec == (\*|)--* ]] && print -r -- "${${spec#\*}%%[\[=]*}"; done }
		words=("$@") CURRENT=$# file=$0
		_files() { : }
		source "$file"' "$INSTALLED/share/zsh/site-functions/_aether-build" "$@" | sort
}
fish_completes() {
	local file=$INSTALLED/share/fish/vendor_completions.d/aether-build.fish
	fish --no-config -c "source $file; complete -C '$*'" | cut -f 1 | sort
}

knows_verbs() {
	diff <(printf '%s\n' "${verbs[@]}" | sort) <("$1" aether-build '' | grep -vx help)
}
knows_options() {
	local verb
	for verb in "${verbs[@]}"; do
		diff <(options "$verb") <("$1" aether-build "$verb" -- | grep '^--') || { echo "$verb"; return 1; }
	done
}
for shell in bash zsh fish; do
	ok "$shell completes verbs" knows_verbs "${shell}_completes"
	ok "$shell completes the options of each verb" knows_options "${shell}_completes"
done
ok 'bash completes the values of an option' test "$(bash_completes aether-build vm --format '' | xargs)" = 'qcow2 raw'
ok 'fish completes the values of an option' test "$(fish_completes aether-build vm --format '' | xargs)" = 'qcow2 raw'
finish

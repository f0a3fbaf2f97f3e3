#!/bin/bash
# budget: 30
# Which archive a package comes from, and in which version, as a recipe pins it: each held against what apt-get chooses with the
# preferences of apt_preferences(5) that mean it. What is locked moves when a pin says so, and no more than that.
# shellcheck disable=SC2317 # its functions are called by the rows
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/lock/lib.sh"
need apt-get

MAIN=$ARCHIVE BACKPORTS=$WORK/backports
package tool 1.0 'Depends: libtool'
package tool 1.1 'Depends: libtool'
package libtool 1.0
package golang-a 1.0
package golang-b 1.0
small_archive
ARCHIVE=$BACKPORTS
package tool 2.0 'Depends: libtool'
package libtool 2.0
package golang-a 2.0
package golang-b 2.0
package strict 2.0 'Depends: libtool (>= 2.0)'
publish 'NotAutomatic: yes' 'ButAutomaticUpgrades: yes' 'Suite: backports' "Codename: $SUITE"
ARCHIVE=$MAIN

# recipe PACKAGES OF_MAIN OF_BACKPORTS MORE: more keys of the two archives, and of the recipe.
recipe() {
	# shellcheck disable=SC2086 # words
	write_recipe $1
	[[ -z $2 ]] || sed -i "s/^  fingerprints: .*/&\n  $2/" "$RECIPE"
	printf '%s\n' 'repositories:' '  backports:' "    url: $URL/backports" "    suites: [$SUITE]" \
		'    components: [main]' '    key: key.asc' "    fingerprints: [$(fingerprint archive)]" \
		${3:+"    $3"} ${4:+"$4"} >>"$RECIPE"
}

# apt_chooses PREFERENCES PACKAGE…: what apt-get would install with them, sorted: NAME=VERSION. Records are separated by ` / `,
# and are PACKAGE, PIN, PRIORITY, separated by `; `.
apt_chooses() {
	local root=$WORK/apt-root preferences=$1
	shift
	if [[ ! -d $root ]]; then
		mkdir -p "$root"/etc/{apt.conf.d,preferences.d,sources.list.d,trusted.gpg.d} "$root"/state/lists/partial \
			"$root"/cache/archives/partial "$root/log"
		: >"$root/state/status"
		cat >"$root/apt.conf" <<-END
			Dir "$root/"; Dir::Etc "etc"; Dir::State "state"; Dir::State::status "$root/state/status";
			Dir::Cache "cache"; Dir::Log "log"; APT::Architecture "amd64"; APT::Architectures { "amd64"; };
			Acquire::Languages "none"; APT::Sandbox::User "root"; Debug::NoLocking "true"; APT::Solver "internal";
			APT::Install-Recommends "false";
		END
		printf "deb [trusted=yes] $URL/%s $SUITE main\n" archive backports >"$root/etc/sources.list"
		APT_CONFIG=$root/apt.conf apt-get -q update >&2
	fi
	awk -v RS=' / |\n' -F'; ' '
		NF == 3 { printf "Package: %s\nPin: %s\nPin-Priority: %s\n\n", $1, $2, $3 }' <<<"$preferences" \
		>"$root/etc/preferences"
	APT_CONFIG=$root/apt.conf LC_ALL=C apt-get -q --yes --print-uris install base "$@" 2>/dev/null |
		sed -nE "s/^'http[^']*' ([^_]+)_([^_]+)_all.deb .*/\1=\2/p" | sort
}
we_choose() {
	sed -nE 's/^    ([a-z0-9-]+): \{ version: "([^"]*)",.*/\1=\2/p' "$LOCK" | sort
}

# row SENTENCE PREFERENCES PACKAGES OF_MAIN OF_BACKPORTS MORE -- NAME=VERSION…: locked anew, it is what apt chooses with them,
# and these are in it.
row() {
	local sentence=$1 preferences=$2 packages=$3 chosen
	recipe "$3" "$4" "$5" "$6"
	shift 7
	rm -f "$LOCK"
	ok "locked: $sentence" lock
	# shellcheck disable=SC2086 # words
	chosen=$(apt_chooses "$preferences" $packages)
	ok '… as apt chooses' test "$(we_choose)" = "$chosen"
	for chosen; do
		ok "… with $chosen" grep -qx "$chosen" <(we_choose)
	done
}

# wrong SENTENCE SAID HINT OF_MAIN OF_BACKPORTS MORE
wrong() {
	recipe tool "$4" "$5" "$6"
	rm -f "$LOCK"
	refused_with "$1" "machine.recipe:$2"
	ok "… with a hint: $3" said "$3"
}

B='release a=backports' A='release a=testing-1'
row 'nothing' '' tool '' '' '' -- tool=1.1 libtool=1.0
row 'a package' "tool; $B; 990" 'tool golang-a' '' 'prefer: tool' '' -- tool=2.0 libtool=1.0 golang-a=1.0
row 'packages by a glob' "golang-*; $B; 990" 'tool golang-a golang-b' '' "prefer: ['golang-*']" '' -- \
	tool=1.1 golang-a=2.0 golang-b=2.0
row 'all packages' "*; $B; 990" 'tool golang-a editor' '' "prefer: ['*']" '' -- tool=2.0 libtool=2.0 editor=1.0
row 'an archive as good as others' "*; $B; 500" 'tool editor' '' 'priority: 500' '' -- tool=2.0 editor=1.0
row 'an archive that is better than others' "*; $A; 600 / *; $B; 500" tool 'priority: 600' 'priority: 500' '' -- tool=1.1
row 'an archive that nothing is taken from' "*; $B; -1" 'tool' '' 'priority: -1' '' -- tool=1.1
row 'what is preferred counts more than any archive' "tool; $B; 1002 / *; $A; 1001" 'tool golang-a' 'priority: 1001' \
	'prefer: tool' '' -- tool=2.0 golang-a=1.0
row 'a name counts more than the priority of its archive' "tool; $B; 990 / *; $B; -1" 'tool golang-a' '' \
	$'prefer: tool\n    priority: -1' '' -- tool=2.0 golang-a=1.0
row 'a version' 'tool; version 1.0; 1001' tool '' '' 'versions: { tool: "1.0" }' -- tool=1.0
row 'a version by a glob' "tool; version 1.*; 1001 / *; $B; 500" tool '' 'priority: 500' 'versions: { tool: 1.* }' -- \
	tool=1.1 libtool=2.0
row 'a version of another archive' 'tool; version 2.*; 1001' tool '' '' 'versions: { tool: 2.* }' -- tool=2.0 libtool=1.0
row 'versions of packages by a glob' 'golang-*; version 2.0; 1001' 'golang-a golang-b' '' '' \
	"versions: { 'golang-*': '2.0' }" -- golang-a=2.0 golang-b=2.0
row 'a version counts more than an archive' "tool; version 1.0; 1001 / *; $B; 990" tool '' "prefer: ['*']" \
	'versions: { tool: "1.0" }' -- tool=1.0 libtool=2.0

wrong 'a name that no archive has' "19:13: the archive 'backports' has no package 'tol'" "did you mean 'tool'?" '' \
	'prefer: tol' ''
wrong 'a name that another archive has' "19:14: the archive 'backports' has no package 'editor'" \
	'it comes from another archive' '' "prefer: [editor, tool]" ''
wrong 'the same of the distribution' "10:12: the archive 'debian' has no package 'edtor'" \
	"did you mean 'editor'?" 'prefer: [edtor]' '' ''
wrong 'a version of a package that does not exist' "19:13: the package 'tol' does not exist" "did you mean 'tool'?" '' '' \
	'versions: { tol: "1" }'
wrong 'a version that no archive has' "19:13: no archive has 'tool' in the version '1'" 'there is 1.' '' '' \
	'versions: { tool: "1" }'
recipe tool '' "prefer: ['x-*']" 'versions: { "y-*": "1" }'
ok 'globs that fit nothing are no error' lock
ok '… but a warning' said "19:14: warning: 'x-*' fits no package of the archive 'backports'" "warning: 'y-*' fits no package"
recipe strict '' 'prefer: strict' ''
rm -f "$LOCK"
refused_with 'what a preferred package needs is too old' "'strict' (pinned at $RECIPE:19:13) needs 'libtool (>= 2.0)'"
ok '… and it says what there is' said ', and there is 1.0, 2.0 (backports)'
ok '… and what else to prefer' said "the archive 'backports' has it: add 'libtool' to its 'prefer'"
recipe strict '' 'prefer: [strict, libtool]' ''
ok '… which helps' lock

# what is locked
recipe 'tool golang-a' '' '' ''
rm "$LOCK"
ok 'a lock without pins' lock
for pin in 'prefer: tool|' 'priority: 500|' '|versions: { tool: "1.0" }'; do
	recipe 'tool golang-a' '' "${pin%|*}" "${pin#*|}"
	"$AETHER" exec --cache "$WORK/cache" "$RECIPE" -- /nothing >"$WORK/said" 2>&1
	ok "the lock is out of date with ${pin//|/}" said 'have changed since'
done
recipe 'tool golang-a' '' "prefer: [tool, 'no*']" ''
ok 'a pin for something locked' lock
ok '… moves it' locked tool 2.0
ok '… and nothing else' locked golang-a 1.0
recipe 'tool golang-a' '' '' ''
ok 'without the pin' lock
ok '… it stays' locked tool 2.0
recipe 'tool golang-a' '' '' 'versions: { tool: 1.* }'
ok 'a version that is not the locked one' lock
ok '… moves it' locked tool 1.1
package tool 1.2 'Depends: libtool'
publish
ok 'a newer version that fits the pin' lock
ok '… waits for --update' locked tool 1.1
ok '… which moves it' lock --update
ok '… there' locked tool 1.2
recipe 'tool golang-a' '' 'priority: -1' ''
ok 'an archive that nothing is taken from any more' lock
ok '… and nothing of it is locked' locked tool 1.2
finish

#!/bin/bash
# budget: 30
# Packages that cannot be had: each is told at the line that lists it, with the other side and where that is listed, in one run,
# and with apt's own words below.
# shellcheck disable=SC2317 # its functions are called by the rows
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/lock/lib.sh"
need apt-get

package tiny-initramfs 1.0 'Provides: initramfs-maker' 'Conflicts: initramfs-maker'
package initramfs-tools 1.0 'Provides: initramfs-maker' 'Conflicts: initramfs-maker'
package dracut 1.0 'Conflicts: tiny-initramfs'
package plymouth 1.0 'Depends: initramfs-tools | dracut'
package splash 1.0 'Depends: plymouth'
package login-tty 1.0 'Conflicts: splash'
package lonely 1.0 'Depends: no-such-library (>= 2)'
package deep 1.0 'Depends: middle'
package middle 1.0 'Depends: gone'
package new-app 1.0 'Depends: libapp (>= 2.0)'
package old-app 1.0 'Depends: libapp (<< 1.0)'
package breaker 1.0 'Breaks: editor (<< 2.0)'
package antibase 1.0 'Conflicts: libbase'
package mta-small 1.0 'Provides: mta'
package mta-large 1.0 'Provides: mta'
package cron 1.0 'Depends: mta-large'
package one 1.0 'Provides: only-one'
package triple-a 1.0 'Depends: either'
package either 1.0 'Depends: left | right'
package left 1.0 'Conflicts: triple-b'
package right 1.0 'Conflicts: triple-c'
package triple-b 1.0
package triple-c 1.0
small_archive

# recipes PARENT MODULE RECIPE: what each lists. The lines of packages are parent.recipe:10, module.recipe:1, machine.recipe:4.
recipes() {
	write_recipe x
	sed -i '/^packages:/,$d; s/^name: machine/name: parent/' "$RECIPE"
	mv "$RECIPE" "$WORK/repo/parent.recipe"
	echo "packages: $1" >>"$WORK/repo/parent.recipe"
	echo "packages: $2" >"$WORK/repo/module.recipe"
	printf '%s\n' 'from: parent.recipe' 'name: machine' 'use: [module.recipe]' "packages: $3" >"$RECIPE"
	rm -f "$LOCK"
}

# says TEXT…: each was said. `@P`, `@M` and `@R` are the three files.
says() {
	local text
	for text; do
		text=${text//@P/$WORK/repo/parent.recipe:10} text=${text//@M/$WORK/repo/module.recipe:1}
		ok "… and it says ${text##*/}" said "${text//@R/$WORK/repo/machine.recipe:4}"
	done
}

# row SENTENCE PARENT MODULE RECIPE TEXT…: locking is refused, and each text is said.
row() {
	local sentence=$1
	recipes "$2" "$3" "$4"
	shift 4
	refused "refused: $sentence" lock
	says "$@"
	refused '… and nothing else is wrong' test "$(grep -c "^$WORK/repo/" "$WORK/said")" -gt "${PROBLEMS:-1}"
}

# warned SENTENCE PARENT MODULE RECIPE TEXT…: it is locked, and each text is said.
warned() {
	local sentence=$1
	recipes "$2" "$3" "$4"
	shift 4
	ok "locked: $sentence" lock
	says "$@"
}

row "a package whose dependency conflicts with the parent's" '[app, tiny-initramfs]' '[editor]' '[splash, one]' \
	"@R:12: the package 'splash' cannot be installed together with 'tiny-initramfs' (@P:17): 'splash' needs 'plymouth'" \
	"conflicts with 'tiny-initramfs'" 'plymouth : Depends: initramfs-tools' \
	"'packages: [!remove tiny-initramfs]' takes away what '$WORK/repo/parent.recipe' lists"
row "two packages of a module and the recipe" '[app]' '[login-tty]' '[plymouth, splash]' \
	"@R:22: the package 'splash' cannot be installed together with 'login-tty' (@M:12): 'login-tty' conflicts with 'splash'"
row "the module's is told when the recipe has it, too" '[tiny-initramfs]' '[initramfs-tools]' '[]' \
	"@M:12: the package 'initramfs-tools' cannot be installed together with 'tiny-initramfs' (@P:12)" \
	"conflicts with 'initramfs-maker', which '"
row 'a package that breaks another' '[editor]' '[]' '[breaker]' \
	"@R:12: the package 'breaker' cannot be installed together with 'editor' (@P:12): 'breaker' breaks 'editor (< 2.0)'"
row 'three that cannot be together' '[triple-b]' '[triple-c]' '[triple-a]' \
	"@R:12: the package 'triple-a' cannot be installed together with 'triple-c' (@M:12) and 'triple-b' (@P:12)"
row 'a package that conflicts with what every system has' '[app]' '[]' '[antibase]' \
	"@R:12: the package 'antibase' cannot be installed: 'antibase' conflicts with 'libbase', which every Debian system has"
row 'a dependency that no archive has' '[app]' '[]' '[lonely]' \
	"@R:12: the package 'lonely' cannot be installed: 'lonely' needs 'no-such-library (>= 2)', which no archive has" \
	' : Depends: no-such-library (>= 2)'
row 'a dependency of a dependency' '[app]' '[]' '[deep]' \
	"@R:12: the package 'deep' cannot be installed: 'deep' needs 'middle', which needs 'gone', which no archive has"
row 'a version that is not there' '[app]' '[]' '[new-app]' \
	"@R:12: the package 'new-app' cannot be installed: 'new-app' needs 'libapp (>= 2.0)', and there is 1.0"
PROBLEMS=3 row 'several at once' '[app, deep]' '[lonely]' '[old-app, editor]' "@P:17: the package 'deep'" \
	"@M:12: the package 'lonely'" \
	"@R:12: the package 'old-app' cannot be installed: 'old-app' needs 'libapp (< 1.0)', and there is 1.0"
PROBLEMS=5 row 'several that do not exist' '[ap, mta]' '[edtior]' '[libap, spalsh]' "@P:12: the package 'ap' does not exist" \
	"did you mean 'app'?" "@P:16: 'mta' is no package: several provide it" 'write one of them: mta-large, mta-small' \
	"@M:12: the package 'edtior' does not exist" "did you mean 'editor'?" "@R:12: the package 'libap' does not exist" \
	"did you mean 'libapp'?" "@R:19: the package 'spalsh' does not exist" "did you mean 'splash'?"
row 'a name that several provide' '[app]' '[]' '[mta]' "@R:12: 'mta' is no package: several provide it" \
	'write one of them: mta-large, mta-small'
row 'a package that was removed and is needed by what conflicts' '[middle]' '[!remove middle]' '[deep]' \
	"@R:12: the package 'deep' cannot be installed: 'deep' needs 'middle' (removed at @M:12), which needs 'gone'"
warned 'a name that one package provides' '[app]' '[]' '[only-one]'
warned 'a package that is removed and needed' '[mta-large, cron]' '[]' '[!remove mta-large]' \
	"@R:12: warning: 'mta-large' is there all the same: 'cron' (@P:23) needs it" \
	"remove 'cron' as well, or leave 'mta-large'"
warned 'a package that is removed by a module and needed by the recipe' '[libapp]' '!remove [libapp]' '[app]' \
	"@M:20: warning: 'libapp' is there all the same: 'app' (@R:12) needs it"
warned 'a package that every system has' '[libbase, app]' '[]' '[!remove libbase]' \
	"@R:12: warning: 'libbase' is there all the same: every Debian system has it"
warned 'a package that is removed and added again' '[editor, app]' '[!remove editor]' '[editor]'
refused '… without a warning' said warning
warned 'a package that is removed, and so another can be had' '[tiny-initramfs]' '[]' '[!remove tiny-initramfs, splash]'
refused '… without a warning' said warning

write_recipe app
rm "$LOCK"
ok 'a lock' lock
package libbase 2.0
package viewer 1.0 'Breaks: libbase (<< 2.0)'
publish
write_recipe app viewer
refused_with 'a package that conflicts with a locked version' \
	"machine.recipe:12:5: the package 'viewer' cannot be installed: 'viewer' breaks 'libbase (< 2.0)'"
ok '… and it says how it can be had' said 'if locked packages may change'
ok '… which helps' lock --update
finish

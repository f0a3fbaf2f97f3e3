#!/bin/bash
# budget: 20
# The choice is apt's; what cannot be is explained in its words, and what does not exist is an error at the recipe's line.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/lock/lib.sh"

small_archive
package awk-small 1.0 'Provides: awk'
package awk-large 1.0 'Provides: awk'
package base 1.1 'Essential: yes' 'Depends: libbase, awk-small | awk'
package mta-small 1.0 'Provides: mta' 'Conflicts: mta'
package mta-large 1.0 'Provides: mta' 'Conflicts: mta'
package cron 1.0 'Depends: mta-small | mta'
package broken 1.0 'Depends: no-such-library (>= 2)'
package extras 1.0 'Recommends: editor'
package single 1.0 'Provides: only-one'
publish

write_recipe app edtior
refused_with 'a package that does not exist is refused' "the package 'edtior' does not exist"
ok '… at the line that names it' said 'machine.recipe:12:'
ok '… with the name that was meant' said "did you mean 'editor'?"
write_recipe app-
refused 'a name with a meaning of its own for apt is refused' lock
write_recipe 'app.*'
refused 'so is a pattern' lock

write_recipe broken
refused_with 'what cannot be installed is refused' 'broken : Depends: no-such-library (>= 2)'
write_recipe mta-small mta-large
refused_with 'what conflicts is refused' 'mta-large : Conflicts: mta'
write_recipe mta
refused_with 'a name that several packages provide is refused' 'write one of them: mta-large, mta-small'
write_recipe only-one
ok 'a name that one package provides stands for it' lock
ok '… in the lock' locked single 1.0

write_recipe extras
ok 'what is only recommended' lock
refused '… is not taken' locked editor 1.0

write_recipe awk-large
ok 'another provider of what the bottom layer needs' lock
ok "… does not change the bottom layer's choice" test "$(layer_of awk-small)" = base
ok '… and comes on top' test "$(layer_of awk-large)" = recipe

mkdir -p "$WORK/repo"
write_recipe mta-large
sed 's/^name: machine/name: parent/; s/- mta-large/- cron/' "$RECIPE" >"$WORK/repo/parent.recipe"
printf '%s\n' 'from: parent.recipe' 'name: machine' 'packages: [mta-large]' >"$RECIPE"
ok 'a recipe that wants another alternative than its parent would get' lock
ok "… has it, where the parent's package needs it" test "$(layer_of mta-large)" = parent
refused '… and not the other' locked mta-small 1.0
ok "the parent's package is in the parent's layer" test "$(layer_of cron)" = parent
finish

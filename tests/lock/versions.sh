#!/bin/bash
# budget: 20
# What is locked stays as it is until it is asked to move, and then only what was asked for moves.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/lock/lib.sh"

small_archive
write_recipe app editor
ok 'a first lock' lock
for name in base libbase app libapp editor; do
	ok "it has $name" locked "$name" 1.0
done
ok 'an essential package is in the bottom layer' test "$(layer_of base)" = base
ok 'so is what it needs' test "$(layer_of libbase)" = base
ok "what the recipe asks for is in the recipe's layer" test "$(layer_of app)" = recipe
ok 'so is what that needs' test "$(layer_of libapp)" = recipe
cp "$LOCK" "$WORK/first"
ok 'locking again' lock
ok '… changes nothing' cmp "$LOCK" "$WORK/first"

package app 2.0 'Depends: libapp (>= 2.0)'
package libapp 2.0
package editor 2.0
package libbase 2.0
publish
ok 'locking again when there are newer versions' lock
ok '… keeps what is locked' locked app 1.0
ok '… all of it' locked libbase 1.0

ok 'one package is updated' lock --update app
ok '… and moves' locked app 2.0
ok '… with what it needs' locked libapp 2.0
ok '… but nothing else does' locked editor 1.0
ok '… really nothing' locked libbase 1.0
ok '… and it says what moved' said "'app' changes from 1.0 to 2.0"
refused_with 'a package that is not in the lock cannot be updated' "cannot update 'nonsense': it is not in the lock" \
	--update nonsense

ok 'everything is updated' lock --update
ok '… and moves' locked editor 2.0
ok '… and moves in the bottom layer too' locked libbase 2.0

package editor 3.0
drop editor 2.0
publish
ok 'a locked version that left the archive moves on' lock
ok '… to what there is' locked editor 3.0
ok '… with a note' said "'editor' 2.0 is no longer in the archive"

package viewer 1.0 'Depends: libapp (>= 3.0)'
package libapp 3.0
package libbase 3.0
publish
write_recipe app editor viewer
ok 'a new package that needs a newer version of what is locked' lock
ok '… moves just that' locked libapp 3.0
ok '… and nothing else' locked libbase 2.0
ok '… and says that it is new' said "'viewer' 1.0 is new"
write_recipe app editor
ok 'a package is taken away' lock
refused '… and is gone' locked viewer 1.0
ok '… with a note' said "'viewer' 1.0 is no longer needed"
finish

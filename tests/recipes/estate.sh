#!/bin/bash
# budget: 120
# deadline: 1800
# Every recipe that we ship can be locked and planned, with stand-ins for what only the internet has; and two with stand-ins are
# built, one of each kind, and say of themselves that they are no releases.
# shellcheck disable=SC2317 # its functions are called by ok
. "${SOURCE:=$PWD}/tests/lib.sh"
python3 -c 'import yaml' 2>/dev/null || skip "needs python3-yaml: run ci/setup test"

holds_together() {
	"$AETHER" lock --quiet --with-fakes "$WORK/fakes" "$1" >/dev/null &&
		"$AETHER" plan --with-fakes "$WORK/fakes" "$1" >"$WORK/plan" &&
		[[ -s $WORK/plan ]]
}

# A module that no recipe uses was not tried by any of them.
is_used() {
	grep -qF "modules/$1" "$WORK"/repository/recipes/*.recipe || grep -qF "$1" "$WORK"/repository/recipes/modules/*.recipe
}

builds() {
	local artifact
	artifact=$("$AETHER" "$1" --quiet --with-fakes "$WORK/fakes" --out "$WORK/out" \
		"$WORK/repository/recipes/$2.recipe" | tail -n 1) &&
		[[ -s $artifact ]] && jq -e '.releasable == false' "$(dirname "$artifact")/manifest.json" >/dev/null
}

copy_recipes "$WORK/repository"
cp "$SOURCE"/tests/recipes/*.recipe "$WORK/repository/recipes/"
"$SOURCE/tests/recipes/make-fakes" "$WORK/fakes" "$WORK"/repository/recipes/*.recipe "$WORK"/repository/recipes/modules/*.recipe
for recipe in "$WORK"/repository/recipes/*.recipe; do
	ok "$(basename "$recipe") can be locked and planned" holds_together "$recipe"
done
for module in "$WORK"/repository/recipes/modules/*.recipe; do
	ok "a recipe uses modules/$(basename "$module")" is_used "$(basename "$module")"
done
ok "a container with stand-ins can be built" builds lxc keycloak
ok "a virtual machine with stand-ins can be built" builds vm ids
finish

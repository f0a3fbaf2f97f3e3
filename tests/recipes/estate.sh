#!/bin/bash
# budget: 300
# deadline: 1800
# Every recipe that we ship can be locked, planned and built, with stand-ins for what only the internet has; its packages leave
# the same files when they are installed once more. What has stand-ins says of itself that it is no release.
# shellcheck disable=SC2317 # its functions are called by ok
. "${SOURCE:=$PWD}/tests/lib.sh"
python3 -c 'import yaml' 2>/dev/null || skip "needs python3-yaml: run ci/setup test"

holds_together() {
	"$AETHER" lock --quiet --with-fakes "$WORK/fakes" "$1" >/dev/null &&
		"$AETHER" plan --with-fakes "$WORK/fakes" "$1" >"$WORK/plan" &&
		[[ -s $WORK/plan ]]
}

# A module that no recipe uses, neither here nor of those that are booted, was not tried by any of them.
is_used() {
	grep -qF "modules/$1" "$WORK"/repository/recipes/*.recipe "$SOURCE"/tests/boot/recipes/*.recipe ||
		grep -qF "$1" "$WORK"/repository/recipes/modules/*.recipe
}

# builds RECIPE: as what it is. Its image goes again at once: they are many.
builds() {
	local artifact verb=vm
	! grep -q '^from: .*lxc' "$1" || verb=lxc
	artifact=$("$AETHER" "$verb" --quiet --check-repeat --with-fakes "$WORK/fakes" --out "$WORK/out" "$1" | tail -n 1) &&
		[[ -s $artifact ]] && cp "$(dirname "$artifact")/manifest.json" "$WORK/manifest" && rm -r "$WORK/out"
}

# What was built last.
is_no_release() {
	jq -e '.releasable == false' "$WORK/manifest"
}

copy_recipes "$WORK/repository"
cp "$SOURCE"/tests/recipes/*.recipe "$WORK/repository/recipes/"
"$SOURCE/tests/recipes/make-fakes" "$WORK/fakes" "$WORK"/repository/recipes/*.recipe "$WORK"/repository/recipes/modules/*.recipe
for recipe in "$WORK"/repository/recipes/*.recipe; do
	name=$(basename "$recipe" .recipe)
	ok "$name can be locked and planned" holds_together "$recipe"
	ok "$name can be built, and its packages leave the same twice" builds "$recipe"
	case $name in keycloak | ids) ok "… and, with stand-ins, it is no release" is_no_release ;; esac
done
for module in "$WORK"/repository/recipes/modules/*.recipe; do
	ok "a recipe uses modules/$(basename "$module")" is_used "$(basename "$module")"
done
finish

#!/bin/bash
# deadline: 120
# budget: 10
# Identities of machines: made here or taken from a machine, never overwritten, for their owner's eyes alone, changed with an
# overlap, and handed over by a disc or by ssh.
. "${SOURCE:=$PWD}/tests/lib.sh"
need age-keygen jq isoinfo
. "$SOURCE/tests/secrets/machines.sh"

# --- made here ---------------------------------------------------------------------------------------------------------

makes_one() {
	works host add front && result "$(age-keygen -y "$HOSTS/front.identity")" && mode 600 "$HOSTS/front.identity" &&
		mode 700 "$HOSTS" && [[ $(recipients front) == "$(cat "$WORK/result")" ]] &&
		[[ -z $(find "$HOSTS" -name '*.??????') ]]
}

never_overwrites() {
	cp "$HOSTS/front.identity" "$WORK/kept"
	fails 'has an identity already' host add front && cmp "$HOSTS/front.identity" "$WORK/kept" &&
		[[ $(recipients front) == "$(age-keygen -y "$WORK/kept")" ]]
}

# Killed between its two files, or another repository: the identity is there, the record is not.
mends_the_record() {
	rm "$WORK/repository/keys/hosts/front.age"
	works host add front && cmp "$HOSTS/front.identity" "$WORK/kept" &&
		[[ $(recipients front) == "$(age-keygen -y "$WORK/kept")" ]]
}

of_a_recipe() {
	mkdir -p "$WORK/repository/recipes"
	printf 'name: named\nkinds: [lxc]\nfrom: aether:trixie\n' >"$WORK/repository/recipes/other.recipe"
	works host add recipes/other.recipe && [[ -f $HOSTS/named.identity && -f $WORK/repository/keys/hosts/named.age ]]
}

tells_the_rule() {
	works host add dotted.name && said "path_regex: (^|/)dotted\\.name\\.(yaml|json|env|ini)\$" "age: $(cat "$WORK/result")"
}

refuses_names() {
	local name
	for name in ../escape a/b .hidden -- '' 'a b' $'a\nb' "$(printf 'x%.0s' {1..300})"; do
		fails 'is no name of a machine' host add -- "$name" || { echo "'$name'"; return 1; }
	done
	[[ ! -e $HOME/.config/aether-build/escape.identity ]]
}

keeps_others_out() {
	chmod 755 "$HOSTS"
	fails "run 'chmod 700 $HOSTS'" host add nosy && [[ ! -e $HOSTS/nosy.identity ]] && chmod 700 "$HOSTS" &&
		chmod 640 "$HOSTS/front.identity" && fails "run 'chmod 600 $HOSTS/front.identity'" host deliver front box &&
		fails "run 'chmod 600" host add front --rotate &&
		fails "run 'chmod 600" host add front --disc "$WORK/nosy.iso" &&
		[[ ! -e $WORK/nosy.iso && ! -e $MACHINES/box.heard ]] && chmod 600 "$HOSTS/front.identity"
}

needs_a_home() {
	(unset HOME; fails 'no home folder' host add homeless)
}

# --- another one -------------------------------------------------------------------------------------------------------

rotates() {
	local before
	before=$(recipients front)
	works host add front --rotate && [[ $(recipients front) == "$(cat "$WORK/result")"$'\n'"$before" ]] &&
		cmp "$HOSTS/front.identity.before" "$WORK/kept" && ! cmp -s "$HOSTS/front.identity" "$WORK/kept" &&
		mode 600 "$HOSTS/front.identity.before"
}

rotates_once() {
	fails "'aether-build host add front --retire'" host add front --rotate &&
		cmp "$HOSTS/front.identity.before" "$WORK/kept"
}

lists() {
	works host list && grep -qE '^front +age1[a-z0-9]+ +here +yes' "$WORK/result" && works host list --json &&
		jq -e '.[] | select(.name == "front") | .overlap and (.recipients | length == 2)' "$WORK/result" >"$WORK/is"
}

retires() {
	local newest
	newest=$(recipients front | head -n 1)
	works host add front --retire && [[ $(recipients front) == "$newest" && ! -e $HOSTS/front.identity.before ]] &&
		grep -qxF "# retired $(age-keygen -y "$WORK/kept")" "$WORK/repository/keys/hosts/front.age" &&
		fails 'there is none to be retired' host add front --retire
}

# Killed when the one before was kept, and the new one was not there yet.
goes_on_rotating() {
	cp -p "$HOSTS/front.identity" "$HOSTS/front.identity.before"
	works host add front --rotate && ! cmp -s "$HOSTS/front.identity" "$HOSTS/front.identity.before" &&
		works host add front --retire
}

# Whatever a write ends with, what was there is there.
survives_full_disks() {
	local before
	before=$(sha256sum "$HOSTS"/front.identity)
	(ulimit -f 0; trap '' XFSZ; cd "$WORK/repository" && "$AETHER" host add front --rotate >/dev/null 2>&1)
	[[ $(sha256sum "$HOSTS"/front.identity) == "$before" ]]
}

# --- handed over -------------------------------------------------------------------------------------------------------

writes_a_disc() {
	works host add front --disc "$WORK/front.iso" && mode 600 "$WORK/front.iso" &&
		isoinfo -d -i "$WORK/front.iso" | grep -qx 'Volume id: AETHER-ID' &&
		isoinfo -R -i "$WORK/front.iso" -x /identity | cmp - "$HOSTS/front.identity" &&
		fails 'File exists' host add front --disc "$WORK/front.iso"
}

delivers() {
	make_machine box
	works host deliver front box && cmp "$MACHINES/box.heard" "$HOSTS/front.identity" &&
		[[ $("$SECRETS" --root "$MACHINES/box" recipients | head -n 1) == "$(recipients front)" ]]
}

enrolls() {
	make_machine made
	fails 'use --yes' host enroll made made </dev/null && [[ ! -e $WORK/repository/keys/hosts/made.age ]] &&
		works host enroll made made --yes && [[ $(recipients made) == "$(cat "$WORK/made.recipient")" ]] &&
		works host list && grep -qE '^made +age1[a-z0-9]+ +on the machine +-' "$WORK/result" &&
		works host enroll made made && said 'recorded already'
}

refuses_another() {
	make_machine another
	fails 'use --replace' host enroll made another --yes && [[ $(recipients made) == "$(cat "$WORK/made.recipient")" ]] &&
		fails 'has recipients already' host add made && [[ ! -e $HOSTS/made.identity ]]
}

rotates_there() {
	local before
	before=$(recipients made)
	fails 'name it: --host HOST' host add made --rotate && works host add made --rotate --host made &&
		[[ $(recipients made | wc -l) == 2 && $(recipients made | tail -n 1) == "$before" ]] &&
		works host add made --retire --host made && [[ $(recipients made | wc -l) == 1 &&
		$(recipients made) != "$before" ]] &&
		[[ $("$SECRETS" --root "$MACHINES/made" recipients | grep -c '^age1') == 1 ]]
}

replaces() {
	local before
	before=$(recipients made)
	works host enroll made another --yes --replace && [[ $(recipients made) == "$(cat "$WORK/another.recipient")" ]] &&
		grep -qxF "# retired $before" "$WORK/repository/keys/hosts/made.age"
}

says_what_to_do() {
	fails 'cannot connect to dead' host enroll made dead && fails 'runs an image without secrets' host enroll made old &&
		fails 'no identity of nobody here' host deliver nobody box
}

# --- words -------------------------------------------------------------------------------------------------------------

knows_words() {
	fails "did you mean 'host list'?" host lst && fails "'host list' has no option '--rotate'" host list --rotate &&
		fails "'host add' needs NAME|RECIPE" host add && fails "unexpected argument 'b'" host list a b &&
		fails 'use one of them' host add front --rotate --retire
}

is_silent() {
	! grep -rq 'AGE-SECRET' "$WORK/result" "$WORK/said" "$MACHINES/argv" "$MACHINES/environ" "$WORK/repository" "$WORK/all"
}

ok "an identity is made; its recipient is printed and recorded" makes_one
ok "it is never overwritten" never_overwrites
ok "a record that is missing is written" mends_the_record
ok "a recipe names its machine" of_a_recipe
ok "the rule for .sops.yaml is told" tells_the_rule
ok "what is no name of a machine is refused" refuses_names
ok "files and folders that others can read are refused" keeps_others_out
ok "no home is told" needs_a_home
ok "another identity overlaps with the one before" rotates
ok "an overlap is not lost by another one" rotates_once
ok "machines are listed" lists
ok "an overlap is ended, and remembered" retires
ok "a rotation that was cut off is gone on with" goes_on_rotating
ok "a full disk changes no identity" survives_full_disks
ok "a disc has the identity, under its label" writes_a_disc
ok "ssh brings it" delivers
ok "a machine's own identity is recorded, when somebody says so" enrolls
ok "another machine's is not" refuses_another
ok "a machine makes itself another one" rotates_there
ok "a machine that was made anew is recorded with --replace" replaces
ok "what fails says what to do" says_what_to_do
ok "words and their options are checked" knows_words
ok "no private key was said, given as an argument, or put into the repository" is_silent
finish

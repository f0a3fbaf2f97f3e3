#!/bin/bash
# budget: 20
# What the documents say holds: their recipes are recipes, the numbers they give are those of the programs, the manual is as new
# as the changes.
. "${SOURCE:=$PWD}/tests/lib.sh"
python3 -c 'import yaml' 2>/dev/null || skip "needs python3-yaml: run ci/setup test"
need age age-keygen

# blocks FILE FOLDER: the YAML blocks of a page, as FOLDER/1.yaml and so on.
blocks() {
	mkdir -p "$2" && awk -v folder="$2" '/^```yaml/ { n++; inside = 1; next } /^```/ { inside = 0 }
		inside { print >(folder "/" n ".yaml") }' "$1"
}

is_yaml() {
	python3 - "$@" <<-'END'
		import sys, yaml
		class Tagged(yaml.SafeLoader):
		    pass
		Tagged.add_multi_constructor("!", lambda loader, suffix, node: None)
		for path in sys.argv[1:]:
		    yaml.load(open(path), Tagged)
	END
}

# The first recipe that somebody meets, pasted where it belongs: it can be locked, planned, and is as complete as it looks.
first_recipe_works() {
	cp "$WORK/README/1.yaml" "$WORK/repository/recipes/first.recipe" &&
		"$AETHER" lock "$WORK/repository/recipes/first.recipe" >"$WORK/said" 2>&1 &&
		"$AETHER" plan "$WORK/repository/recipes/first.recipe" >"$WORK/plan" 2>>"$WORK/said" ||
		{ cat "$WORK/said"; return 1; }
}

# sources BLOCK: the files that it names are there, with something in them.
sources() {
	local file
	grep -oE 'source: [^ },]+' "$1" | while read -r _ file; do
		file=$WORK/repository/recipes/$file
		[[ -e $file ]] || { mkdir -p "${file%/*}" && echo text >"$file"; }
	done
}

# whole_recipes PAGE: those blocks that say where they stand (`# recipes/NAME.recipe`) can be locked and planned there, in their
# order, together with what else the page says stands beside them.
whole_recipes() {
	local block place
	for block in "$WORK/$1"/*.yaml; do
		place=$(sed -nE '1s/^# (recipes\/[a-z/-]*\.recipe)$/\1/p' "$block")
		[[ -z $place ]] || cp "$block" "$WORK/repository/$place" || return
		sources "$block"
	done
	"$SOURCE/tests/recipes/make-fakes" "$WORK/fakes" "$WORK"/repository/recipes/*.recipe \
		"$WORK"/repository/recipes/modules/*.recipe || return
	for block in "$WORK/$1"/*.yaml; do
		place=$(sed -nE '1s/^# (recipes\/[a-z-]*\.recipe)$/\1/p' "$block")
		[[ -n $place ]] || continue
		"$AETHER" lock --with-fakes "$WORK/fakes" "$WORK/repository/$place" >"$WORK/said" 2>&1 &&
			"$AETHER" plan --with-fakes "$WORK/fakes" "$WORK/repository/$place" >"$WORK/plan" 2>>"$WORK/said" ||
			{ echo "$place"; cat "$WORK/said"; return 1; }
	done
}

# In the place of sops: the file that docs/secrets.md begins with, encrypted to its operator and its machine.
first_secret() {
	mkdir -p "$WORK/home/.config/sops/age" "$WORK/repository/secrets" && HOME=$WORK/home &&
		age-keygen -o "$HOME/.config/sops/age/keys.txt" 2>"$WORK/said" &&
		(cd "$WORK/repository" && "$AETHER" host add --quiet notes >"$WORK/recipient") &&
		echo '{"app": {"password": "correct horse"}}' >"$WORK/values.json" &&
		"$SOURCE/tests/secrets/make-sops" "$WORK/values.json" "$(cat "$WORK/recipient")" \
			"$(age-keygen -y "$HOME/.config/sops/age/keys.txt")" >"$WORK/repository/secrets/notes.yaml"
}

# What `secrets check` prints there is what the page shows.
first_check() {
	(cd "$WORK/repository" && "$AETHER" secrets check --with-fakes "$WORK/fakes" recipes/notes.recipe) >"$WORK/said" &&
		grep -vxFf "$SOURCE/docs/secrets.md" "$WORK/said"
	[[ $? == 1 ]]
}

# kilobytes_of PROGRAM: what docs/boot.md says that it has, within a tenth.
kilobytes_hold() {
	local said is
	said=$(sed -nE "s/.*\*\*$1\*\*, .* of ([0-9]+) kB.*/\1/p" "$SOURCE/docs/boot.md") is=$(($(stat -c %s "$BUILD/$1") / 1000))
	[[ -n $said && $is -ge $((said * 9 / 10)) && $is -le $((said * 11 / 10)) ]] || { echo "$is kB, not '$said'"; return 1; }
}

# The day of each page is that of the last change of its text.
manual_is_dated() {
	local page day changed
	for page in "$SOURCE"/man/*.[1-8]; do
		day=$(date -d "$(sed -n 's/^\.Dd //p' "$page")" +%s) || return
		changed=$(git -C "$SOURCE" log -1 --format=%ct -- "man/${page##*/}")
		[[ $day -ge $((changed - 7 * 86400)) && $day -le $((changed + 2 * 86400)) ]] ||
			{ echo "$page: $(sed -n 's/^\.Dd //p' "$page"), changed on $(date -d "@$changed" +%F)"; return 1; }
	done
}

# Every verb has its section in the manual, and the README's table or text knows it.
verbs_are_told() {
	local verb
	for verb in $("$AETHER" --help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
		grep -qE "^\.It Cm $verb( |$)" "$SOURCE/man/aether-build.1" || { echo "the manual has no '$verb'"; return 1; }
		grep -qE "(aether-build |\`)$verb" "$SOURCE/README.md" || { echo "the README has no '$verb'"; return 1; }
	done
}

# role_is_complete VERSION MARK: the role that docs/proxmox.md makes for a version of Proxmox (its command has MARK in it) has the
# privileges that the program asks for there, and the one that may be missing.
role_is_complete() {
	diff <(sed -nE 's/.*, "([A-Z][A-Za-z.]+)", ([0-9]+), ([0-9]+)\},$/\1 \2 \3/p' "$SOURCE/builder/fleet/proxmox/rights.c" |
		awk -v version="$1" '$2 <= version && (!$3 || version <= $3) { print $1 } END { print "Sys.Audit" }' | sort -u) \
		<(awk -v RS= -v mark="$2" '/pveum role add/ && index($0, mark)' "$SOURCE/docs/proxmox.md" |
			grep -oE '[A-Z][A-Za-z]+\.[A-Za-z.]+' | sort -u)
}

copy_recipes "$WORK/repository"
for page in README docs/recipes docs/modules docs/proxmox docs/secrets; do
	blocks "$SOURCE/$page.md" "$WORK/$(basename $page)"
	ok "the YAML of $page.md is YAML" is_yaml "$WORK/$(basename $page)"/*.yaml
done
ok "the README's first recipe works as it is pasted" first_recipe_works
ok "so do the whole recipes of docs/modules.md" whole_recipes modules
ok "… and of docs/proxmox.md" whole_recipes proxmox
ok "docs/secrets.md has an identity and a file" first_secret
ok "… and its recipe works with them" whole_recipes secrets
ok "… as it is shown" first_check
ok "its role for Proxmox VE 8 has the privileges that are asked for" role_is_complete 8 VM.Monitor
ok "… and that for 9" role_is_complete 9 VM.GuestAgent
ok "aether-init has the size that docs/boot.md says" kilobytes_hold aether-init
ok "the manual is as new as its text" manual_is_dated
ok "every verb is told by manual and README" verbs_are_told
finish

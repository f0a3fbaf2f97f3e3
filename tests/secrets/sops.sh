#!/bin/bash
# budget: 20
# Files of SOPS that travel in the image are opened on the machine: all five stores, values by their paths, whole files. What
# cannot be opened is told with the file, the path, its recipients and who tried.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/secrets/lib.sh"

VECTORS=$SOURCE/tests/secrets/vectors

# image FILE VECTOR: the file of that vector is in the image.
image() {
	cp "$VECTORS/$2"/input.* "$ROOT/usr/lib/aether/sops/$1"
}

new_machine opened
image types.yaml ok-types
image env.env ok-env
image binary.bin ok-binary-256
image spoiled.yaml bad-list-reordered
image clear.yaml ok-unencrypted-suffix-custom
declare_all <<-'EOF'
	secret text 0400 root root
	sops types.yaml yaml s
	restart text.service
	secret number 0400 root root
	sops types.yaml yaml i
	secret float 0400 root root
	sops types.yaml yaml f
	secret yes 0400 root root
	sops types.yaml yaml t
	secret no 0400 root root
	sops types.yaml yaml n
	secret time 0400 root root
	sops types.yaml yaml when
	secret in-list 0400 root root
	sops types.yaml yaml list 0
	secret user 0400 web web
	sops env.env dotenv USER
	secret blob 0400 root root
	sops binary.bin binary
	secret whole 0400 root root
	sops types.yaml yaml
	secret absent 0400 root root
	sops types.yaml yaml deep down
	secret map 0400 root root
	sops types.yaml yaml list
	secret null 0400 root root
	sops types.yaml yaml nothing
	secret empty 0400 root root
	sops types.yaml yaml empty
	secret empty-allowed 0400 root root empty
	sops types.yaml yaml empty
	secret mac 0400 root root
	sops spoiled.yaml yaml list 0
	secret plain 0400 root root
	sops env.env dotenv PLAIN_unencrypted
	secret other-format 0400 root root
	sops env.env yaml USER
	template both 0400 root root
	value text
	text :
	value user
	template broken 0400 root root
	value mac
EOF

secrets place --boot >/dev/null
ok 'before its identity is there, all are pending' state text pending 'identities opens it'
ok '… and it is said who tried' state text pending "$("$SECRETS" --root "$ROOT" recipients)"
ok '… and to whom it is encrypted' state text pending "types.yaml"
ok 'what is broken is not pending' state other-format bad env.env
ok 'the identity comes' secrets take-identity <"$VECTORS/ok-types/keys.txt"
ok '… and what restarts is told' grep -q 'try-restart text.service' "$WORK/said"

# name, value
values=(text text number -42 float 3.25 yes true no false time 2026-08-26T10:00:00.5+02:00 in-list x empty-allowed ''
	rendered/both "text:$("$SECRETS" open --identity "$VECTORS/ok-env/keys.txt" "$VECTORS/ok-env/input.env" USER)")
for ((i = 0; i < ${#values[@]}; i += 2)); do
	ok "${values[i]} is '${values[i + 1]}'" has "${values[i]}" "${values[i + 1]}"
done
ok 'a binary file is its bytes' cmp "$VECTORS/ok-binary-256/expected.bin" "$ROOT/run/secrets/blob"
ok 'a whole file is without what SOPS added' grep -q '^i: -42$' "$ROOT/run/secrets/whole"
refused '… all of it' grep -qE 'ENC|sops|mac' "$ROOT/run/secrets/whole"

# name, what is said
bad=(absent 'types.yaml: deep/down:' map 'types.yaml: list:' null 'types.yaml: nothing:' empty 'it is empty'
	mac 'spoiled.yaml:' plain 'env.env: PLAIN_unencrypted: it is not encrypted' other-format 'env.env:'
	rendered/broken "'mac', which is in it: spoiled.yaml:")
for ((i = 0; i < ${#bad[@]}; i += 2)); do
	ok "${bad[i]} is bad, and why" state "${bad[i]}" bad "${bad[i + 1]}"
	ok '… and is not there' absent "/run/secrets/${bad[i]}"
done

ok 'an identity that is lost' secrets new-identity
rm "$ROOT/var/lib/aether/secrets/identity.before"
secrets place >/dev/null
ok '… makes all pending again' state text pending
ok '… and takes nothing from what opens later' secrets take-identity <"$VECTORS/ok-types/keys.txt"
ok '… whole' has text text

# --- try: before an image is switched to ------------------------------------------------------------------------------------
ok 'a file that this machine can open' secrets try yaml <"$VECTORS/ok-types/input.yaml"
refused '… one that it cannot' secrets try yaml <"$VECTORS/key-wrong/input.yaml"
ok '… says why' said 'identities opens it'
refused '… one that was changed' secrets try yaml <"$VECTORS/bad-list-reordered/input.yaml"
ok '… says why' test -s "$WORK/said"
refused '… a format that there is not' secrets try toml <"$VECTORS/ok-types/input.yaml"
ok 'nothing of that was placed' has text text

# --- what a file may do to a machine ----------------------------------------------------------------------------------------
# All that a vector can be is taken for a file of the image: what is invalid gives nothing, and hides nothing.
new_machine vectors
for file in "$VECTORS"/*/input.*; do
	name=$(basename "$(dirname "$file")")
	case $file in
	*.bin.json) format=binary ;;
	*.env) format=dotenv ;;
	*) format=${file##*.} ;;
	esac
	cp "$file" "$ROOT/usr/lib/aether/sops/$name"
	printf 'secret %s 0400 root root empty\nsops %s %s\n' "$name" "$name" "$format"
done | declare_all
secrets take-identity <"$VECTORS/ok-types/keys.txt" >/dev/null
# verdicts INDEX: those that are not as it says. (A clear text "ENC[AES256_GCM,…" is valid to SOPS, and no secret here.)
verdicts() {
	local set name file want _
	"$SECRETS" --root "$ROOT" status | sed 's/:.*//' >"$WORK/all"
	while IFS=$'\t' read -r set name file _ _ _ want _; do
		if [[ $set == made && $want == invalid ]] && ! grep -qE "^(bad|pending) +$name\$" "$WORK/all"; then
			echo "$name is good"
		elif [[ $set == made && $want == valid && $name != ok-enc-text-clear && ! -e $ROOT/run/secrets/$name ]] &&
			cmp -s "$VECTORS/$name/keys.txt" "$VECTORS/ok-types/keys.txt"; then
			echo "$name is not there"
		fi
	done <"$1"
}
ok 'no vector that is invalid gives a secret, and none hides another' diff /dev/null <(verdicts "$VECTORS/INDEX.tsv")
ok '… of many' test "$(wc -l <"$WORK/all")" -gt 100
finish

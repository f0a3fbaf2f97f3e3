#!/bin/bash
# deadline: 1800
# budget: 120
# No secret gets into an image: each form is refused wherever a recipe can put it, and so is each value of its secrets where the
# operator's key is at hand, by the place and the name; what it is, nobody is told. With an exception it builds.
# shellcheck disable=SC2317 # its functions are called by ok
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/fault/lib.sh"
need gzip xz zstd openssl ssh-keygen age-keygen python3
need_small

CACHE=$WORK/cache RECIPE=$WORK/repo/recipes/small.recipe FILES=$WORK/repo/files
export HOME=$WORK/home XDG_CONFIG_HOME=$WORK/home/.config
unset SOPS_AGE_KEY SOPS_AGE_KEY_FILE SOPS_AGE_SSH_PRIVATE_KEY_FILE
mkdir -p "$HOME"
small_cache "$CACHE" blobs debs layers
copy_recipes "$WORK/repo"
write_small "$WORK/repo"
grep -Ev '^(hooks|files):' "$RECIPE" >"$WORK/plain.recipe"
cp "${SMALL%.recipe}.lock" "$WORK/repo/recipes/"
mkdir -p "$FILES"

# build LINE…: the small machine with these words; what was said is in $WORK/said.
build() {
	local status
	rm -rf "$WORK/out"
	{ cat "$WORK/plain.recipe" && printf '%s\n' "$@"; } >"$RECIPE"
	"$AETHER" vm --verbose --cache "$CACHE" --out "$WORK/out" "$RECIPE" >"$WORK/path" 2>"$WORK/said"
	status=$?
	cat "$WORK/said"
	return "$status"
}

# tells_nothing TEXT: nobody was told, and nothing is left of the build.
tells_nothing() {
	! grep -qF -- "$1" "$WORK/said" && ! grep -rqF -- "$1" "$WORK/out" "$CACHE/leaks" 2>/dev/null
}

# finds TEXT SECRET LINE…: a recipe with these words is refused with this text.
finds() {
	local text=$1 secret=$2
	shift 2
	if build "$@"; then
		echo 'it was built'
		return 1
	fi
	said "$text" && tells_nothing "$secret" && [[ -z $(find "$WORK/out" -name '*.qcow2') ]]
}

# --- forms --------------------------------------------------------------------------------------------------------------
ssh-keygen -q -t ed25519 -N '' -C test -f "$FILES/ssh.key"
openssl genpkey -algorithm ed25519 -outform DER -out "$FILES/key.der" 2>/dev/null
openssl genrsa -traditional -out "$FILES/rsa.pem" 2048 2>/dev/null
openssl rsa -in "$FILES/rsa.pem" -aes128 -passout pass:word -traditional -out "$FILES/rsa-locked.pem" 2>/dev/null
age-keygen -o "$FILES/age.key" 2>/dev/null
chance() {
	openssl rand -base64 300 | tr -dc 'A-Za-z0-9' | head -c "$1"
}
wireguard=$(openssl rand -base64 32)
github=ghp_$(chance 36) gitlab=glpat-$(chance 20) vault=hvs.$(chance 90) tailscale=tskey-auth-$(chance 12)CNTRL-$(chance 32)
proxmox=$(python3 -c 'import uuid; print(uuid.uuid4())')
aws=AKIA$(chance 300 | tr -dc 'A-Z2-7' | head -c 16) aws_secret=$(chance 40)
jwt=eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJ3ZSIsInN1YiI6IjQ3MTEifQ.$(chance 43)
hash=$(openssl passwd -6 "$(chance 12)")
password=$(chance 20)

# form NAME SECRET TEXT: in the text of a file.
form() {
	ok "$1 in the text of a file is refused" finds "'/etc/app.conf', at byte" "$2" \
		"files: { /etc/app.conf: { text: \"$3\" } }"
	ok '… by its form' said "($1)"
}
# source_of NAME FILE [LINE]: as the file itself, of which this line is not to be told.
source_of() {
	ok "$1 in a file of the repository is refused ($2)" finds "($1)" \
		"$(tail -n "${3-2}" "$FILES/$2" | head -n 1 | tr -d '\0\n')" "files: { /etc/app.key: { source: ../files/$2 } }"
}
source_of private-key ssh.key
source_of private-key key.der
source_of private-key rsa.pem
source_of private-key rsa-locked.pem
source_of age-identity age.key 1
form wireguard-key "$wireguard" "[Interface]\\nPrivateKey = $wireguard\\n"
form github-token "$github" "token $github\\n"
form gitlab-token "$gitlab" "token $gitlab\\n"
form vault-token "$vault" "token $vault\\n"
form tailscale-key "$tailscale" "key $tailscale\\n"
form proxmox-token "$proxmox" "PVEAPIToken=root@pam!a=$proxmox\\n"
form aws-key "$aws_secret" "id = $aws\\nsecret = $aws_secret\\n"
form jwt "$jwt" "Bearer $jwt\\n"
form password-hash "$hash" "anna:$hash:1::::::\\n"
form url-password "$password" "postgresql://app:$password@db/app\\n"

# --- places -------------------------------------------------------------------------------------------------------------
echo "token $github" >"$FILES/token"
for packer in gzip xz zstd; do
	$packer -qkc "$FILES/token" >"$FILES/token.packed"
	ok "what $packer has packed is unpacked" finds "'/usr/share/app.packed', unpacked, at byte 6" "$github" \
		'files: { /usr/share/app.packed: { source: ../files/token.packed } }'
done
ok 'the name of a file is looked at, and not told' finds "the name '/etc/….conf'" "$github" \
	"hooks: { configure: [[/bin/touch, /etc/$github.conf]] }"
ok '… the target of a link' finds "where the link '/etc/app' leads" "$github" \
	"hooks: { configure: [[/bin/ln, -s, /etc/$github, /etc/app]] }"
ok '… the text of a unit' finds "'/etc/systemd/system/other.service', at byte" "$github" \
	"vm: { units: { other.service: { Service: { ExecStart: /bin/true, Environment: TOKEN=$github } } } }"
refused 'what a hook says is looked at' build "hooks: { configure: [[/bin/sh, -c, \"printf %s ghp_; echo ${github#ghp_}\"]] }"
ok '… which is all that has it' test "$(grep 'a secret must not' "$WORK/said" | grep -c 'what the build said')" = 1

# --- exceptions ---------------------------------------------------------------------------------------------------------
excused=("files: { /etc/app.conf: { text: \"token $github\\n\" } }")
ok 'with an exception it is built' build "${excused[@]}" \
	'leaks: [{ path: /etc/app*, form: github-token, reason: a test }]'
ok 'an exception for another form is none' finds "'/etc/app.conf', at byte" "$github" "${excused[@]}" \
	'leaks: [{ path: /etc/app*, form: jwt, reason: a test }]'
ok '… nor is one for another place' finds "'/etc/app.conf', at byte" "$github" "${excused[@]}" \
	'leaks: [{ path: /etc/other, reason: a test }]'
ok '… which is told' said "nothing was found at '/etc/other'"

# --- values -------------------------------------------------------------------------------------------------------------
# One of a file of SOPS, which the identity opens, and one of a file that is not encrypted where it is built.
vector=$SOURCE/tests/secrets/vectors/ok-base
mkdir -p "$HOME/.config/sops/age"
install -m 600 "$vector/keys.txt" "$HOME/.config/sops/age/keys.txt"
cp "$vector/input.yaml" "$WORK/repo/secrets.yaml"
value="p$(chance 10)'\"&%/ $(chance 6)"
python3 -c 'import json, sys; print(json.dumps({"app": {"value": sys.argv[1]}}))' "$value" >"$WORK/repo/values.json"
words=("recipients: [$(age-keygen -y "$vector/keys.txt")]"
	'secrets: { app: { jsonFile: ../values.json }, db/password: { sopsFile: ../secrets.yaml } }')

# written NAME AS TEXT: so the value of NAME is found (what it is called may be another way that writes the same).
written() {
	printf 'a line\nand %s behind it\n' "$3" >"$FILES/value"
	ok "a value is found as $2" finds "is the value of '$1', as " "$3" "${words[@]}" \
		'files: { /etc/app.conf: { source: ../files/value } }'
}
ok 'a machine with secrets is built' build "${words[@]}"
ok '… whose values were looked for' said 'of 2 secrets 2 are open here'
written db/password 'plain text' 'correct horse'
written app 'plain text' "$value"
written app base64 "$(printf 'x%s' "$value" | base64 -w0)"
written app hexadecimal "$(printf %s "$value" | od -An -v -tx1 | tr -d ' \n')"
written app 'percent escapes' \
	"$(python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1], safe=""))' "$value")"
written app 'JSON escapes' "$(python3 -c 'import sys, json; print(json.dumps(sys.argv[1])[1:-1])' "$value")"
written app 'shell quotes' "$(python3 -c 'import sys, shlex; print(shlex.quote(sys.argv[1])[1:-1])' "$value")"
rm "$HOME/.config/sops/age/keys.txt"
ok 'a build needs no key, and says what it did not look for' build "${words[@]}" \
	'files: { /etc/app.conf: { text: "a correct horse\n" } }'
ok '… by how many' said 'of 2 secrets 1 are open here'
finish

#!/bin/bash
# budget: 10
# What `tofu` writes of generations that were uploaded (made by hand: nothing is built), and what it refuses. The judge is
# tests/proxmox/resources.py.
. "${SOURCE:=$PWD}/tests/lib.sh"
need jq python3
OUT=$WORK/out TO=$WORK/estate
mkdir -p "$TO"

# generation NAME N KIND [CONTENT[@NODE]…]: one that was uploaded as each content.
generation() {
	local folder=$OUT/$1/$2 sha256 format=qcow2 place
	[[ $3 == vm ]] || format=tar.zst
	sha256=$(printf '%s' "$1/$2" | sha256sum | cut -c 1-64)
	mkdir -p "$folder"
	jq -n --arg name "${1%.lxc}" --arg kind "$3" --arg format "$format" --arg sha256 "$sha256" \
		'{manifest: 1, tool: "aether-build", tool_version: "0.1.0", name: $name, kind: $kind, key: $sha256, epoch: 1795573351,
		  root_hash: null, kernel: null, releasable: true, image: {file: "\($name).\($format)", format: $format,
		  compression: "none", size: 5000, virtual_size: 1747976192, sha256: $sha256},
		  partitions: [], packages: [], state: [], inputs: [], fakes: []}' >"$folder/manifest.json"
	jq -n '{record: 1, replaced: 0, made: 1795573352, deployments: [], uploads: []}' >"$folder/record.json"
	for place in "${@:4}"; do
		jq --arg content "${place%@*}" --arg node "${place#*@}" --arg file "$1-$2-${sha256:0:12}.$format" \
			--arg sha256 "$sha256" '.uploads += [{node: (if $node == $content then "smith" else $node end),
			volid: "cephfs:\($content)/\($file)\(if $content == "iso" then ".img" else "" end)", size: 5000,
			sha256: $sha256, when: (1795573400 + (.uploads | length))}]' "$folder/record.json" >"$WORK/record" &&
			cp "$WORK/record" "$folder/record.json"
	done
}

# judged NAME/N VERDICT: as if it had been deployed.
judged() {
	jq --arg verdict "$2" '.deployments += [{host: "gw", when: 1795573500, verdict: $verdict, reason: null}]' \
		"$OUT/$1/record.json" >"$WORK/record" && cp "$WORK/record" "$OUT/$1/record.json"
}

# tofu [ARGUMENT…]: what it said is in $WORK/said, its result in $WORK/result.
tofu() {
	"$AETHER" tofu --out "$OUT" --output "$TO" "$@" >"$WORK/result" 2>"$WORK/said" || { cat "$WORK/said"; return 1; }
}

refuses() {
	! tofu "${@:2}" >"$WORK/shown" && said "$1"
}

# images FILTER: of what was written.
images() {
	jq -e "$1" "$TO/aether.images.json"
}

# taken N [OPTION…]: everything that stands there, N resources of it, can be read by OpenTofu and the provider.
taken() {
	python3 "$SOURCE/tests/proxmox/resources.py" --resources "$1" "${@:2}" "$TO"
}

# --- images -----------------------------------------------------------------------------------------------------------
ok 'without an upload there is nothing to write' refuses "nothing in '$OUT' was uploaded yet"
ok '… and nothing is' test -z "$(ls "$TO")"
generation gateway 1 vm import iso
generation gateway 2 vm import iso
generation gateway 3 vm
generation dns.lxc 1 lxc vztmpl
generation new 1 vm
ok 'what was uploaded is written' tofu
ok '… as the file of images' test "$(cat "$WORK/result")" = "$TO/aether.images.json written"
ok '… in its form' taken 0
ok '… with the newest that was uploaded' images '.images.gateway | .generation == 2 and .previous.generation == 1 and .kind == "vm"'
ok '… and where it is' images '.images.gateway.proxmox | .node == "smith" and (.volid | test("^cephfs:import/gateway-2-[0-9a-f]{12}.qcow2$"))
	and (.legacy_volid | test("^cephfs:iso/gateway-2-[0-9a-f]{12}.qcow2.img$"))'
ok '… of containers, too' images '.images["dns.lxc"] | .kind == "lxc" and .previous == null and (.proxmox.volid | test(":vztmpl/"))
	and .proxmox.legacy_volid == null'
ok '… and not what was not uploaded' images '.images | keys == ["dns.lxc", "gateway"]'
ok '… which is told' said "'new' is left out: no generation of 'new' was uploaded yet"
ok 'no time is in it' bash -c '! grep -E "17955734|17955733" "$1"' - "$TO/aether.images.json"
before=$(stat -c %i "$TO/aether.images.json")
ok 'again' tofu
ok '… nothing is written' test "$(cat "$WORK/result")" = "$TO/aether.images.json unchanged"
ok '… at all' test "$(stat -c %i "$TO/aether.images.json")" = "$before"
judged gateway/2 bad
ok 'a generation turns out to be bad' tofu --json
ok '… so it is no image any more' images '.images.gateway | .generation == 1 and .previous == null'
ok '… which is told as JSON' jq -e '.images == ["dns.lxc/1", "gateway/1"] and .files[0].changed' "$WORK/result"
ok 'one can be asked for alone' tofu gateway
ok '… and is alone' images '.images | keys == ["gateway"]'
ok 'what was asked for must be there' refuses "no generation of 'new' was uploaded yet" gateway new
ok '… and what to do is said' said "'aether-build upload new' first"
judged gateway/1 bad
ok 'so must be a good one' refuses "every generation of 'gateway' that was uploaded is bad" gateway
generation gateway 4 vm import@brown iso@brown import@smith
ok 'of several nodes' tofu
ok '… the one that got it last is told' images '.images.gateway.proxmox | .node == "smith" and .legacy_volid == null'
echo '{"mine": true}' >"$TO/aether.images.json"
ok "somebody else's file stays" refuses "is not a file that this program wrote"
ok '… as it is' jq -e .mine "$TO/aether.images.json"
rm "$TO/aether.images.json"

# --- show, list ---------------------------------------------------------------------------------------------------------
ok 'show tells uploads' bash -c '"$1" show --out "$2" gateway/4 | grep -E "^uploaded +20[0-9: -]+  cephfs:import/gateway-4-[0-9a-f]{12}.qcow2 on brown$"' \
	- "$AETHER" "$OUT"
ok 'so does list --json' bash -c '"$1" list --json --out "$2" gateway | jq -e ".[3].uploads | length == 3 and .[2].node == \"smith\""' \
	- "$AETHER" "$OUT"

# --- options ------------------------------------------------------------------------------------------------------------
ok 'a version must be one' refuses "'--provider new': not a valid version" --provider new
ok 'a local value must have a name' refuses "'--facts a b': not a valid name of a local value" --facts 'a b'
ok 'a folder that is missing is told' refuses "cannot make a file beside" --output "$WORK/nowhere"
finish

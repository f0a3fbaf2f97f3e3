#!/bin/bash
# budget: 15
# What `tofu` writes of generations that were uploaded (made by hand: nothing is built), and what it refuses. The judge is
# tests/proxmox/resources.py.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/proxmox/lib.sh"
need qemu-img zstd ssh-keygen
/usr/bin/python3 -c 'import yaml' || skip "needs python3-yaml: run ci/setup test"
OUT=$WORK/out TO=$WORK/estate
mkdir -p "$TO"

# uploaded NAME NUMBER KIND CONTENT[@NODE]…: a generation that was uploaded as each content.
uploaded() {
	local record=$OUT/$1/$2/record.json place node file
	generation "$1" "$2" "$3"
	echo '{"record": 1, "replaced": 0, "made": 1795573352}' >"$record"
	for place in "${@:4}"; do
		file=$1-$2-${SHA:0:12}.qcow2 node=smith
		[[ $place != *@* ]] || node=${place#*@}
		case ${place%@*} in iso) file+=.img ;; vztmpl) file=${file%.qcow2}.tar.zst ;; esac
		jq --arg volid "cephfs:${place%@*}/$file" --arg node "$node" --arg sha "$SHA" '.uploads += [{
			node: $node, volid: $volid, size: 5000, sha256: $sha, when: (1795573400 + (.uploads | length))
			}]' "$record" >"$WORK/record" && cp "$WORK/record" "$record"
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

# said_files NAME…: the file of each was written, and the two that all have.
said_files() {
	diff <(printf "$TO/%s written\n" "${@/%/.tf.json}" aether.images.tf.json aether.images.json) "$WORK/result"
}

# same_values: what the expressions of gateway.tf.json name in the facts is what was written without them.
same_values() {
	/usr/bin/python3 - "$WORK/repository/recipes/facts/estate.yaml" "$WORK/plain" "$TO/gateway.tf.json" <<-'END'
		import json, re, sys, yaml
		facts = yaml.safe_load(open(sys.argv[1]))
		plain, named = json.load(open(sys.argv[2])), json.load(open(sys.argv[3]))
		n = 0
		def same(a, b):
		    global n
		    if isinstance(a, dict):
		        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
		    if isinstance(a, list):
		        return len(a) == len(b) and all(map(same, a, b))
		    if isinstance(b, str) and b.startswith("${local.vm."):
		        value, n = facts, n + 1
		        for word in b[len("${local.vm."):-1].split("."):
		            value = value[word]
		        return a == value
		    return a == b
		sys.exit(not same(plain, named) or n < 8)
	END
}

# refused_by VERSION WORD: of another version of the provider it would not be.
refused_by() {
	tofu --resources gateway.recipe && ! taken 2 --provider "$1" >"$WORK/wrong" && grep -q "$2" "$WORK/wrong"
}

# --- images -----------------------------------------------------------------------------------------------------------
ok 'without an upload there is nothing to write' refuses "nothing in '$OUT' was uploaded yet"
ok '… and nothing is' test -z "$(ls "$TO")"
uploaded gateway 1 vm import iso
uploaded gateway 2 vm import iso
generation gateway 3
uploaded dns.lxc 1 lxc vztmpl
generation new 1
ok 'what was uploaded is written' tofu
ok '… as the file of images' test "$(cat "$WORK/result")" = "$TO/aether.images.json written"
ok '… in its form' taken 0
ok '… with the newest that was uploaded' images '.images.gateway
	| .generation == 2 and .previous.generation == 1 and .kind == "vm"'
ok '… and where it is' images '.images.gateway.proxmox
	| .node == "smith" and (.volid | test("^cephfs:import/gateway-2-[0-9a-f]{12}.qcow2$"))
	and (.legacy_volid | test("^cephfs:iso/gateway-2-[0-9a-f]{12}.qcow2.img$"))'
ok '… of containers, too' images '.images["dns.lxc"]
	| .kind == "lxc" and .previous == null and (.proxmox | (.volid | test(":vztmpl/")) and .legacy_volid == null)'
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
uploaded gateway 4 vm import@brown iso@brown import@smith
ok 'of several nodes' tofu
ok '… the one that got it last is told' images '.images.gateway.proxmox | .node == "smith" and .legacy_volid == null'
echo '{"mine": true}' >"$TO/aether.images.json"
ok "somebody else's file stays" refuses "is not a file that this program wrote"
ok '… as it is' jq -e .mine "$TO/aether.images.json"
rm "$TO/aether.images.json"

# --- show, list ---------------------------------------------------------------------------------------------------------
"$AETHER" show --out "$OUT" gateway/4 >"$WORK/said"
ok 'show tells uploads' grep -qE '^uploaded +20[0-9: -]+  cephfs:import/gateway-4-[0-9a-f]{12}.qcow2 on brown$' "$WORK/said"
"$AETHER" list --json --out "$OUT" gateway >"$WORK/said"
ok 'so does list --json' jq -e '.[3].uploads | length == 3 and .[2].node == "smith"' "$WORK/said"

# --- options ------------------------------------------------------------------------------------------------------------
ok 'a version must be one' refuses "'--provider new': not a valid version" --provider new
ok 'a local value must have a name' refuses "'--facts a b': not a valid name of a local value" --facts 'a b'
ok 'a folder that is missing is told' refuses "cannot make a file beside" --output "$WORK/nowhere"

# --- machines -----------------------------------------------------------------------------------------------------------
rm -rf "$OUT" "${TO:?}"/*
copy_recipes "$WORK/repository" || die 'the recipes can be copied'
cd "$WORK/repository/recipes" || exit
cat >whole.recipe <<'END'
from: gateway.recipe
name: whole
proxmox:
  pool: net
  order: 3
  protection: true
  tags: [zulu, alpha]
  nameservers: [10.0.2.1, "fd00::1"]
  nics:
    - { bridge: vmbr1, vlan: 7, mac: "bc:24:11:00:00:01", mtu: 9000, firewall: true }
    - { bridge: vmbr2, address: "${facts.gateway.address}", address6: auto }
    - { bridge: vmbr3 }
  bios: ovmf
  machine: q35
  options: { tablet: 0 }
  disks: { system: { size: 4G }, logs: { size: 10G, storage: slow, ssd: true, discard: false, backup: false } }
END
printf 'from: step-ca.recipe\nname: both\nkinds: [vm, lxc]\n' >both.recipe
printf 'from: gateway.recipe\nname: 7up\n' >7up.recipe
ok 'a machine without an image is refused' refuses "build it, then 'aether-build upload gateway'" --resources gateway.recipe
ok '… and nothing is written' test -z "$(ls "$TO")"
uploaded gateway 1 vm import iso
uploaded step-ca 1 lxc vztmpl
uploaded whole 1 vm import iso
uploaded both.lxc 1 lxc vztmpl
uploaded 7up 1 vm import
MACHINES=(--resources gateway.recipe --resources step-ca.recipe --resources 7up.recipe)
ok 'machines are written' tofu "${MACHINES[@]}" --resources whole.recipe
ok '… with the images, and what reads them' said_files gateway step-ca 7up whole
ok '… and the provider takes them' taken 4
ok '… but for what it has no words for, which is told' said "whole.recipe: the resource is without 'tablet' of proxmox.options"
ok '… without any local value of yours' bash -c '! grep -l "local\.[^a]" "$1"/*.tf.json' - "$TO"
cp "$TO/gateway.tf.json" "$WORK/plain"
ok 'with the name of your facts' tofu "${MACHINES[@]}" --resources whole.recipe --facts vm
ok '… values are expressions' taken 4 --local vm
ok '… on them' jq -e '.resource.proxmox_virtual_environment_vm.gateway | .vm_id == "${local.vm.gateway.id}"
	and .initialization.ip_config[0].ipv4.address == "${local.vm.gateway.address}" and .memory.dedicated == 4096' \
	"$TO/gateway.tf.json"
ok '… which have the same values' same_values
ok 'a container of a recipe that is a machine first' tofu --kind lxc --resources both.recipe
ok '… is a file of its own' jq -e '.resource.proxmox_virtual_environment_container.both.operating_system.template_file_id
	== "${local.aether_images[\"both.lxc\"].proxmox.volid}"' "$TO/both.lxc.tf.json"
ok '… that the provider takes' taken 5 --local vm
ok 'an older provider knows file_id alone' refuses "'7up/1' was not uploaded as content 'iso'" \
	"${MACHINES[@]}" --provider 0.71.0
rm "$TO"/*
ok '… which needs an upload as iso' tofu --resources whole.recipe --resources gateway.recipe --provider 0.71.0
ok '… and then is taken' taken 2 --provider 0.71
ok '… by it alone' refused_by 0.78 import_from
echo '{"resource": {}}' >"$TO/gateway.tf.json"
rm "$TO/aether.images.json"
ok "somebody else's file stays" refuses "gateway.tf.json' is not a file that this program wrote" --resources gateway.recipe
ok '… and nothing is written' test ! -e "$TO/aether.images.json"
printf 'from: ../images/vm-base.recipe\nname: nowhere\n' >nowhere.recipe
ok 'a recipe must say where its machine runs' \
	refuses "nowhere.recipe: proxmox: the recipe does not say where its machine runs" --resources nowhere.recipe

# --- what upload wrote down ---------------------------------------------------------------------------------------------
printf 'from: gateway.recipe\nname: here\nproxmox: { node: n, images: local, storage: local }\n' >here.recipe
generation here 1
pve_start
ok 'an upload' "$AETHER" upload --out "$OUT" --legacy --recipe here.recipe here/1
ok '… is found' tofu here
ok '… where it is' images ".images.here.proxmox == {node: \"n\", volid: \"local:import/here-1-${SHA:0:12}.qcow2\",
	legacy_volid: \"local:iso/here-1-${SHA:0:12}.qcow2.img\"}"
ok '… by its bytes' images ".images.here.sha256 == \"$SHA\""
generation here 2
ok 'an upload that removes older ones' "$AETHER" upload --out "$OUT" --keep 1 --recipe here.recipe here/2
ok '… is forgotten with them' tofu here
ok '… and what is still there is not' images '.images.here
	| .generation == 2 and (.previous.volid | test("^local:iso/here-1-[0-9a-f]{12}.qcow2.img$"))'
finish

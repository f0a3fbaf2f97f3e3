#!/bin/bash
# budget: 20
# The JSON Schema of the recipe language: it is the one that is expected, it is one (python3-jsonschema is the judge), our own
# recipes are valid by it, and what the parser refuses at sight it refuses too. AETHER_BLESS=1 accepts the one of today.
# shellcheck disable=SC2317 # its functions are called by ok and refused
. "${SOURCE:=$PWD}/tests/lib.sh"
expected=$SOURCE/tests/golden/recipe.schema.json
schema=$WORK/schema.json

need jq
# valid FILE…: every file is valid by the schema.
valid() {
	/usr/bin/python3 - "$schema" "$@" <<'END'
import json, sys
import jsonschema, yaml

for tag in "!remove", "!replace":  # how a value is merged, not what it is
    yaml.SafeLoader.add_constructor(tag, lambda loader, node: loader.construct_sequence(node)
                                    if isinstance(node, yaml.SequenceNode) else loader.construct_object(node))
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
problems = 0
for name in sys.argv[2:]:
    for problem in jsonschema.Draft202012Validator(schema).iter_errors(yaml.safe_load(open(name))):
        print(f"{name}: {'.'.join(map(str, problem.path))}: {problem.message[:200]}")
        problems += 1
sys.exit(problems > 0)
END
}

# documented: every key of the language stands in the manual.
documented() {
	local key status=0
	for key in $(jq -r '.. | .properties? // empty | keys[]' "$schema" | sort -u); do
		grep -q "\`$key\`" "$SOURCE/docs/recipes.md" || { echo "docs/recipes.md does not have '$key'"; status=1; }
	done
	return "$status"
}

/usr/bin/python3 -c 'import jsonschema, yaml' || skip "needs python3-jsonschema and python3-yaml: run ci/setup test"
"$AETHER" schema >"$schema" || die "the schema is printed"
[[ -z ${AETHER_BLESS:-} ]] || cp "$schema" "$expected"

ok "the schema is the one that is expected" diff -u "$expected" "$schema"
ok "every key of it is in the manual" documented
ok "our recipes are valid by it" valid "$SOURCE"/recipes/*.recipe "$SOURCE"/images/*.recipe
ok "names may stand for values" valid <(cat <<'END'
users: { bob: { linger: "${vars.linger}", uid: "${vars.uid}" }, eve: "${facts.eve}" }
firewall: { tcp: [80, "8000-8100", "${vars.port}"], udp: 53 }
partitions: { from: "../ab.yaml", disk: { main: { content: { partitions: { state: { size: 100% } } } } } }
END
)
ok "all that a layout can have is valid" valid <(cat <<'END'
partitions:
  disk:
    main:
      type: disk
      device: /dev/vda
      imageSize: 8G
      content:
        type: gpt
        partitions:
          esp: { type: EF00, size: 128M, attributes: [0, 2], alignment: 4096, hybrid: { mbrPartitionType: "0x0c", mbrBootableFlag: true } }
          swap: { start: 1G, end: -1G, content: { type: swap, randomEncryption: true, priority: 3, discardPolicy: both } }
    key: { role: key, serial: KEY }
    a: { content: { type: luks, name: a, tpm2: { pcrs: [7, "11"] }, settings: { allowDiscards: true }, content: { type: lvm_pv, vg: vg } } }
    b: { content: { type: luks, name: b, tpm2: true, recoveryKey: false, extraFormatArgs: [--pbkdf=pbkdf2], content: { type: lvm_pv, vg: vg } } }
    c: { content: { type: mdraid, name: md } }
  lvm_vg:
    vg: { type: lvm_vg, lvs: { x: { size: 100%, lvm_type: raid1, content: { type: btrfs, subvolumes: { /@a: { mountpoint: /srv } } } } } }
  mdadm: { md: { type: mdadm, level: 1, metadata: 1.2, content: { type: gpt, partitions: { a: { size: 100%, content: { type: filesystem, format: f2fs } } } } } }
  nodev: { /tmp: { type: nodev, fsType: tmpfs, mountOptions: size=1G } }
END
)
for name in unknown-key choices modes paths disks-words disks-elsewhere many-at-once wrong-types unit-names content-types urls table-type; do
	refused "$name is not" valid "$SOURCE/tests/reject/recipes/$name.recipe"
done
finish

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
for name in unknown-key choices modes paths disks-words disks-elsewhere many-at-once wrong-types unit-names content-types urls table-type; do
	refused "$name is not" valid "$SOURCE/tests/reject/recipes/$name.recipe"
done
finish

#!/bin/bash
# budget: 10
# Whatever is wrong with a command line is told by its own word, for every verb; and every --help is in line.
. "${SOURCE:=$PWD}/tests/lib.sh"

mapfile -t verbs < <("$AETHER" --help | sed -n 's/^  \([a-z]*\) .*/\1/p')

# says STATUS TEXT WORD…: the program says exactly that, and ends so.
says() {
	local status=$1 text=$2
	shift 2
	"$AETHER" "$@" >"$WORK/out" 2>"$WORK/said"
	[[ $? == "$status" && $(cat "$WORK/said") == "$text" ]] || { cat "$WORK/said"; return 1; }
}

# unknown VERB WORD [NEAR]: the word is no option of the verb.
unknown() {
	local hint="'aether-build $1 --help' lists its options"
	[[ -z ${3:-} ]] || hint="did you mean '--$3'?"
	says 2 "aether-build: '$1' has no option '$2'"$'\n'"  hint: $hint" "$1" "$2"
}

# No verb has options of one letter, and none is short for a longer one.
none_is_known() {
	local verb
	for verb in "${verbs[@]}"; do
		unknown "$verb" -x && unknown "$verb" -xyzzy && unknown "$verb" --frobnicate &&
			unknown "$verb" --frobnicate=1 && unknown "$verb" --jso json && unknown "$verb" --JSON=x json &&
			unknown "$verb" -json json || { echo "$verb"; return 1; }
	done
}

# The first wrong word is the one that is named, wherever it stands.
names_the_first() {
	says 2 "aether-build: 'vm' has no option '-xy'"$'\n'"  hint: 'aether-build vm --help' lists its options" \
		vm a.recipe --quiet --cache -x -xy &&
		says 2 "aether-build: '--json' takes no value" vm a.recipe --json=yes &&
		says 2 "aether-build: '--out' needs a value: FOLDER" vm a.recipe --out &&
		says 2 "aether-build: unexpected argument '--out'"$'\n'"  hint: usage: aether-build vm [OPTION…] RECIPE" \
			vm -- -xy --out
}

flags_take_no_value() {
	local verb flag
	for verb in "${verbs[@]}"; do
		while read -r flag; do
			says 2 "aether-build: '$flag' takes no value" "$verb" "$flag=1" || { echo "$verb"; return 1; }
		done < <("$AETHER" "$verb" --help | sed -nE 's/^  (--[a-z-]+) {2,}.*/\1/p')
	done
}

values_are_needed() {
	local verb option value
	for verb in "${verbs[@]}"; do
		while read -r option value; do
			says 2 "aether-build: '$option' needs a value: $value" "$verb" "$option" || { echo "$verb"; return 1; }
		done < <("$AETHER" "$verb" --help | sed -nE 's/^  (--[a-z-]+) ([^ ]+) .*/\1 \2/p')
	done
}

# aligned [VERB]: at most 100 columns, and what explains begins in column 36 of each row, however many bytes stand before.
aligned() {
	"$AETHER" "$@" --help >"$WORK/help" && python3 - "$WORK/help" <<-'END'
		import re, sys
		for line in open(sys.argv[1], encoding="utf-8").read().split("\n"):
		    row = line.startswith("  ") and len(line) > 34
		    if len(line) > 100 or (row and (line[34] != " " or line[35] == " ")):
		        sys.exit(f"{len(line)} columns: {line}")
	END
}

all_are_aligned() {
	local verb
	aligned || return
	for verb in "${verbs[@]}"; do
		aligned "$verb" || return
	done
}

ok 'there are verbs' test "${#verbs[@]}" -gt 10
ok 'an option that no verb has is told as it was written' none_is_known
ok 'the first wrong word is told, and what is no option is an argument' names_the_first
ok 'a flag with a value is told' flags_take_no_value
ok 'an option without its value is told' values_are_needed
ok 'every help is in line, and at most 100 columns wide' all_are_aligned
finish

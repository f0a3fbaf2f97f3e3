#!/bin/bash
# budget: 20
# What can be run in the documents runs, and what cannot be is at least such that the programs take it: verbs, options, messages,
# links. documents.py says how a page marks what; docs.sh holds recipes and numbers. documents.wrong has pages that must not pass.
. "${SOURCE:=$PWD}/tests/lib.sh"
need python3 ssh-keygen
cd "$SOURCE" || exit
PATH=$BUILD:$PATH
export AETHER_CACHE=$WORK/cache

PAGES=(*.md docs/*.md)
MANUAL=(man/*.[1-8])

# check NAME PAGE…: what is wrong with the pages goes to stdout.
check() {
	local name=$1 first=()
	shift
	case $name in
	calls) first=("$AETHER" "$BUILD/aether-agent") ;;
	messages | keys) first=(builder) ;;
	names) first=(builder tests Makefile --) ;;
	blocks) first=("$WORK/repository") ;;
	esac
	python3 tests/golden/documents.py "$name" "${first[@]}" "$@"
}

# The page's blocks run one after the other, in a repository of their own that has no lock.
runs() {
	rm -rf "$WORK/repository"
	copy_recipes "$WORK/repository" && check blocks "$1"
}

# The check sees that something is wrong with the page $WORK/page.md, and where.
seen() {
	local said
	said=$(check "$1" "$WORK/page.md")
	[[ $? == 1 && $said == "$WORK/page.md:"* ]] || { echo "$said"; return 1; }
}

# wrong_pages: each of them is seen.
wrong_pages() {
	local line name='' sentence
	mkdir -p "$WORK/repository"
	while IFS= read -r line; do
		if [[ $line != '=== '* ]]; then
			printf '%s\n' "$line" >>"$WORK/page.md"
			continue
		fi
		[[ -z $name ]] || ok "$sentence is seen" seen "$name"
		line=${line#=== } name=${line%%:*} sentence=${line#*: }
		: >"$WORK/page.md"
	done < <(cat tests/golden/documents.wrong && echo '=== : ')
}

# Who opens the README finds every page.
linked() {
	local page
	for page in SECURITY.md CONTRIBUTING.md CHANGELOG.md docs/*.md; do
		grep -qF "]($page)" README.md || { echo "the README does not link $page"; return 1; }
	done
}

wrong_pages
ok "the README links every page" linked
for name in links calls messages keys names; do
	ok "what the pages say is true: $name" check $name "${PAGES[@]}"
done
ok "… and the manual: calls" check calls "${MANUAL[@]}"
ok "… and the manual: names" check names "${MANUAL[@]}"
ok "the manual has the options that there are" python3 tests/golden/documents.py manual "$AETHER" man/aether-build.1
for page in "${PAGES[@]}"; do
	! grep -qE '^```.* test$' "$page" || ok "$page does what it says" runs "$page"
done
finish

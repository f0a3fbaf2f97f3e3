#!/bin/bash
# budget: 60
# Every fuzz target comes through its corpus, and through each of its files cut off and spoilt at a thousand places. `make fuzz`
# looks for more. The targets are compiled with sanitizers.
. "${SOURCE:=$PWD}/tests/lib.sh"

for source in "$SOURCE"/tests/fuzz/*.c; do
	target=$(basename "$source" .c)
	[[ $target == main ]] || ok "$target comes through its corpus" "$BUILD/san/tests/fuzz/$target" "$SOURCE/tests/fuzz/$target"/*
done
finish

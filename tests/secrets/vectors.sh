#!/bin/bash
# The program that machines open their secrets with, over all files of SOPS that we have: each gets its verdict and its values.
# AETHER_VECTORS=FOLDER, with an INDEX.tsv of the same columns, is tried besides.
# budget: 20
. "${SOURCE:=$PWD}/tests/lib.sh"

[[ -x $BUILD/aether-secrets ]] || die "there is no $BUILD/aether-secrets: make all"
ok "each file made for tests gets its verdict and its values" \
	"$SOURCE/tests/secrets/vectors.py" "$BUILD/aether-secrets" "$SOURCE/tests/secrets/vectors"
[[ -z ${AETHER_VECTORS:-} ]] || ok "so do those in $AETHER_VECTORS" \
	"$SOURCE/tests/secrets/vectors.py" "$BUILD/aether-secrets" "$AETHER_VECTORS"
finish

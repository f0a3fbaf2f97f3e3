#!/bin/bash
# budget: 15
# The stand-in answers as the real API did: every recorded flow is played to it and compared. What others test with it is
# worth as much as this.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/proxmox/lib.sh"

pve_start --auth-delay 0.1
flows=("$SOURCE"/tests/proxmox/flows/*.json)
python3 "$SOURCE/tests/proxmox/flows.py" "$PVE" "${flows[@]}" | tee "$WORK/said"
[[ $(grep -c '^ok ' "$WORK/said") == "${#flows[@]}" ]] || FAILURES=1
ok "there are as many flows as their page says" \
	test "$(sed -n 's/^\([0-9]*\) flows are here.*/\1/p' "$SOURCE/tests/proxmox/flows/README.md")" = "${#flows[@]}"
ok "the stand-in itself made no mistake" test ! -s "$WORK/stand-in.log"
finish

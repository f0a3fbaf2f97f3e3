#!/bin/bash
# budget: 60
# deadline: 900
# recipes/prometheus.recipe, the part of `monitoring` that Debian has, boots; everybody is asked and has answered, and an alert
# arrives where it is shown.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/boot/lib.sh"
. "$SOURCE/tests/fleet.sh"
need age age-keygen
PORTS=(22 9090 9093 9100)

# The jobs whose targets are up, sorted.
jobs_up() {
	local until=$((SECONDS + 90)) up
	while [[ $SECONDS -lt $until ]]; do
		up=$(curl -sS -m 20 "http://127.0.0.1:$(port prometheus 9090)/api/v1/targets" |
			jq -r '[.data.activeTargets[] | select(.health == "up").labels.job] | sort | join(" ")')
		[[ $up == "$1" ]] && return
		sleep 0.5
	done
	echo "up: $up"
	return 1
}

rules_are_good() {
	[[ $(curl -sS -m 20 "http://127.0.0.1:$(port prometheus 9090)/api/v1/rules" |
		jq '[.data.groups[].rules[] | select(.health != "err")] | length') -ge 3 ]]
}

alert_is_shown() {
	local manager
	manager=http://127.0.0.1:$(port prometheus 9093)/api/v2/alerts
	curl -sS -m 20 -f -H 'Content-Type: application/json' -d '[{"labels":{"alertname":"Test"}}]' "$manager" &&
		curl -sS -m 20 "$manager" | jq -e '.[] | select(.labels.alertname == "Test")' >/dev/null
}

need_image prometheus
trap cut_all_power EXIT
make_certificates "$IMAGE_REPO/keys/ssh-user-ca"
new_machine prometheus
start prometheus 10.0.2.15 -device virtio-blk-pci,drive=disk
ok "a certificate for principal admin logs in" wait_for_ssh prometheus
ok "its secret is sent" give_secrets prometheus
ok "the system is running" is_running prometheus
ok "the node exporter answers" serves prometheus "http://127.0.0.1:$(port prometheus 9100)/metrics" node_memory_MemTotal_bytes
ok "every target is up" jobs_up 'alertmanager node prometheus'
ok "the rules can be evaluated" rules_are_good
ok "an alert arrives" alert_is_shown
ok "the figures are on the state partition" in_guest prometheus 'test -d /var/lib/prometheus/metrics2/wal'
ok "nothing has failed" is_running prometheus
finish

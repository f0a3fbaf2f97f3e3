#!/bin/bash
# budget: 60
# deadline: 900
# recipes/suricata.recipe, the part of `ids` that Debian has, boots; a packet on the card that listens makes an alert.
. "${SOURCE:=$PWD}/tests/lib.sh"
. "$SOURCE/tests/boot/lib.sh"
need python3
PORTS=(22)

# The card on a mirror port: what arrives at port $mirror of this host (UDP) is an Ethernet frame on the guest's ens19.
mirror=$(free_port)

# A TCP SYN to port 23, as telnet's first packet looks on the wire.
send_telnet() {
	python3 - "$mirror" <<-'END'
		import socket, struct, sys
		def checksum(data):
		    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
		    total = (total & 0xffff) + (total >> 16)
		    return ~((total & 0xffff) + (total >> 16)) & 0xffff
		source, target = socket.inet_aton('192.168.7.7'), socket.inet_aton('10.0.3.9')
		tcp = struct.pack('!HHIIBBHHH', 40000, 23, 1, 0, 5 << 4, 2, 64240, 0, 0)
		pseudo = source + target + struct.pack('!BBH', 0, 6, len(tcp))
		tcp = tcp[:16] + struct.pack('!H', checksum(pseudo + tcp)) + tcp[18:]
		ip = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0, source, target)
		ip = ip[:10] + struct.pack('!H', checksum(ip)) + ip[12:]
		frame = bytes.fromhex('0200000000010200000000020800') + ip + tcp
		socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(frame.ljust(60, b'\0'), ('127.0.0.1', int(sys.argv[1])))
	END
}

alert_comes() {
	local until=$((SECONDS + 60))
	while [[ $SECONDS -lt $until ]]; do
		send_telnet
		in_guest suricata 'cat /var/log/suricata/eve-*.json' |
			jq -e 'select(.event_type == "alert" and .alert.signature_id == 1000001 and
				.dest_ip == "10.0.3.9")' >"$WORK/alert" &&
			return
		sleep 0.5
	done
	in_guest suricata 'ip -s link show ens19; journalctl -b -u suricata --no-pager | tail; tail -n 3 /var/log/suricata/*'
	return 1
}

card_is_silent() {
	[[ -z $(in_guest suricata 'ip -br addr show ens19' | awk '{print $3}') ]] &&
		in_guest suricata 'ip -d link show ens19' | grep -q 'promiscuity [1-9]'
}

need_image suricata
trap cut_all_power EXIT
make_certificates "$IMAGE_REPO/keys/ssh-user-ca"
new_machine suricata
start suricata 10.0.2.15 -device virtio-blk-pci,drive=disk \
	-netdev "socket,id=mirror,udp=127.0.0.1:$(free_port),localaddr=127.0.0.1:$mirror" \
	-device virtio-net-pci,netdev=mirror,mac=52:54:00:12:34:57,addr=0x13
ok "a certificate for principal admin logs in" wait_for_ssh suricata
ok "the system is running" is_running suricata
ok "suricata is at work" in_guest suricata systemctl is-active suricata
ok "its card has no address and hears everything" card_is_silent
ok "telnet on the wire is an alert" alert_comes
ok "nothing has failed" is_running suricata
finish

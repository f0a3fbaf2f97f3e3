# Machines with more disks, and a TPM. Sourced after tests/boot/lib.sh.
# shellcheck shell=bash disable=SC2034,SC2154 # DISKS and TPM are for the caller; WORK comes from tests/lib.sh
need swtpm

# new_disk NAME SERIAL SIZE: an empty one of that machine's.
new_disk() {
	qemu-img create -q -f qcow2 "$WORK/$1/$2.qcow2" "$3"
}

# disks NAME SERIAL…: DISKS is QEMU's words for them, on the SCSI controller.
disks() {
	local name=$1 serial
	shift
	DISKS=()
	for serial; do
		DISKS+=(-drive "file=$WORK/$name/$serial.qcow2,if=none,id=d-$serial"
			-device "scsi-hd,drive=d-$serial,serial=$serial")
	done
}

# start_tpm NAME: the machine's TPM, which keeps what it has; TPM is QEMU's words for it.
start_tpm() {
	mkdir -p "$WORK/$1/tpm"
	rm -f "$WORK/$1/tpm.socket" # (of one that has ended)
	swtpm socket --tpm2 --tpmstate "dir=$WORK/$1/tpm" --ctrl "type=unixio,path=$WORK/$1/tpm.socket" --terminate &
	echo $! >"$WORK/$1/tpm.pid"
	TPM=(-chardev "socket,id=tpm,path=$WORK/$1/tpm.socket" -tpmdev "emulator,id=tpm,chardev=tpm"
		-device "tpm-tis,tpmdev=tpm")
	until [[ -S $WORK/$1/tpm.socket ]]; do
		sleep 0.05
	done
}

end_tpms() {
	local pid
	for pid in "$WORK"/*/tpm.pid; do
		[[ -f $pid ]] && kill "$(cat "$pid")" 2>/dev/null
	done
}

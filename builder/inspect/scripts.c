#include "inspect/scripts.h"

#include "inspect/pairing.h"

const char SCRIPT_DEVICES[] = SCRIPT_TOOLS
	"udevadm trigger --subsystem-match=block; udevadm settle -t 60\n"
	"lsblk -b -J -o NAME,PATH,TYPE,SIZE,START,FSTYPE,FSVER,LABEL,UUID,PARTLABEL,PARTTYPE,PARTTYPENAME,PARTUUID,PTTYPE "
	"\"$@\"\n";

/* What the appliance has put together when it started may be of both. The second disk's arrays, volume groups and btrfs get
 * other
 * identities, in what QEMU keeps for this run and throws away. */
const char SCRIPT_APART[] = SCRIPT_TOOLS
	"exec 2>/dev/null\n"
	"on() { lsblk -lnpo PATH,FSTYPE,UUID \"$1\" | gawk -v fs=\"$2\" '$2 == fs && !seen[$1]++ {print $1, $3}'; }\n"
	"both() { [[ $(on \"$first\" \"$1\") && $(on \"$second\" \"$1\") ]]; }\n"
	"filter() {\n"
	"	local list= device\n"
	"	for device; do list+=\"\\\"a|^$device\\$|\\\", \"; done\n"
	"	echo \"devices { use_devicesfile=0 filter=[ $list\\\"r|.*|\\\" ] }\"\n"
	"}\n"
	"first=$1 second=$2\n"
	"udevadm trigger --subsystem-match=block; udevadm settle -t 60\n"
	"if both LVM2_member || both linux_raid_member; then\n"
	"	lvm vgchange -an; dmsetup remove_all; mdadm --stop --scan; udevadm settle -t 60\n"
	"	n=0 new=\n"
	"	for disk in \"$first\" \"$second\"; do\n"
	"		for array in $(on \"$disk\" linux_raid_member | cut -d ' ' -f 2 | sort -u); do\n"
	"			mapfile -t members < <(on \"$disk\" linux_raid_member | sed -n \"s/ $array\\$//p\")\n"
	"			mdadm --assemble --run --readonly $new /dev/md/apart$((n++)) \"${members[@]}\"\n"
	"		done\n"
	"		new=--update=uuid\n"
	"	done\n"
	"	udevadm settle -t 60; lvm vgchange -an\n"
	"	mapfile -t one < <(on \"$first\" LVM2_member | cut -d ' ' -f 1)\n"
	"	mapfile -t other < <(on \"$second\" LVM2_member | cut -d ' ' -f 1)\n"
	"	config=$(filter \"${other[@]}\")\n"
	"	for group in $(lvm vgs --noheadings -o vg_name --config \"$config\"); do\n"
	"		mapfile -t members < <(lvm pvs --noheadings -o pv_name,vg_name --config \"$config\" |\n"
	"			gawk -v group=\"$group\" '$2 == group {print $1}')\n"
	"		lvm vgimportclone -y --config \"$config\" -n \"" PAIRING_APART "$group\" \"${members[@]}\"\n"
	"	done\n"
	"	lvm vgchange -ay --activationmode degraded --config \"$(filter \"${one[@]}\" \"${other[@]}\")\"\n"
	"fi\n"
	"on \"$second\" btrfs | while read -r device uuid; do\n"
	"	[[ ! $(on \"$first\" btrfs) =~ \"$uuid\" ]] || btrfstune -f -m \"$device\"\n"
	"done\n"
	"udevadm settle -t 60\n"
	"true\n";

const char SCRIPT_MOUNT[] = SCRIPT_TOOLS
	"is_root() {\n"
	"	[[ -e $1/etc/os-release || -L $1/etc/os-release || -e $1/usr/lib/os-release || -e $1/usr/lib/aether/image ]]\n"
	"}\n"
	"while (($# >= 3)); do\n"
	"	device=$1 type=$2 place=$3; shift 3\n"
	"	case $type in\n"
	"	ext[234]) options=,noload ;;\n"
	"	xfs) options=,norecovery,nouuid ;;\n"
	"	f2fs) options=,norecovery ;;\n"
	"	btrfs) options=,rescue=nologreplay,subvolid=5 ;;\n"
	"	*) options= ;;\n"
	"	esac\n"
	"	mkdir -p \"$place\"\n"
	"	why=$(mount -t \"$type\" -o \"ro,nodev,nosuid,noexec$options\" -- \"$device\" \"$place\" 2>&1) || {\n"
	"		printf '%s\\0' \"${why:-it cannot be mounted}\" 0 0 '' 0 ''\n"
	"		continue\n"
	"	}\n"
	"	read -r block total free < <(stat -f -c '%S %b %f' -- \"$place\")\n"
	"	root= volumes=\n"
	"	! is_root \"$place\" || root=/\n"
	"	if [[ $type == btrfs ]]; then\n"
	"		volumes=$(btrfs subvolume list -- \"$place\" |\n"
	"			sed 's/^ID [0-9]* gen [0-9]* top level [0-9]* path //' | head -n 1000)\n"
	"		while [[ ! $root ]] && IFS= read -r volume; do\n"
	"			[[ ! $volume ]] || ! is_root \"$place/$volume\" || root=/$volume\n"
	"		done <<<\"$volumes\"\n"
	"	fi\n"
	"	epoch=0\n"
	"	[[ ! $root ]] || epoch=$(show \"$place${root%/}\" usr/lib/aether/image | tr '\\0' '\\n' |\n"
	"		sed -n 's/^epoch=\\([0-9]*\\)$/\\1/p' | head -n 1)\n"
	"	printf '%s\\0' yes $((block * total)) $((block * free)) \"$root\" \"${epoch:-0}\" \"$volumes\"\n"
	"done\n";

const char SCRIPT_UNPACK[] = SCRIPT_TOOLS
	"set -o pipefail\n"
	"mkdir -p \"$5\" && mke2fs -q -F -t ext4 -m 0 -E lazy_itable_init=1,lazy_journal_init=1 \"$4\" >&2 || exit 1\n"
	"mount -o nodev,nosuid,noexec \"$4\" \"$5\" && rmdir \"$5/lost+found\" || exit 1\n"
	"head -c \"$2\" \"$1\" | $3 | tar -x -p --numeric-owner --xattrs --xattrs-include='*' -C \"$5\" -f - || exit 1\n"
	"mount -o remount,ro \"$5\"\n";

const char SCRIPT_SHOW[] = SCRIPT_TOOLS "show \"$1\" \"$2\"\n";

const char SCRIPT_JOIN[] = SCRIPT_TOOLS
	"root=$2\n"
	"mkdir -p \"$root\" && mount --bind -- \"$1\" \"$root\" || exit 1\n"
	"shift 2\n"
	"while (($# >= 2)); do\n"
	"	! resolve \"$root\" \"$2\" || [[ ! -d $root$found || ! -d $1 ]] ||\n"
	"		mount --bind -- \"$1\" \"$root$found\" || exit 1\n"
	"	shift 2\n"
	"done\n";

const char SCRIPT_ABOUT[] = SCRIPT_TOOLS
	"root=$1\n"
	"for file in etc/os-release etc/hostname usr/lib/aether/image; do\n"
	"	show \"$root\" \"$file\"\n"
	"done\n"
	"if resolve \"$root\" var/lib/dpkg/status && [[ -f $root$found ]]; then\n"
	"	gawk -v OFS='\\t' 'function end() {\n"
	"			if (state == \"installed\") print name, version, arch\n"
	"			name = version = arch = state = \"\"\n"
	"		}\n"
	"		/^Package: /{name = $2} /^Version: /{version = $2} /^Architecture: /{arch = $2}\n"
	"		/^Status: /{state = $4}\n"
	"		/^$/{end()}\n"
	"		END {end()}' <\"$root$found\" | tr -d '\\0'\n"
	"	printf '\\0dpkg\\0'\n"
	"elif resolve \"$root\" lib/apk/db/installed && [[ -f $root$found ]]; then\n"
	"	gawk -F: -v OFS='\\t' '/^P:/{name = substr($0, 3)} /^V:/{version = substr($0, 3)} /^A:/{arch = substr($0, 3)}\n"
	"		/^$/{if (name) print name, version, arch; name = \"\"}' <\"$root$found\" | tr -d '\\0'\n"
	"	printf '\\0apk\\0'\n"
	"else\n"
	"	printf '\\0\\0'\n"
	"fi\n"
	"! resolve \"$root\" etc/systemd/system || find \"$root$found\" -mindepth 2 -maxdepth 2 \\\n"
	"	\\( -path '*.wants/*' -o -path '*.requires/*' -o -path '*.upholds/*' \\) \\\n"
	"	-printf '%f\\n' | sort -u | tr -d '\\0'\n"
	"printf '\\0'\n";

const char SCRIPT_ESP[] = SCRIPT_TOOLS
	"! resolve \"$1\" EFI/Linux || find \"$1$found\" -maxdepth 1 -type f -name '*.efi' -printf 'uki\\t%f\\t%s\\n' | sort\n"
	"for slot in a b; do\n"
	"	show \"$1\" \"aether/$slot/image\" | tr -d '\\0' | head -n 20 | sed \"s/^/slot\\t$slot\\t/\"\n"
	"done\n"
	"printf '\\0'\n";

const char SCRIPT_FIND[] = SCRIPT_TOOLS
	"resolve \"$1\" \"$2\" || exit 0\n"
	"stat -c '%F' -- \"$1$found/.\" >/dev/null 2>&1 && type=d || type=$(find \"$1$found\" -maxdepth 0 -printf '%y')\n"
	"printf '%s\\0%s\\0%s\\0' \"$type\" \"$(stat -c %s -- \"$1$found\")\" \"$found\"\n";

#define SCRIPT_RECORD "-printf 'e\\0%y\\0%m\\0%U\\0%G\\0%s\\0%T@\\0%P\\0%l\\0'"

const char SCRIPT_LIST[] = SCRIPT_TOOLS
	"cd -- \"$1\" || exit 1\n"
	"if [[ $2 == 0 ]]; then find . " SCRIPT_RECORD "; else find . -mindepth 1 -maxdepth \"$2\" " SCRIPT_RECORD "; fi\n";

const char SCRIPT_PACK[] = SCRIPT_TOOLS
	"cd -- \"$1\" || exit 1\n"
	"find . -type f -links 1 -size -4000000k -print0 | cpio -o -0 -H newc --quiet 2>/dev/null\n"
	"true\n";

const char SCRIPT_SCAN[] = SCRIPT_TOOLS
	"cd -- \"$1\" || exit 1\n"
	"find . " SCRIPT_RECORD "\n"
	"find . -type f -size -67108864k -print0 | xargs -0 -r sha256sum -z -- | sed -z 's/^/h/'\n"
	"getfattr -R -P -h -d -m- -e hex . 2>/dev/null | gawk -v RS= -v ORS='\\0' '{print \"x\" $0}'\n"
	"true\n";

const char SCRIPT_SAME[] = SCRIPT_TOOLS "if cmp -s -- \"$1\" \"$2\"; then echo same; else echo differ; fi\n";

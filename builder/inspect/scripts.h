/* What the appliance's bash does with an image. All of them begin with SCRIPT_TOOLS. The image's own programs are never
 * run, and its links are followed by resolve() alone, which stays below a root. */
#ifndef INSPECT_SCRIPTS_H
#define INSPECT_SCRIPTS_H

/* resolve ROOT PATH: sets $found to the path below ROOT that PATH leads to, links followed as if ROOT were "/" ("" for ROOT
 * itself); 1 when there is nothing. */
#define SCRIPT_TOOLS                                                                                                   \
	"export LC_ALL=C\n"                                                                                            \
	"resolve() {\n"                                                                                                \
	"	local root=$1 left=$2 part target links=0\n"                                                           \
	"	found=\n"                                                                                              \
	"	while [[ $left ]]; do\n"                                                                               \
	"		part=${left%%/*}\n"                                                                            \
	"		if [[ $left == */* ]]; then left=${left#*/}; else left=; fi\n"                                 \
	"		case $part in\n"                                                                               \
	"		''|.) continue ;;\n"                                                                           \
	"		..) found=${found%/*}; continue ;;\n"                                                          \
	"		esac\n"                                                                                        \
	"		if [[ -L $root$found/$part ]]; then\n"                                                         \
	"			((++links <= 40)) || return 1\n"                                                       \
	"			target=$(readlink -n -- \"$root$found/$part\"; printf x) || return 1\n"                \
	"			target=${target%x}\n"                                                                  \
	"			[[ $target != /* ]] || found=\n"                                                       \
	"			left=$target/$left\n"                                                                  \
	"		elif [[ -e $root$found/$part ]]; then\n"                                                       \
	"			found+=/$part\n"                                                                       \
	"		else\n"                                                                                        \
	"			return 1\n"                                                                            \
	"		fi\n"                                                                                          \
	"	done\n"                                                                                                \
	"}\n"                                                                                                          \
	"show() { resolve \"$1\" \"$2\" && [[ -f $1$found ]] && head -c 262144 -- \"$1$found\" | tr -d '\\0'; printf '\\0'; }\n"

/* DISK…: lsblk(8)'s JSON. Volume groups are active already, and arrays run. */
extern const char SCRIPT_DEVICES[];

/* DISK DISK: makes arrays, volume groups and btrfs of two images, which may be copies of each other, usable beside each
 * other. */
extern const char SCRIPT_APART[];

/* DEVICE TYPE PLACE…: mounts each, read-only and without replaying its journal. For each: "yes" or why not, size and free
 * bytes, the folder that is a root ("/", "/SUBVOLUME"; "" for none), the epoch of an image of ours, subvolumes as lines.
 * Six fields, each with its NUL. */
extern const char SCRIPT_MOUNT[];

/* PACKED BYTES PROGRAM SCRATCH PLACE: makes a file system on the scratch disk, and unpacks the template on it. */
extern const char SCRIPT_UNPACK[];

/* ROOT PATH: the file's text and a NUL, nothing but that when there is none. */
extern const char SCRIPT_SHOW[];

/* FROM ROOT then PLACE FOLDER…: ROOT is FROM; at each of its FOLDERs that there is, PLACE. */
extern const char SCRIPT_JOIN[];

/* ROOT: for people; each field with its NUL: os-release, hostname, our image file, packages as lines NAME VERSION
 * ARCHITECTURE with tabs, where these are from ("dpkg", "apk", ""), enabled units as lines. */
extern const char SCRIPT_ABOUT[];

/* PLACE of an EFI system partition: lines "uki FILE BYTES", "slot LETTER KEY=VALUE", with tabs; a NUL. */
extern const char SCRIPT_ESP[];

/* ROOT PATH: "TYPE", "SIZE" and the path that it leads to, each with its NUL; nothing when there is none. */
extern const char SCRIPT_FIND[];

/* FOLDER DEPTH: records of what is below it, for entries_read(); DEPTH 0: all of it. */
extern const char SCRIPT_LIST[];

/* FOLDER: an archive (newc.h) of the files below it that have one name, and fit into one. */
extern const char SCRIPT_PACK[];

/* FOLDER: records as of SCRIPT_LIST, of all below it, with digests (but of files beyond 64 GiB) and extended attributes. */
extern const char SCRIPT_SCAN[];

/* DEVICE DEVICE: "same" or "differ". */
extern const char SCRIPT_SAME[];

#endif

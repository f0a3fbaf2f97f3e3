/* The machine's block stacks: what its disks are to hold, written by the builder into the image and read by aether-disks.
 *
 * STACK_FILE has a line for each device or what stands on it, after all that it stands on itself. Fields are separated by tabs
 * (FIELD_SPECIAL): KIND ID WORD…; a word is KEY=VALUE, or a KEY alone. Keys that may be there several times are marked `*`.
 *
 *   disk ID serial= role=                     a disk of the hypervisor's, known by its serial number
 *   place ID label= [made]                    a partition of the disk that the system runs from; `made`: its content came with
 *                                             the image, and is only opened; else it is empty there, and made on the first boot
 *   gpt ID on=                                a partition table
 *   part ID on=GPT number= label= type=GUID [uuid=] [start=BYTES] [size=BYTES] [before-end=BYTES] [attributes=HEX] [grow]
 *                                             no size: the rest, but for `before-end`; start: in multiples of 1 MiB
 *   luks ID on= name= key=KEY [path=] [disk=ID] [secret=] [pcrs=7+11] [recovery] [discard] [no-workqueues] [arg=*] [open=*]
 *   vg ID on=* name= [arg=*]
 *   lv ID on=VG name= type= [size=BYTES] [percent=N] [pool=NAME] [arg=*]      after its pool, which is named as LVM does
 *   md ID on=* name= level= metadata= [arg=*]
 *   fs ID on= format= label= [arg=*] [grow]
 *   subvolume ID on=FS path= [arg=*]
 *   swap ID on= [random] [priority=] [discard=] [label=]    switched on by aether-disks: /etc/fstab does not have it
 *   var ID on=FS [subvolume=] [options=]      what is mounted at /var
 *
 * Every line has `early` when /var needs it, and `late` when it stands on what a secret's value opens: `aether-disks open`
 * passes over these, and `aether-disks open --late` comes when the secrets are there. IDs have 64 letters, digits and ".-_@" at
 * most; devices (disk, place, part, luks, lv, md) are linked as STACK_LINKS/ID, which is what /etc/fstab mounts. */
#ifndef CONTRACT_STACK_H
#define CONTRACT_STACK_H

#define STACK_FILE "/usr/lib/aether/stack"
#define STACK_PROGRAM "/usr/lib/aether/disks"
#define STACK_UNIT "aether-disks.service"
#define STACK_UNIT_LATE "aether-disks-late.service"
#define STACK_LINKS "/run/aether/disks" /* links to devices that are open, by ID */

/* What came of /var, for who started `open --early`: lines KEY=VALUE. */
#define STACK_VAR_FILE "/run/aether/disks-var"
#define STACK_VAR_ON "on"           /* the device that is mounted there */
#define STACK_VAR_PROBLEM "problem" /* why nothing is */

#define STACK_DISK "disk"
#define STACK_PLACE "place"
#define STACK_GPT "gpt"
#define STACK_PART "part"
#define STACK_LUKS "luks"
#define STACK_VG "vg"
#define STACK_LV "lv"
#define STACK_MD "md"
#define STACK_FS "fs"
#define STACK_SUBVOLUME "subvolume"
#define STACK_SWAP "swap"
#define STACK_VAR "var"

#define STACK_ON "on"
#define STACK_EARLY "early"
#define STACK_LATE "late"
#define STACK_MADE "made"
#define STACK_ARGUMENT "arg"
#define STACK_OPEN_ARGUMENT "open"

/* luks: key= */
#define STACK_KEY_TPM2 "tpm2"
#define STACK_KEY_FILE "file"       /* path=: below /var; made on the first boot */
#define STACK_KEY_DISK "disk"       /* disk=: STACK_KEY_BYTES at STACK_KEY_AT of it; made on the first boot when it is blank */
#define STACK_KEY_SECRET "secret"   /* secret=: the file of that name in /run/secrets */
#define STACK_KEY_CONSOLE "console" /* typed */

/* A disk with keys: STACK_KEY_HEAD at its begin, then zeros up to the key. */
#define STACK_KEY_HEAD "aether: the key of this machine's encrypted disks\n"
enum { STACK_KEY_AT = 4096, STACK_KEY_BYTES = 64 };

/* Recovery keys that nobody has fetched yet: files by the volume's name, root's alone. */
#define STACK_RECOVERY "/var/lib/aether/recovery"

#endif

/* Names of unified kernel images, by which systemd-boot orders them and counts tries:
 * NAME-SEQUENCE-SLOT[+LEFT[-DONE]].efi. Pure. (https://uapi-group.org/specifications/specs/boot_loader_specification/,
 * "Boot counting") */
#ifndef MACHINE_AGENT_ENTRY_H
#define MACHINE_AGENT_ENTRY_H

#include <stdbool.h>
#include <stddef.h>

struct entry {
	char name[64];                 /* of the image */
	unsigned sequence;
	char slot;                     /* 'a' … 'z' */
	bool counted;
	unsigned left, done;           /* tries, when counted */
};

/* -EINVAL for a name that is not such a one. */
int entry_parse(const char *file, struct entry *ret_entry);

/* The name of the file. -ENAMETOOLONG when it does not fit. */
int entry_print(const struct entry *entry, char *out, size_t size);

#endif

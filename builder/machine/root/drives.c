#include "machine/root/drives.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/say.h"

/* Adds a name to the list, as long as there is room. */
__attribute__((format(printf, 3, 4))) static void root_drives_add(char *out, size_t size, const char *format, ...)
{
	size_t used = strlen(out);
	va_list arguments;

	if (used && used < size)
		used += (size_t)snprintf(out + used, size - used, ", ");
	if (used >= size)
		return;
	va_start(arguments, format);
	vsnprintf(out + used, size - used, format, arguments);
	va_end(arguments);
}

static bool root_drives_exists(const char *sys, const char *folder, const char *name, const char *file)
{
	char path[512];

	snprintf(path, sizeof path, "%s/%s/%s%s", sys, folder, name, file);
	return access(path, F_OK) == 0;
}

/* What is a block device but no disk of the machine's: memory, files, optical and floppy drives, what is made of others. */
static bool root_drives_is_other(const char *name)
{
	static const char *const prefixes[] = {"ram", "loop", "zram", "dm-", "md", "sr", "fd", "nbd"};

	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static int root_drives_is_entry(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Calls `visit` for each entry of a folder of sysfs, by name; how many it took. */
static int root_drives_each(const char *sys, const char *folder,
			   bool (*visit)(const char *sys, const char *name, char *out, size_t size), char *out, size_t size)
{
	struct dirent **entries;
	char path[512];
	int n, count = 0;

	*out = 0;
	snprintf(path, sizeof path, "%s/%s", sys, folder);
	n = scandir(path, &entries, root_drives_is_entry, alphasort);
	for (int i = 0; i < n; i++) {
		count += visit(sys, entries[i]->d_name, out, size);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return count;
}

static bool root_drives_add_disk(const char *sys, const char *name, char *out, size_t size)
{
	if (root_drives_is_other(name) || root_drives_exists(sys, "class/block", name, "/partition"))
		return false;
	root_drives_add(out, size, "%s", name);
	return true;
}

int drives_list(const char *sys, char *out, size_t size)
{
	return root_drives_each(sys, "class/block", root_drives_add_disk, out, size);
}

int drives_controllers(const char *sys, char *out, size_t size)
{
	/* Those of builder/boot/initrd.c, as Proxmox and others call them. */
	static const struct { const char *module, *name; } known[] = {
		{"virtio_scsi", "VirtIO SCSI"}, {"virtio_blk", "VirtIO Block"}, {"ahci", "SATA"}, {"ata_piix", "IDE"},
		{"nvme", "NVMe"}, {"megaraid_sas", "MegaRAID SAS"}, {"mptspi", "LSI Fusion SCSI"}, {"mptsas", "LSI Fusion SAS"},
		{"sym53c8xx", "LSI 53C8xx"}, {"vmw_pvscsi", "VMware PVSCSI"},
	};
	int count = 0;

	*out = 0;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (root_drives_exists(sys, "module", known[i].module, "")) {
			root_drives_add(out, size, "%s", known[i].name);
			count++;
		}
	return count;
}

static const char *root_drives_digits(const char *number)
{
	return strncmp(number, "0x", 2) == 0 ? number + 2 : number;
}

/* "0x010000": mass storage (PCI Code and ID Assignment, class 01). */
static bool root_drives_add_orphan(const char *sys, const char *name, char *out, size_t size)
{
	char path[512], class[32], vendor[32], device[32];

	snprintf(path, sizeof path, "%s/bus/pci/devices/%s/class", sys, name);
	if (read_line(path, class, sizeof class) <= 0 || strncmp(class, "0x01", 4) != 0 ||
	    root_drives_exists(sys, "bus/pci/devices", name, "/driver"))
		return false;
	snprintf(path, sizeof path, "%s/bus/pci/devices/%s/vendor", sys, name);
	read_line(path, vendor, sizeof vendor);
	snprintf(path, sizeof path, "%s/bus/pci/devices/%s/device", sys, name);
	read_line(path, device, sizeof device);
	root_drives_add(out, size, "%s:%s at %s", root_drives_digits(vendor), root_drives_digits(device), name);
	return true;
}

int drives_orphans(const char *sys, char *out, size_t size)
{
	return root_drives_each(sys, "bus/pci/devices", root_drives_add_orphan, out, size);
}

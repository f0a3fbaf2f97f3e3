#include "recipe/words/mount_options.h"

#include <string.h>

/* mount(8), "Filesystem-independent mount options"; those of SELinux. */
static const char *const any[] = {
	"async", "atime", "auto", "comment", "context", "defaults", "defcontext", "dev", "diratime", "dirsync", "exec",
	"fscontext", "group", "iversion", "lazytime", "loud", "mand", "noatime", "noauto", "nodev", "nodiratime", "noexec",
	"nofail", "noiversion", "nolazytime", "nomand", "norelatime", "nostrictatime", "nosuid", "nosymfollow", "nouser",
	"owner", "relatime", "ro", "rootcontext", "rw", "silent", "strictatime", "suid", "sync", "user", "users", "_netdev",
	NULL,
};

/* ext4(5), and Documentation/admin-guide/ext4.rst of Linux. */
static const char *const ext4[] = {
	"abort", "acl", "auto_da_alloc", "barrier", "block_validity", "bsddf", "bsdgroups", "commit", "data", "data_err",
	"dax", "debug", "debug_want_extra_isize", "delalloc", "dioread_lock", "dioread_nolock", "discard", "errors", "grpid",
	"grpjquota", "grpquota", "i_version", "init_itable", "inlinecrypt", "inode_readahead_blks", "journal_async_commit",
	"journal_checksum", "journal_dev", "journal_ioprio", "journal_path", "jqfmt", "max_batch_time", "max_dir_size_kb",
	"mb_optimize_scan", "min_batch_time", "minixdf", "noacl", "noauto_da_alloc", "nobarrier", "noblock_validity",
	"nodelalloc", "nodiscard", "nogrpid", "noinit_itable", "nojournal_checksum", "noload", "nombcache", "noquota",
	"norecovery", "nouser_xattr", "nowarn_on_error", "oldalloc", "orlov", "prefetch_block_bitmaps",
	"no_prefetch_block_bitmaps", "prjquota", "quota", "resgid", "resuid", "sb", "stripe", "sysvgroups", "user_xattr",
	"usrjquota", "usrquota", "warn_on_error", NULL,
};

/* mount(8), "Mount options for fat" and "for vfat"; Documentation/filesystems/vfat.rst of Linux. */
static const char *const vfat[] = {
	"allow_utime", "blocksize", "check", "codepage", "debug", "discard", "dmask", "dos1xfloppy", "dots", "dotsOK", "errors",
	"fat", "flush", "fmask", "gid", "iocharset", "nfs", "nodots", "nonumtail", "quiet", "rodir", "shortname", "showexec",
	"sys_immutable", "time_offset", "tz", "uid", "umask", "uni_xlate", "usefree", "utf8", NULL,
};

static const struct { const char *format; const char *const *options; } formats[] = {{"ext4", ext4}, {"vfat", vfat}};

size_t mount_options_known(const char *format, const char *known[MOUNT_OPTIONS_MAX])
{
	_Static_assert(sizeof any / sizeof *any + sizeof ext4 / sizeof *ext4 < MOUNT_OPTIONS_MAX, "all of them have room");
	size_t n = 0;

	for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
		if (!format || strcmp(formats[f].format, format) != 0)
			continue;
		for (const char *const *option = any; *option; option++)
			known[n++] = *option;
		for (const char *const *option = formats[f].options; *option; option++)
			known[n++] = *option;
	}
	return n;
}
